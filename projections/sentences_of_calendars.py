"""What was said about calendars and targets, in plain English."""

from datetime import datetime

from domain.calendars import (
    CalendarRetired,
    CalendarSaved,
    CalendarsEvent,
    TargetSet,
    TargetWithdrawn,
)
from domain.hours import written_week


def of_calendars(event: CalendarsEvent) -> str:
    """Say what was said, from when on, and why."""
    why = f": {' '.join(event.reason.split())}" if event.reason else ""
    return f"{_said(event)}{_from(event.since)}{why}"


def _said(event: CalendarsEvent) -> str:
    match event:
        case CalendarSaved(name=name, week=week, zone=zone):
            return f"the calendar {name} was saved: {written_week(week)} ({zone})"
        case CalendarRetired():
            return "the calendar was retired"
        case TargetSet(first=first, next=next_):
            said = ((first, "a first answer"), (next_, "a next answer"))
            times = [f"{what} within {_long(one)}" for one, what in said if one is not None]
            return f"wanted: {' and '.join(times)}"
        case TargetWithdrawn():
            return "the target was withdrawn"


def _from(since: datetime | None) -> str:
    return f", from {since:%Y-%m-%d %H:%M %Z} on" if since else ""


def _long(seconds: int) -> str:
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
