"""The one way by which mail is sent: console, API, command line, rules and mailings all come here.

    ToSend ─▶ who may, and what speaks against it ─▶ threading, signed tokens ─▶ octets
           ─▶ one transaction {event, octets, row, job} ─▶ api/work/outbox.py

The same command sends the same mail, and once.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters.building import headers
from adapters.building.builder import Built, build, file_name
from adapters.ids import uuid7
from api.work.accounts import Stamp, by_operators
from api.work.addressees import circle_of, known_of
from api.work.instance import Carteggio
from api.work.marks import GoesOn, marked
from api.work.originals import original
from api.work.outbox import Outbox
from api.work.sendingside import SendingSide, sendings_of
from domain.certifying import objections_to_certified
from domain.choosing import Target, TargetKind
from domain.composing import Composed
from domain.doubts import doubts
from domain.filenames import distinct
from domain.identity import identify, outgoing_id
from domain.objections import NotSendable, Objection, objections, refuse_blocking
from domain.outgoing import MailQueued, Recipient, RecipientRole
from domain.recorded import Envelope, Recorded
from domain.values import (
    Address,
    BlobName,
    ColleagueId,
    DocumentId,
    MailboxId,
    MessageId,
    Rejected,
    TemplateId,
)
from projections import company
from projections.reader import EVERYTHING, Reader

MOST_OCTETS: Final = 50 * 1024 * 1024
"""So large may the files of one mail be together; what a server takes is usually less."""
_LATEST: Final = timedelta(days=400)
Also = Callable[[Connection[Any], UUID], None]
"""Writes, in the transaction in which a mail is queued, what else belongs to it."""


@dataclass(frozen=True, slots=True)
class ToSend:
    """A mail that is to leave from a mailbox.

    Of `mail` the Message-ID, date, threading, marker and whether it is certified are put in here;
    `contents` are the octets of its files by their keys. `targets` are what it belongs to by the
    sender's word, `removed` what was proposed and does not. `presents`: it brings the document, and
    so needs a file. `reader` is what the sender may see, `colleague` who he is, `acknowledged` the
    names of doubts (domain/doubts.py). `undo` is how long it waits at least; None: as is usual.
    """

    mailbox: MailboxId
    mail: Composed
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    targets: tuple[Target, ...] = ()
    removed: tuple[Target, ...] = ()
    document: DocumentId | None = None
    presents: bool = False
    template: TemplateId | None = None
    template_version: int = 0
    answers: MessageId | None = None
    forwards: MessageId | None = None
    not_before: datetime | None = None
    undo: timedelta | None = None
    acknowledged: frozenset[str] = frozenset()
    colleague: ColleagueId | None = None
    reader: Reader = EVERYTHING


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail in the outbox: its stream, the message as which it will be known, and since when.

    `remarks` is what did not block. `due`: from then on it leaves, until then it can be taken back.
    """

    mail: UUID
    message: MessageId
    position: int
    due: datetime
    remarks: tuple[Objection, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """What would leave: the mail with all that is put in, and what speaks against it."""

    mail: Composed
    objections: tuple[Objection, ...]
    due: datetime


@dataclass(frozen=True, slots=True)
class _Own:
    """What is known of a mail before its octets are made."""

    id: UUID
    at: datetime
    side: SendingSide
    certified: bool


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
    own = await _own(carteggio, wanted, id, at.replace(microsecond=0))
    mail = await _completed(carteggio, wanted, own)
    if before is not None:
        return await asyncio.to_thread(_again, wanted, mail, before)
    found = await _speaks_against(carteggio, wanted, mail, own)
    refuse_blocking(found)
    due = _due(carteggio, wanted, envelope, own.at)

    def queue() -> Sent:
        built = build(mail, wanted.contents)
        queued = _queued(carteggio, wanted, mail, built, due)
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
    own = await _own(carteggio, wanted, uuid7(), envelope.at.replace(microsecond=0))
    mail = await _completed(carteggio, wanted, own)
    found = await _speaks_against(carteggio, wanted, mail, own)
    if not any(one.blocks for one in found):
        try:
            await asyncio.to_thread(build, mail, wanted.contents)
        except NotSendable as refusal:
            found = [*found, *refusal.objections]
    return Tried(mail, tuple(found), _due(carteggio, wanted, envelope, own.at))


def sent_before(carteggio: Carteggio, command_id: str) -> Sent | None:
    """Give what came of a command already; None: it has sent nothing."""
    id = outgoing_id(carteggio.identity_key, command_id)
    for recorded in carteggio.journal.stream(id)[:1]:
        if isinstance(recorded.event, MailQueued):
            return _sent(recorded, recorded.event)
    return None


# ---- what is put in


async def _own(carteggio: Carteggio, wanted: ToSend, id: UUID, at: datetime) -> _Own:
    sides = await sendings_of(carteggio)
    side = next((one for one in sides if one.mailbox == wanted.mailbox), None)
    async with carteggio.reading() as asked:
        boxes = await company.mailboxes_by_ids(*asked, EVERYTHING, [wanted.mailbox])
    box = boxes.get(wanted.mailbox)
    if box is None:
        raise Rejected("NOT_FOUND", "there is no such mailbox")
    if side is None:
        do = "say by what it sends (account sending, accountSendingConfigure)"
        raise Rejected("NO_SENDING", f"nothing is sent from {box.address}: {do}")
    return _Own(id, at, side, box.certified)


async def _completed(carteggio: Carteggio, wanted: ToSend, own: _Own) -> Composed:
    linked = (TargetKind.DOCUMENT, wanted.document) in wanted.targets
    document = wanted.document if linked else None
    earlier = wanted.answers or wanted.forwards
    before = await original(carteggio, wanted.reader, earlier) if earlier is not None else None
    goes_on = GoesOn(document, wanted.answers, before.content if before is not None else None)
    mail = replace(wanted.mail, certified=own.certified)
    return marked(carteggio, mail, own.id, own.at, goes_on)


def _due(carteggio: Carteggio, wanted: ToSend, envelope: Envelope, at: datetime) -> datetime:
    """Give when it leaves: people may take back for a moment what they sent, programs send at once."""
    usual = carteggio.settings.undo_seconds if envelope.on_behalf_of is not None else 0
    wait = timedelta(seconds=usual) if wanted.undo is None else wanted.undo
    return max(at + wait, wanted.not_before or at)


# ---- what speaks against it


async def _speaks_against(
    carteggio: Carteggio, wanted: ToSend, mail: Composed, own: _Own
) -> list[Objection]:
    sizes = {key: len(octets) for key, octets in wanted.contents.items()}
    circle = await circle_of(carteggio, wanted.document, wanted.targets, wanted.reader)
    known = await known_of(carteggio, mail.recipients)
    return [
        *_of_the_sender(mail, own.side),
        *objections(mail, sizes),
        *_too_much(mail, sizes),
        *_certified(mail, own.side, sizes),
        *_too_late(wanted, own.at),
        *doubts(mail, known, circle, wanted.acknowledged, presents=wanted.presents),
    ]


def _of_the_sender(mail: Composed, side: SendingSide) -> list[Objection]:
    named = [("sender", mail.sender.spec)]
    if mail.submitted_by is not None:
        named.append(("submitted_by", mail.submitted_by.spec))
    do = "name it among the senders (account sending, accountSendingConfigure)"
    return [
        Objection(place, "NOT_A_SENDER", f"{side.address} does not send as {spec}: {do}")
        for place, spec in named
        if not side.may_send_as(spec)
    ]


def _too_much(mail: Composed, sizes: Mapping[str, int]) -> list[Objection]:
    total = sum(sizes.get(one.content, 0) for one in mail.files)
    if total <= MOST_OCTETS:
        return []
    most = MOST_OCTETS // (1024 * 1024)
    return [Objection("files", "TOO_LARGE", f"files of one mail have {most} MB together at most")]


def _certified(mail: Composed, side: SendingSide, sizes: Mapping[str, int]) -> list[Objection]:
    octets = sum(sizes.values()) * 4 // 3  # as base64 has it
    return objections_to_certified(mail, side.address, octets) if mail.certified else []


def _too_late(wanted: ToSend, at: datetime) -> list[Objection]:
    if wanted.not_before is None or wanted.not_before <= at + _LATEST:
        return []
    sentence = f"mail is scheduled for {_LATEST.days} days from now at most"
    return [Objection("not_before", "TOO_LATE", sentence)]


# ---- what is queued


def _queued(
    carteggio: Carteggio, wanted: ToSend, mail: Composed, built: Built, due: datetime
) -> MailQueued:
    attached = [one for one in mail.files if not one.content_id]
    envelope_sender = mail.submitted_by or mail.sender.address
    return MailQueued(
        mailbox=wanted.mailbox,
        message=MessageId(identify(carteggio.identity_key, built.raw).message),
        raw=BlobName(""),
        raw_sha256=sha256(built.raw).hexdigest(),
        size=len(built.raw),
        not_before=due,
        message_id=mail.message_id,
        sender=Address(built.sender, envelope_sender.name),
        recipients=_recipients(mail),
        subject=mail.subject,
        targets=wanted.targets,
        removed=wanted.removed,
        document=wanted.document,
        template=wanted.template,
        template_version=wanted.template_version,
        answers=wanted.answers,
        forwards=wanted.forwards,
        certified=mail.certified,
        files=tuple(sha256(wanted.contents[one.content]).hexdigest() for one in attached),
        file_names=tuple(distinct(map(file_name, attached))),
    )


def _recipients(mail: Composed) -> tuple[Recipient, ...]:
    """Give who gets it, each once, as servers take addresses."""
    found: dict[str, Recipient] = {}
    for role in RecipientRole:
        for one in getattr(mail, role.value):
            address = Address(headers.wire(one.spec), one.name)
            found.setdefault(address.key, Recipient(address, role))
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
