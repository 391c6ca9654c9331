"""Whoever has a wait in hand is reminded of it: said on the message with which it began.

The mail that tells him is another thing: `api/work/reminders.py` writes one to each colleague.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from domain.attention import LONGEST
from domain.capture import MessageReceived
from domain.values import ColleagueId, Personal, Rejected

QUIET: Final = timedelta(hours=12)
"""So long nobody is reminded again of the same wait, unless it is asked for: once a working day."""


@dataclass(frozen=True, slots=True)
class MessageReminded:
    """Colleagues are reminded of what waits; until `quiet_until` not again, unless it is asked for.

    `order` is that of all that one command reminded of. `note` never leaves the company.
    """

    order: UUID
    to: tuple[ColleagueId, ...]
    quiet_until: datetime
    note: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class Remind:
    """Remind them at a moment; `again`: also whoever was reminded a short while ago."""

    order: UUID
    now: datetime
    to: tuple[ColleagueId, ...]
    note: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Reminded:
    """What decisions ask: the orders that were carried out, and until when who is left alone."""

    known: bool = False
    orders: frozenset[UUID] = frozenset()
    quiet: Mapping[ColleagueId, datetime] = field(default_factory=dict)


initial = Reminded()


def evolve(reminded: Reminded, event: object) -> Reminded:
    """Give the state after an event."""
    match event:
        case MessageReceived():
            return replace(reminded, known=True)
        case MessageReminded(order=order, to=to, quiet_until=until):
            quiet = {**reminded.quiet, **dict.fromkeys(to, until)}
            return replace(reminded, orders=reminded.orders | {order}, quiet=quiet)
        case _:
            return reminded


def decide(reminded: Reminded, command: Remind) -> Sequence[MessageReminded]:
    """Return what happens. An empty list means that this order was carried out already."""
    if not reminded.known:
        raise Rejected("NOT_FOUND", "there is no such message")
    if command.order in reminded.orders:
        return []
    note = command.note.strip()
    if len(note) > LONGEST:
        raise Rejected("INVALID", f"note: {LONGEST:,} characters is the most")
    to = tuple(one for one in command.to if command.again or _may_be(reminded, one, command.now))
    if not to:
        soon = max(reminded.quiet[one] for one in command.to) if command.to else command.now
        sentence = f"was reminded of it already; again from {soon:%Y-%m-%d %H:%M} UTC, or ask so"
        raise Rejected("ALREADY_REMINDED", f"whoever has it {sentence}")
    return [MessageReminded(command.order, to, command.now + QUIET, note)]


def _may_be(reminded: Reminded, colleague: ColleagueId, now: datetime) -> bool:
    until = reminded.quiet.get(colleague)
    return until is None or until <= now
