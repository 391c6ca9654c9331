"""Cut an mbox into its messages, as a stream (RFC 4155, in the mboxrd form).

`From ` begins a separator only where one can stand (the file's start, or after an empty line) and
where it looks like one. Whatever else is found is delivered too, with a note: no octet is lost.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

CHUNK = 1 << 20
LARGEST_MESSAGE = 200_000_000
LONGEST_SEPARATOR = 2_000
LONGEST_BEGINNING = 16_000

_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MONTH = rb"(?P<month>" + b"|".join(_MONTHS) + rb")"
_CLOCK = rb"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?:\.\d+)?"
_ZONE = rb"[+-]\d\d:?\d\d|[A-Za-z]{1,5}(?:[+-]\d{1,4})?"
_DATES = (
    # asctime, with the zone before or after the year: Mon Jan  1 10:00:00 CET 2024
    re.compile(
        _MONTH + rb"\s+(?P<day>\d{1,2})\s+" + _CLOCK
        + rb"(?:\s+(?P<zone>" + _ZONE + rb"))?\s+(?P<year>\d{4})(?:\s+(?P<late>" + _ZONE + rb"))?"
    ),
    # RFC 5322: Mon, 1 Jan 2024 10:00:00 +0100
    re.compile(
        rb"(?P<day>\d{1,2})[ -]" + _MONTH + rb"[ -](?P<year>\d{4})\s+" + _CLOCK
        + rb"(?:\s+(?P<zone>" + _ZONE + rb"))?"
    ),
    # RFC 3339
    re.compile(
        rb"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ]" + _CLOCK
        + rb"\s?(?P<zone>Z|[+-]\d\d:?\d\d)?"
    ),
)  # fmt: skip
_HOURS = {
    b"CET": 1, b"MET": 1, b"MEZ": 1, b"BST": 1, b"CEST": 2, b"MEST": 2, b"MESZ": 2, b"EET": 2,
    b"EEST": 3, b"EST": -5, b"EDT": -4, b"CST": -6, b"CDT": -5, b"MST": -7, b"MDT": -6,
    b"PST": -8, b"PDT": -7,
}  # fmt: skip
_OFFSET = re.compile(rb"([+-])(\d\d):?(\d\d)")
_LONE_SENDER = re.compile(rb"From +(?:[^\s@]+@[^\s@]+|MAILER-DAEMON|-|\?\?\?@\?\?\?) *\r?")
FIELD = re.compile(rb"[!-9;-~]{1,70}[ \t]*:")
"""How a header field begins (RFC 5322 2.2)."""
_NAME = re.compile(rb"^([!-9;-~]{1,70})[ \t]*:", re.MULTILINE)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_STORED = re.compile(rb"From +(?:-|MAILER-DAEMON) ")
_DATED = re.compile(rb"(?im)^(?:received|date)[ \t]*:")
_STATUS = re.compile(rb"(?im)^(x-status|status|x-mozilla-status):[ \t]*([0-9A-Za-z]*)")
_LETTERS = {"R": "seen", "F": "flagged", "A": "answered", "T": "draft"}
_MOZILLA = {0x01: "seen", 0x04: "flagged", 0x02: "answered"}
FLAGS = ("seen", "flagged", "answered", "draft")


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of an mbox; it lies from `start` up to `end`, both counted in octets.

    `raw` is None where the message is too large to be held; `note` says what is wrong with it.
    """

    raw: bytes | None
    start: int
    end: int
    received_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Separator:
    at: int
    length: int
    received_at: datetime | None
    note: str = ""
    stored: bool = False
    """Thunderbird (-) and Python (MAILER-DAEMON) write the time at which a mail was stored."""


class _Window:
    """The part of the stream that is in memory."""

    def __init__(self, read: Callable[[int], bytes], base: int) -> None:
        self._read = read
        self.base = base
        self.held = bytearray()
        self.ended = False
        self.overflown = False

    def more(self) -> bool:
        chunk = b"" if self.ended else self._read(CHUNK)
        self.ended = not chunk
        self.held += chunk
        return not self.ended

    def drop(self, count: int) -> None:
        del self.held[:count]
        self.base += count

    def line_end(self, at: int) -> int:
        """Give the end of the line that begins at `at`, without its LF; -1 if it is too long."""
        while (end := self.held.find(b"\n", at, at + LONGEST_SEPARATOR)) < 0:
            if len(self.held) - at >= LONGEST_SEPARATOR:
                return -1
            if not self.more():
                return len(self.held)
        return end

    def separator(self, at: int) -> _Separator | None:
        if (end := self.line_end(at)) < 0:
            return None
        line = bytes(self.held[at:end])
        if not line.startswith(b"From "):
            return None
        if (found := _date(line)) is not None:
            stored = _STORED.match(line) is not None
            return _Separator(at, end + 1 - at, _moment(found), stored=stored)
        if _LONE_SENDER.fullmatch(line) and self._field_at(end + 1):
            return _Separator(at, end + 1 - at, None, "its separator line has no date")
        if self._header_at(end + 1):
            return _Separator(at, end + 1 - at, None, "its separator line is broken")
        return None

    def _header_at(self, at: int) -> bool:
        """Say whether a mail's header begins here, whatever the line before looks like."""
        if not self._field_at(at):
            return False
        while len(self.held) - at < LONGEST_BEGINNING and self.more():
            pass
        head = bytes(self.held[at : at + LONGEST_BEGINNING]).replace(b"\r\n", b"\n")
        names = {x.lower() for x in _NAME.findall(head.partition(b"\n\n")[0])}
        return b"date" in names and not names.isdisjoint({b"message-id", b"received"})

    def _field_at(self, at: int) -> bool:
        end = self.line_end(at)
        return FIELD.match(self.held, at, end if end >= 0 else len(self.held)) is not None

    def after_empty_line(self, newline: int, content: int) -> bool:
        """Say whether the LF at `newline` ends an empty line, where the message is at `content`."""
        before = newline - 1
        if before >= content and self.held[before] == 0x0D:
            before -= 1
        if newline < content:
            return False
        return before < content or self.held[before] == 0x0A

    def next_separator(self, content: int) -> _Separator | None:
        """Find the separator that ends the message at `content`; None at the end of the stream."""
        scan = max(content - 1, 0)
        while True:
            newline = self.held.find(b"\nFrom ", scan)
            if newline < 0:
                scan = max(scan, len(self.held) - 5)
                if not self.more():
                    return None
                scan = self._forget(content, scan)
                continue
            if self.after_empty_line(newline, content) and (found := self.separator(newline + 1)):
                return found
            scan = newline + 1

    def _forget(self, content: int, scan: int) -> int:
        """Let go of a message that grows beyond measure; its end is looked for all the same."""
        if len(self.held) - content <= LARGEST_MESSAGE and not self.overflown:
            return scan
        if scan - content < 2 * CHUNK:
            return scan
        self.overflown = True
        let_go = scan - content - CHUNK
        del self.held[content : content + let_go]
        self.base += let_go
        return scan - let_go


def entries(read: Callable[[int], bytes], base: int = 0) -> Iterator[Entry]:
    """Give the messages of the stream `read`, whose first octet is the mbox's octet `base`."""
    window = _Window(read, base)
    while not (blank := _blank(window.held)) < len(window.held) and window.more():
        window.drop(blank)
    if not window.held[blank:]:
        return
    separator = window.separator(blank)
    if separator is None:
        blank = 0
    window.drop(blank)
    while True:
        start, content = window.base, separator.length if separator else 0
        following = window.next_separator(content)
        entry = _entry(window, start, content, following, separator)
        window.drop(following.at if following else len(window.held))
        yield entry
        if following is None:
            return
        separator = following


def _blank(held: bytearray) -> int:
    return len(held) - len(held.lstrip(b"\r\n"))


def _entry(
    window: _Window,
    start: int,
    content: int,
    following: _Separator | None,
    separator: _Separator | None,
) -> Entry:
    stop = following.at if following else len(window.held)
    end = window.base + stop
    received_at = separator.received_at if separator else None
    if window.overflown:
        window.overflown = False
        note = f"a message of more than {LARGEST_MESSAGE // 1_000_000} MB is not read"
        return Entry(None, start, end, received_at, note)
    if separator is None and following is None:
        alone = FIELD.match(window.held) is not None
        raw = bytes(window.held)
        return Entry(raw, start, end, None, "" if alone else "it does not begin like a mail")
    raw = _as_written(window.held, content, stop)
    if separator and separator.stored and _DATED.search(_head(raw)):
        received_at = None
    note = separator.note if separator else "it stands before the first separator line"
    return Entry(raw, start, end, received_at, note)


def _as_written(held: bytearray, content: int, stop: int) -> bytes:
    """Take off what the mbox form put on: one empty line at the end, one > before From."""
    for ending in (b"\r\n", b"\n"):
        ends = held.endswith(ending * 2, content, stop)
        if ends or (stop - content == len(ending) and held.endswith(ending, content, stop)):
            stop -= len(ending)
            break
    with memoryview(held) as view:
        raw = bytes(view[content:stop])
    return _QUOTED.sub(rb"\1", raw) if b">From " in raw else raw


def _date(line: bytes) -> re.Match[bytes] | None:
    return next((found for form in _DATES if (found := form.search(line))), None)


def separator_date(line: bytes) -> datetime | None:
    """Read the date of a From_ line; one without a zone is in UTC (RFC 4155)."""
    found = _date(line)
    return _moment(found) if found else None


def begins_like_mbox(head: bytes) -> bool:
    """Say whether the first line that is not empty is a separator."""
    window = _Window(lambda _: b"", 0)
    window.held += head.lstrip(b"\r\n")
    return window.separator(0) is not None


def holds_separator(head: bytes) -> bool:
    """Say whether a separator stands somewhere in the beginning of a file."""
    window = _Window(lambda _: b"", 0)
    window.held += b"\n" + head
    return window.next_separator(0) is not None


def _moment(found: re.Match[bytes]) -> datetime | None:
    part = found.groupdict()
    zone = part.get("zone") or part.get("late") or b""
    month = part["month"]
    number = int(month) if month.isdigit() else _MONTHS.index(month) + 1
    hour, minute, second = (int(part[name] or 0) for name in ("hour", "minute", "second"))
    try:
        day = datetime(int(part["year"]), number, int(part["day"]), tzinfo=_zone(zone))
        clock = day.replace(hour=hour, minute=minute, second=min(second, 59))  # leap seconds
        return clock.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(zone: bytes) -> timezone:
    if found := _OFFSET.fullmatch(zone):
        minutes = int(found[2]) * 60 + int(found[3])
        return timezone(timedelta(minutes=-minutes if found[1] == b"-" else minutes))
    return timezone(timedelta(hours=_HOURS.get(zone.upper(), 0)))


def _head(raw: bytes) -> bytes:
    return raw[: 64 * 1024].partition(b"\n\n")[0].partition(b"\r\n\r\n")[0]


def flags_of(raw: bytes) -> tuple[str, ...]:
    """Read the flags that mail programs keep in Status, X-Status and X-Mozilla-Status."""
    head = _head(raw)
    if b"tatus:" not in head and b"TATUS:" not in head:
        return ()
    found: set[str] = set()
    for name, value in _STATUS.findall(head):
        if name.lower() == b"x-mozilla-status":
            found |= _mozilla(value)
        else:
            found |= {_LETTERS[x] for x in value.decode().upper() if x in _LETTERS}
    return tuple(flag for flag in FLAGS if flag in found)


def _mozilla(value: bytes) -> set[str]:
    try:
        bits = int(value, 16)
    except ValueError:
        return set()
    return {flag for bit, flag in _MOZILLA.items() if bits & bit}
