"""Calendars and targets: when an office is open, and within what time it wants to answer.

    calendar: saved ─▶ saved … ─▶ retired ─▶ saved
    target:   set ─▶ set … ─▶ withdrawn ─▶ set

Each word holds from a moment on (`since`, else when it was said), and the word said last wins from
its moment on; so what was in force at any moment of the past stays known.
"""

import re
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final, assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.businesstime import DAY, Hours, Opening
from domain.classes import dataclass
from domain.labels import label
from domain.values import ColleagueId, MailboxId, Personal, Rejected

USUAL_RISK: Final = 75
"""Percent of a target's time after which it is at risk, if nothing else is said."""
MOST_NAME: Final = 120
_MOST_INTERVALS: Final = 12
_MOST_EXCEPTIONS: Final = 2_000
_MOST_SECONDS: Final = 366 * 86_400
_MOST_ESCALATED: Final = 20
_ZONE: Final = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")


@dataclass(frozen=True, slots=True)
class CalendarSaved:
    """When offices are open: the whole calendar as it is from a moment on.

    `week` has seven days, Monday first, each with intervals in minutes after midnight, over 1440 on
    the next day. `country` (ISO 3166-1) and `region` (3166-2) tell the holidays; empty: none.
    `mailboxes` are those whose mail is answered in these hours; none: all that no calendar names.
    """

    zone: str
    week: tuple[Hours, ...]
    country: str
    region: str
    exceptions: tuple[tuple[date, Hours], ...]
    mailboxes: tuple[MailboxId, ...]
    since: datetime | None
    name: Annotated[str, Personal]
    reason: Annotated[str, Personal] = ""

    @property
    def opening(self) -> Opening:
        """Give when it is open."""
        return Opening(self.zone, self.week, self.exceptions)


@dataclass(frozen=True, slots=True)
class CalendarRetired:
    """A calendar holds for nothing from a moment on, until it is saved again."""

    since: datetime | None
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class TargetScope:
    """For what a target holds; what is empty holds for any.

    `category` and `priority` are those of the party, `kind` that of a document, as the ERP writes
    them, without case.
    """

    mailbox: MailboxId | None = None
    category: str = ""
    kind: str = ""
    priority: str = ""


class UpdateMode(StrEnum):
    """What the clock of a next answer runs between."""

    TO_RESPOND = "to_respond"
    """From their message until our answer."""
    BETWEEN_ANSWERS = "between_answers"
    """From one answer of ours until the next one, also when they did not write."""


class Clock(StrEnum):
    """What is measured: until a first answer, until a next one, or until nothing waits any more."""

    FIRST_ANSWER = "first_answer"
    NEXT_ANSWER = "next_answer"
    SOLUTION = "solution"
    """From the first question since the conversation was last closed, whatever was answered between."""


@dataclass(frozen=True, slots=True)
class TargetSet:
    """Within how many seconds of business time a first answer, a next one, and a solution is wanted.

    None: nothing is said of it here. It is at risk once `risk` percent of the time have passed.
    `alarms` are the hours of a week in which somebody is told; without any, those of the calendar.
    `mode` is of the next answer. `escalate_to` are told, too, when it is too late.
    """

    scope: TargetScope
    first: int | None
    next: int | None
    risk: int
    alarms: tuple[Hours, ...]
    since: datetime | None
    reason: Annotated[str, Personal] = ""
    mode: UpdateMode = UpdateMode.TO_RESPOND
    escalate_to: tuple[ColleagueId, ...] = ()
    solution: int | None = None

    def wants(self, clock: Clock) -> int | None:
        """Give within how many seconds; None: nothing is said of it here."""
        match clock:
            case Clock.FIRST_ANSWER:
                return self.first
            case Clock.NEXT_ANSWER:
                return self.next
            case Clock.SOLUTION:
                return self.solution


@dataclass(frozen=True, slots=True)
class TargetWithdrawn:
    """A target holds no more from a moment on."""

    since: datetime | None
    reason: Annotated[str, Personal] = ""


CalendarEvent = CalendarSaved | CalendarRetired
TargetEvent = TargetSet | TargetWithdrawn
CalendarsEvent = CalendarEvent | TargetEvent


@dataclass(frozen=True, slots=True)
class SaveCalendar:
    """Let a calendar be this from a moment on."""

    saved: CalendarSaved


@dataclass(frozen=True, slots=True)
class RetireCalendar:
    """Let a calendar hold for nothing."""

    retired: CalendarRetired


@dataclass(frozen=True, slots=True)
class SetTarget:
    """Want answers within a time."""

    set: TargetSet


@dataclass(frozen=True, slots=True)
class WithdrawTarget:
    """Want them no more within it."""

    withdrawn: TargetWithdrawn


CalendarsCommand = SaveCalendar | RetireCalendar | SetTarget | WithdrawTarget


@dataclass(frozen=True, slots=True)
class Word:
    """What was said last of a calendar or target; None: nothing yet."""

    said: CalendarsEvent | None = None


initial = Word()


def evolve(word: Word, event: object) -> Word:
    """Give what was said last after an event."""
    match event:
        case CalendarSaved() | CalendarRetired() | TargetSet() | TargetWithdrawn():
            return Word(event)
        case _:
            return word


def decide(word: Word, command: CalendarsCommand) -> list[CalendarsEvent]:
    """Return what happens. An empty list means that it is so already."""
    match command:
        case SaveCalendar(saved):
            saved = replace(saved, name=label(saved.name))
            check_calendar(saved)
            return _unless_said(word, saved)
        case SetTarget(wanted):
            check_target(wanted)
            return _unless_said(word, wanted)
        case RetireCalendar(retired):
            return _ended(word, retired, "calendar", "calendar list")
        case WithdrawTarget(withdrawn):
            return _ended(word, withdrawn, "target", "target list")
        case _ as never:
            assert_never(never)


def _unless_said(word: Word, wanted: CalendarSaved | TargetSet) -> list[CalendarsEvent]:
    before = word.said
    if isinstance(before, CalendarSaved | TargetSet):
        return [] if replace(before, reason=wanted.reason) == wanted else [wanted]
    return [wanted]


def _ended(
    word: Word, ended: CalendarRetired | TargetWithdrawn, what: str, see: str
) -> list[CalendarsEvent]:
    if word.said is None:
        raise Rejected("NOT_FOUND", f"there is no such {what}; see: {see}")
    again = isinstance(word.said, CalendarRetired | TargetWithdrawn)
    return [] if again and word.said.since == ended.since else [ended]


def check_calendar(one: CalendarSaved) -> None:
    """Refuse what cannot be a calendar; whether its holidays are known is asked elsewhere."""
    if not one.name.strip() or len(one.name) > MOST_NAME:
        raise Rejected("INVALID", f"name: 1 to {MOST_NAME} letters are needed")
    try:
        known = _ZONE.fullmatch(one.zone) and ZoneInfo(one.zone)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        known = None
    if not known:
        raise Rejected("INVALID", f"zone: {one.zone!r} is none; Europe/Rome is one")
    _check_week(one.week, "week")
    if not any(one.week) and not any(hours for _, hours in one.exceptions):
        form = "Mon-Fri 09:00-13:00 14:00-18:00"
        raise Rejected("INVALID", f"hours: it would never be open; name some, as {form}")
    if one.region and not one.country:
        raise Rejected("INVALID", "region: name its country, too")
    if len(one.exceptions) > _MOST_EXCEPTIONS:
        raise Rejected("INVALID", f"exceptions: {_MOST_EXCEPTIONS} at most")
    if len({day for day, _ in one.exceptions}) < len(one.exceptions):
        raise Rejected("INVALID", "exceptions: each date once")
    for day, hours in one.exceptions:
        _check_hours(hours, str(day))


def check_target(one: TargetSet) -> None:
    """Refuse what cannot be a target."""
    wanted = (one.first, one.next, one.solution)
    if wanted == (None, None, None):
        sentence = "say within what time a first answer, a next one, or a solution is wanted"
        raise Rejected("INVALID", sentence)
    for seconds in wanted:
        if seconds is not None and not 0 < seconds <= _MOST_SECONDS:
            raise Rejected("INVALID", "a target is longer than nothing, and a year at most")
    if not 1 <= one.risk <= 100:
        raise Rejected("INVALID", "risk: 1 to 100 percent")
    if one.alarms:
        _check_week(one.alarms, "alarms")
    if len(one.escalate_to) > _MOST_ESCALATED:
        raise Rejected("INVALID", f"escalation: {_MOST_ESCALATED} colleagues at most")
    if any(
        len(text) > MOST_NAME for text in (one.scope.category, one.scope.kind, one.scope.priority)
    ):
        raise Rejected("INVALID", f"{MOST_NAME} letters at most")


def _check_week(week: tuple[Hours, ...], what: str) -> None:
    if len(week) != 7:
        raise Rejected("INVALID", f"{what}: seven days are needed, Monday first")
    for hours in week:
        _check_hours(hours, what)


def _check_hours(hours: Hours, what: str) -> None:
    if len(hours) > _MOST_INTERVALS:
        raise Rejected("INVALID", f"{what}: {_MOST_INTERVALS} intervals a day at most")
    if not all(0 <= first < DAY and first < last <= first + DAY for first, last in hours):
        raise Rejected(
            "INVALID", f"{what}: an interval begins on its day, and takes a day at most"
        )
    ordered = sorted(hours)
    if any(late[0] < early[1] for early, late in pairwise(ordered)):
        raise Rejected("INVALID", f"{what}: intervals of a day may not overlap")
