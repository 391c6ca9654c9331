"""Who has a conversation in hand, and whether it rests: said on messages, so that it goes with them.

Events lie in the streams of messages; of a conversation the latest word of its messages counts.
Words of one command bear its `order`: by that they are undone together, and words after them stand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, assert_never
from uuid import UUID

from domain.capture import MessageReceived
from domain.classes import dataclass
from domain.values import ColleagueId, Personal, Rejected

LONGEST: Final = 2_000
LONGEST_REST: Final = timedelta(days=2 * 366)


class HandedBecause(StrEnum):
    """Why a conversation has another owner."""

    PERSON = "person"
    RULE = "rule"
    ABSENCE = "absence"


# ---- events


@dataclass(frozen=True, slots=True)
class MessageTaken:
    """A colleague has it in hand: it is his, until we answer."""

    order: UUID
    colleague: ColleagueId


@dataclass(frozen=True, slots=True)
class MessageHandedOver:
    """It is `to`'s from now on; None: nobody's own, so the mailbox's people's, as without a word.

    `note` is for whoever gets it; it never leaves the company.
    """

    order: UUID
    to: ColleagueId | None
    because: HandedBecause
    note: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class MessageSnoozed:
    """It rests until a moment, or until they write; `until` None: until they write."""

    order: UUID
    until: datetime | None
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class MessageWaitPaused:
    """The clock of its wait stands, with a reason, until it is continued or we answer."""

    order: UUID
    reason: Annotated[str, Personal]


@dataclass(frozen=True, slots=True)
class MessageWaitContinued:
    """It is neither paused nor snoozed any more."""

    order: UUID
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class MessageAttentionUndone:
    """What one order said of it counts no more; what was said since stands."""

    order: UUID


AttentionWord = (
    MessageTaken | MessageHandedOver | MessageSnoozed | MessageWaitPaused | MessageWaitContinued
)
AttentionEvent = AttentionWord | MessageAttentionUndone


# ---- commands


@dataclass(frozen=True, slots=True)
class Take:
    """Have it in hand."""

    order: UUID
    colleague: ColleagueId


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give it to a colleague, or back."""

    order: UUID
    to: ColleagueId | None
    because: HandedBecause = HandedBecause.PERSON
    note: str = ""


@dataclass(frozen=True, slots=True)
class Snooze:
    """Let it rest; `now` is the moment at which that is said."""

    order: UUID
    now: datetime
    until: datetime | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """Let its clock stand."""

    order: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Continue:
    """Let it wait as before."""

    order: UUID
    reason: str = ""


@dataclass(frozen=True, slots=True)
class UndoAttention:
    """Let what an order said count no more."""

    order: UUID


Saying = Take | HandOver | Snooze | Pause | Continue
AttentionCommand = Saying | UndoAttention


@dataclass(frozen=True, slots=True)
class Attended:
    """What decisions ask: whether the message is there, and which orders said something of it."""

    known: bool = False
    orders: Mapping[UUID, bool] = field(default_factory=dict)
    """Whether each still counts."""


initial = Attended()


def evolve(attended: Attended, event: object) -> Attended:
    """Give the state after an event."""
    if isinstance(event, MessageReceived):
        return replace(attended, known=True)
    if isinstance(event, AttentionEvent):
        counts = not isinstance(event, MessageAttentionUndone)
        return replace(attended, orders={**attended.orders, event.order: counts})
    return attended


def decide(attended: Attended, command: AttentionCommand) -> Sequence[AttentionEvent]:
    """Return what happens. An empty list means that it was said already."""
    if not attended.known:
        raise Rejected("NOT_FOUND", "there is no such message")
    if isinstance(command, UndoAttention):
        if command.order not in attended.orders:
            raise Rejected("NOT_FOUND", "that command said nothing about it")
        counts = attended.orders[command.order]
        return [MessageAttentionUndone(command.order)] if counts else []
    return [] if command.order in attended.orders else [said(command)]


def said(command: Saying) -> AttentionWord:
    """Give the word that a command says; raise Rejected where it cannot be said."""
    match command:
        case Take(order, colleague):
            return MessageTaken(order, colleague)
        case HandOver(order, to, because, note):
            return MessageHandedOver(order, to, because, _short(note, "note"))
        case Snooze(order, now, until, reason):
            if until is not None and not now < until <= now + LONGEST_REST:
                raise Rejected("INVALID", "until: a moment to come is needed, within two years")
            return MessageSnoozed(order, until, _short(reason, "reason"))
        case Pause(order, reason):
            if not reason.strip():
                raise Rejected("INVALID", "reason: say why its clock is to stand")
            return MessageWaitPaused(order, _short(reason, "reason"))
        case Continue(order, reason):
            return MessageWaitContinued(order, _short(reason, "reason"))
        case _ as never:
            assert_never(never)


def _short(text: str, what: str) -> str:
    clean = text.strip()
    if len(clean) > LONGEST:
        raise Rejected("INVALID", f"{what}: {LONGEST:,} characters is the most")
    return clean
