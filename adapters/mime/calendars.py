"""Calendar parts (RFC 5545, RFC 6047): what kind of answer is asked, and for which entry."""

import re
from collections.abc import Iterator

from adapters.mime.charsets import clean, decode
from adapters.mime.tree import Part
from domain.content import CalendarEntry
from domain.filenames import shown
from domain.values import Address

MOST_CALENDAR = 1_000_000
MOST_LINES = 20_000
MOST_SIGNS = 500
MOST_TRIED = 3

_TYPES = ("text/calendar", "application/ics", "text/x-vcalendar")
_ENTRIES = ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY")
_FOLD = re.compile(r"\r*\n[ \t]")
_NAME = re.compile(r"[A-Za-z0-9-]{1,60}")
_METHOD = re.compile(r"[\w-]{1,40}", re.ASCII)
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?", re.ASCII)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

Line = tuple[str, dict[str, str], str]
"""A property's name, its parameters, its value."""


def calendar_of(leaves: list[Part]) -> tuple[str, CalendarEntry | None]:
    """Give METHOD, upper case, and the first entry of the first calendar part."""
    likely = [p for p in leaves if p.media_type in _TYPES or p.name.lower().endswith(".ics")]
    for part in likely[:MOST_TRIED]:
        named = part.parameters.get("method", "")
        found, entry = read_calendar(part.octets(), part.parameters.get("charset", "utf-8"))
        method = named if _METHOD.fullmatch(named) else found
        if method or entry:
            return method.upper(), entry
    return "", None


def read_calendar(data: bytes, charset: str) -> tuple[str, CalendarEntry | None]:
    """Read METHOD and the first event, task, journal or free-busy entry."""
    method, inside = "", ""
    found: dict[str, Line] = {}
    for line in _lines(decode(data[:MOST_CALENDAR], charset)):
        name, _, value = line
        word = value.strip().upper()
        if name == "METHOD" and not method and _METHOD.fullmatch(value.strip()):
            method = value.strip()
        elif name == "BEGIN" and (inside or word in _ENTRIES):
            inside = inside or word
            if word != inside:  # an alarm inside an event has a start and a text of its own
                found.setdefault("END", line)
        elif name == "END" and word == inside:
            return method, _entry(found)
        elif inside and "END" not in found:
            found.setdefault(name, line)
    return method, _entry(found) if inside else None


def _lines(text: str) -> Iterator[Line]:
    for line in _FOLD.sub("", text).splitlines()[:MOST_LINES]:
        if named := _NAME.match(line):
            head, value = _at_colon(line, named.end())
            yield named[0].upper(), _parameters(head), value


def _at_colon(line: str, start: int) -> tuple[str, str]:
    """Cut at the first colon outside quotes."""
    quoted = False
    for place in range(start, min(len(line), start + 2_000)):
        if line[place] == '"':
            quoted = not quoted
        elif line[place] == ":" and not quoted:
            return line[start:place], line[place + 1 :]
    return line[start:], ""


def _parameters(head: str) -> dict[str, str]:
    pairs = (piece.partition("=") for piece in head.split(";"))
    return {name.upper(): value.strip('"') for name, _, value in pairs if value}


def _entry(found: dict[str, Line]) -> CalendarEntry:
    start, zone = _start(found)
    sequence = found["SEQUENCE"][2].strip() if "SEQUENCE" in found else ""
    return CalendarEntry(
        uid=_words(found, "UID"),
        organiser=_organiser(found),
        summary=_words(found, "SUMMARY"),
        start=start,
        zone=zone,
        sequence=int(sequence)
        if sequence.isascii() and sequence.isdigit() and len(sequence) < 9
        else 0,
    )


def _words(found: dict[str, Line], name: str) -> str:
    value = found[name][2] if name in found else ""
    return shown(clean(_ESCAPED.sub(_unescaped, value)))[:MOST_SIGNS]


def _unescaped(found: re.Match[str]) -> str:
    return " " if found[1] in "nN" else found[1]


def _organiser(found: dict[str, Line]) -> Address | None:
    if "ORGANIZER" not in found:
        return None
    _, parameters, value = found["ORGANIZER"]
    address = parameters.get("EMAIL") or value.strip()
    spec = address[7:] if address[:7].lower() == "mailto:" else address
    name = shown(clean(parameters.get("CN", "")))[:MOST_SIGNS]
    return Address(shown(clean(spec))[:MOST_SIGNS], name) if "@" in spec else None


def _start(found: dict[str, Line]) -> tuple[str, str]:
    """Give the start as ISO 8601, and the time zone's name if it has one."""
    _, parameters, value = found.get("DTSTART", ("", {}, ""))
    time = _TIME.match(value.strip())
    if time is None:
        return "", ""
    day = f"{time[1]}-{time[2]}-{time[3]}"
    if time[4] is None:
        return day, ""
    return f"{day}T{time[4]}:{time[5]}:{time[6]}{time[7]}", _zone(parameters)


def _zone(parameters: dict[str, str]) -> str:
    return shown(clean(parameters.get("TZID", "")))[:100]
