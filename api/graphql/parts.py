"""What mail and parties consist of: addresses, attachments, places, mailboxes."""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID

from api.graphql import people
from api.graphql.access import requires
from api.graphql.accounts import Account, account_object, overviews
from api.graphql.node import Audited
from api.graphql.people import MailboxHealth, MailboxMember, ParticipantRole
from api.paths import attachment_path
from domain.access import Scope
from domain.message import CloseReason, Direction
from projections.contents import AttachmentRow, ParticipantRow
from projections.mail import MessageRow
from projections.occurrences import OccurrenceRow

strawberry.enum(
    CloseReason,
    name="CloseReason",
    description="Why a message needs no answer any more, though none was captured.",
)


@strawberry.enum(description="Whether a message needs an answer.")
class MessageStatus(Enum):
    OPEN = strawberry.enum_value("open", description="It wants an answer and has none.")
    ANSWERED = strawberry.enum_value("answered", description="It was answered.")
    CLOSED = strawberry.enum_value("closed", description="A person said that it needs none.")
    NO_ANSWER_NEEDED = strawberry.enum_value(
        "no_answer_needed", description="It asks for none: ours, a machine's, old, or mere thanks."
    )


@strawberry.type(description="A mail address with the name that stood beside it.")
class Address:
    email: str = strawberry.field(description="The address as it was written.")
    name: str | None = strawberry.field(description="The name.")


@strawberry.enum(description="Whether it is known whose an address is.")
class AddressState(Enum):
    MATCHED = strawberry.enum_value("matched", description="It leads to one party.")
    AMBIGUOUS = strawberry.enum_value(
        "ambiguous", description="It leads to several parties: a person chooses."
    )
    UNKNOWN = strawberry.enum_value("unknown", description="It is nobody's who is known.")
    OURS = strawberry.enum_value("ours", description="It is the company's own.")


@strawberry.type(description="Whose an address in a message is, as it is known now.")
class AddressResolution:
    address: str = strawberry.field(description="The address as it was written.")
    name: str | None = strawberry.field(description="The name that stood beside it.")
    role: ParticipantRole = strawberry.field(description="In which role.")
    state: AddressState = strawberry.field(description="Whether it is known whose it is.")
    parties: list[Annotated["Party", strawberry.lazy("api.graphql.mail")]] = strawberry.field(  # type: ignore[name-defined]  # noqa: F821
        description="Whose it is, or may be: of its contacts, else by a rule that went by it."
    )


@strawberry.type(description="Why a message counts as what it is.")
class Why:
    kind: str | None = strawberry.field(
        description="The sort of machine mail: auto_reply, bounce, newsletter, pec_receipt, …"
    )
    reason: str = strawberry.field(
        description="Why it wants an answer or none: person_writes, machine_mail, courtesy, …; "
        "sender_unproven: it is in our name, but a server denies that we sent it."
    )
    evidence: str | None = strawberry.field(
        description="The very header or words on which that rests."
    )


@strawberry.type(description="What a mail server of ours found out about who sent a mail.")
class Authentication:
    method: str = strawberry.field(description="How: spf, dkim, dmarc, …")
    result: str = strawberry.field(description="What came of it: pass, fail, none, …")
    about: str = strawberry.field(description="What was examined: header.from=acme.example, …")
    server: str = strawberry.field(description="The server that says so.")


@strawberry.type(
    description="What mail servers of ours found out about who sent a mail, of the copies that may be "
    "seen; what other servers say is never shown."
)
class SenderCheck:
    is_forged: bool = strawberry.field(
        description="Whether one says that From is not who it claims to be (DMARC fails): then no "
        "address links the mail by itself."
    )
    results: list[Authentication] = strawberry.field(
        description="By which method with what result, each once: spf, dkim, dmarc, …"
    )


@strawberry.type(description="A file in a message.")
class Attachment:
    name: str = strawberry.field(description="Its name, to be shown; never a path.")
    media_type: str = strawberry.field(description="What its sender calls it: application/pdf, …")
    size: int = strawberry.field(description="Its octets.")
    is_inline: bool = strawberry.field(description="Whether it is shown inside the text.")
    content_id: str | None = strawberry.field(description="By which name the text refers to it.")
    url: str | None = strawberry.field(
        description="Where it can be downloaded, a path; null if it was not kept."
    )


@strawberry.type(description="An address whose mail is collected.")
class Mailbox(Audited):
    address: str = strawberry.field(description="Its address.")
    name: str | None = strawberry.field(description="Its name.")
    is_pec: bool = strawberry.field(description="Whether it is certified mail (RFC 6109).")

    @strawberry.field(description="The colleagues with whom it is shared.")
    async def members(self) -> list[MailboxMember]:
        return await people.members(self.asking.context, self.key, self.asking)

    @strawberry.field(description="How mail comes into it.")
    async def health(self) -> MailboxHealth:
        return await people.health(self.asking.context, self.key)

    @strawberry.field(
        description="Where it is fetched from; null if it is not.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def account(self) -> Account | None:
        one = (await overviews(self.asking.context)).get(self.key)
        return account_object(one, self.asking) if one else None


@strawberry.type(description="One place where a message was seen.")
class Occurrence:
    mailbox: Mailbox = strawberry.field(description="The mailbox.")
    folder: str = strawberry.field(description="The folder in it.")
    received_at: datetime = strawberry.field(description="When it came there.")
    seen: bool = strawberry.field(description="Whether it is marked as read there now.")
    flagged: bool = strawberry.field(description="Whether it is flagged there now.")
    answered: bool = strawberry.field(description="Whether it is marked as answered there now.")
    is_pending: bool = strawberry.field(
        description="Whether what was ordered for it there waits for the mail server."
    )
    gone: bool = strawberry.field(
        description="Whether it no longer lies there: it was moved or deleted; it is kept here."
    )
    is_variant: bool = strawberry.field(
        description="Whether this copy says something else than the others."
    )
    is_archived: bool = strawberry.field(
        description="Whether it is older than the first import: nothing waits because of it."
    )
    size: int = strawberry.field(description="This copy's octets.")
    whole_size: int | None = strawberry.field(
        description="Only the header was fetched, of so many octets: they come with messageFetch."
        " Null for what is here whole."
    )
    sha256: str = strawberry.field(description="The digest of this copy's octets.")
    authentication: list[Authentication] = strawberry.field(
        description="What our own mail servers found about who sent it (RFC 8601)."
    )


@strawberry.type(description="Somebody through whom a party writes.")
class Contact:
    id: ID = strawberry.field(description="Opaque; the same for ever.")
    address: str = strawberry.field(description="The mail address.")
    name: str | None = strawberry.field(description="The name.")
    role: str | None = strawberry.field(description="The role: sales, accounting, pec, …")
    receives: list[str] = strawberry.field(description="The kinds of documents that go there.")
    is_added_here: bool = strawberry.field(
        description="Whether a person added it here; else it is in the party's master data."
    )


@strawberry.type(description="An amount of money.")
class Money:
    amount: str = strawberry.field(description="Decimal text, as the ERP gave it.")
    currency: str | None = strawberry.field(description="The currency (ISO 4217).")


@strawberry.type(description="How much was written with a party, and over which time.")
class CorrespondenceStats:
    received: int = strawberry.field(description="Messages received.")
    sent: int = strawberry.field(description="Messages sent.")
    first_at: datetime | None = strawberry.field(description="When the first was received.")
    last_at: datetime | None = strawberry.field(description="When the last was received.")


# ---- made from rows


def status(row: MessageRow, answered_at: datetime | None) -> MessageStatus:
    """Say whether a message needs an answer."""
    if answered_at is not None:
        return MessageStatus.ANSWERED
    if row.closed:
        return MessageStatus.CLOSED
    asks = row.direction == Direction.INBOUND.value and row.wants_answer and not row.automatic
    return MessageStatus.OPEN if asks and not row.archived else MessageStatus.NO_ANSWER_NEEDED


def why(row: MessageRow) -> Why | None:
    """Say why a message counts as what it is; None before that was decided."""
    if row.direction is None:
        return None
    return Why(kind=row.kind or None, reason=row.reason, evidence=row.evidence or None)


def addresses(people: Iterable[ParticipantRow], role: str) -> list[Address]:
    """Give those that stand in one role."""
    return [
        Address(email=one.address, name=one.name or None) for one in people if one.role == role
    ]


def attachment(row: AttachmentRow) -> Attachment:
    """Describe a file, and where it can be had."""
    return Attachment(
        name=row.shown_name,
        media_type=row.media_type,
        size=row.size,
        is_inline=row.inline,
        content_id=row.content_id or None,
        url=attachment_path(row.message, row.ordinal) if row.blob else None,
    )


def occurrence(
    row: OccurrenceRow, mailbox: Mailbox, *, pending: bool, proofs: list[Authentication]
) -> Occurrence:
    """Say where a copy was seen; `pending`: something is ordered for it there."""
    return Occurrence(
        mailbox=mailbox,
        folder=row.folder,
        received_at=row.received_at,
        seen="seen" in row.flags,
        flagged="flagged" in row.flags,
        answered="answered" in row.flags,
        is_pending=pending,
        gone=row.gone,
        is_variant=row.variant,
        is_archived=row.archived,
        size=row.size,
        whole_size=row.whole_size,
        sha256=row.raw_sha256,
        authentication=proofs,
    )
