"""Absences as people enter them: days or moments, in the colleague's zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.settings import is_zone
from api.work.instance import Carteggio
from api.work.sharing import check_registered
from domain import absence
from domain.absence import Away, CancelAbsence, SetAbsence, days, midnight
from domain.company import ColleagueRegistered
from domain.recorded import Envelope
from domain.template import TemplateSaved
from domain.values import AbsenceId, ColleagueId, Rejected, TemplateId
from projections.absences import AbsenceRow, absences_between
from projections.reader import EVERYTHING

ZONE: Final = "time_zone"
"""The attribute of a colleague that names his zone; without it the office's holds."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when; a day stands for the whole of it, the last one included."""

    begins: date | datetime
    ends: date | datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """An absence as somebody says it; `texts` are pairs of language and answer."""

    span: Span
    substitute: ColleagueId | None = None
    answers: bool = False
    texts: tuple[tuple[str, str], ...] = ()
    template: TemplateId | None = None


def set_absence(
    carteggio: Carteggio, id: AbsenceId, whose: ColleagueId, said: Said, envelope: Envelope
) -> int | None:
    """Enter an absence, or say how it is now; give its event's position, None if it is so.

    Raises Rejected: no such colleague, substitute or template, or what cannot be.
    """
    if said.substitute is not None:
        check_registered(carteggio, said.substitute)
    if said.template is not None and not _is_template(carteggio, said.template):
        raise Rejected("NOT_FOUND", "there is no such template; see: template list")
    begins, ends, zone = _between(carteggio, whose, said.span)
    away = Away(
        begins=begins,
        ends=ends,
        zone=zone.key,
        whole_days=not _is_moment(said.span.begins) and not _is_moment(said.span.ends),
        substitute=said.substitute,
        answers=said.answers,
        template=said.template,
    )
    command = SetAbsence(id, whose, away, said.texts)
    return carteggio.journal.record(whose, absence, command, envelope)


def cancel_absence(
    carteggio: Carteggio, id: AbsenceId, whose: ColleagueId, envelope: Envelope
) -> int | None:
    """Let an absence count no more; give the position, None if it was cancelled already."""
    return carteggio.journal.record(whose, absence, CancelAbsence(id), envelope)


async def overlapping(carteggio: Carteggio, row: AbsenceRow) -> list[AbsenceRow]:
    """Give the other absences of the same colleague that touch this one."""
    async with carteggio.reading() as asked:
        rows = await absences_between(
            *asked, EVERYTHING, begins=row.begins, ends=row.ends, colleague=row.colleague
        )
    return [one for one in rows if one.id != row.id]


def _is_moment(said: date | datetime | None) -> bool:
    return isinstance(said, datetime)


def _between(
    carteggio: Carteggio, whose: ColleagueId, span: Span
) -> tuple[datetime, datetime | None, ZoneInfo]:
    zone = zone_of(carteggio, whose)
    try:
        begins = _moment(span.begins, zone)
        if span.ends is None or isinstance(span.ends, datetime):
            return begins, None if span.ends is None else _moment(span.ends, zone), zone
        return begins, days(span.ends, span.ends, zone)[1], zone
    except OverflowError:
        raise Rejected("INVALID", "the calendar has no such days; name others") from None


def _moment(said: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(said, datetime):
        return midnight(said, zone)
    return (said if said.tzinfo else said.replace(tzinfo=zone)).astimezone(UTC)


def zone_of(carteggio: Carteggio, colleague: UUID) -> ZoneInfo:
    """Give a colleague's time zone, by master data; else the office's."""
    for recorded in reversed(carteggio.journal.stream(colleague)):
        if isinstance(recorded.event, ColleagueRegistered):
            named = dict(recorded.event.attributes).get(ZONE, "").strip()
            return _zone(named, carteggio.settings.zone)
    return carteggio.settings.zone


def _zone(named: str, usual: ZoneInfo) -> ZoneInfo:
    try:
        return ZoneInfo(named) if named and is_zone(named) else usual
    except (ZoneInfoNotFoundError, ValueError):
        return usual


def _is_template(carteggio: Carteggio, id: TemplateId) -> bool:
    return any(isinstance(one.event, TemplateSaved) for one in carteggio.journal.stream(id))


def texts_of(words: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Read texts by language as people type them: `it=Sono assente.`."""
    found = [one.partition("=") for one in words]
    if any(not equals for _, equals, _ in found):
        raise Rejected("INVALID", "a text follows its language, as in it='Sono assente.'")
    return tuple((language, text) for language, _, text in found)
