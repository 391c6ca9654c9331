"""The little of IMAP's grammar that is needed: values in answers, strings and sets in commands."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone

from adapters.imap.splitter import Response
from adapters.imap.values import ImapTrouble, TroubleKind, words

Value = bytes | None | list["Value"]
"""A string or atom, NIL, or a parenthesised list."""

DEEPEST = 20
_TOKEN = re.compile(rb'[ ]*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|([^\s()"]+))')
_LITERAL_MARK = re.compile(rb"~?\{\d+\+?\}")
_ESCAPED = re.compile(rb"\\(.)")
_MONTHS = b"jan feb mar apr may jun jul aug sep oct nov dec".split()
_INTERNAL = re.compile(rb" ?(\d{1,2})-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
_FLAGS = {
    b"\\seen": "seen",
    b"\\flagged": "flagged",
    b"\\answered": "answered",
    b"\\draft": "draft",
}


def values(response: Response, start: int = 0) -> list[Value]:
    """Read the values of a response, from octet `start` of its first line on."""
    top: list[Value] = []
    stack = [top]
    for token, is_text in _tokens(response, start):
        if is_text or token not in (b"(", b")"):
            nil = not is_text and token.upper() == b"NIL"
            stack[-1].append(None if nil else token)
        elif token == b"(":
            if len(stack) > DEEPEST:
                raise malformed(response)
            inner: list[Value] = []
            stack[-1].append(inner)
            stack.append(inner)
        elif len(stack) > 1:
            stack.pop()
        else:
            raise malformed(response)
    if len(stack) != 1:
        raise malformed(response)
    return top


def _tokens(response: Response, start: int) -> Iterator[tuple[bytes, bool]]:
    """Give the tokens; the flag says that one is a string and no syntax."""
    for number, part in enumerate(response):
        if number % 2:
            yield part, True
            continue
        at = start if number == 0 else 0
        end = len(part.rstrip())
        while at < end:
            found = _TOKEN.match(part, at)
            if found is None:
                raise malformed(response)
            at = found.end()
            opening, closing, text, atom = found.groups()
            if text is not None:
                yield _ESCAPED.sub(rb"\1", text), True
            elif not (at == end and number + 1 < len(response) and _is_mark(atom)):
                yield opening or closing or atom, False


def _is_mark(atom: bytes | None) -> bool:
    return atom is not None and _LITERAL_MARK.fullmatch(atom) is not None


def malformed(response: Response) -> ImapTrouble:
    """Say that an answer cannot be read."""
    said = words(response[0][:120])
    return ImapTrouble(TroubleKind.PROTOCOL, f"the server's answer cannot be read: {said}")


def fetch_items(response: Response) -> dict[bytes, Value] | None:
    """Read `* n FETCH (…)` as names, in capitals, with values; None if it is another response."""
    line = response[0]
    space = line.find(b" ", 2)
    if line[space + 1 : space + 7].upper() != b"FETCH ":
        return None
    read = values(response, space + 7)
    if len(read) != 1 or not isinstance(read[0], list) or len(read[0]) % 2:
        raise malformed(response)
    items: dict[bytes, Value] = {}
    for name, value in zip(read[0][::2], read[0][1::2], strict=True):
        if not isinstance(name, bytes):
            raise malformed(response)
        items[name.upper()] = value
    return items


def number(value: Value) -> int | None:
    """Read a number (at most 63 bits); None if it is none."""
    if isinstance(value, bytes) and value.isdigit() and len(value) <= 19:
        read = int(value)
        return read if read < 1 << 63 else None
    return None


def internal_date(value: Value) -> datetime | None:
    """Read INTERNALDATE as UTC; None if there is no such date."""
    found = _INTERNAL.fullmatch(value) if isinstance(value, bytes) else None
    if found is None or found[2].lower() not in _MONTHS:
        return None
    minutes = int(found[8]) * 60 + int(found[9])
    day, year, hour, minute, second = (int(found[n]) for n in (1, 3, 4, 5, 6))
    month = _MONTHS.index(found[2].lower()) + 1
    try:
        zone = timezone(timedelta(minutes=-minutes if found[7] == b"-" else minutes))
        local = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def flags(value: Value) -> tuple[str, ...]:
    """Read a list of flags in our words."""
    said = {x.lower() for x in value if isinstance(x, bytes)} if isinstance(value, list) else set()
    return tuple(ours for wire, ours in _FLAGS.items() if wire in said)


def sayable(octets: bytes) -> bool:
    """Say whether this can stand in a command (RFC 3501 9)."""
    return not any(x in octets for x in b"\r\n\0")


def quoted(octets: bytes) -> bytes:
    """Write a quoted string (RFC 3501 9); raise ValueError for what would end the line."""
    if not sayable(octets):
        raise ValueError("CR, LF and NUL cannot stand in a command")
    return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def uid_set(uids: Iterable[int]) -> bytes:
    """Write a set of UIDs; a range only where every number in it was asked for."""
    ranges: list[list[int]] = []
    for uid in sorted(uids):
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ",".join(str(a) if a == b else f"{a}:{b}" for a, b in ranges).encode()
