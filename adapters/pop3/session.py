"""Fetch a maildrop over POP3: what lies in it, the messages octet for octet, and deleting them.

    async with Pop3Session(account) as session:
        new = [one for one in await session.listing() if ...]
        async for batch in session.fetch(new):
            ...                         # Fetched, Oversize or Unfetchable, in the order asked for
        await session.delete(stored)
        await session.quit()            # only this makes deletions final (RFC 1939 6)

One task owns a session. Whatever goes wrong is a ServerTrouble of a known kind, in bounded time.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.pop3.connection import Connection
from adapters.pop3.fetching import Asked, Order, landed
from adapters.pop3.listing import counted, listed, numbered
from adapters.pop3.protocol import Pending
from adapters.pop3.values import Item, Limits, Listed, Pop3Account, Unfetchable

_LINE_OF_LIST = 100
_TRIES = 2


class Pop3Session:
    """A maildrop, open for reading; the server lets nobody else in meanwhile."""

    def __init__(self, account: Pop3Account, limits: Limits | None = None) -> None:
        self.account = account
        self.limits = limits or Limits()
        self._opened: Connection | None = None
        self._there: dict[tuple[bytes, int], Listed] = {}
        self._vain = 0
        self._broken = 0
        """How often the connection broke while several commands were under way."""

    async def __aenter__(self) -> Self:
        self._opened = await Connection.open(self.account, self.limits)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if kind is None:
            await self._connection.close()
        else:
            self._connection.drop()

    @property
    def capabilities(self) -> frozenset[str]:
        """Give what the server says that it can do (RFC 2449)."""
        return frozenset(self._connection.capabilities)

    async def listing(self) -> list[Listed]:
        """List what lies in the maildrop, in the order of its numbers."""
        connection = self._connection
        count = counted(await connection.run(b"STAT"), self.limits.messages)
        allowed = self.limits.answer + _LINE_OF_LIST * count
        deadline = self.limits.command + count / 1_000
        sizes = await connection.run(b"LIST", allowed=allowed, deadline=deadline)
        names = await self._names(connection, allowed, deadline)
        found = listed(numbered(sizes.body), names)
        self._there = {one.key: one for one in found}
        return found

    async def fetch(
        self, messages: Iterable[Listed], *, header_only: bool = False
    ) -> AsyncGenerator[list[Item], None]:
        """Fetch messages that were listed; give them in bounded lists.

        A message at which the connection breaks is tried once more, alone, and then told as
        Unfetchable. While the caller is busy the server has to wait.
        """
        self._vain = 0
        orders = deque(Order(one, header_only=header_only) for one in messages)
        under_way: deque[Asked] = deque()
        batch = _Batch(self.limits)
        try:
            while orders or under_way:
                try:
                    self._launch(orders, under_way)
                    batch.add(await self._next(under_way))
                    self._vain = 0
                except ServerTrouble as trouble:
                    if batch.items:
                        yield batch.empty()
                    batch.items.extend(await self._again(orders, under_way, trouble))
                if batch.full:
                    yield batch.empty()
            if batch.items:
                yield batch.empty()
        finally:
            for asked in under_way:
                self._connection.protocol.forget(asked.pending)

    async def delete(self, messages: Sequence[Listed]) -> int:
        """Ask the server to remove messages at the end of the session; count what it promises."""
        waiting: deque[Pending] = deque()
        done = 0
        for one in messages:
            if (there := self._there.get(one.key)) is None:
                continue
            waiting.append(self._connection.protocol.begin(b"DELE %d" % there.number))
            if len(waiting) >= self._depth:
                done += (await self._connection.finish(waiting.popleft())).ok
        while waiting:
            done += (await self._connection.finish(waiting.popleft())).ok
        return done

    async def quit(self) -> None:
        """End the session, so that what was deleted is gone; REFUSED if some of it is not."""
        await self._connection.quit()

    async def _names(
        self, connection: Connection, allowed: int, deadline: float
    ) -> dict[int, bytes]:
        """Ask for the unique ids (UIDL); a server that has none gives none."""
        try:
            answer = await connection.run(b"UIDL", allowed=allowed, deadline=deadline)
        except ServerTrouble as trouble:
            if trouble.kind is not TroubleKind.REFUSED or connection.can("UIDL"):
                raise
            return {}
        return dict(numbered(answer.body))

    def _launch(self, orders: deque[Order], under_way: deque[Asked]) -> None:
        """Ask for as many messages as may be under way; one that failed before goes alone."""
        while orders and len(under_way) < self._depth:
            alone = orders[0].tries > 0 or (under_way and under_way[-1].order.tries > 0)
            if alone and under_way:
                return
            under_way.append(Asked(self._connection, orders[0]))
            orders.popleft()

    async def _next(self, under_way: deque[Asked]) -> Item:
        asked = under_way[0]
        answer = await self._connection.finish(asked.pending, self.limits.fetch)
        item = landed(asked.order, answer, self.limits)
        under_way.popleft()
        return item

    async def _again(
        self, orders: deque[Order], under_way: deque[Asked], trouble: ServerTrouble
    ) -> list[Item]:
        """Connect anew; put back what was under way. Give up the message at which it broke twice."""
        given_up: list[Item] = []
        self._broken += len(under_way) > 1
        back = [asked.order for asked in under_way]
        under_way.clear()
        if back:
            first = back[0].failed(trouble)
            if first.tries >= _TRIES:
                given_up = [Unfetchable(first.listed, trouble.sentence)]
            back[:1] = [] if given_up else [first]
        orders.extendleft(reversed(back))
        if orders:
            await self._reconnect(trouble)
            given_up += self._renumber(orders)
        return given_up

    async def _reconnect(self, trouble: ServerTrouble) -> None:
        """Open the maildrop anew, with patience; raise where that is in vain."""
        before = self._there
        while True:
            self._vain += 1
            if self._vain > self.limits.patience:
                raise trouble
            self._connection.drop()
            await asyncio.sleep(self.limits.pause)
            try:
                self._opened = await Connection.open(self.account, self.limits)
                await self.listing()
                break
            except ServerTrouble as later:
                if later.kind in (TroubleKind.LOGIN_REFUSED, TroubleKind.TLS):
                    raise
        # Without unique ids, a message is found again only if all are where they were.
        nameless = [one for one in before.values() if one.uidl is None]
        if any(self._there.get(one.key) != one for one in nameless):
            raise ServerTrouble(TroubleKind.PROTOCOL, "the maildrop changed while it was read")

    def _renumber(self, orders: deque[Order]) -> list[Item]:
        """Give the orders the numbers of the new session, and tell what is no longer there."""
        gone: list[Item] = []
        for _ in range(len(orders)):
            order = orders.popleft()
            if (there := self._there.get(order.listed.key)) is None:
                gone.append(Unfetchable(order.listed, "it is no longer there", gone=True))
            else:
                orders.append(replace(order, listed=there))
        return gone

    @property
    def _connection(self) -> Connection:
        if self._opened is None:
            raise RuntimeError("the session is not open: use `async with`")
        return self._opened

    @property
    def _depth(self) -> int:
        """Ask one by one where the server cannot do otherwise, or says that it could and cannot."""
        able = self._connection.can("PIPELINING") and self._broken < _TRIES
        return self.limits.depth if able else 1


class _Batch:
    """What came and was not given yet."""

    def __init__(self, limits: Limits) -> None:
        self.items: list[Item] = []
        self._limits = limits
        self._octets = 0

    @property
    def full(self) -> bool:
        return (
            len(self.items) >= self._limits.batch_count
            or self._octets >= self._limits.batch_octets
        )

    def add(self, item: Item) -> None:
        self.items.append(item)
        self._octets += 0 if isinstance(item, Unfetchable) else len(item.octets)

    def empty(self) -> list[Item]:
        given, self.items, self._octets = self.items, [], 0
        return given
