"""What a question may give: moments, keys of the ERP, filters."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from enum import Enum
from typing import Final, TypeVar
from uuid import UUID

import strawberry
from strawberry import ID, UNSET

from api.graphql import ids
from api.graphql.ids import Kind
from api.graphql.paging import given, text
from api.graphql.scalars import Position
from domain.message import Direction, LinkState
from domain.rules import (
    ADDRESS,
    ALONE,
    ANNOUNCED,
    DOMAIN,
    FORM,
    FORWARD,
    MAIL_RULE,
    NUMBER,
    PERSON,
    REMEMBERED,
    REPLY,
    TOKEN,
    UNPROVEN,
    UNPROVEN_REPLY,
)
from domain.tagging import key_of
from domain.values import Rejected
from projections import documents, messages, parties, reader, timelines, trails

T = TypeVar("T")
_FROM: Final = "Received at this moment or later."
_TO: Final = "Received before this moment."

strawberry.enum(
    Direction, name="Direction", description="Which way a message went, seen from the company."
)
strawberry.enum(
    LinkState,
    name="LinkState",
    description="How sure a link is: automatic and confirmed ones count, others wait for a person.",
)


@strawberry.enum(description="By which kind of rule a message was found to belong to something.")
class LinkReason(Enum):
    ADDRESS = strawberry.enum_value(
        "address", description="A correspondent's address is a contact's."
    )
    DOMAIN = strawberry.enum_value(
        "domain", description="A correspondent's address is in the domain of a party's contacts."
    )
    DOCUMENT_NUMBER = strawberry.enum_value(
        "document_number", description="The mail names a document of a matched party."
    )
    SIGNED_TOKEN = strawberry.enum_value(
        "signed_token", description="A signed token of our own in the mail names it."
    )
    REPLY = strawberry.enum_value("reply", description="It answers mail that is linked so.")
    MANUAL = strawberry.enum_value("manual", description="A person said so.")
    REMEMBERED = strawberry.enum_value(
        "remembered",
        description="A person said so for all mail with the address; `rememberedChoice` tells who.",
    )
    RULE = strawberry.enum_value("rule", description="Another rule; `ruleId` names it.")


REASONS: Final = {
    ADDRESS.name: LinkReason.ADDRESS,
    FORM.name: LinkReason.ADDRESS,
    FORWARD.name: LinkReason.ADDRESS,
    UNPROVEN.name: LinkReason.ADDRESS,
    ANNOUNCED.name: LinkReason.ADDRESS,
    DOMAIN.name: LinkReason.DOMAIN,
    NUMBER.name: LinkReason.DOCUMENT_NUMBER,
    ALONE.name: LinkReason.DOCUMENT_NUMBER,
    TOKEN.name: LinkReason.SIGNED_TOKEN,
    REPLY.name: LinkReason.REPLY,
    UNPROVEN_REPLY.name: LinkReason.REPLY,
    PERSON.name: LinkReason.MANUAL,
    MAIL_RULE.name: LinkReason.RULE,
    REMEMBERED.name: LinkReason.REMEMBERED,
    "": LinkReason.MANUAL,
}
"""The reason that each rule of the ladder stands for; a person has no rule."""


def rules_of(reasons: Iterable[LinkReason]) -> tuple[str, ...]:
    """Give the rules that stand for these reasons."""
    wanted = set(reasons)
    if LinkReason.RULE in wanted:
        raise Rejected("INVALID", "reasons: RULE stands for rules unknown here; name others")
    return tuple(rule for rule, reason in REASONS.items() if reason in wanted)


@strawberry.input(one_of=True, description="The past: exactly one of the two.")
class AsOf:
    time: datetime | None = strawberry.field(
        default=UNSET, description="How mail stood then, as it is known today."
    )
    position: Position | None = strawberry.field(
        default=UNSET, description="What was known when this was the last event."
    )


def moment(as_of: AsOf | None) -> reader.AsOf:
    """Read which past is asked for; none: the present."""
    if not as_of:
        return reader.NOW
    return reader.AsOf(position=given(as_of.position), time=given(as_of.time))


@strawberry.input(description="A party's code in the ERP.")
class PartyCode:
    company: str = strawberry.field(description="The company's name in Carteggio.")
    kind: str = strawberry.field(description="The kind as the ERP has it: customer, supplier, …")
    code: str = strawberry.field(description="The code.")


@strawberry.input(one_of=True, description="One party, named in one of these ways.")
class PartyKey:
    id: ID | None = strawberry.field(default=UNSET, description="Its id here.")
    code: PartyCode | None = strawberry.field(default=UNSET, description="Its code in the ERP.")
    vat_number: str | None = strawberry.field(
        default=UNSET, description="Its VAT number; spaces and dots aside."
    )
    address: str | None = strawberry.field(
        default=UNSET, description="The mail address of one of its contacts."
    )


@strawberry.input(description="A document's number in the ERP.")
class DocumentNumber:
    company: str = strawberry.field(description="The company's name in Carteggio.")
    kind: str = strawberry.field(description="The kind as the ERP has it: invoice, offer, …")
    number: str = strawberry.field(description="The number as the ERP writes it; case aside.")
    year: int | None = strawberry.field(
        default=UNSET, description="The year of issue, where numbers begin again each year."
    )


@strawberry.input(one_of=True, description="One document, named in one of these ways.")
class DocumentKey:
    id: ID | None = strawberry.field(default=UNSET, description="Its id here.")
    number: DocumentNumber | None = strawberry.field(default=UNSET, description="Its number.")
    external_id: str | None = strawberry.field(default=UNSET, description="Its id in the ERP.")


@strawberry.input(description="Which parties; nothing given means all.")
class PartyFilter:
    kinds: list[str] | None = strawberry.field(default=UNSET, description="Of these kinds.")
    text: str | None = strawberry.field(
        default=UNSET,
        description="The beginning of a name, case and accents aside, or a whole code.",
    )

    def wanted(self) -> parties.PartyFilter:
        """Say it in the read model's words."""
        return parties.PartyFilter(_some(self.kinds, str.casefold), given(self.text) or "")


@strawberry.input(description="Which documents; nothing given means all.")
class DocumentFilter:
    kinds: list[str] | None = strawberry.field(default=UNSET, description="Of these kinds.")
    party_id: ID | None = strawberry.field(default=UNSET, description="Of this party.")
    from_: date | None = strawberry.field(
        name="from", default=UNSET, description="Issued on this day or later."
    )
    to: date | None = strawberry.field(default=UNSET, description="Issued on this day or earlier.")
    text: str | None = strawberry.field(
        default=UNSET, description="The beginning of a number or title."
    )

    def wanted(self) -> documents.DocumentFilter:
        """Say it in the read model's words."""
        return documents.DocumentFilter(
            kinds=_some(self.kinds, str.casefold),
            parties=() if (party := _one(Kind.PARTY, self.party_id)) is None else (party,),
            from_day=given(self.from_),
            to_day=given(self.to),
            text=given(self.text) or "",
        )

    def of_party(self, party: UUID) -> documents.DocumentFilter:
        """Say it for the documents of one party."""
        asked = _one(Kind.PARTY, self.party_id)
        if asked not in (None, party):
            raise Rejected("INVALID", "partyId names another party than the one asked")
        return replace(self.wanted(), parties=(party,))


@strawberry.input(description="Which messages; nothing given means all.")
class MessageFilter:
    mailbox_ids: list[ID] | None = strawberry.field(
        default=UNSET, description="Seen in one of these mailboxes."
    )
    directions: list[Direction] | None = strawberry.field(
        default=UNSET, description="That went one of these ways."
    )
    party_id: ID | None = strawberry.field(default=UNSET, description="Of this party.")
    document_id: ID | None = strawberry.field(default=UNSET, description="About this document.")
    from_: datetime | None = strawberry.field(name="from", default=UNSET, description=_FROM)
    to: datetime | None = strawberry.field(default=UNSET, description=_TO)
    has_attachments: bool | None = strawberry.field(
        default=UNSET, description="With attachments, or without."
    )
    is_linked: bool | None = strawberry.field(
        default=UNSET, description="That belongs to a party or document, or to none."
    )
    is_automatic: bool | None = strawberry.field(
        default=UNSET, description="Written by a machine, or by a person."
    )
    tag: str | None = strawberry.field(default=UNSET, description="With this tag, case aside.")

    def wanted(self) -> messages.MessageFilter:
        """Say it in the read model's words."""
        return messages.MessageFilter(
            mailboxes=_boxes(self.mailbox_ids),
            directions=_some(self.directions, _value),
            party=_one(Kind.PARTY, self.party_id),
            document=_one(Kind.DOCUMENT, self.document_id),
            from_time=given(self.from_),
            to_time=given(self.to),
            has_attachments=given(self.has_attachments),
            is_linked=given(self.is_linked),
            automatic=given(self.is_automatic),
            tag=tag_key(self.tag) or None,
        )


@strawberry.input(description="Which part of a timeline; nothing given means all of it.")
class TimelineFilter:
    direction: Direction | None = strawberry.field(
        default=UNSET, description="Only what went this way."
    )
    from_: datetime | None = strawberry.field(name="from", default=UNSET, description=_FROM)
    to: datetime | None = strawberry.field(default=UNSET, description=_TO)
    mailbox_ids: list[ID] | None = strawberry.field(
        default=UNSET, description="Seen in one of these mailboxes."
    )
    reasons: list[LinkReason] | None = strawberry.field(
        default=UNSET, description="Only what stands there for one of these reasons."
    )

    def wanted(self) -> timelines.TimelineFilter:
        """Say it in the read model's words."""
        direction = given(self.direction)
        return timelines.TimelineFilter(
            directions=(direction.value,) if direction else (),
            mailboxes=_boxes(self.mailbox_ids),
            from_time=given(self.from_),
            to_time=given(self.to),
            rules=rules_of(given(self.reasons) or ()),
        )


@strawberry.input(description="Which entries of the audit log; nothing given means all.")
class AuditFilter:
    subject_id: ID | None = strawberry.field(
        default=UNSET, description="What happened to this object, or concerned it."
    )
    actor_id: str | None = strawberry.field(
        default=UNSET, description="What this actor made happen, by its id."
    )
    events: list[str] | None = strawberry.field(
        default=UNSET, description="Events of these names: message.closed, …"
    )
    from_: datetime | None = strawberry.field(
        name="from", default=UNSET, description="Recorded at this moment or later."
    )
    to: datetime | None = strawberry.field(
        default=UNSET, description="Recorded before this moment."
    )

    def wanted(self) -> trails.AuditFilter:
        """Say it in the read model's words."""
        subject = given(self.subject_id)
        return trails.AuditFilter(
            object=ids.decoded(subject)[1] if subject is not None else None,
            actor_id=given(self.actor_id) or "",
            events=_some(self.events, str),
            from_time=given(self.from_),
            to_time=given(self.to),
        )


def tag_key(tag: str | None) -> str | None:
    """Give the key of a tag that is asked for; None: none is."""
    named = given(tag)
    return None if named is None else key_of(text(named))


def _value(one: Direction) -> str:
    return one.value


def _some(values: list[T] | None, as_: Callable[[T], str]) -> tuple[str, ...]:
    return tuple(text(as_(one)) for one in given(values) or ())


def _one(kind: Kind, id: ID | None) -> UUID | None:
    found = given(id)
    return None if found is None else ids.of_kind(kind, found)


def _boxes(found: list[ID] | None) -> tuple[UUID, ...]:
    return tuple(ids.of_kind(Kind.MAILBOX, one) for one in given(found) or ())
