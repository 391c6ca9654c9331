"""Absences of colleagues: from when to when, who stands in, and whether mail is answered meanwhile.

They lie in the colleague's stream. Why somebody is away is not asked, and so not kept. An absence
counts for a moment as it was said at that moment: what is entered afterwards rewrites no past.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final, assert_never
from zoneinfo import ZoneInfo

from domain.classes import dataclass
from domain.company import ColleagueRegistered
from domain.values import AbsenceId, ColleagueId, Personal, Rejected, TemplateId

LONGEST: Final = 5_000
_MOST: Final = 20
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_LONGEST_SPAN: Final = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class Away:
    """From `begins` until before `ends`, in UTC; None: nobody knows until when.

    `whole_days`: meant as days of the zone (IANA name), which is kept to show them so. `answers`:
    mail is answered automatically, by the template if there is one, else with the texts.
    """

    begins: datetime
    ends: datetime | None
    zone: str
    whole_days: bool = False
    substitute: ColleagueId | None = None
    answers: bool = False
    template: TemplateId | None = None


# ---- events


@dataclass(frozen=True, slots=True)
class AbsenceEntered:
    """A colleague is to be away; `texts` are pairs of language (as in RFC 5646) and answer.

    The first one is for whoever has none in his language.
    """

    absence: AbsenceId
    away: Away
    texts: Annotated[tuple[tuple[str, str], ...], Personal] = ()


@dataclass(frozen=True, slots=True)
class AbsenceChanged:
    """An absence is another one from now on: the whole of it as it is now."""

    absence: AbsenceId
    away: Away
    texts: Annotated[tuple[tuple[str, str], ...], Personal] = ()


@dataclass(frozen=True, slots=True)
class AbsenceCancelled:
    """A colleague is not to be away, or back from now on."""

    absence: AbsenceId


AbsenceEvent = AbsenceEntered | AbsenceChanged | AbsenceCancelled


# ---- commands


@dataclass(frozen=True, slots=True)
class SetAbsence:
    """Enter an absence, or say how it is now."""

    absence: AbsenceId
    whose: ColleagueId
    away: Away
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CancelAbsence:
    """Let it count no more."""

    absence: AbsenceId


AbsenceCommand = SetAbsence | CancelAbsence
_Said = tuple[Away, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Absences:
    """What decisions ask: whether he is a colleague, and what stands; None: cancelled."""

    known: bool = False
    said: Mapping[AbsenceId, _Said | None] = field(default_factory=dict)


initial = Absences()


def evolve(absences: Absences, event: object) -> Absences:
    """Give the absences after an event."""
    match event:
        case ColleagueRegistered():
            return replace(absences, known=True)
        case AbsenceEntered(absence, away, texts) | AbsenceChanged(absence, away, texts):
            return replace(absences, said={**absences.said, absence: (away, texts)})
        case AbsenceCancelled(absence):
            return replace(absences, said={**absences.said, absence: None})
        case _:
            return absences


def decide(absences: Absences, command: AbsenceCommand) -> list[AbsenceEvent]:
    """Return what happens. An empty list means that it is so already."""
    if not absences.known:
        do = "colleagues.csv names them: import directory"
        raise Rejected("NOT_FOUND", f"there is no such colleague; {do}")
    match command:
        case SetAbsence(absence, whose, away, texts):
            said = _checked(whose, away, texts)
            if absence not in absences.said:
                return [AbsenceEntered(absence, *said)]
            if (before := absences.said[absence]) is None:
                raise Rejected("NOT_FOUND", "this absence was cancelled; enter a new one")
            return [] if before == said else [AbsenceChanged(absence, *said)]
        case CancelAbsence(absence):
            if absence not in absences.said:
                raise Rejected("NOT_FOUND", "there is no such absence; see: absence list")
            return [] if absences.said[absence] is None else [AbsenceCancelled(absence)]
        case _ as never:
            assert_never(never)


def _checked(whose: ColleagueId, away: Away, texts: tuple[tuple[str, str], ...]) -> _Said:
    if away.ends is not None and not away.begins < away.ends <= away.begins + _LONGEST_SPAN:
        raise Rejected("INVALID", "an absence ends after it begins, and within three years")
    if away.substitute == whose:
        raise Rejected("INVALID", "nobody stands in for himself: name somebody else, or nobody")
    words = tuple((language.strip().lower(), text.strip()) for language, text in texts)
    if len(words) > _MOST or len(dict(words)) < len(words):
        raise Rejected("INVALID", f"one text a language is meant, {_MOST} at most")
    for language, text in words:
        if not _LANGUAGE.fullmatch(language):
            raise Rejected("INVALID", f"{language!r} is no language; they look like it, de, en")
        if not text or len(text) > LONGEST:
            raise Rejected("INVALID", f"an answer has from 1 to {LONGEST:,} characters")
    if away.answers and not words and away.template is None:
        raise Rejected("INVALID", "mail is to be answered: give a text, or name a template")
    return away, words


def days(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give when whole days begin and end in a zone; the last one is part of them.

    A day may have 23 or 25 hours there, or begin after midnight: the zone knows.
    """
    return midnight(first, zone), midnight(last + timedelta(days=1), zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Give when a day begins in a zone."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


# ---- who stands in


@dataclass(frozen=True, slots=True)
class Absence:
    """An absence as it was said from one moment to another; None: until now."""

    id: AbsenceId
    colleague: ColleagueId
    begins: datetime
    ends: datetime | None
    substitute: ColleagueId | None
    said_at: datetime
    unsaid_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Tell whether he is away at a moment, by what was said then."""
        said = self.said_at <= at and (self.unsaid_at is None or at < self.unsaid_at)
        return said and self.begins <= at and (self.ends is None or at < self.ends)


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who is there for somebody, and by which absences that is so, in order.

    `who` None: nobody is, as the last one named no substitute, or in a `circle`.
    """

    who: ColleagueId | None
    by: tuple[Absence, ...] = ()
    circle: bool = False


def standing_in(who: ColleagueId, absences: Iterable[Absence], at: datetime) -> ColleagueId | None:
    """Give who is there for a colleague at a moment: he himself, a substitute, or nobody."""
    return stand_in(who, absences, at).who


def stand_in(who: ColleagueId, absences: Iterable[Absence], at: datetime) -> StandIn:
    """Give that with its reason: substitutes of substitutes are followed.

    Of several absences at once the one that was said last and names a substitute counts.
    """
    away: dict[ColleagueId, Absence] = {}
    for one in sorted((one for one in absences if one.holds(at)), key=_order):
        away[one.colleague] = one
    now, by, seen = who, [], {who}
    while (absence := away.get(now)) is not None:
        by.append(absence)
        if absence.substitute is None:
            return StandIn(None, tuple(by))
        if absence.substitute in seen:
            return StandIn(None, tuple(by), circle=True)
        now = absence.substitute
        seen.add(now)
    return StandIn(now, tuple(by))


def _order(absence: Absence) -> tuple[bool, datetime, AbsenceId]:
    return absence.substitute is not None, absence.said_at, absence.id
