"""Reading of other people's mail: each is an event, so that whose mail it is can see who read it.

A stream is a message, a reader and a day: what he opens again that day is told once, but for a
further reason.
"""

from dataclasses import replace
from datetime import date
from typing import Annotated, Final

from domain.classes import dataclass
from domain.values import ColleagueId, MailboxId, MessageId, Personal, Rejected

LONGEST_REASON: Final = 2_000


@dataclass(frozen=True, slots=True)
class OthersMailRead:
    """A colleague read, on a day of the office, mail that is another person's.

    `mailboxes` are those through which he sees it, each by overseeing it, or as it is another one's
    own.
    """

    message: MessageId
    reader: ColleagueId
    mailboxes: tuple[MailboxId, ...]
    day: date
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class RecordReading:
    """Keep that he read it."""

    read: OthersMailRead


@dataclass(frozen=True, slots=True)
class Readings:
    """What is kept of that day: whether he read it, and for which reasons."""

    known: bool = False
    reasons: frozenset[str] = frozenset()


initial = Readings()


def evolve(readings: Readings, event: object) -> Readings:
    """Give what is kept after an event."""
    if isinstance(event, OthersMailRead):
        return Readings(known=True, reasons=readings.reasons | {event.reason})
    return readings


def decide(readings: Readings, command: RecordReading) -> list[OthersMailRead]:
    """Return what happens. An empty list means that it is kept already."""
    reason = command.read.reason.strip()
    if len(reason) > LONGEST_REASON:
        raise Rejected("INVALID", f"reason: {LONGEST_REASON:,} characters is the most")
    told = reason in readings.reasons if reason else readings.known
    return [] if told else [replace(command.read, reason=reason)]
