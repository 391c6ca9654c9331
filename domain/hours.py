"""Hours of a week, and lengths of time, as people write them.

Mon-Fri 09:00-13:00 14:00-18:00, Sat 09:00-12:00
every day 00:00-24:00
Fri-Sat 22:00-06:00                                 until the morning of the next day
4h, 1h30m, PT4H
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from domain.businesstime import DAY, Hours, Interval
from domain.values import Rejected

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY: Final = "every day"
CLOSED: Final = "closed"
_INTERVAL: Final = re.compile(r"(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)")
_HOURS: Final = re.compile(rf"(?:{_INTERVAL.pattern}[\s,]*)+")
_SPAN: Final = re.compile(r"(?:pt)?(?=\d)(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s)?")


def read_week(text: str) -> tuple[Hours, ...]:
    """Read the hours of a week, Monday first; a day that is not named is closed."""
    week: list[Hours] = [()] * 7
    for part in filter(None, (one.strip() for one in re.split(r"[;,\n]", text.casefold()))):
        days, hours = _parted(part)
        for day in days:
            week[day] = tuple(sorted((*week[day], *hours)))
    return tuple(week)


def read_hours(text: str) -> Hours:
    """Read the hours of a day; `closed` is none."""
    plain = text.strip().casefold()
    if plain in (CLOSED, ""):
        return ()
    if not _HOURS.fullmatch(plain):
        raise _unread(text)
    return tuple(_interval(found) for found in _INTERVAL.finditer(plain))


def read_span(text: str) -> int:
    """Read a length of time in seconds."""
    found = _SPAN.fullmatch("".join(text.split()).casefold())
    if not found:
        raise Rejected("INVALID", f"{text!r} is no length of time; one looks like 4h, 1h30m, PT4H")
    hours, minutes, seconds = (int(one or 0) for one in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def written_week(week: tuple[Hours, ...]) -> str:
    """Write the hours of a week so that they can be read again."""
    return ", ".join(_written_days(week)) or f"{EVERY_DAY} {CLOSED}"


def written_hours(hours: Hours) -> str:
    """Write the hours of a day."""
    return " ".join(f"{_clock(first)}-{_until(last)}" for first, last in hours) or CLOSED


def _written_days(week: tuple[Hours, ...]) -> Iterator[str]:
    for hours, group in groupby(range(len(week)), key=lambda day: week[day]):
        days = list(group)
        if not hours:
            continue
        first, last = (DAYS[one].capitalize() for one in (days[0], days[-1]))
        named = EVERY_DAY if len(days) == 7 else first if first == last else f"{first}-{last}"
        yield f"{named} {written_hours(hours)}"


def _parted(text: str) -> tuple[list[int], Hours]:
    if text.startswith(EVERY_DAY):
        return list(range(7)), read_hours(text.removeprefix(EVERY_DAY))
    named, _, hours = text.partition(" ")
    first, dash, last = named.partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        raise _unread(text)
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return [one % 7 for one in range(begin, end + 1 + (7 if end < begin else 0))], read_hours(
        hours
    )


def _interval(found: re.Match[str]) -> Interval:
    first_hour, first_minute, last_hour, last_minute = map(int, found.groups())
    first, last = first_hour * 60 + first_minute, last_hour * 60 + last_minute
    if first >= DAY or last > DAY or max(first_minute, last_minute) > 59:
        raise _unread(found[0])
    return first, last if last > first else last + DAY


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _until(minutes: int) -> str:
    return _clock(minutes if minutes <= DAY else minutes - DAY)


def _unread(text: str) -> Rejected:
    shown = text if len(text) <= 60 else text[:59] + "…"
    form = "Mon-Fri 09:00-13:00 14:00-18:00, Sat 09:00-12:00"
    return Rejected("INVALID", f"{shown!r} are no hours; they look like {form}, or closed")
