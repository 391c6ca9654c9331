"""Change a folder on the server: mark messages, move them into another folder.

A folder is opened for changes here (SELECT); whoever reads through the same connection selects its
own again. What the server refuses is `Refused`, with its code for programs (RFC 5530).
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from adapters.imap.connection import Connection
from adapters.imap.grammar import fetch_items, flags, number, quoted, uid_set, values
from adapters.imap.protocol import Taker
from adapters.imap.splitter import Response
from adapters.imap.values import ImapTrouble, TroubleKind, words

_OF_EACH: Final = 400
_CODE: Final = re.compile(rb"\[([A-Za-z-]{1,40})[\] ]")
_OPENED: Final = re.compile(rb"\* OK \[(UIDVALIDITY|HIGHESTMODSEQ) (\d{1,19})\]", re.IGNORECASE)
_COPIED: Final = re.compile(rb"\[COPYUID (\d{1,19}) ([0-9,:]+) ([0-9,:]+)\]", re.IGNORECASE)
_MOST: Final = 100_000
_WIRE: Final[Mapping[str, bytes]] = {
    "seen": rb"\Seen",
    "flagged": rb"\Flagged",
    "answered": rb"\Answered",
}


class Refused(Exception):
    """The server says no to a command; the connection is good."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code
        self.said = said


def refused(text: bytes) -> Refused:
    """Give what a server's no says."""
    return Refused(_code(text), words(text))


@dataclass(frozen=True, slots=True)
class Opened:
    """A folder that is open for changes, unless the server lets nobody `write` there."""

    uid_validity: int
    writable: bool
    counts_changes: bool
    """Whether each change has a number (CONDSTORE, RFC 7162 3.1)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How messages are marked, by UID; what is not there is absent. `modseq` 0: not counted."""

    flags: Mapping[int, tuple[str, ...]]
    modseq: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What was moved, by UIDs before and after, as far as the server tells (UIDPLUS, RFC 4315)."""

    uid_validity: int = 0
    uids: Mapping[int, int] = field(default_factory=dict)


async def open_folder(connection: Connection, wire: bytes) -> Opened:
    """Open a folder for changes; raise Refused where the server does not let us."""
    figures: dict[bytes, int] = {}

    def take(response: Response) -> bool:
        if found := _OPENED.match(response[0]):
            figures[found[1].upper()] = int(found[2])
        return True

    counting = bool(connection.capabilities & {"CONDSTORE", "QRESYNC"})
    command = b"SELECT " + quoted(wire) + (b" (CONDSTORE)" if counting else b"")
    text = await _do(connection, command, take)
    return Opened(
        uid_validity=figures.get(b"UIDVALIDITY", 0),
        writable=_code(text) != "READ-ONLY",
        counts_changes=counting and b"HIGHESTMODSEQ" in figures,
    )


async def shown(connection: Connection, opened: Opened, uids: Collection[int]) -> Shown:
    """Ask how messages are marked now."""
    found: dict[int, tuple[str, ...]] = {}
    changed = [0]

    def take(response: Response) -> bool:
        if (items := fetch_items(response)) is None:
            return False
        uid = number(items.get(b"UID"))
        if uid is not None and b"FLAGS" in items:
            found[uid] = flags(items[b"FLAGS"])
            told = items.get(b"MODSEQ")
            changed.append(number(told[0] if isinstance(told, list) and told else None) or 0)
        return True

    what = b"FLAGS MODSEQ" if opened.counts_changes else b"FLAGS"
    if uids:
        command = b"UID FETCH %s (UID %s)" % (uid_set(uids), what)
        await _do(connection, command, take, _OF_EACH * len(uids))
    return Shown({uid: found[uid] for uid in uids if uid in found}, max(changed))


async def store(
    connection: Connection,
    uids: Collection[int],
    names: Iterable[str],
    *,
    add: bool,
    unchanged_since: int,
) -> None:
    """Add flags to messages, or take them away (STORE, RFC 9051 6.4.6).

    Messages that somebody changed after `unchanged_since` stay as they are (RFC 7162 3.1.3); with 0
    all are changed.
    """
    since = b"(UNCHANGEDSINCE %d) " % unchanged_since if unchanged_since else b""
    these = b" ".join(_WIRE[name] for name in names)
    command = b"UID STORE %s %s%sFLAGS.SILENT (%s)"
    said = command % (uid_set(uids), since, b"+" if add else b"-", these)
    try:
        await _do(connection, said, _own, _OF_EACH * len(uids))
    except Refused as refusal:
        if refusal.code != "MODIFIED":
            raise


async def next_uid(connection: Connection, wire: bytes) -> int:
    """Ask which UID the next message in another folder will have; raise Refused if it is not there."""
    figures: list[int] = []

    def take(response: Response) -> bool:
        if response[0][:9].upper() != b"* STATUS ":
            return False
        read = values(response, 9)
        told = read[1] if len(read) > 1 and isinstance(read[1], list) else []
        figures.append(number(told[1]) or 0 if len(told) > 1 else 0)
        return True

    await _do(connection, b"STATUS %s (UIDNEXT)" % quoted(wire), take)
    return figures[-1] if figures else 0


async def find(connection: Connection, header_id: str, from_uid: int = 1) -> set[int]:
    """Search the open folder for what contains a Message-ID in its own, from a UID on."""
    found: set[int] = set()

    def take(response: Response) -> bool:
        if response[0][:8].upper() != b"* SEARCH":
            return False
        found.update(int(one) for one in response[0].split()[2:] if one.isdigit())
        return True

    wanted = quoted(header_id.encode("ascii", "ignore"))
    command = b"UID SEARCH UID %d:* HEADER Message-ID %s" % (max(from_uid, 1), wanted)
    await _do(connection, command, take)
    return {uid for uid in found if uid >= from_uid}  # n:* holds the last one in any case


async def move(connection: Connection, uids: Collection[int], wire: bytes) -> Taken:
    """Move messages of the open folder into another (MOVE, RFC 6851 3.1).

    Where the server cannot, they are copied, marked as deleted, and they alone expunged.
    """
    if "MOVE" not in connection.capabilities:
        taken = await copy(connection, uids, wire)
        await remove(connection, uids)
        return taken
    return await _to(connection, b"UID MOVE", uids, wire)


async def copy(connection: Connection, uids: Collection[int], wire: bytes) -> Taken:
    """Copy messages of the open folder into another."""
    return await _to(connection, b"UID COPY", uids, wire)


async def remove(connection: Connection, uids: Collection[int]) -> None:
    """Delete messages of the open folder, and no other that somebody marked as deleted."""
    await _do(connection, rb"UID STORE %s +FLAGS.SILENT (\Deleted)" % uid_set(uids), _own)
    if "UIDPLUS" in connection.capabilities:
        await _do(connection, b"UID EXPUNGE " + uid_set(uids), _own, _OF_EACH * len(uids))
        return
    deleted: set[int] = set()

    def take(response: Response) -> bool:
        found = response[0][:8].upper() == b"* SEARCH"
        deleted.update(int(x) for x in response[0].split()[2:] if found and x.isdigit())
        return found

    await _do(connection, b"UID SEARCH DELETED", take)
    if not deleted <= set(uids):
        raise Refused("CANNOT", "others marked mail as deleted there, which would go with it")
    await _do(connection, b"EXPUNGE", _own, _OF_EACH * len(uids))


async def _to(connection: Connection, verb: bytes, uids: Collection[int], wire: bytes) -> Taken:
    told: list[bytes] = []

    def take(response: Response) -> bool:  # MOVE tells it before it ends (RFC 6851 4.3)
        told.append(response[0])
        return _own(response)

    command = b"%s %s %s" % (verb, uid_set(uids), quoted(wire))
    told.append(await _do(connection, command, take, _OF_EACH * len(uids)))
    found = next(filter(None, map(_COPIED.search, told)), None)
    if found is None:
        return Taken()
    before, after = _numbers(found[2]), _numbers(found[3])
    return Taken(int(found[1]), dict(zip(before, after, strict=False)))


async def _do(connection: Connection, command: bytes, take: Taker, more: int = 0) -> bytes:
    """Give a command and wait for its end; give what the server says there, or raise Refused."""
    pending = connection.start(command, take=take, allowed=connection.limits.answer + more)
    answer = await connection.finish(pending)
    if not answer.ok:
        raise refused(answer.text)
    return answer.text


def _own(response: Response) -> bool:
    """Take what tells of our own changes: it is no news."""
    line = response[0].upper()
    return line.startswith(b"* VANISHED ") or line.endswith(b" EXPUNGE") or b" FETCH (" in line


def _code(text: bytes) -> str:
    found = _CODE.match(text)
    return found[1].decode().upper() if found else ""


def _numbers(told: bytes) -> list[int]:
    """Read a set of UIDs in the order in which it is told."""
    ranges = []
    for part in told.split(b","):
        first, _, last = part.partition(b":")
        if not first.isdigit() or not (last or first).isdigit():
            raise ImapTrouble(TroubleKind.PROTOCOL, f"no set of UIDs: {words(told)}")
        ends = sorted((int(first), int(last or first)))
        ranges.append(range(ends[0], ends[1] + 1))
    if sum(map(len, ranges)) > _MOST:
        raise ImapTrouble(
            TroubleKind.TOO_MUCH_DATA, "the server tells more UIDs than it was asked"
        )
    return list(chain.from_iterable(ranges))
