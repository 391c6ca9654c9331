"""The one way by which mail is sent: console, API, command line, rules and mailings all come here.

    ToSend ─▶ who may, what speaks against it, who approved it ─▶ threading, signed tokens ─▶ octets
           ─▶ one transaction {event, octets, row, job} ─▶ api/work/outbox.py

The same command sends the same mail, and once.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg import Connection

from adapters.building import headers
from adapters.building.builder import Built, brought, build
from adapters.ids import uuid7
from api.work.accounts import Stamp, by_operators
from api.work.approved import refuse_unapproved, unapproved
from api.work.instance import Carteggio
from api.work.marks import GoesOn, before_it_leaves, marked
from api.work.objecting import speaks_against
from api.work.originals import Original, original
from api.work.outbox import Outbox
from api.work.permission import permitted, refuse_unpermitted
from api.work.presented import presented_by
from api.work.sendingside import SendingSide, sendings_of
from api.work.tosend import Also, Sent, ToSend, Tried
from domain.choosing import TargetKind
from domain.composing import Automatic, Composed
from domain.hostnames import apart
from domain.identity import identify, outgoing_id
from domain.objections import NotSendable, Objection, refuse_blocking
from domain.outgoing import MailQueued, Recipient, RecipientRole
from domain.permission import Allowed, Refused
from domain.recorded import Envelope, Recorded
from domain.values import Address, BlobName, MessageId, Rejected
from projections import company
from projections.reader import EVERYTHING
from projections.templates import version_of

__all__ = ["Also", "Sent", "ToSend", "Tried", "send", "sent_before", "tried"]


@dataclass(frozen=True, slots=True)
class _Own:
    """What is known of a mail before its octets are made."""

    id: UUID
    at: datetime
    side: SendingSide
    certified: bool
    submitted_by: Address | None
    """Who sends it in the mailbox's name, where he has to be named (Sender)."""


async def send(
    carteggio: Carteggio, wanted: ToSend, stamp: Stamp = by_operators, also: Also | None = None
) -> Sent:
    """Let a mail leave. `stamp` makes the envelope, which names the command.

    Raises NotSendable with every objection that blocks, or Rejected: it may not be sent from there,
    or what it answers is not there. The same command id with the same mail gives the same answer.
    """
    envelope = stamp("")
    try:
        return await _send(carteggio, wanted, envelope, also)
    except Rejected as refusal:
        if refusal.code != "COMMAND_ID_REUSED":
            raise
        # The same command may have come twice at once: who was later gives what the other got.
        return await _send(carteggio, wanted, envelope, also)


async def _send(
    carteggio: Carteggio, wanted: ToSend, envelope: Envelope, also: Also | None
) -> Sent:
    id, before = await asyncio.to_thread(_so_far, carteggio, envelope)
    at = before.envelope.at if before is not None else envelope.at
    allowed = await asyncio.to_thread(_permitted, carteggio, wanted, before or envelope)
    own = await _own(carteggio, wanted, allowed, id, at.replace(microsecond=0))
    mail = await _completed(carteggio, wanted, own)
    if before is not None:
        return await asyncio.to_thread(_again, wanted, mail, before)
    await _refuse_unknown_template(carteggio, wanted)
    found = await speaks_against(carteggio, wanted, mail, own.side)
    refuse_blocking(found)
    approval = await asyncio.to_thread(refuse_unapproved, carteggio, wanted, mail, envelope)
    due = _due(carteggio, wanted, envelope, own.at)

    def queue() -> Sent:
        built = build(mail, wanted.contents)
        queued = replace(_queued(carteggio, wanted, mail, built, due), approval=approval)
        more = None if also is None else partial(_with, also, id)
        position = Outbox(carteggio).queue(id, queued, built.raw, envelope, more)
        if position is None:
            raise Rejected("CONFLICT", "this mail is in the outbox already")
        return Sent(id, queued.message, position, due, tuple(found))

    return await asyncio.to_thread(queue)


def _with(also: Also, id: UUID, connection: Connection[Any]) -> None:
    also(connection, id)


async def tried(carteggio: Carteggio, wanted: ToSend, stamp: Stamp = by_operators) -> Tried:
    """Say what would leave, and what speaks against it; nothing is stored."""
    envelope = stamp("")
    allowed = await asyncio.to_thread(_asked, carteggio, wanted)
    own = await _own(carteggio, wanted, allowed, uuid7(), envelope.at.replace(microsecond=0))
    mail = await _completed(carteggio, wanted, own)
    await _refuse_unknown_template(carteggio, wanted)
    found = await speaks_against(carteggio, wanted, mail, own.side)
    if isinstance(allowed, Refused):
        found = [Objection("sender", allowed.code, allowed.sentence), *found]
    found += await asyncio.to_thread(unapproved, carteggio, wanted, mail, envelope.at)
    if not any(one.blocks for one in found):
        try:
            await asyncio.to_thread(build, mail, wanted.contents)
        except NotSendable as refusal:
            found = [*found, *refusal.objections]
    return Tried(before_it_leaves(mail), tuple(found), _due(carteggio, wanted, envelope, own.at))


def sent_before(carteggio: Carteggio, command_id: str) -> Sent | None:
    """Give what came of a command already; None: it has sent nothing."""
    id = outgoing_id(carteggio.identity_key, command_id)
    for recorded in carteggio.journal.stream(id)[:1]:
        if isinstance(recorded.event, MailQueued):
            return _sent(recorded, recorded.event)
    return None


# ---- who may


def _permitted(carteggio: Carteggio, wanted: ToSend, by: Envelope | Recorded) -> Allowed | Refused:
    """Let pass who may send, or record that he may not; what was queued already is not asked for."""
    if isinstance(by, Recorded):
        return _asked(carteggio, wanted)
    return refuse_unpermitted(
        carteggio,
        colleague=wanted.colleague,
        mailbox=wanted.mailbox,
        documents=presented_by(carteggio, wanted),
        envelope=by,
    )


def _asked(carteggio: Carteggio, wanted: ToSend) -> Allowed | Refused:
    return permitted(
        carteggio,
        colleague=wanted.colleague,
        mailbox=wanted.mailbox,
        documents=presented_by(carteggio, wanted),
    )


# ---- what is put in


async def _own(
    carteggio: Carteggio, wanted: ToSend, allowed: Allowed | Refused, id: UUID, at: datetime
) -> _Own:
    sides = await sendings_of(carteggio)
    side = next((one for one in sides if one.mailbox == wanted.mailbox), None)
    names_him = isinstance(allowed, Allowed) and allowed.on_behalf
    async with carteggio.reading() as asked:
        boxes = await company.mailboxes_by_ids(*asked, EVERYTHING, [wanted.mailbox])
        people = await company.colleagues(*asked, EVERYTHING) if names_him else []
    box = boxes.get(wanted.mailbox)
    him = next((one for one in people if one.id == wanted.colleague), None)
    if box is None:
        raise Rejected("NOT_FOUND", "there is no such mailbox")
    if side is None:
        do = "say by what it sends (account sending, accountSendingConfigure)"
        raise Rejected("NO_SENDING", f"nothing is sent from {box.address}: {do}")
    submitted_by = Address(him.address, him.name) if him is not None else None
    return _Own(id, at, side, box.certified, submitted_by)


async def _completed(carteggio: Carteggio, wanted: ToSend, own: _Own) -> Composed:
    linked = (TargetKind.DOCUMENT, wanted.document) in wanted.targets
    document = wanted.document if linked else None
    answers, forwards = await _seen(carteggio, wanted, wanted.answers, wanted.forwards)
    before = answers or forwards
    goes_on = GoesOn(document, wanted.answers, before.content if before is not None else None)
    submitted_by = own.submitted_by or wanted.mail.submitted_by
    mail = replace(wanted.mail, certified=own.certified, submitted_by=submitted_by)
    return marked(carteggio, mail, own.id, own.at, goes_on)


async def _refuse_unknown_template(carteggio: Carteggio, wanted: ToSend) -> None:
    """Raise Rejected for a version of a template from which no mail can have been made."""
    if wanted.template is None:
        return
    async with carteggio.reading() as (connection, names):
        asked = connection, names, wanted.reader, wanted.template, wanted.template_version
        if await version_of(*asked) is None:
            sentence = "there is no such template, or no such version of it"
            raise Rejected("NOT_FOUND", sentence)


async def _seen(
    carteggio: Carteggio, wanted: ToSend, *earlier: MessageId | None
) -> list[Original | None]:
    """Give what is answered and passed on; Rejected: one of them is not there for the sender."""
    reader = wanted.reader
    return [await original(carteggio, reader, one) if one else None for one in earlier]


def _due(carteggio: Carteggio, wanted: ToSend, envelope: Envelope, at: datetime) -> datetime:
    """Give when it leaves: people may take back for a moment what they sent, programs send at once."""
    usual = carteggio.settings.undo_seconds if envelope.on_behalf_of is not None else 0
    wait = timedelta(seconds=usual) if wanted.undo is None else wanted.undo
    return max(at + wait, wanted.not_before or at)


# ---- what is queued


def _queued(
    carteggio: Carteggio, wanted: ToSend, mail: Composed, built: Built, due: datetime
) -> MailQueued:
    files = brought(mail, wanted.contents)
    return MailQueued(
        mailbox=wanted.mailbox,
        message=MessageId(identify(carteggio.identity_key, built.raw).message),
        raw=BlobName(""),
        raw_sha256=sha256(built.raw).hexdigest(),
        size=len(built.raw),
        not_before=due,
        message_id=mail.message_id,
        # Its server knows the mailbox, and notices belong there, whoever is named as Sender.
        sender=Address(headers.wire(mail.sender.spec), mail.sender.address.name),
        recipients=_recipients(mail),
        subject=mail.subject,
        targets=wanted.targets,
        removed=wanted.removed,
        document=wanted.document,
        presents=wanted.presents and wanted.document is not None,
        template=wanted.template,
        template_version=wanted.template_version if wanted.template is not None else 0,
        answers=wanted.answers,
        forwards=wanted.forwards,
        certified=mail.certified,
        files=tuple(sha256(octets).hexdigest() for _, octets in files),
        file_names=tuple(name for name, _ in files),
        returns=mail.automatic is not Automatic.REPLIED,
    )


def _recipients(mail: Composed) -> tuple[Recipient, ...]:
    """Give who gets it, each once, as servers take addresses."""
    found: dict[str, Recipient] = {}
    for role in RecipientRole:
        for one in getattr(mail, role.value):
            address = Address(headers.wire(one.spec), one.name)
            found.setdefault(apart(address.spec), Recipient(address, role))
    return tuple(found.values())


# ---- the same command again


def _so_far(carteggio: Carteggio, envelope: Envelope) -> tuple[UUID, Recorded | None]:
    """Give the stream of the mail that this command sends, and how it was queued, if it was."""
    if envelope.command_id is None:
        return uuid7(), None
    id = outgoing_id(carteggio.identity_key, envelope.command_id)
    return id, next(iter(carteggio.journal.stream(id)), None)


def _again(wanted: ToSend, mail: Composed, before: Recorded) -> Sent:
    """Answer a command that was carried out; refuse another mail under its id."""
    if not isinstance(before.event, MailQueued):
        raise Rejected("ERASED", "the mail of this command was erased")
    if sha256(build(mail, wanted.contents).raw).hexdigest() != before.event.raw_sha256:
        sentence = "this command id was used for another mail; take a new one"
        raise Rejected("COMMAND_ID_REUSED", sentence)
    return _sent(before, before.event)


def _sent(recorded: Recorded, queued: MailQueued) -> Sent:
    return Sent(recorded.stream, queued.message, recorded.position, queued.not_before)
