"""What people ordered is carried out at the mail server, by whoever is connected to it anyway.

    orders that wait ─▶ folder opened ─▶ what others did meanwhile ─▶ STORE, MOVE ─▶ noted, ended

Each step can be repeated. That the server is going to be asked is noted before: after a kill, what
was moved already is found where it went. An order that cannot be done ends as message.order_failed.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from adapters.imap import commands
from adapters.imap.changes import Changes
from adapters.imap.commands import Refused, Shown, Taken
from adapters.imap.session import ImapSession
from adapters.imap.values import RemoteFolder
from api.work import outward
from api.work.accounts import Account
from api.work.instance import Carteggio
from api.work.marking import Folder, Marked, Marking, bits
from api.work.opening import Here, Opening
from api.work.outward import MOST_TRIES, Order
from api.work.pursuing import Lost
from api.work.undone import Failure, give_up
from domain.marking import MARKS, FailureReason

_ROUNDS: Final = 6
"""To add, to take away, to look, and as often again where others change the same in this moment."""
_FOR_GOOD: Final[Mapping[str, FailureReason]] = {
    "NOPERM": FailureReason.NOT_ALLOWED,
    "READ-ONLY": FailureReason.NOT_ALLOWED,
    "NONEXISTENT": FailureReason.NO_FOLDER,
    "TRYCREATE": FailureReason.NO_FOLDER,
    "OVERQUOTA": FailureReason.FULL,
    "CANNOT": FailureReason.REFUSED,
}
"""Answers that another try would not change (RFC 5530, RFC 3501 7.1)."""
_OF_THE_FOLDER: Final = frozenset({"READ-ONLY", "NONEXISTENT", "TRYCREATE"})
_LOST: Final = Failure(FailureReason.GONE, gone=True)

_Step = tuple[bool, tuple[str, ...]]
"""Flags that are added (True) or taken away."""


class Carrying:
    """Carries out the orders of one company, through sessions that others open."""

    def __init__(self, carteggio: Carteggio) -> None:
        self._carteggio = carteggio
        self._marking = Marking(carteggio.journal)

    async def carry_out(self, session: ImapSession, account: Account) -> Lost:
        """Do what is due for an account; a folder is to be selected anew after it.

        Gives the orders of which the message is not where it was: they wait. Raises ImapTrouble
        where the connection is lost: the rest waits.
        """
        lost: list[tuple[Order, Failure]] = []
        orders = await self._next(account, lost)
        if not orders:
            return lost
        opening = Opening(self._carteggio, account, session.connection, lost)
        there = {opening.key(one): one for one in await session.folders()}
        while orders:
            await self._try(opening, there, orders)
            orders = await self._next(account, lost)
        return lost

    async def _next(self, account: Account, lost: Lost) -> list[Order]:
        database, left_out = self._carteggio.database, {one.number for one, _ in lost}
        return await asyncio.to_thread(outward.next_of, database, account.id, left_out)

    async def _try(
        self, opening: Opening, there: Mapping[UUID, RemoteFolder], orders: Sequence[Order]
    ) -> None:
        """Do some orders of one sort; whatever comes of it, they are not due any more."""
        folder, target = there.get(orders[0].folder), orders[0].target
        if folder is None:
            opening.lose(orders, Failure(FailureReason.NO_FOLDER, gone=True))
            return
        if target is not None and target not in there:
            await self._fail(orders, Failure(FailureReason.NO_FOLDER))
            return
        try:
            here = await opening.source(folder, orders)
            if target is None:
                await self._mark(opening, here, orders)
            else:
                await self._move(opening, here, orders, there[target])
        except Refused as refusal:
            if len(orders) == 1 or refusal.code in _OF_THE_FOLDER:
                await self._refused(orders, refusal)
                return
            for one in orders:  # the one at fault is not to hold up the others
                await self._try(opening, there, [one])

    async def _refused(self, orders: Sequence[Order], refusal: Refused) -> None:
        """Give up what will not be done however often it is asked; the rest waits for a while."""
        reason = _FOR_GOOD.get(refusal.code)
        hopeless = [one for one in orders if reason or one.tries + 1 >= MOST_TRIES]
        await self._fail(hopeless, Failure(reason or FailureReason.REFUSED, refusal.said))
        await self._begin(orders)

    # ---- marks

    async def _mark(self, opening: Opening, here: Here, orders: Sequence[Order]) -> None:
        """Change flags until they are as ordered; what others change meanwhile is recorded first."""
        shown = await here.shown(orders)
        opening.lose([one for one in orders if not here.lies(one, shown)], _LOST)
        orders = [one for one in orders if here.lies(one, shown)]
        left = await asyncio.to_thread(self._learn, here, orders, shown)
        await self._begin(left)
        for _ in range(_ROUNDS):
            if not (steps := _steps(here, left, shown)):
                break
            for (add, names), uids in steps.items():
                await commands.store(
                    here.connection, uids, names, add=add, unchanged_since=shown.modseq
                )
            shown = await here.shown(left)
            left = await asyncio.to_thread(self._learn, here, left, shown)
        stubborn = {uid for uids in _steps(here, left, shown).values() for uid in uids}
        refused = [one for one in left if stubborn & here.all([one])]
        said = "the server does not keep the marks"
        await self._fail(refused, Failure(FailureReason.NOT_ALLOWED, said))
        await asyncio.to_thread(self._end, [one for one in left if one not in refused])

    def _learn(self, here: Here, orders: Sequence[Order], shown: Shown) -> list[Order]:
        """Record and note how messages are marked now; give the orders that still hold."""
        self._marking.apply(here.folder, Changes(flags=dict(shown.flags)))
        with self._carteggio.database.pool.connection() as connection:
            here.folder.note(connection, here.marked(shown))
            return outward.still(connection, orders)

    # ---- moves

    async def _move(
        self, opening: Opening, here: Here, orders: Sequence[Order], target: RemoteFolder
    ) -> None:
        """Move what is there; what is not may have been moved already, by us before a kill."""
        shown = await here.shown(orders)
        await asyncio.to_thread(self._learn, here, orders, shown)
        present = [one for one in orders if here.lies(one, shown)]
        if present:
            await self._begin(present, await commands.next_uid(here.connection, target.wire))
            uids = here.all(present) & shown.flags.keys()
            taken = await self._moved(opening, here, (present, uids), target)
            rest = await here.shown(present)
            done = [one for one in present if not here.lies(one, rest)]
            new = opening.folder(target, taken.uid_validity)
            await asyncio.to_thread(self._end_moves, done, here, new, _renamed(here, shown, taken))
        if away := [one for one in orders if one not in present]:
            await self._arrived(opening, await opening.target(target, away), away)

    async def _moved(
        self,
        opening: Opening,
        here: Here,
        what: tuple[Sequence[Order], set[int]],
        target: RemoteFolder,
    ) -> Taken:
        """Move UIDs, without copying once more what was copied before a kill."""
        orders, uids = what
        tried = [one for one in orders if one.tries]
        if "MOVE" in here.connection.capabilities or not tried:
            return await commands.move(here.connection, uids, target.wire)
        copied = await opening.target(target, tried)
        await here.again()
        fresh = uids - here.all([one for one in tried if copied.all([one])])
        taken = Taken()
        if fresh:
            taken = await commands.copy(here.connection, fresh, target.wire)
        await commands.remove(here.connection, uids)
        return taken

    async def _arrived(self, opening: Opening, there: Here, orders: Sequence[Order]) -> None:
        """End what lies where it was to go; the rest was moved elsewhere, or deleted.

        Without a Message-ID it cannot be looked for: what was tried counts as done.
        """
        shown = await there.shown(orders)
        done = [one for one in orders if there.lies(one, shown)]
        await asyncio.to_thread(self._end_moves, done, None, there.folder, there.marked(shown))
        lost = [one for one in orders if one not in done]
        blind = [one for one in lost if one.tries and not opening.header_id(one.message)]
        await asyncio.to_thread(self._end, blind)
        opening.lose([one for one in lost if one not in blind], _LOST)

    # ---- what is kept of it

    async def _begin(self, orders: Sequence[Order], target_next: int | None = None) -> None:
        database = self._carteggio.database
        await asyncio.to_thread(outward.begin, database, orders, target_next)

    async def _fail(self, orders: Sequence[Order], failure: Failure) -> None:
        await asyncio.to_thread(give_up, self._carteggio, orders, failure)

    def _end(self, orders: Iterable[Order]) -> None:
        with self._carteggio.database.pool.connection() as connection:
            outward.end(connection, orders)

    def _end_moves(
        self, done: Sequence[Order], left: Here | None, new: Folder, marked: Sequence[Marked]
    ) -> None:
        """Forget where messages lay, note where they lie, and take the orders away."""
        messages = {one.message for one in done}
        with self._carteggio.database.pool.connection() as connection, connection.transaction():
            if left is not None:
                left.folder.forget(connection, left.all(done))
            new.note(connection, [one for one in marked if one.message in messages])
            outward.end(connection, done)


def _steps(here: Here, orders: Sequence[Order], shown: Shown) -> dict[_Step, set[int]]:
    """Say what is to be done so that flags are as ordered: for each UID to add, then to take away."""
    steps: dict[_Step, set[int]] = {}
    for message in {one.message for one in orders}:
        wishes = [one.wish for one in orders if one.message == message]
        for uid in set(here.uids.get(message, ())) & shown.flags.keys():
            now = wanted = frozenset(shown.flags[uid])
            for wish in wishes:
                wanted = wish.on(wanted)
            add = bool(wanted - now)
            names = tuple(one for one in MARKS if one in (wanted - now if add else now - wanted))
            if names:
                steps.setdefault((add, names), set()).add(uid)
    return steps


def _renamed(here: Here, shown: Shown, taken: Taken) -> list[Marked]:
    """Give what was moved under its new UIDs, as far as the server tells them."""
    return [
        Marked(taken.uids[uid], message, bits(shown.flags[uid]))
        for message, uids in here.uids.items()
        for uid in uids
        if uid in taken.uids and uid in shown.flags
    ]
