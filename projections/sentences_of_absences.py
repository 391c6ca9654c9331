"""What was said about absences, in plain English."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.absence import AbsenceCancelled, AbsenceChanged, AbsenceEntered, AbsenceEvent, Away


def of_absences(event: AbsenceEvent) -> str:
    """Say who is away from when to when, as its own zone's clock shows it."""
    match event:
        case AbsenceEntered(away=away):
            return f"is away {_span(away)}{_more(away)}"
        case AbsenceChanged(away=away):
            return f"an absence was changed: away {_span(away)}{_more(away)}"
        case AbsenceCancelled():
            return "an absence was cancelled"


def _span(away: Away) -> str:
    if away.whole_days:
        first = _shown(away.begins, away)[:10]
        last = _shown(away.ends - timedelta(minutes=1), away)[:10] if away.ends else ""
        return f"on {first}" if first == last else f"from {first}{f' to {last}' if last else ''}"
    until = f" until {_shown(away.ends, away)}" if away.ends else ""
    return f"from {_shown(away.begins, away)}{until}"


def _shown(moment: datetime, away: Away) -> str:
    return f"{moment.astimezone(_zone(away.zone)):%Y-%m-%d %H:%M}"


def _zone(name: str) -> tzinfo:
    """Give a zone; UTC where this machine does not know it any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _more(away: Away) -> str:
    substitute = ", a colleague stands in" if away.substitute is not None else ""
    return f"{substitute}, mail is answered" if away.answers else substitute
