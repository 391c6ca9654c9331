"""What was said about absences, in plain English."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.absence import AbsenceCancelled, AbsenceChanged, AbsenceEntered, AbsenceEvent, Away
from domain.autoreply import (
    AutorepliesHalted,
    AutoreplyEvent,
    AutoreplySent,
    AutoreplySuppressed,
    Why,
)

OfAbsences = AbsenceEvent | AutoreplyEvent
"""What is told here."""

_WHY: Final = {
    Why.ARCHIVED: "it is of an import",
    Why.OLD: "it is older than a day, or than the absence",
    Why.NOT_INBOUND: "it did not come from outside",
    Why.NO_RETURN_PATH: "its copy does not say where notices go",
    Why.NULL_RETURN_PATH: "nobody wants notices about it",
    Why.PROGRAM_ADDRESS: "nobody reads at its address",
    Why.MACHINE: "a machine wrote it",
    Why.LIST: "it came over a list",
    Why.CALENDAR: "it is a calendar's",
    Why.CERTIFIED: "it is certified mail",
    Why.SPAM: "it is marked as spam",
    Why.FORGED: "its sender is forged",
    Why.ASKED_NOT: "it asks for no automatic answer",
    Why.OWN_MAIL: "it was written here, and came back",
    Why.OWN_ADDRESS: "it is from an address of ours",
    Why.NOT_ADDRESSED: "it is not addressed to him",
    Why.ANSWERED_BEFORE: "its sender got an answer within seven days",
    Why.TOO_MANY: "its sender got too many within an hour",
    Why.HALTED: "too many left the mailbox",
    Why.NOT_SENDABLE: "the mailbox cannot send it",
}


def of_absences(event: OfAbsences) -> str:
    """Say who is away from when to when, as its own zone's clock shows it, and what is answered."""
    match event:
        case AutoreplySent():
            return "answered automatically for a colleague who is away"
        case AutoreplySuppressed(why=why):
            return f"not answered automatically: {_WHY[why]}"
        case AutorepliesHalted(sent, until):
            return f"{sent} automatic answers left in an hour: none do until {until:%Y-%m-%d %H:%M} UTC"
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
