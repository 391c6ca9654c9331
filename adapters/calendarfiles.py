"""A calendar as a file that people edit: TOML.

    name = "Firm"
    zone = "Europe/Rome"
    country = "IT"
    region = "BZ"
    hours = "Mon-Fri 09:00-13:00 14:00-18:00"
    mailboxes = ["service@firm.example"]
    since = 2026-03-01
    [exceptions]
    2026-08-14 = "closed"
    2026-12-24 = "09:00-12:00"

Only `name` and `hours` are needed. Without `mailboxes` it is for all that no calendar names; without
`since` it holds from when it is saved.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.businesstime import Hours
from domain.calendars import CalendarSaved, check_calendar
from domain.hours import read_hours, read_week, written_hours, written_week
from domain.values import Rejected

MOST_OCTETS: Final = 1_000_000
_WORDS: Final = ("name", "zone", "country", "region", "hours", "reason")
_KNOWN: Final = (*_WORDS, "mailboxes", "since", "exceptions")


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """What a file says: a calendar whose mailboxes are named by their addresses."""

    calendar: CalendarSaved
    mailboxes: tuple[str, ...]


def read_calendar(octets: bytes, zone: str) -> CalendarFile:
    """Read a file; `zone` counts where it names none. Rejected (INVALID) says what is wrong."""
    if len(octets) > MOST_OCTETS:
        raise Rejected("INVALID", f"it is larger than {MOST_OCTETS:,} octets")
    try:
        said: dict[str, Any] = tomllib.loads(octets.decode("utf-8-sig"))
    except UnicodeDecodeError as fault:
        raise Rejected("INVALID", "it is no UTF-8: save it so") from fault
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        raise Rejected("INVALID", f"it is no TOML: {fault}") from fault
    for name in said:
        if name not in _KNOWN:
            known = ", ".join(_KNOWN)
            raise Rejected("INVALID", f"{name} is no part of a calendar; there are {known}")
    words = {name: _word(said, name) for name in _WORDS}
    calendar = CalendarSaved(
        zone=words["zone"] or zone,
        week=read_week(words["hours"]),
        country=words["country"],
        region=words["region"],
        exceptions=tuple(_exceptions(said.get("exceptions", {}))),
        mailboxes=(),
        since=None,
        name=words["name"],
        reason=words["reason"],
    )
    check_calendar(calendar)
    since = _since(said.get("since"), ZoneInfo(calendar.zone))
    return CalendarFile(replace(calendar, since=since), _addresses(said.get("mailboxes", [])))


def written_calendar(one: CalendarSaved, addresses: Mapping[UUID, str]) -> str:
    """Write a calendar as such a file, to hold from when it is saved again."""
    return "\n".join(_lines(one, addresses)) + "\n"


def _lines(one: CalendarSaved, addresses: Mapping[UUID, str]) -> Iterator[str]:
    words = {"name": one.name, "zone": one.zone, "country": one.country, "region": one.region}
    for name, value in {**words, "hours": written_week(one.week)}.items():
        if value:
            yield f"{name} = {json.dumps(value, ensure_ascii=False)}"
    if one.mailboxes:
        named = [addresses.get(box, str(box)) for box in one.mailboxes]
        yield f"mailboxes = {json.dumps(named)}"
    if one.exceptions:
        yield "\n[exceptions]"
    for day, hours in one.exceptions:
        yield f'{day} = "{written_hours(hours)}"'


def _word(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise Rejected("INVALID", f'{name}: a text in quotes is needed, as {name} = "…"')
    return value


def _exceptions(said: object) -> Iterator[tuple[date, Hours]]:
    if not isinstance(said, dict):
        raise Rejected("INVALID", "exceptions: it is a section, [exceptions], with a line a date")
    for name in said:
        try:
            day = date.fromisoformat(name)
        except ValueError:
            raise Rejected("INVALID", f"{name!r} is no date; one looks like 2026-08-14") from None
        yield day, read_hours(_word(said, name))


def _since(said: object, zone: ZoneInfo) -> datetime | None:
    match said:
        case None:
            return None
        case datetime():
            return said if said.tzinfo else said.replace(tzinfo=zone)
        case date():
            return datetime.combine(said, time(), zone)
        case _:
            raise Rejected("INVALID", "since: a day or time without quotes, as 2026-03-01")


def _addresses(said: object) -> tuple[str, ...]:
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise Rejected("INVALID", 'mailboxes: a list of texts, as ["info@firm.example"]')
    return tuple(said)
