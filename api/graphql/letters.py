"""Messages become objects: their parts are read for the whole page, and only those wanted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.graphql.attention import attended
from api.graphql.choices import RememberedChoice, choice_objects
from api.graphql.delivered import deliveries_by_message
from api.graphql.deliverytypes import Delivery
from api.graphql.grounds import ConversationReason, reasons_of
from api.graphql.ids import Kind, encoded
from api.graphql.inputs import REASONS, LinkReason
from api.graphql.linksaid import rule_said, who_said
from api.graphql.mail import COUNTED, Conversation, Document, Link, Message, Party, Unanswered
from api.graphql.measured import measured
from api.graphql.overseeing import contents_read
from api.graphql.parts import (
    Address,
    AddressResolution,
    Contact,
    Mailbox,
    Occurrence,
    SenderCheck,
    addresses,
    attachment,
    status,
    why,
)
from api.graphql.people import MessageColleague, concerned
from api.graphql.places import places_of, sender_checks
from api.graphql.reading import (
    Reading,
    contact_objects,
    conversation_objects,
    document_objects,
    mailbox_objects,
    party_objects,
)
from api.graphql.resolving import resolutions_of
from api.graphql.scalars import Duration, Position
from api.graphql.selection import Selection
from api.paths import raw_path
from domain.choosing import TargetKind
from domain.message import CloseReason, Direction, LinkState
from domain.rules import UNPROVEN, UNPROVEN_REPLY
from projections import links, messages, threads
from projections.clearance import hidden_among
from projections.contents import AttachmentRow, ContentRow, ParticipantRow
from projections.history import LinkRow
from projections.letters import Letter, letters_of
from projections.mail import MessageRow
from projections.unanswered import Waiting
from projections.waits import waiting_of


@dataclass(slots=True)
class _Parts:
    """What was read of a page's messages, by their ids; what was not wanted is empty."""

    people: Mapping[UUID, list[ParticipantRow]] = field(default_factory=dict)
    contents: Mapping[UUID, ContentRow] = field(default_factory=dict)
    files: Mapping[UUID, list[AttachmentRow]] = field(default_factory=dict)
    checks: Mapping[UUID, SenderCheck] = field(default_factory=dict)
    places: Mapping[UUID, list[Occurrence]] = field(default_factory=dict)
    reasons: Mapping[UUID, list[ConversationReason]] = field(default_factory=dict)
    colleagues: Mapping[UUID, list[MessageColleague]] = field(default_factory=dict)
    resolutions: Mapping[UUID, list[AddressResolution]] = field(default_factory=dict)
    links: Mapping[UUID, list[Link]] = field(default_factory=dict)
    conversations: Mapping[UUID, Conversation] = field(default_factory=dict)
    letters: Mapping[UUID, Letter] = field(default_factory=dict)
    answers: Mapping[UUID, Message] = field(default_factory=dict)
    waits: Mapping[UUID, Unanswered] = field(default_factory=dict)
    became: Mapping[UUID, list[Delivery]] = field(default_factory=dict)


async def message_objects(
    read: Reading, ids: Collection[UUID], wanted: Selection
) -> dict[UUID, Message]:
    """Give many messages, as far as they may be seen."""
    if not ids:
        return {}
    rows = await messages.by_ids(*read.asked, list(ids), read.as_of)
    return await made_messages(read, list(rows.values()), wanted)


async def made_messages(
    read: Reading, rows: Sequence[MessageRow], wanted: Selection
) -> dict[UUID, Message]:
    """Make messages of rows."""
    parts = _Parts()
    if rows:
        ids = [row.id for row in rows]
        await _read_content(read, ids, wanted, parts)
        await _read_relations(read, ids, wanted, parts)
        await _read_answers(read, ids, wanted, parts)
        became = wanted.get("deliveries")
        parts.became = await deliveries_by_message(read, ids, became, message_objects)
    return {row.id: _message(read, row, parts) for row in rows}


async def _read_content(
    read: Reading, ids: Sequence[UUID], wanted: Selection, parts: _Parts
) -> None:
    if wanted.any("to", "cc", "bcc", "replyTo", "colleagues", "resolutions"):
        parts.people = await messages.participants_of(*read.asked, ids)
    if "colleagues" in wanted:
        parts.colleagues = {
            id: await concerned(read.asking.context, found, read.asking)
            for id, found in parts.people.items()
        }
    if wanted.any("body", "bodyIsCut"):
        parts.contents = await contents_read(read, ids)
    if "resolutions" in wanted:
        parts.resolutions = await resolutions_of(read, parts.people, wanted["resolutions"])
    if "attachments" in wanted:
        parts.files = await messages.attachments_of(*read.asked, ids)
    if "senderCheck" in wanted:
        parts.checks = await sender_checks(read, ids)
    if "occurrences" in wanted:
        parts.places = await places_of(read, ids, wanted["occurrences"])


async def _read_relations(
    read: Reading, ids: Sequence[UUID], wanted: Selection, parts: _Parts
) -> None:
    if wanted.any("links", "parties", "documents"):
        rows = await links.links_of(*read.asked, ids, read.as_of)
        made = await made_links(
            read,
            [one for found in rows.values() for one in found],
            wanted["links"],
            wanted.get("parties"),
            wanted.get("documents"),
        )
        parts.links = {
            id: [made[one.id] for one in found if one.id in made] for id, found in rows.items()
        }
    if "conversationReasons" in wanted:
        parts.reasons = await reasons_of(*read.asked, ids)
    if "conversation" in wanted:
        of = await threads.conversations_of(*read.asked, ids)
        found = await conversation_objects(read, set(of.values()), wanted["conversation"])
        parts.conversations = {id: found[one] for id, one in of.items()}


async def _read_answers(
    read: Reading, ids: Sequence[UUID], wanted: Selection, parts: _Parts
) -> None:
    if wanted.any("status", "answeredBy", "answeredAt"):
        parts.letters = await letters_of(*read.asked, ids)
        if "answeredBy" in wanted or read.as_of.position is not None:
            by = {one.answered_by for one in parts.letters.values() if one.answered_by}
            parts.answers = await message_objects(read, by, wanted["answeredBy"])
    if "unanswered" in wanted:
        rows = await waiting_of(*read.asked, ids, read.as_of)
        waits = await made_waits(read, list(rows.values()), wanted["unanswered"])
        parts.waits = dict(zip(rows, waits, strict=True))


# ---- links


async def made_links(
    read: Reading,
    rows: Sequence[LinkRow],
    wanted: Selection,
    parties: Selection | None = None,
    documents: Selection | None = None,
) -> dict[UUID, Link]:
    """Make links of rows; what belongs to a party that may not be seen is as if not there."""
    hidden = await hidden_among(*read.asked, {row.target for row in rows})
    shown = wanted.any("target", "rejected")
    either = wanted["target"] | wanted["rejected"]
    whose: Mapping[UUID, Party] = {}
    if shown or parties is not None:
        ids = _targets(rows, TargetKind.PARTY)
        whose = await party_objects(read, ids, either | (parties or Selection()))
    about: Mapping[UUID, Document] = {}
    if shown or documents is not None:
        ids = _targets(rows, TargetKind.DOCUMENT)
        about = await document_objects(read, ids, either | (documents or Selection()))
    before: Mapping[UUID, Message] = {}
    if "inheritedFrom" in wanted:
        origins = {row.inherited_from for row in rows if row.inherited_from}
        before = await message_objects(read, origins, wanted["inheritedFrom"])
    whom: Mapping[UUID, Contact] = {}
    if shown:
        whom = await contact_objects(read, _targets(rows, TargetKind.CONTACT))
    targets: dict[UUID, Party | Document | Contact] = {**whose, **about, **whom}
    said: Mapping[UUID, RememberedChoice] = {}
    if "rememberedChoice" in wanted:
        choices = {row.choice for row in rows if row.choice}
        said = await choice_objects(read, choices, wanted["rememberedChoice"])
    return {row.id: _link(row, targets, before, said) for row in rows if row.target not in hidden}


def _targets(rows: Sequence[LinkRow], kind: TargetKind) -> set[UUID]:
    return {one for row in rows if row.kind == kind.value for one in (row.target, *row.rejected)}


def _link(
    row: LinkRow,
    targets: Mapping[UUID, Party | Document | Contact],
    before: Mapping[UUID, Message],
    said: Mapping[UUID, RememberedChoice],
) -> Link:
    rule, version = rule_said(row)
    return Link(
        id=encoded(Kind.LINK, row.id),
        target=targets.get(row.target),
        state=LinkState(row.state),
        reason=REASONS.get(row.rule, LinkReason.RULE),
        rule_id=rule,
        rule_version=version,
        confidence=row.confidence,
        place=row.place or None,
        evidence=row.evidence or None,
        is_unproven=row.rule in (UNPROVEN.name, UNPROVEN_REPLY.name),
        rejected=[targets[one] for one in row.rejected if one in targets],
        inherited_from=before.get(row.inherited_from) if row.inherited_from else None,
        remembered_choice=said.get(row.choice) if row.choice else None,
        by=who_said(row),
        at=row.from_time,
        position=Position(row.from_position),
    )


# ---- what waits


async def made_waits(
    read: Reading, rows: Sequence[Waiting], wanted: Selection
) -> list[Unanswered]:
    """Make waits of rows, in their order."""
    mails: Mapping[UUID, Message] = {}
    if "message" in wanted:
        mails = await _questions(read, rows, wanted["message"])
    boxes: Mapping[UUID, Mailbox] = {}
    if "mailboxes" in wanted:
        boxes = await mailbox_objects(read, {one for row in rows for one in row.mailboxes})
    until = read.as_of.time or datetime.now(UTC)
    connection, names, reader = read.asked
    asked = connection, names
    due = await measured(asked, reader, read.as_of, rows, wanted)
    said = await attended(read.asking, asked, reader, read.as_of, rows, wanted)
    return [
        Unanswered(
            message=mails.get(row.conversation),
            mailboxes=[boxes[one] for one in row.mailboxes if one in boxes],
            since=row.since,
            age=Duration(max(timedelta(0), until - row.since)),
            **due[row.message],
            **said[row.message],
        )
        for row in rows
    ]


async def _questions(
    read: Reading, rows: Sequence[Waiting], wanted: Selection
) -> dict[UUID, Message]:
    """Give for each wait's conversation the message it began with, or the next that is seen."""
    begun = {row.conversation: row.message for row in rows}
    found = await message_objects(read, set(begun.values()), wanted)
    hidden = {row.conversation: row.since for row in rows if row.message not in found}
    if hidden:
        begun |= await threads.questions_in(*read.asked, hidden)
        seen = {begun[one] for one in hidden}
        found |= await message_objects(read, seen - found.keys(), wanted)
    return {one: found[message] for one, message in begun.items() if message in found}


# ---- one message


def _message(read: Reading, row: MessageRow, parts: _Parts) -> Message:
    people = parts.people.get(row.id, [])
    said = parts.contents.get(row.id)
    counted = [one.target for one in parts.links.get(row.id, ()) if one.state in COUNTED]
    answered_at = _answered_at(read, parts.letters.get(row.id), parts)
    return Message(
        id=encoded(Kind.MESSAGE, row.id),
        key=row.id,
        asking=read.asking,
        header_id=row.header_id or None,
        direction=Direction(row.direction) if row.direction else None,
        status=status(row, answered_at),
        from_=Address(email=row.sender, name=row.sender_name or None) if row.sender else None,
        to=addresses(people, "to"),
        cc=addresses(people, "cc"),
        bcc=addresses(people, "bcc"),
        reply_to=addresses(people, "reply_to"),
        subject=row.subject,
        snippet=row.snippet,
        body=said.text if said else None,
        body_is_cut=said is not None and said.text_rest is not None,
        sent_at=row.sent_at,
        received_at=row.received_at,
        size=row.size,
        is_degraded=row.degraded,
        automatic=row.automatic,
        wants_answer=row.wants_answer,
        why=why(row),
        close_reason=CloseReason(row.close_reason) if row.closed else None,
        answered_by=_answer(parts, row.id) if answered_at else None,
        answered_at=answered_at,
        unanswered=parts.waits.get(row.id),
        attachments=[attachment(one) for one in parts.files.get(row.id, ())],
        sender_check=parts.checks.get(row.id) or SenderCheck(is_forged=False, results=[]),
        occurrences=parts.places.get(row.id, []),
        conversation=parts.conversations.get(row.id),
        conversation_reasons=parts.reasons.get(row.id, []),
        colleagues=parts.colleagues.get(row.id, []),
        resolutions=parts.resolutions.get(row.id, []),
        deliveries=parts.became.get(row.id, []),
        all_links=parts.links.get(row.id, []),
        parties=[one for one in counted if isinstance(one, Party)],
        documents=[one for one in counted if isinstance(one, Document)],
        raw_url=raw_path(row.id),
    )


def _answered_at(read: Reading, letter: Letter | None, parts: _Parts) -> datetime | None:
    """Give when a message was answered, if that was so, or known, in the past asked for."""
    if letter is None or letter.answered_by is None or letter.answered_at is None:
        return None
    if read.as_of.time is not None and letter.answered_at > read.as_of.time:
        return None
    if read.as_of.position is not None and letter.answered_by not in parts.answers:
        return None
    return letter.answered_at


def _answer(parts: _Parts, message: UUID) -> Message | None:
    by = parts.letters[message].answered_by
    return parts.answers.get(by) if by else None
