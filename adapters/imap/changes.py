"""What has changed in a folder since it was last read: flags, and what is no longer there.

Three levels, by what the server can (RFC 7162): QRESYNC tells both since a point; CONDSTORE tells
flags since a point, and the UIDs that are there are listed; without either all flags are listed.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sized
from dataclasses import dataclass, field
from itertools import islice

from adapters.imap.connection import Connection, granted
from adapters.imap.grammar import fetch_items, flags, number
from adapters.imap.protocol import Taker
from adapters.imap.splitter import Response
from adapters.imap.values import FolderState, ImapTrouble, TroubleKind

_OF_EACH = 200
"""Octets that an answer may hold for each message."""
_MEANWHILE = 10_000
_MOST_RANGES = 100_000
"""Where more is told to have vanished, it is asked what is there."""


@dataclass(slots=True)
class Changes:
    """Flags that may have changed, by UID, and what tells which UIDs are gone."""

    flags: dict[int, tuple[str, ...]] = field(default_factory=dict)
    vanished: list[tuple[int, int]] = field(default_factory=list)
    there: set[int] | None = None
    """All UIDs that are there; None where the server says which are not."""

    @property
    def some_may_be_gone(self) -> bool:
        """Say whether all that is known has to be compared."""
        return bool(self.vanished) or self.there is not None

    def gone(self, known: Collection[int]) -> set[int]:
        """Give those of the known UIDs that are gone."""
        if self.there is not None:
            return {uid for uid in known if uid not in self.there}
        begins: list[int] = []
        ends: list[int] = []
        for first, last in sorted(self.vanished):
            if ends and first <= ends[-1]:
                ends[-1] = max(last, ends[-1])
            else:
                begins.append(first)
                ends.append(last)
        places = ((uid, bisect_right(begins, uid)) for uid in known)
        return {uid for uid, place in places if place and uid <= ends[place - 1]}


async def changes_since(
    connection: Connection, last_uid: int, state: FolderState, modseq: int
) -> Changes:
    """Ask for what changed up to `last_uid` since `modseq`; 0 where the folder has none."""
    changes = Changes()

    def take(response: Response) -> bool:
        line = response[0]
        if line[:11].upper() == b"* VANISHED ":
            room = _MOST_RANGES + 1 - len(changes.vanished)
            changes.vanished.extend(islice(_ranges(line[11:]), room))
            return True
        if (items := fetch_items(response)) is None:
            return False
        uid = number(items.get(b"UID"))
        if uid is not None and uid <= last_uid and b"FLAGS" in items:
            changes.flags[uid] = flags(items[b"FLAGS"])
        return True

    command = b"UID FETCH 1:%d (UID FLAGS)" % last_uid
    if modseq:
        vanished = b" VANISHED" if connection.resyncs else b""
        command += b" (CHANGEDSINCE %d%s)" % (modseq, vanished)
    await _ask(connection, command, take, state.exists)
    if not modseq:
        changes.there = set(changes.flags)
    elif not connection.resyncs or len(changes.vanished) > _MOST_RANGES:
        changes.vanished = []
        changes.there = await uids_there(connection, b"UID 1:%d" % last_uid, state.exists)
    above = max(state.uidnext - 1 - last_uid, 0)
    if changes.there is not None and len(changes.there) + above < state.exists:
        changes.there = None  # it left some out: better wait than take mail for gone
    return changes


async def uids_there(connection: Connection, which: bytes, exists: int) -> set[int]:
    """Ask which UIDs are in the selected folder, of those that `which` searches for."""
    found: set[int] = set()

    def take(response: Response) -> bool:
        if response[0][:8].upper() != b"* SEARCH":
            return False
        read = (number(one) for one in response[0].split()[2:])
        found.update(uid for uid in read if uid is not None)
        refuse_more(found, exists)
        return True

    await _ask(connection, b"UID SEARCH " + which, take, exists)
    return found


async def _ask(connection: Connection, command: bytes, take: Taker, exists: int) -> None:
    allowed = connection.limits.answer + _OF_EACH * exists
    pending = connection.start(command, take=take, allowed=allowed)
    deadline = connection.limits.command + exists / 1_000
    granted(await connection.finish(pending, deadline), pending.name)


def refuse_more(found: Sized, exists: int) -> None:
    """Raise ImapTrouble where a server tells of more messages than it has, and may get meanwhile."""
    if len(found) > exists + _MEANWHILE:
        sentence = f"the server has {exists} messages in the folder, and tells of many more"
        raise ImapTrouble(TroubleKind.TOO_MUCH_DATA, sentence)


def _ranges(told: bytes) -> Iterator[tuple[int, int]]:
    """Read a set of UIDs, with or without (EARLIER) before it; what is none is passed over."""
    for part in told.rpartition(b" ")[2].split(b","):
        first, _, last = part.partition(b":")
        if first.isdigit() and (last or first).isdigit() and len(part) < 40:
            ends = int(first), int(last or first)
            yield min(ends), max(ends)
