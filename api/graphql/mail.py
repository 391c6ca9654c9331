"""Mail and whom it is about: the types that lead to one another."""

from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info
from strawberry.scalars import JSON

from api.graphql.askable import Asking
from api.graphql.attention import Attended, AttendedThread
from api.graphql.deliverytypes import Delivery
from api.graphql.grounds import ConversationReason, Regrouping
from api.graphql.inputs import AsOf, DocumentFilter, LinkReason, TimelineFilter
from api.graphql.measured import Measured
from api.graphql.node import Actor, Audited, Node
from api.graphql.notes import Notable, NotableThread
from api.graphql.paging import Connection, Count, PageInfo
from api.graphql.parts import (
    Address,
    AddressResolution,
    Attachment,
    Contact,
    CorrespondenceStats,
    Mailbox,
    MessageStatus,
    Money,
    Occurrence,
    SenderCheck,
    Why,
)
from api.graphql.people import MessageColleague
from api.graphql.ruleruns import RuledOn
from api.graphql.scalars import Duration, Position
from api.graphql.tags import Taggable
from domain.message import CloseReason, Direction, LinkState

COUNTED: Final = [LinkState.AUTOMATIC, LinkState.CONFIRMED]


@strawberry.type(description="A customer, a supplier, a lead: whoever the company deals with.")
class Party(Audited):
    kind: str = strawberry.field(description="The kind, as the ERP has it: customer, supplier, …")
    code: str = strawberry.field(description="The code in the ERP.")
    source: str = strawberry.field(description="The system that the record comes from.")
    name: str = strawberry.field(description="The name.")
    vat_number: str | None = strawberry.field(description="The VAT number.")
    language: str | None = strawberry.field(description="The language to write in (ISO 639-1).")
    country: str | None = strawberry.field(description="The country (ISO 3166-1).")
    attributes: JSON = strawberry.field(description="Further columns, as the source has them.")
    contacts: list[Contact] = strawberry.field(description="Through whom it writes, by name.")
    url: str | None = strawberry.field(
        description="Where the ERP shows it; null without a pattern for it (entity_urls)."
    )
    merged_into: "Party | None" = strawberry.field(
        description="As which party it counts, because somebody merged it; its timeline, "
        "documents, unanswered mail and figures are that one's then."
    )
    merged: "list[Party]" = strawberry.field(
        description="The duplicates that count as it, by name: each with its own contacts."
    )

    @strawberry.field(description="All mail with it, the newest first; each with its link.")
    async def timeline(
        self,
        info: Info[Any, Any],
        filter: TimelineFilter | None = UNSET,
        as_of: AsOf | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> "TimelineConnection":
        asking: Asking = self.asking
        at = {"first": first, "after": after, "last": last, "before": before}
        found: TimelineConnection = await asking.timeline(info, self.key, filter, as_of, **at)
        return found

    @strawberry.field(description="Its documents, the newest first.")
    async def documents(
        self,
        info: Info[Any, Any],
        filter: DocumentFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
    ) -> "Connection[Document]":
        asking: Asking = self.asking
        return await asking.papers(info, self.key, filter, first=first, after=after)

    @strawberry.field(description="Its mail that nobody has answered, the longest wait first.")
    async def unanswered(
        self, info: Info[Any, Any], first: int | None = UNSET, after: str | None = UNSET
    ) -> "Connection[Unanswered]":
        asking: Asking = self.asking
        return await asking.waits(info, self.key, first=first, after=after)

    @strawberry.field(description="How much was written, since a moment if one is given.")
    async def stats(self, since: datetime | None = UNSET) -> CorrespondenceStats:
        asking: Asking = self.asking
        return await asking.stats(self.key, since)


@strawberry.type(
    description="A business record of the ERP or CRM: an offer, an order, an invoice, a due date, an "
    "activity, a site, …"
)
class Document(Audited, Notable):
    kind: str = strawberry.field(description="The kind, as the ERP has it: invoice, offer, …")
    number: str = strawberry.field(
        description="The number as the ERP writes it; empty for what is known by its title."
    )
    title: str | None = strawberry.field(
        description="What it is called by: an activity's subject, a site's address."
    )
    external_id: str = strawberry.field(description="Its id in the ERP.")
    source: str = strawberry.field(description="The system that the record comes from.")
    issued_on: date | None = strawberry.field(description="The day of issue.")
    due_on: date | None = strawberry.field(description="The day on which it is due.")
    amount: Money | None = strawberry.field(description="What it amounts to.")
    party_reference: str | None = strawberry.field(
        description="The other side's own number for it."
    )
    attributes: JSON = strawberry.field(
        description="Further columns of the source, as it has them."
    )
    party: Party | None = strawberry.field(description="Whose it is.")
    part_of: "Document | None" = strawberry.field(
        description="What it is a part of: a due date of its invoice, an activity of its "
        "opportunity."
    )
    url: str | None = strawberry.field(
        description="Where the ERP shows it; null without a pattern for it (entity_urls)."
    )

    @strawberry.field(description="Its parts, as an invoice's due dates; the newest first.")
    async def parts(
        self,
        info: Info[Any, Any],
        filter: DocumentFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
    ) -> "Connection[Document]":
        asking: Asking = self.asking
        return await asking.parts(info, self.key, filter, first=first, after=after)

    @strawberry.field(description="All mail about it, the newest first; each with its link.")
    async def timeline(
        self,
        info: Info[Any, Any],
        filter: TimelineFilter | None = UNSET,
        as_of: AsOf | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> "TimelineConnection":
        asking: Asking = self.asking
        at = {"first": first, "after": after, "last": last, "before": before}
        found: TimelineConnection = await asking.timeline(info, self.key, filter, as_of, **at)
        return found


LinkTarget = Annotated[
    Party | Document | Contact,
    strawberry.union("LinkTarget", description="What mail can belong to."),
]


@strawberry.type(description="Why a message belongs to a party or a document.")
class Link:
    id: ID = strawberry.field(description="Opaque; the same for ever.")
    target: LinkTarget | None = strawberry.field(
        description="What it belongs to; null if that was erased."
    )
    state: LinkState = strawberry.field(description="How sure it is.")
    reason: LinkReason = strawberry.field(description="By which kind of rule it was found.")
    rule_id: str | None = strawberry.field(description="Its name, or id; null for a person.")
    rule_version: int | None = strawberry.field(description="The rule's version.")
    confidence: int = strawberry.field(description="How sure, in percent.")
    place: str | None = strawberry.field(
        description="Where the evidence is: from, to, subject, text, reply, …"
    )
    evidence: str | None = strawberry.field(
        description="The very words on which it rests. Who sees only some mailboxes is told those "
        "of an inherited link at the message that it comes from."
    )
    is_unproven: bool = strawberry.field(
        description="Whether it waits for a person alone because our server found the sender forged."
    )
    rejected: list[LinkTarget] = strawberry.field(description="The candidates that lost.")
    inherited_from: "Message | None" = strawberry.field(
        description="The message whose link it took over, or that told of the address."
    )
    remembered_choice: Node | None = strawberry.field(
        description="What a person said of the address, on which it rests: a RememberedChoice."
    )
    by: Actor = strawberry.field(description="Who said so.")
    at: datetime = strawberry.field(description="When it was recorded.")
    position: Position = strawberry.field(description="Where in the journal.")


@strawberry.type(
    description="Messages that belong together: by their references (RFC 5256), by what was found, "
    "and by what people said."
)
class Conversation(Node, NotableThread, AttendedThread):
    key: strawberry.Private[UUID]
    asking: strawberry.Private[Any]
    subject: str = strawberry.field(description="The subject of its first message.")
    message_count: int = strawberry.field(description="How many messages may be seen.")
    first_at: datetime = strawberry.field(description="When the first was received.")
    last_at: datetime = strawberry.field(description="When the last was received.")

    @strawberry.field(description="Its messages, in the order received.")
    async def messages(
        self,
        info: Info[Any, Any],
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> "Connection[Message]":
        asking: Asking = self.asking
        at = {"first": first, "after": after, "last": last, "before": before}
        return await asking.thread(info, self.key, **at)

    @strawberry.field(
        description="The earlier message that its first one refers to, though it is about something "
        "else, or answers what went to many; null if there is none, or it may not be seen."
    )
    async def ancestor(self, info: Info[Any, Any]) -> "Message | None":
        asking: Asking = self.asking
        found: Message | None = await asking.ancestor(info, self.key)
        return found

    @strawberry.field(description="What people said about its messages that may be seen.")
    async def regroupings(self) -> list[Regrouping]:
        asking: Asking = self.asking
        found: list[Regrouping] = await asking.regroupings(self.key)
        return found


@strawberry.type(
    description="A wait: nobody has answered, from the first message that asks until now."
)
class Unanswered(Measured, Attended):
    message: "Message | None" = strawberry.field(
        description="The message with which it began, or the first that may be seen and asks."
    )
    mailboxes: list[Mailbox] = strawberry.field(description="Where it waits.")
    since: datetime = strawberry.field(description="When it began.")
    age: Duration = strawberry.field(
        description="How long, until now or until the time asked for."
    )


@strawberry.type(description="One mail, however often it was seen.")
class Message(Audited, Notable, RuledOn, Taggable):
    header_id: str | None = strawberry.field(
        description="The Message-ID as its writer gave it, without angle brackets."
    )
    direction: Direction | None = strawberry.field(
        description="Which way it went; null until it was classified."
    )
    status: MessageStatus = strawberry.field(
        description="Whether it needs an answer. Of the past by position: by today's answer, if "
        "that was captured then."
    )
    from_: Address | None = strawberry.field(name="from", description="Who wrote it.")
    to: list[Address] = strawberry.field(description="To whom.")
    cc: list[Address] = strawberry.field(description="With a copy to whom.")
    bcc: list[Address] = strawberry.field(
        description="Who had a blind copy; only told to who reads the mailbox that sent it."
    )
    reply_to: list[Address] = strawberry.field(description="Where answers are wanted.")
    subject: str = strawberry.field(description="The subject; empty if there is none.")
    snippet: str = strawberry.field(description="How the text begins.")
    body: str | None = strawberry.field(description="The text, 64 KB of it at most.")
    body_is_cut: bool = strawberry.field(description="Whether the text is longer: see `rawUrl`.")
    sent_at: datetime | None = strawberry.field(description="The time in its Date header.")
    received_at: datetime = strawberry.field(description="When it was received.")
    size: int = strawberry.field(description="Its octets.")
    is_degraded: bool = strawberry.field(
        description="Whether it could not be read in full; its octets are kept all the same."
    )
    automatic: bool = strawberry.field(description="Whether a machine wrote it.")
    wants_answer: bool = strawberry.field(description="Whether it asks for an answer.")
    why: Why | None = strawberry.field(
        description="Why it counts as that; null until it was classified."
    )
    close_reason: CloseReason | None = strawberry.field(
        description="Why a person said that it needs no answer; null if nobody did."
    )
    answered_by: "Message | None" = strawberry.field(description="The message that answers it.")
    answered_at: datetime | None = strawberry.field(description="When that was sent or received.")
    unanswered: Unanswered | None = strawberry.field(
        description="The wait that began with it; null if it does not wait, or began none."
    )
    attachments: list[Attachment] = strawberry.field(description="Its attachments, in order.")
    sender_check: SenderCheck = strawberry.field(
        description="What our own mail servers found about who sent it."
    )
    occurrences: list[Occurrence] = strawberry.field(
        description="Where it was seen, as far as those mailboxes may be seen."
    )
    conversation: Conversation | None = strawberry.field(
        description="The conversation that it belongs to now."
    )
    conversation_reasons: list[ConversationReason] = strawberry.field(
        description="Why it is there, where its references alone do not say so."
    )
    colleagues: list[MessageColleague] = strawberry.field(
        description="The colleagues whom it concerns: who wrote it, to whom it went."
    )
    resolutions: list[AddressResolution] = strawberry.field(
        description="Whose each of its addresses is, as it is known now."
    )
    deliveries: list[Delivery] = strawberry.field(
        description="What became of it for each recipient, if it left from here; told to who reads "
        "the mailbox that sent it."
    )
    all_links: strawberry.Private[list[Link]]
    parties: list[Party] = strawberry.field(
        description="To whom it belongs, by automatic and confirmed links."
    )
    documents: list[Document] = strawberry.field(
        description="To what it belongs, by automatic and confirmed links."
    )
    raw_url: str = strawberry.field(description="Where its original octets are; a path.")

    @strawberry.field(
        description="Why it belongs to parties and documents; by default what counts."
    )
    def links(self, states: list[LinkState] = COUNTED) -> list[Link]:
        return [one for one in self.all_links if one.state in states]


@strawberry.type(description="A message in a timeline, with what put it there.")
class TimelineEdge:
    cursor: str = strawberry.field(description="The place; opaque, and only good in this list.")
    node: Message = strawberry.field(description="The message.")
    link: Link = strawberry.field(description="Why it stands here.")


@strawberry.type(description="A page of a timeline.")
class TimelineConnection:
    edges: list[TimelineEdge] = strawberry.field(description="The page's messages, in order.")
    page_info: PageInfo = strawberry.field(description="Where the page lies.")
    total_count: Count = strawberry.field(description="How many match on all pages.")
