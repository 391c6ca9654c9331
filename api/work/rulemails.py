"""Mail that rules send: a message passed on, and an answer by a template.

An answer is bound by all that binds automatic answers (domain/autoreply.py): it goes to the return
path alone, once in seven days for a rule and sender, and counts for the limits and the breaker.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from adapters import autoreplies as ledger
from adapters.owning import Own
from api.work.addressees import known_of
from api.work.autoreplying import Mail, halt, halted_until, read_mail, senders_of
from api.work.instance import Carteggio
from api.work.making import attached_of, made
from api.work.originals import original
from api.work.templates import rendered
from api.work.templatevalues import Occasion
from api.work.tosend import ToSend
from domain.autoreply import Answerable, Arrived, History, Refusal, Responder, has_room, may_answer
from domain.autoreply import Why as Silent
from domain.composing import Automatic, Composed, Sender
from domain.doubts import NAMED, OTHER_PARTY
from domain.draft import Draft, written
from domain.recorded import Envelope
from domain.replying import forward
from domain.ruleactions import Act
from domain.values import Address, MailboxId, TemplateId
from projections import company, parties
from projections.reader import EVERYTHING

_LONGEST_SUBJECT = 900


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that may be sent; `senders` are keyed hashes of whom it answers."""

    wanted: ToSend
    rule: UUID
    senders: tuple[UUID, ...]


class Meanwhile(Exception):
    """What was answered meanwhile leaves no room."""

    def __init__(self, refusal: Refusal) -> None:
        """Say what speaks against it."""
        super().__init__(refusal.why)
        self.refusal = refusal


async def passed_on(
    carteggio: Carteggio, message: UUID, mailbox: MailboxId, act: Act, mark: str
) -> ToSend:
    """Write the mail that passes a message on from a mailbox, with its words and files.

    What is handed to a mailbox of ours begins with @fwd, and no machine's word: so it counts there as
    mail of who wrote it, and waits. Raises Rejected: it is not there any more.
    """
    hands = act.mailbox is not None
    to = act.to if act.mailbox is None else ((await _sender(carteggio, act.mailbox)).address,)
    of = await original(carteggio, EVERYTHING, message)
    sender = await _sender(carteggio, mailbox)
    passed = forward(of.content)
    draft = Draft(
        mailbox=mailbox,
        sender=sender.spec,
        sender_name=sender.name,
        company=sender.company,
        to=tuple(map(written, to)),
        subject=passed.subject,
        text="@fwd\n" if hands else "",
        forwards=of.id,
        quotes=True,
        files=tuple(attached_of(of, passed.files)),
        acknowledged=(*NAMED, *(f"{OTHER_PARTY}:{one.key}" for one in to)),
    )
    wanted = await made(carteggio, draft)
    mail = replace(wanted.mail, automatic=None if hands else Automatic.GENERATED, rule=mark)
    return replace(wanted, mail=mail, undo=timedelta(0))


async def answered(
    carteggio: Carteggio,
    message: UUID,
    mailbox: MailboxId,
    act: Act,
    asked: tuple[UUID, datetime, Envelope, str],
) -> Answer | Refusal:
    """Write the answer to a message by a template, or say what speaks against it.

    `asked` are the rule, since when it is asked, the envelope of what it does, and its mark. Raises
    Rejected: the template has gone, or lacks values.
    """
    rule, since, envelope, mark = asked
    mail = await asyncio.to_thread(read_mail, carteggio, message)
    came = mail.came_into(mailbox) if mail is not None else None
    if mail is None or came is None:
        return Refusal(Silent.ARCHIVED)
    sender = await _sender(carteggio, mailbox)
    arrived = Arrived(mail.facts.content, mail.facts.traces, mail.direction, came)
    senders = senders_of(carteggio.identity_key, arrived)
    own = await _addresses(carteggio, sender)
    may = await asyncio.to_thread(
        _may, carteggio, mail, arrived, (rule, mailbox, senders), Responder(own, since), envelope
    )
    if isinstance(may, Refusal):
        return may
    wanted = await _written(carteggio, mail, may.to, sender, act, mailbox, envelope.at)
    marked = replace(wanted, mail=replace(wanted.mail, rule=mark))
    return Answer(marked, rule, senders)


def count(carteggio: Carteggio, connection: Connection[Any], answer: Answer, at: datetime) -> None:
    """Count an answer in the transaction in which it is queued; raise Meanwhile: there is no room."""
    ledger.hold(connection, carteggio.database.schema)
    box, message = answer.wanted.mailbox, answer.wanted.answers
    history = _history(carteggio, connection, (answer.rule, box, answer.senders), at)
    if (refusal := has_room(history, at)) is not None:
        raise Meanwhile(refusal)
    if message is not None:
        ledger.keep(connection, message, answer.rule, box, answer.senders, at)


_Whose = tuple[UUID, MailboxId, tuple[UUID, ...]]


def _may(
    carteggio: Carteggio,
    mail: Mail,
    arrived: Arrived,
    whose: _Whose,
    responder: Responder,
    envelope: Envelope,
) -> Answerable | Refusal:
    with carteggio.database.pool.connection() as connection:
        ours = Own(connection).all().within(mail.facts.mailboxes)
        history = _history(carteggio, connection, whose, envelope.at)
    found = may_answer(arrived, responder, ours, history, envelope.at)
    if isinstance(found, Refusal) and found.why is Silent.HALTED:
        halt(carteggio, whose[1], history.from_mailbox, envelope)
    return found


def _history(
    carteggio: Carteggio, connection: Connection[Any], whose: _Whose, at: datetime
) -> History:
    rule, box, senders = whose
    history = ledger.history_of(connection, rule, box, senders, at)
    return replace(history, halted_until=halted_until(carteggio, box))


async def _written(
    carteggio: Carteggio,
    mail: Mail,
    to: Address,
    sender: Sender,
    act: Act,
    mailbox: MailboxId,
    at: datetime,
) -> ToSend:
    content, template = mail.facts.content, act.template or UUID(int=0)
    party = await _party(carteggio, (*content.authors, to))
    occasion = Occasion(party=party, to=[to.spec], sender=sender, by_program=True)
    made_of = await rendered(carteggio, template, occasion)
    subject = f"Auto: {content.subject}"[:_LONGEST_SUBJECT]  # RFC 3834 3.1.5
    composed = Composed("", at, sender, to=(to,), subject=subject, automatic=Automatic.REPLIED)
    return ToSend(
        mailbox=mailbox,
        mail=replace(composed, text=made_of.text, html=made_of.html, language=made_of.language),
        answers=mail.id,
        template=TemplateId(made_of.template),
        template_version=made_of.version,
        undo=timedelta(0),
        acknowledged=frozenset(NAMED),
    )


async def _sender(carteggio: Carteggio, mailbox: MailboxId) -> Sender:
    async with carteggio.reading() as asked:
        boxes = await company.mailboxes_by_ids(*asked, EVERYTHING, [mailbox])
        firm = await company.description(*asked, EVERYTHING)
    box = boxes[mailbox]
    return Sender(box.address, box.name, firm.name if firm else "")


async def _addresses(carteggio: Carteggio, sender: Sender) -> frozenset[str]:
    """Give the addresses under which a mailbox is written to, in lower case: its own and aliases."""
    async with carteggio.reading() as asked:
        firm = await company.description(*asked, EVERYTHING)
    own = sender.spec.casefold()
    return firm.names_of(own) if firm else frozenset((own,))


async def _party(carteggio: Carteggio, people: tuple[Address, ...]) -> UUID | None:
    """Give the one party of who wrote, if it is one."""
    known = await known_of(carteggio, people)
    found = {party for one in known.values() for party in one.parties}
    if len(found) != 1:
        return None
    (party,) = found
    async with carteggio.reading() as asked:
        row = await parties.by_id(*asked, EVERYTHING, party)
    return party if row else None
