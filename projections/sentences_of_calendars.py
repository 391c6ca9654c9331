"""What was said about calendars and targets, and what came of them, in plain English."""

from datetime import datetime
from typing import Final

from domain.alarms import AlarmEvent, MessageAlarmTold, MessageWaitBreached, MessageWaitWarned
from domain.calendars import (
    CalendarRetired,
    CalendarSaved,
    CalendarsEvent,
    Clock,
    TargetSet,
    TargetWithdrawn,
)
from domain.hours import written_week

OfCalendars = CalendarsEvent | AlarmEvent
"""What is told here."""

_WANTED: Final = {
    Clock.FIRST_ANSWER: "a first answer",
    Clock.NEXT_ANSWER: "a next answer",
    Clock.SOLUTION: "a solution",
}


def of_calendars(event: OfCalendars) -> str:
    """Say what was said, from when on, and why; or what was noticed, and who was told."""
    match event:
        case MessageWaitWarned(clock=clock, held=held, due=due):
            when = f"since {_at(held)}, due {_at(due)}"
            return f"at risk {when}: {_WANTED[clock]}"
        case MessageWaitBreached(clock=clock, due=due):
            return f"too late since {_at(due)}: {_WANTED[clock]}"
        case MessageAlarmTold(stage=stage, told=told, escalated_to=escalated):
            more = f", and escalated to {len(escalated)}" if escalated else ""
            return f"the {stage.value} was told to {len(told)}{more}"
        case _:
            return _of_words(event)


def _of_words(event: CalendarsEvent) -> str:
    why = f": {' '.join(event.reason.split())}" if event.reason else ""
    return f"{_said(event)}{_from(event.since)}{why}"


def _said(event: CalendarsEvent) -> str:
    match event:
        case CalendarSaved(name=name, week=week, zone=zone):
            return f"the calendar {name} was saved: {written_week(week)} ({zone})"
        case CalendarRetired():
            return "the calendar was retired"
        case TargetSet():
            said = ((event.wants(one), what) for one, what in _WANTED.items())
            times = [f"{what} within {_long(one)}" for one, what in said if one is not None]
            return f"wanted: {' and '.join(times)}"
        case TargetWithdrawn():
            return "the target was withdrawn"


def _from(since: datetime | None) -> str:
    return f", from {since:%Y-%m-%d %H:%M %Z} on" if since else ""


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}"


def _long(seconds: int) -> str:
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
