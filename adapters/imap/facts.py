"""What tells folders and messages without fetching them: how a folder stands, ids, headers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

from adapters.imap.connection import NOT_NOW, Connection, granted
from adapters.imap.grammar import (
    Value,
    fetch_items,
    flags,
    internal_date,
    number,
    quoted,
    uid_set,
    values,
)
from adapters.imap.protocol import Taker
from adapters.imap.splitter import Response
from adapters.imap.values import FolderState, ImapTrouble, RemoteFolder, Shown, TroubleKind

SERVER_IDS: Final = (("X-GM-EXT-1", b"X-GM-MSGID"), ("OBJECTID", b"EMAILID"))
"""What a server can, and the name of its ids: the same message in several labels has one."""

_NOT_OURS: Final = b"[NOPERM]"
_AT_ONCE: Final = 200
_LONGEST_HEADER: Final = 64 << 10
_OF_EACH: Final = 300
_LONGEST_ID: Final = 255


async def states_of(
    connection: Connection, folders: Iterable[RemoteFolder]
) -> dict[bytes, FolderState]:
    """Ask how folders stand (STATUS, RFC 3501 6.3.10), by wire name; the refused are left out.

    One that cannot be told now, or not to us, has only zeros: it is there.
    """
    found: dict[bytes, FolderState] = {}
    asked = b"MESSAGES UIDNEXT UIDVALIDITY"
    asked += b" MAILBOXID" if "OBJECTID" in connection.capabilities else b""
    for folder in folders:
        told: list[FolderState] = []

        def take(response: Response, told: list[FolderState] = told) -> bool:
            if response[0][:9].upper() != b"* STATUS ":
                return False
            told.append(_state(response))
            return True

        try:
            await connection.run(b"STATUS %s (%s)" % (quoted(folder.wire), asked), take=take)
        except ImapTrouble as trouble:
            if trouble.kind is not TroubleKind.REFUSED:
                raise
            if any(code.decode() in trouble.sentence.upper() for code in (*NOT_NOW, _NOT_OURS)):
                told.append(FolderState(0, 0, 0, 0))
        if told:
            found[folder.wire] = told[-1]
    return found


def _state(response: Response) -> FolderState:
    read = values(response, 9)
    pairs = read[1] if len(read) > 1 and isinstance(read[1], list) else []
    said = {
        name.upper(): value
        for name, value in zip(pairs[::2], pairs[1::2], strict=False)
        if isinstance(name, bytes)
    }
    named = said.get(b"MAILBOXID")
    ids = named if isinstance(named, list) else [named]
    id = ids[0] if ids and isinstance(ids[0], bytes) else b""
    uidvalidity, uidnext, exists = (
        number(said.get(x)) or 0 for x in (b"UIDVALIDITY", b"UIDNEXT", b"MESSAGES")
    )
    return FolderState(uidvalidity, uidnext, exists, 0, id.decode("ascii", "replace"))


def checked(state: FolderState, most: int) -> FolderState:
    """Give how a folder stands; raise ImapTrouble where no folder stands so, or it is too large.

    UIDs have 32 bits (RFC 3501 2.3.1.1), modification sequences 63 (RFC 7162 3.1).
    """
    if state.uidvalidity == 0:
        raise ImapTrouble(TroubleKind.PROTOCOL, "the server keeps no UIDs for this folder")
    if max(state.uidvalidity, state.uidnext) > 1 << 32 or state.highestmodseq >> 63:
        raise ImapTrouble(TroubleKind.PROTOCOL, "the server tells figures that no folder has")
    if state.exists > most:
        sentence = f"the server counts {state.exists} messages in the folder: more than {most}"
        raise ImapTrouble(TroubleKind.TOO_MUCH_DATA, sentence)
    return state


async def shown(connection: Connection, uids: Iterable[int], *, header: bool) -> dict[int, Shown]:
    """Ask for size, date, flags and the server's id of messages, with or without their header.

    What the server does not tell is left out, and so is a header that is very long.
    """
    found: dict[int, Shown] = {}
    name = next((name for can, name in SERVER_IDS if can in connection.capabilities), b"")

    def take(response: Response) -> bool:
        items = fetch_items(response)
        if items is None or b"RFC822.SIZE" not in items:
            return False
        if (one := _shown(items, name)) is not None:
            found[one.uid] = one
        return True

    what = b"RFC822.SIZE INTERNALDATE FLAGS" + (b" " + name if name else b"")
    what += b" BODY.PEEK[HEADER]<0.%d>" % _LONGEST_HEADER if header else b""
    each = _LONGEST_HEADER if header else _OF_EACH
    with suppress(_Untold):
        for some in _portions(uids):
            await _ask(connection, some, what, take, each)
    return found


def _shown(items: Mapping[bytes, Value], name: bytes) -> Shown | None:
    uid, size = number(items.get(b"UID")), number(items[b"RFC822.SIZE"])
    if uid is None or size is None:
        return None
    header = next((x for n, x in items.items() if n.startswith(b"BODY[HEADER]")), None)
    fits = isinstance(header, bytes) and len(header) < _LONGEST_HEADER
    value = items.get(name)
    id = value[0] if isinstance(value, list) and value else value
    told = isinstance(id, bytes) and 0 < len(id) <= _LONGEST_ID
    return Shown(
        uid=uid,
        size=size,
        received_at=internal_date(items.get(b"INTERNALDATE")),
        flags=flags(items.get(b"FLAGS")),
        header=header if fits and isinstance(header, bytes) else b"",
        server_id=f"{name.decode()} {id.decode('latin-1')}"
        if told and isinstance(id, bytes)
        else "",
    )


class _Untold(Exception):
    """The server does not tell, or ends the connection over it: what is not told is fetched.

    Fetching connects anew, and singles out what is at fault.
    """


async def _ask(
    connection: Connection, uids: Sequence[int], what: bytes, take: Taker, each: int
) -> None:
    command = b"UID FETCH %s (UID %s)" % (uid_set(uids), what)
    allowed = connection.limits.answer + each * len(uids)
    try:
        pending = connection.start(command, take=take, allowed=allowed)
        granted(await connection.finish(pending, connection.limits.fetch), pending.name)
    except ImapTrouble:
        raise _Untold from None


def _portions(uids: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(sorted(set(uids)))
    while some := list(islice(rest, _AT_ONCE)):
        yield some
