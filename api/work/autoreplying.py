"""One message, and those who are away at its mailboxes: it is answered, or it is told why not.

may_answer (pure) ─▶ autoreply.suppressed, with the reason
                  ─▶ send, which counts the answer in its transaction ─▶ autoreply.sent
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters import autoreplies as ledger
from adapters.ids import uuid7
from adapters.logs import log
from adapters.owning import Own
from api.work.absentees import Absentee, words_for
from api.work.instance import Carteggio
from api.work.sending import ToSend, send, sent_before
from domain import autoreply
from domain.autoreply import (
    AN_HOUR,
    HALTED_FOR,
    MOST_OF_A_MAILBOX,
    Answerable,
    Arrived,
    AutoreplySent,
    AutoreplySuppressed,
    HaltAutoreplies,
    History,
    Refusal,
    Responder,
    TellAutoreply,
    Why,
    has_room,
    may_answer,
)
from domain.capture import CaptureEvent, FolderRole
from domain.doubts import NO_ATTACHMENT
from domain.facts import Facts, also_seen, facts_of
from domain.identity import correspondent_key, reaction_event
from domain.message import Direction, MessageClassified, MessageReceived
from domain.recorded import Envelope, Origin, Recorded
from domain.rereading import as_read_now
from domain.values import (
    AbsenceId,
    Actor,
    ActorKind,
    Address,
    ColleagueId,
    MailboxId,
    MessageId,
    Rejected,
    TemplateId,
)

_FETCHED: Final = ("imap", "pop3")
"""The ways by which mail comes now; what is imported is from the past."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message, with what its events tell."""

    id: MessageId
    facts: Facts
    direction: Direction
    past: Sequence[Recorded]

    @property
    def decided(self) -> frozenset[ColleagueId]:
        """Give for whom it was decided."""
        state = autoreply.initial
        for one in self.past:
            state = autoreply.evolve(state, one.event)
        return state.decided

    def came_into(self, mailbox: UUID) -> datetime | None:
        """Give when it came into a mailbox; None: it was sent from there, imported, or archived."""
        times = [
            one.event.received_at
            for one in self.past
            if isinstance(one.event, CaptureEvent)
            and one.event.mailbox == mailbox
            and one.event.role is not FolderRole.SENT
            and not one.event.archived
            and one.envelope.origin.channel in _FETCHED
        ]
        return min(times, default=None)


@dataclass(frozen=True, slots=True)
class _Case:
    """A message and one who is away; `senders` are keyed hashes of who counts as its sender."""

    carteggio: Carteggio
    one: Absentee
    mail: Mail
    arrived: Arrived
    senders: tuple[UUID, ...]
    now: datetime

    @property
    def command(self) -> str:
        """Give the command of the answer: the same message and person, the same one."""
        return f"autoreply-{self.mail.id.hex}-{self.one.colleague.id.hex}"

    @property
    def whose(self) -> tuple[ColleagueId, MailboxId, AbsenceId]:
        """Give who is away, where, and by which absence."""
        one = self.one
        return ColleagueId(one.colleague.id), MailboxId(one.mailbox.id), AbsenceId(one.absence.id)

    def envelope(self, command: str | None = None) -> Envelope:
        """Give the envelope of what is decided on it."""
        id = reaction_event(self.mail.id, f"autoreply {command}", 1, self.one.colleague.id)
        actor = Actor(ActorKind.SYSTEM, "autoreply")
        return Envelope(id, self.now, actor, Origin("work"), command_id=command)


class _Meanwhile(Exception):
    """What was answered meanwhile leaves no room."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.why)
        self.refusal = refusal


async def decide_on(
    carteggio: Carteggio, away: Mapping[UUID, Absentee], message: UUID, now: datetime
) -> None:
    """Decide on a message for each who is away and at whose mailbox it came since then."""
    mail = await asyncio.to_thread(read_mail, carteggio, message)
    if mail is None:  # erased
        return
    for one in away.values():
        at = mail.came_into(one.mailbox.id)
        if at is None or at < one.since or one.colleague.id in mail.decided:
            continue
        facts = mail.facts
        arrived = Arrived(facts.content, facts.traces, mail.direction, at)
        senders = senders_of(carteggio.identity_key, arrived)
        await _decide(_Case(carteggio, one, mail, arrived, senders, now))


def read_mail(carteggio: Carteggio, message: UUID) -> Mail | None:
    """Give a message as its events tell of it; None: it was erased, or is not decided on yet."""
    past = carteggio.journal.stream(message)
    facts: Facts | None = None
    for copy in as_read_now(one.event for one in past):
        if isinstance(copy, MessageReceived):
            facts = facts_of(copy)
        elif facts is not None:
            facts = also_seen(facts, copy)
    said = [one.event for one in past if isinstance(one.event, MessageClassified)]
    if facts is None or not said:
        return None
    return Mail(MessageId(message), facts, said[-1].direction, past)


def halted_now(carteggio: Carteggio, now: datetime) -> dict[UUID, datetime]:
    """Give the mailboxes whose automatic answers are halted, and until when."""
    with carteggio.database.pool.connection() as connection:
        since = now - HALTED_FOR - AN_HOUR
        busy = ledger.busy(connection, since, MOST_OF_A_MAILBOX)
    found = {box: halted_until(carteggio, box) for box in busy}
    return {box: until for box, until in found.items() if until is not None and now < until}


def halted_until(carteggio: Carteggio, mailbox: UUID) -> datetime | None:
    """Give until when the automatic answers of a mailbox are halted, or were last."""
    state = autoreply.initial
    for recorded in carteggio.journal.stream(mailbox):
        state = autoreply.evolve(state, recorded.event)
    return state.until


def senders_of(key: bytes, arrived: Arrived) -> tuple[UUID, ...]:
    """Give who counts as the sender: return paths may differ from mail to mail, and authors too."""
    everybody = {one.casefold() for one in arrived.return_paths if one}
    everybody |= {one.key for one in arrived.content.authors}
    return tuple(correspondent_key(key, one) for one in sorted(everybody))


async def _decide(case: _Case) -> None:
    sent = await asyncio.to_thread(sent_before, case.carteggio, case.command)
    if sent is not None:  # cut off before that was told
        await asyncio.to_thread(_tell, case, AutoreplySent(*case.whose, sent.mail))
        return
    found = await asyncio.to_thread(_asked, case)
    mail = await _answered(case, found.to) if isinstance(found, Answerable) else found
    if isinstance(mail, Refusal):
        await asyncio.to_thread(_suppress, case, mail)
    else:
        await asyncio.to_thread(_tell, case, AutoreplySent(*case.whose, mail))


def _asked(case: _Case) -> Answerable | Refusal:
    with case.carteggio.database.pool.connection() as connection:
        ours = Own(connection).all().within(case.mail.facts.mailboxes)
        history = _history(case, connection)
    responder = Responder(case.one.addresses, case.one.absence.begins)
    return may_answer(case.arrived, responder, ours, history, case.now)


def _history(case: _Case, connection: Connection[Any]) -> History:
    who, box, _ = case.whose
    history = ledger.history_of(connection, who, box, case.senders, case.now)
    return replace(history, halted_until=halted_until(case.carteggio, box))


async def _answered(case: _Case, to: Address) -> UUID | Refusal:
    """Send the answer; give its mail. What was answered meanwhile is looked at once more."""
    carteggio, (who, box, _) = case.carteggio, case.whose

    def also(connection: Connection[Any], _: UUID) -> None:
        ledger.hold(connection, carteggio.database.schema)
        if (refusal := has_room(_history(case, connection), case.now)) is not None:
            raise _Meanwhile(refusal)
        ledger.keep(connection, case.mail.id, who, box, case.senders, case.now)

    try:
        words = await words_for(carteggio, case.one, case.arrived.content, to, case.now)
        wanted = ToSend(
            mailbox=box,
            mail=words.mail,
            answers=case.mail.id,
            template=TemplateId(words.template) if words.template else None,
            template_version=words.version,
            undo=timedelta(0),
            acknowledged=frozenset((NO_ATTACHMENT,)),
        )
        sent = await send(carteggio, wanted, lambda _: case.envelope(case.command), also)
    except _Meanwhile as meanwhile:
        return meanwhile.refusal
    except Rejected as refusal:
        return Refusal(Why.NOT_SENDABLE, refusal.sentence)
    return sent.mail


def _suppress(case: _Case, refusal: Refusal) -> None:
    if refusal.why is Why.HALTED:
        _halt(case)
    _tell(case, AutoreplySuppressed(*case.whose, refusal.why, refusal.evidence))


def _tell(case: _Case, told: AutoreplySent | AutoreplySuppressed) -> None:
    command, envelope = TellAutoreply(told), case.envelope()
    case.carteggio.journal.record(case.mail.id, autoreply, command, envelope)


def _halt(case: _Case) -> None:
    with case.carteggio.database.pool.connection() as connection:
        history = _history(case, connection)
    halt(case.carteggio, case.one.mailbox.id, history.from_mailbox, case.envelope())


def halt(carteggio: Carteggio, mailbox: UUID, sent: int, envelope: Envelope) -> None:
    """Tell that a mailbox answers no more for a while: somebody has to look why."""
    command = HaltAutoreplies(sent, envelope.at)
    anew = replace(envelope, event_id=uuid7(), command_id=None)
    if carteggio.journal.record(mailbox, autoreply, command, anew) is not None:
        log("autoreplies").error("automatic answers are halted", mailbox=mailbox, sent=sent)
