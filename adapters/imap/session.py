"""Fetch a mailbox over IMAP: its folders, what is new in them, and the messages, octet for octet.

    async with ImapSession(account) as session:
        for folder in await session.folders():
            state = await session.select(folder)
            new = await session.uids_with_sizes(after_uid)
            async for batch in session.fetch(new):
                ...    # Fetched, Oversize or Unfetchable, in rising order of UIDs

Nothing on the server changes: folders are examined, bodies are peeked at (RFC 3501 6.3.2, 6.4.5).
One task owns a session. Whatever goes wrong is an ImapTrouble of a known kind, in bounded time.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

import aioimaplib

from adapters.imap.changes import Changes, changes_since, refuse_more, uids_there
from adapters.imap.connection import Connection, granted
from adapters.imap.facts import SERVER_IDS, checked, shown, states_of
from adapters.imap.fetching import Batch, Flight, Item, batches
from adapters.imap.folders import folders_of, to_wire
from adapters.imap.grammar import fetch_items, number, quoted
from adapters.imap.idling import idle
from adapters.imap.splitter import Response
from adapters.imap.values import (
    FolderState,
    ImapAccount,
    ImapTrouble,
    Limits,
    RemoteFolder,
    Shown,
    TroubleKind,
    Unfetchable,
)

UNDER_WAY = 2
TRIES = 3
_LINE_OF_SIZE = 200
_EXISTS = re.compile(rb"\* (\d{1,19}) EXISTS", re.IGNORECASE)
_NAMED = re.compile(rb"\* OK \[MAILBOXID \(([!-'+-~]{1,255})\)\]", re.IGNORECASE)
_CODE = re.compile(rb"\* OK \[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ) (\d{1,19})\]", re.IGNORECASE)

Step = Batch | Flight | list[Item]


class ImapSession:
    """A mailbox, open for reading."""

    def __init__(self, account: ImapAccount, limits: Limits | None = None) -> None:
        self.account = account
        self.limits = limits or Limits()
        self._opened: Connection | None = None
        self._folder = b""
        self._state: FolderState | None = None
        self._vain = 0

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

    async def folders(self) -> tuple[RemoteFolder, ...]:
        """List the folders that can hold mail, with what they are for."""
        return await folders_of(self._connection)

    async def states(self, folders: Iterable[RemoteFolder]) -> dict[bytes, FolderState]:
        """Ask how folders stand without opening them, by wire name; what is refused is left out."""
        return await states_of(self._connection, folders)

    async def shown(self, uids: Iterable[int], *, header: bool = False) -> dict[int, Shown]:
        """Ask what tells messages without their bodies, by UID; what is not told is left out."""
        self._selected()
        return await shown(self._connection, uids, header=header)

    async def select(self, folder: RemoteFolder | str) -> FolderState:
        """Choose the folder to read from; a name stands for the folder that bears it."""
        wire = to_wire(folder) if isinstance(folder, str) else folder.wire
        self._state = await self._examine(self._connection, wire)
        self._folder = wire
        return self._state

    @property
    def capabilities(self) -> frozenset[str]:
        """Give what the server says that it can do (RFC 3501 7.2.1)."""
        return self._connection.capabilities

    @property
    def knows_messages(self) -> bool:
        """Say whether the server has ids of its own for messages (Gmail; OBJECTID, RFC 8474)."""
        return any(ability in self._connection.capabilities for ability, _ in SERVER_IDS)

    @property
    def can_wait(self) -> bool:
        """Say whether the server tells by itself when something comes (IDLE, RFC 2177)."""
        return "IDLE" in self._connection.capabilities

    async def news(self, within: float, also: asyncio.Event | None = None) -> bool:
        """Wait until the selected folder changes, or `also` is set; False if neither is in time.

        What changed since the folder was selected counts, so that nothing falls between.
        """
        self._selected()
        return await idle(self._connection, within, also)

    def forget_news(self) -> None:
        """Take what has changed so far for known: only what comes from now on is news."""
        self._connection.protocol.news.clear()

    @property
    def connection(self) -> Connection:
        """Give what changes are ordered through (commands.py); a folder is selected anew after."""
        return self._connection

    @property
    def resyncs(self) -> bool:
        """Say whether HIGHESTMODSEQ moves with everything, and what vanished is told (QRESYNC)."""
        return self._connection.resyncs

    async def changes(self, last_uid: int, modseq: int) -> Changes:
        """Ask which flags changed up to a UID since `modseq`, and what is gone; 0 asks for all."""
        return await changes_since(self._connection, last_uid, self._selected(), modseq)

    async def uids(self) -> set[int]:
        """Give all UIDs that are in the folder."""
        state = self._selected()
        return await uids_there(self._connection, b"ALL", state.exists) if state.exists else set()

    async def uids_with_sizes(self, after_uid: int = 0) -> list[tuple[int, int]]:
        """List the messages above a UID, as (UID, size), in rising order."""
        state = self._selected()
        if state.exists == 0 or 0 < state.uidnext <= after_uid + 1:
            return []
        sizes: dict[int, int] = {}

        def take(response: Response) -> bool:
            if (items := fetch_items(response)) is None:
                return False
            uid, size = number(items.get(b"UID")), number(items.get(b"RFC822.SIZE"))
            # `n:*` holds the last message even if that is below n (RFC 3501 6.4.8).
            if uid is not None and size is not None and uid > after_uid:
                sizes[uid] = size
            refuse_more(sizes, state.exists)
            return True

        command = b"UID FETCH %d:* (UID RFC822.SIZE)" % (after_uid + 1)
        allowed = self.limits.answer + _LINE_OF_SIZE * state.exists
        pending = self._connection.start(command, take=take, allowed=allowed)
        deadline = self.limits.command + state.exists / 1_000
        granted(await self._connection.finish(pending, deadline), "UID FETCH")
        return sorted(sizes.items())

    async def fetch(
        self, messages: Iterable[tuple[int, int]], largest: int | None = None
    ) -> AsyncGenerator[list[Item], None]:
        """Fetch messages, given as (UID, size); give them in bounded lists, in rising order.

        A message that breaks the answer, or the connection, is singled out by halving and told as
        Unfetchable; of one above `largest` octets (else the limit's) the header alone comes, as
        Oversize. While the caller is busy the server has to wait.
        """
        self._selected()
        self._vain = 0
        steps: deque[Step] = deque(batches(messages, self.limits, largest))
        while steps:
            if not (items := await self._next(steps)):
                continue
            self._vain = 0
            protocol = self._connection.protocol
            protocol.busy(busy=True)
            try:
                yield items
            finally:
                protocol.busy(busy=False)

    async def _next(self, steps: deque[Step]) -> list[Item]:
        """Do the first step, with the second under way; what it leaves to do goes before the rest."""
        if (trouble := self._connection.protocol.trouble) is not None:
            await self._reconnect(steps, trouble)
        try:
            self._launch(steps)
            step = steps[0]
            if isinstance(step, Flight):
                await step.finish()
        except ImapTrouble as trouble:
            return _recover(steps, trouble)
        steps.popleft()
        if isinstance(step, Flight):
            steps.extendleft(reversed([x async for x in self._sorted(step)]))
            return []
        return step if isinstance(step, list) else []

    def _launch(self, steps: deque[Step]) -> None:
        for place in range(min(UNDER_WAY, len(steps))):
            step = steps[place]
            if isinstance(step, Batch):
                steps[place] = Flight(self._connection, step)

    async def _sorted(self, flight: Flight) -> AsyncIterator[Step]:
        """Give what came, in order, with another try in the place of what did not."""
        missing = flight.missing()
        came: list[Item] = []
        for uid, size in flight.batch.messages:
            if uid not in missing:
                came.append(flight.given(uid))
                continue
            if came:
                yield came
            came = []
            if flight.batch.tries:
                yield [await self._not_given(uid)]
            else:
                yield Batch(((uid, size),), flight.batch.largest, tries=1)
        if came:
            yield came

    async def _not_given(self, uid: int) -> Unfetchable:
        """Tell a message that was deleted meanwhile from one that the server keeps to itself."""
        there: list[bytes] = []

        def take(response: Response) -> bool:
            found = response[0][:8].upper() == b"* SEARCH"
            there.extend(response[0].split()[2:] if found else ())
            return found

        with suppress(ImapTrouble):
            await self._connection.run(b"UID SEARCH UID %d" % uid, take=take)
            if not there:
                return Unfetchable(uid, "it is no longer on the server", gone=True)
        return Unfetchable(uid, "the server lists it and does not give it")

    async def _reconnect(self, steps: deque[Step], trouble: ImapTrouble) -> None:
        """Connect anew and ask again for all that was under way; raise where that is in vain."""
        for place, step in enumerate(steps):
            if isinstance(step, Flight):
                steps[place] = step.batch
        self._vain += 1
        if self._vain > self.limits.patience:
            raise trouble
        before = self._selected()
        self._opened = await Connection.open(self.account, self.limits)
        state = await self._examine(self._opened, self._folder)
        if state.uidvalidity != before.uidvalidity:
            sentence = "the folder was made anew while it was read (UIDVALIDITY changed)"
            raise ImapTrouble(TroubleKind.PROTOCOL, sentence)

    async def _examine(self, connection: Connection, wire: bytes) -> FolderState:
        figures: dict[bytes, int] = {}
        named = [""]

        def take(response: Response) -> bool:
            if found := _EXISTS.match(response[0]):
                figures[b"EXISTS"] = int(found[1])
            elif found := _NAMED.match(response[0]):
                named[0] = found[1].decode("ascii", "replace")
            elif found := _CODE.match(response[0]):
                figures[found[1].upper()] = int(found[2])
            return True

        command = b"EXAMINE " + quoted(wire)
        counts_changes = bool(connection.capabilities & {"CONDSTORE", "QRESYNC"})
        if counts_changes:
            command += b" (CONDSTORE)"
        connection.protocol.news.clear()
        await connection.run(command, take=take)
        connection.protocol.state = aioimaplib.SELECTED
        if not counts_changes:  # a figure alone does not mean that CHANGEDSINCE is understood
            figures.pop(b"HIGHESTMODSEQ", None)
        state = FolderState(
            uidvalidity=figures.get(b"UIDVALIDITY", 0),
            uidnext=figures.get(b"UIDNEXT", 0),
            exists=figures.get(b"EXISTS", 0),
            highestmodseq=figures.get(b"HIGHESTMODSEQ", 0),
            mailbox_id=named[0],
        )
        return checked(state, self.limits.messages)

    @property
    def _connection(self) -> Connection:
        if self._opened is None:
            raise RuntimeError("the session is not open: use `async with`")
        return self._opened

    def _selected(self) -> FolderState:
        if self._state is None:
            raise RuntimeError("no folder is selected")
        return self._state


def _recover(steps: deque[Step], trouble: ImapTrouble) -> list[Item]:
    """Keep what came of the first step before the trouble, and ask for the rest by halves."""
    step = steps.popleft()
    if isinstance(step, Flight):
        landed, rest = step.landed(), step.batch.after(len(step.landed()))
        if rest.messages:
            steps.extendleft(reversed(_less(rest, trouble)))
        return landed
    steps.appendleft(step)  # the connection was lost before anything was asked
    return []


def _less(batch: Batch, trouble: ImapTrouble) -> list[Step]:
    """Ask for less at once; a single message that failed thrice is given up."""
    if len(batch.messages) == 1 and batch.tries + 1 >= TRIES:
        return [[Unfetchable(batch.uids[0], trouble.sentence)]]
    return [*batch.halves()]
