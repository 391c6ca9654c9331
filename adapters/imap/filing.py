"""Put a mail into a folder on the server, and find it there by what names it.

A mail is found by its own Message-ID, or, where a provider gave it another, by what our mail says
of itself beside it. APPEND waits for the server's word before the octets go (RFC 9051 4.3), so
that what is refused costs no more than a line.
"""

import asyncio
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.imap import facts
from adapters.imap.commands import Refused, refused
from adapters.imap.connection import Connection
from adapters.imap.grammar import quoted
from adapters.imap.splitter import Response
from adapters.imap.values import RemoteFolder
from adapters.mime.fields import read_fields
from adapters.mime.ids import first_id, ids_in

_CLOCKS: Final = timedelta(days=2)
_SLOWEST: Final = 10_000
"""So many octets a second a connection has at least."""
_APPENDED: Final = re.compile(rb"\[APPENDUID (\d{1,19}) (\d{1,19})\]", re.IGNORECASE)
_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"
_NAMED: Final = ("Message-ID", "X-Carteggio-Id", "References")
_NEW: Final[tuple[bytes, ...]] = (b"Sent", b"INBOX.Sent", b"INBOX/Sent")
"""What a folder of sent mail is called where there is none; some servers have all below INBOX."""


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a mail was put, as far as the server tells (UIDPLUS, RFC 4315); else zeros."""

    uid_validity: int = 0
    uid: int = 0


async def append(connection: Connection, wire: bytes, raw: bytes, at: datetime) -> Appended:
    r"""Put a mail into a folder, octet for octet, `\Seen`, with its date; raise Refused for a no.

    ImapTrouble: nobody knows whether it lies there now.
    """
    asked = connection.protocol.challenge()
    command = b'APPEND %s (\\Seen) "%s" {%d}'
    pending = connection.start(command % (quoted(wire), _date(at), len(raw)))
    either: set[asyncio.Future[Any]] = {asked, pending.done}
    going = asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    await connection.within(going, connection.limits.command, pending.name)
    if not pending.done.done():
        connection.protocol.wire.write(raw + b"\r\n")
    seconds = connection.limits.command + len(raw) / _SLOWEST
    answer = await connection.finish(pending, seconds)
    if not answer.ok:
        raise refused(answer.text)
    found = _APPENDED.search(answer.text)
    return Appended(int(found[1]), int(found[2])) if found else Appended()


async def create_sent(connection: Connection) -> bytes:
    """Make a folder of sent mail, where there is none; give its name as the server writes it."""
    use = rb" (USE (\Sent))" if "CREATE-SPECIAL-USE" in connection.capabilities else b""
    refusal = Refused("CANNOT", "no folder could be made")
    for wire in _NEW:
        answer = await connection.finish(connection.start(b"CREATE " + quoted(wire) + use))
        if answer.ok or b"[ALREADYEXISTS]" in answer.text.upper():
            await connection.finish(connection.start(b"SUBSCRIBE " + quoted(wire)))
            return wire
        refusal = refused(answer.text)
    raise refusal


async def lies_in(connection: Connection, wire: bytes, header_id: str, since: datetime) -> bool:
    """Say whether a mail of ours lies in a folder, by its Message-ID without brackets.

    Looked at is what came there `since`, or two days before: clocks and zones differ. Raise Refused
    where the folder cannot be opened or searched.
    """
    await _done(connection, b"EXAMINE " + quoted(wire))
    uids: set[int] = set()

    def take(response: Response) -> bool:
        if response[0][:8].upper() != b"* SEARCH":
            return False
        uids.update(int(one) for one in response[0].split()[2:] if one.isdigit())
        return True

    text = quoted(header_id.encode("ascii", "ignore"))
    named = [b"HEADER %s %s" % (one.encode(), text) for one in _NAMED]
    day = _date(since - _CLOCKS).split()[0]
    search = b"UID SEARCH SINCE %s OR OR " % day + b" ".join(named)
    answer = await connection.finish(connection.start(search, take=take))
    if not answer.ok:
        raise refused(answer.text)
    heads = await facts.shown(connection, uids, header=True)
    if uids and not heads:
        raise Refused("UNTOLD", "the server finds something and does not tell what")
    return any(is_copy(one.header, header_id) for one in heads.values())


def is_copy(header: bytes, header_id: str) -> bool:
    """Say whether this is the header of our mail with that Message-ID, whatever it bears now.

    References count only as those of a first mail, which name it alone: answers name it too.
    """
    fields = read_fields(header)
    if first_id(fields.every("message-id")) == header_id:
        return True
    if own := fields.every("x-carteggio-id"):
        return first_id(own) == header_id
    answers = fields.every("in-reply-to")
    return not answers and ids_in(fields.every("references")) == (header_id,)


def sent_folders(folders: Collection[RemoteFolder], named: str = "") -> list[RemoteFolder]:
    """Choose where sent mail lies, the surest first: as it was named, else by flag or by name."""
    by_name: Mapping[str, RemoteFolder] = {one.name: one for one in folders}
    chosen = [by_name[named]] if named in by_name else []
    ours = [one for one in folders if one.namespace == "personal" and one.role == "sent"]
    flagged = sorted(ours, key=lambda one: "sent" not in one.uses)
    return list(dict.fromkeys([*chosen, *flagged]))


async def _done(connection: Connection, command: bytes) -> None:
    answer = await connection.finish(connection.start(command, take=_anything))
    if not answer.ok:
        raise refused(answer.text)


def _anything(_: Response) -> bool:
    return True


def _date(at: datetime) -> bytes:
    """Write a time as INTERNALDATE, in UTC (RFC 9051 9, date-time)."""
    utc = at.astimezone(UTC)
    return f"{utc.day:02d}-{_MONTHS[3 * utc.month - 3 : 3 * utc.month]}-{utc:%Y %H:%M:%S} +0000".encode()
