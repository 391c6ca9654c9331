"""How a mail leaves: when it may be sent, what an answer means for it, and when nobody knows.

Decided on the stream of the mail (domain/outgoing.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never

from domain.classes import dataclass
from domain.outgoing import (
    MailAccepted,
    MailCancelled,
    MailDeferred,
    MailQueued,
    MailRefused,
    MailResolved,
    MailSendingBegun,
    MailUncertain,
    OutgoingEvent,
    Resolution,
    Result,
    Said,
)
from domain.values import Rejected

RETRIES: Final = tuple(timedelta(minutes=one) for one in (1, 5, 15, 60, 240))
"""How long after each attempt the next one comes; after the last of these always that long."""
LONGEST: Final = timedelta(hours=48)
"""So long after it was due a mail that is put off is given up (RFC 5321 4.5.4.1 asks for 4-5 days;
whoever waits for an answer wants to know sooner), once it was tried more often than RETRIES has it."""


# ---- commands


@dataclass(frozen=True, slots=True)
class QueueMail:
    """Let a mail leave."""

    queued: MailQueued


@dataclass(frozen=True, slots=True)
class BeginSending:
    """Say that the content is about to be offered: to those whom the server took, else to all.

    With the number of an `attempt` it says so of what was offered then: once that was begun,
    nothing happens.
    """

    at: datetime
    taken: frozenset[int] | None = None
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Conclude:
    """Say what a server answered to an attempt: of each recipient who was tried, and of the whole.

    An attempt that never came to offering the content (not `begun`) has the number after the last
    one, and tells nothing once that number was begun by somebody else.

    `spread` from 0 to 1 lets attempts of many mails come at different moments. `last`: it is put
    off no more.
    """

    attempt: int
    at: datetime
    results: Mapping[int, Result]
    texts: Mapping[int, str]
    reply: str = ""
    known_as: str = ""
    spread: float = 0.0
    begun: bool = True
    last: bool = False


@dataclass(frozen=True, slots=True)
class LoseSight:
    """Say that nobody knows what became of an attempt."""

    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class ResolveSending:
    """Say what became of a mail after all."""

    resolution: Resolution
    found_by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class CancelMail:
    """Take a mail back."""

    note: str = ""


OutgoingCommand = QueueMail | BeginSending | Conclude | LoseSight | ResolveSending | CancelMail


# ---- state


class OutgoingState(StrEnum):
    """How a mail stands."""

    QUEUED = "queued"
    SENDING = "sending"
    DEFERRED = "deferred"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What decisions ask: who is still to get it, and who is being tried now.

    `unknown`: it was given up, and nobody knew whether it had left for these.
    """

    queued: MailQueued | None = None
    state: OutgoingState = OutgoingState.QUEUED
    attempt: int = 0
    due: datetime | None = None
    left: frozenset[int] = frozenset()
    tried: tuple[int, ...] = ()
    said: Mapping[int, Said] = field(default_factory=dict)
    unknown: tuple[int, ...] = ()


initial = Outgoing()
_BEGUN: Final = (OutgoingState.SENDING, OutgoingState.UNCERTAIN)
_TO_BE_SENT: Final = (OutgoingState.QUEUED, OutgoingState.DEFERRED)
_STANDS: Final = {
    OutgoingState.QUEUED: "waits to leave",
    OutgoingState.SENDING: "is being sent",
    OutgoingState.DEFERRED: "was put off, and is tried again",
    OutgoingState.ACCEPTED: "was taken over",
    OutgoingState.REFUSED: "was refused, or put off for too long",
    OutgoingState.CANCELLED: "was taken back",
}


def evolve(mail: Outgoing, event: object) -> Outgoing:
    """Give the mail after an event."""
    match event:
        case MailQueued():
            everybody = frozenset(range(len(event.recipients)))
            return replace(mail, queued=event, due=event.not_before, left=everybody)
        case MailSendingBegun(attempt, recipients):
            return replace(mail, state=OutgoingState.SENDING, attempt=attempt, tried=recipients)
        case MailAccepted(attempt, results, retry_at):
            state = OutgoingState.ACCEPTED if retry_at is None else OutgoingState.DEFERRED
            after = replace(mail, state=state, attempt=attempt, due=retry_at)
            return _after(after, results)
        case MailDeferred(attempt, results, retry_at):
            deferred = OutgoingState.DEFERRED
            return _after(replace(mail, state=deferred, attempt=attempt, due=retry_at), results)
        case MailRefused(attempt, results):
            some = Said.ACCEPTED in mail.said.values()
            state = OutgoingState.ACCEPTED if some else OutgoingState.REFUSED
            after = replace(mail, state=state, attempt=attempt)
            return replace(_after(after, results), left=frozenset())
        case MailUncertain():
            return replace(mail, state=OutgoingState.UNCERTAIN)
        case MailResolved(resolution=resolution, recipients=recipients):
            before = replace(mail, tried=recipients, unknown=()) if recipients else mail
            return _resolved(before, resolution)
        case MailCancelled():
            return replace(mail, state=OutgoingState.CANCELLED, left=frozenset())
        case _:
            return mail


def _after(mail: Outgoing, results: Sequence[Result]) -> Outgoing:
    said = {**mail.said, **{one.recipient: one.said for one in results}}
    done = {place for place, one in said.items() if one is not Said.DEFERRED}
    return replace(mail, said=said, left=mail.left - done, tried=())


def _resolved(mail: Outgoing, resolution: Resolution) -> Outgoing:
    match resolution:
        case Resolution.SENT:
            said = [Result(one, Said.ACCEPTED) for one in mail.tried]
            after = _after(mail, said)
            state = OutgoingState.DEFERRED if after.left else OutgoingState.ACCEPTED
            return replace(after, state=state)
        case Resolution.SEND_AGAIN:
            return replace(mail, state=OutgoingState.QUEUED, tried=())
        case Resolution.GIVEN_UP:
            refused, unknown = OutgoingState.REFUSED, mail.tried
            return replace(mail, state=refused, left=frozenset(), tried=(), unknown=unknown)
        case _ as never:
            assert_never(never)


# ---- decisions


def decide(mail: Outgoing, command: OutgoingCommand) -> Sequence[OutgoingEvent]:
    """Return what happens. An empty list means that it has happened already."""
    if isinstance(command, QueueMail):
        return [] if mail.queued is not None else [_queued(command.queued)]
    if mail.queued is None:
        raise Rejected("NOT_FOUND", "there is no such mail in the outbox")
    match command:
        case BeginSending(attempt=attempt):
            known = attempt is not None and mail.attempt >= attempt
            return [] if known else [_begun(mail, command)]
        case Conclude():
            return _concluded(mail, mail.queued, command)
        case LoseSight(attempt, reason):
            current = mail.state is OutgoingState.SENDING and mail.attempt == attempt
            return [MailUncertain(attempt, reason)] if current else []
        case ResolveSending():
            return _resolve(mail, command)
        case CancelMail(note):
            return _cancelled(mail, note)
        case _ as never:
            assert_never(never)


def _queued(queued: MailQueued) -> MailQueued:
    if not queued.recipients:
        raise Rejected("INVALID", "a mail needs a recipient: add one to To, Cc or Bcc")
    return queued


def _begun(mail: Outgoing, command: BeginSending) -> MailSendingBegun:
    at = command.at
    if mail.state not in _TO_BE_SENT:
        raise Rejected("CONFLICT", f"the mail is {mail.state.value}: it is not to be sent now")
    planned = mail.state is not OutgoingState.DEFERRED  # one that was put off may be hurried
    if planned and mail.due is not None and at < mail.due:
        raise Rejected("CONFLICT", f"the mail is not to be sent before {mail.due:%Y-%m-%d %H:%M}")
    offered = mail.left if command.taken is None else mail.left & command.taken
    return MailSendingBegun(mail.attempt + 1, tuple(sorted(offered)))


def _concluded(mail: Outgoing, queued: MailQueued, told: Conclude) -> list[OutgoingEvent]:
    """An answer to an attempt of which sight was lost meanwhile settles it, too.

    Also where somebody wants it sent again, unless that was begun. One to an attempt that never
    came to the content is told alone.
    """
    tried = _tried(mail, told)
    if not tried:
        return []
    results = tuple(told.results[one] for one in tried)
    texts = tuple(told.texts.get(one, "") for one in tried)
    said = {one.said for one in results}
    wait = RETRIES[min(told.attempt, len(RETRIES)) - 1] * (1 + told.spread / 2)
    retry_at = told.at + wait if Said.DEFERRED in said and not _late(queued, told, wait) else None
    if Said.ACCEPTED in said:
        common = (told.attempt, results, retry_at, texts, told.reply, told.known_as)
        gave_up = Said.DEFERRED in said and retry_at is None
        accepted = MailAccepted(*common)
        return [accepted, MailRefused(told.attempt, (), given_up=True)] if gave_up else [accepted]
    if retry_at is not None:
        return [MailDeferred(told.attempt, results, retry_at, texts, told.reply)]
    given_up = Said.DEFERRED in said
    return [MailRefused(told.attempt, results, given_up, texts, told.reply)]


def _late(queued: MailQueued, told: Conclude, wait: timedelta) -> bool:
    """Tell whether it was put off for too long: one that waited for us is tried often, too."""
    often = told.attempt > len(RETRIES)
    return told.last or (often and told.at + wait > queued.not_before + LONGEST)


def _tried(mail: Outgoing, told: Conclude) -> tuple[int, ...]:
    """Give of whom an answer tells: those offered the content, and those refused it before."""
    again = mail.state is OutgoingState.QUEUED  # somebody wants it sent again
    if told.begun:
        current = told.attempt == mail.attempt > 0 and (again or mail.state in _BEGUN)
    else:
        current = told.attempt == mail.attempt + 1 and mail.state in _TO_BE_SENT
    return tuple(sorted(mail.left & told.results.keys())) if current else ()


def _resolve(mail: Outgoing, command: ResolveSending) -> list[OutgoingEvent]:
    """Giving up is no knowledge: that it had left can still be said then, and nothing else."""
    resolved = MailResolved(mail.attempt, command.resolution, command.found_by, command.note)
    if mail.state is OutgoingState.UNCERTAIN:
        return [resolved]
    if not mail.unknown:
        raise Rejected(
            "CONFLICT", f"the mail {_STANDS[mail.state]}: nothing about it is uncertain"
        )
    match command.resolution:
        case Resolution.SENT:
            return [replace(resolved, recipients=mail.unknown)]
        case Resolution.GIVEN_UP:
            return []
        case Resolution.SEND_AGAIN:
            do = "compose it anew; if it arrived after all, say that it was sent"
            raise Rejected("CONFLICT", f"the mail was given up: {do}")
        case _ as never:
            assert_never(never)


def _cancelled(mail: Outgoing, note: str) -> list[OutgoingEvent]:
    if mail.state is OutgoingState.CANCELLED:
        return []
    if mail.state not in _TO_BE_SENT:
        raise Rejected("CONFLICT", f"the mail is {mail.state.value}: it cannot be taken back")
    return [MailCancelled(note)]
