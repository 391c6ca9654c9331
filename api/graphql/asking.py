"""Questions, each put together from reading functions and the making of objects."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from strawberry import ID, Info

from api.graphql import inputs, people
from api.graphql.context import Context
from api.graphql.entries import made_entries, node_objects
from api.graphql.grounds import Regrouping
from api.graphql.ids import Kind, decoded, of_kind
from api.graphql.inputs import DocumentKey, PartyKey
from api.graphql.keys import document_rows, everyone, only, party_rows
from api.graphql.letters import made_links, made_messages, made_waits, message_objects
from api.graphql.mail import (
    Conversation,
    Document,
    Message,
    Party,
    TimelineConnection,
    TimelineEdge,
    Unanswered,
)
from api.graphql.node import AuditEntry, Node
from api.graphql.paging import Connection, connection, count, given, page, page_info
from api.graphql.parts import CorrespondenceStats, Mailbox
from api.graphql.people import User, own_addresses, user_object
from api.graphql.reading import (
    Reading,
    conversations_by_id,
    made_documents,
    made_parties,
    mailbox_objects,
    regrouping_object,
)
from api.graphql.selection import Selection
from domain.access import Scope
from domain.values import Rejected
from projections import documents, links, merges, messages, parties, threads, timelines, trails
from projections.colleagues import mail_of
from projections.documents import DocumentFilter
from projections.messages import MessageFilter
from projections.parties import PartyFilter
from projections.reader import NOW, AsOf, Order, Page, Slice
from projections.trails import AuditFilter
from projections.waits import LONGEST_WAIT_FIRST, WaitingFilter, waiting_in

At = Any
"""first, after, last, before: as the client gave them."""

K = TypeVar("K")
MOST_NODES: Final = 100
MOST_OBJECTS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Asking:
    """What one viewer asks."""

    context: Context

    @classmethod
    def by(cls, info: Info[Any, Any]) -> "Asking":
        """Give the one for this request."""
        return cls(info.context)

    @asynccontextmanager
    async def reading(self, as_of: AsOf = NOW) -> AsyncIterator[Reading]:
        """Lend a connection."""
        async with self.context.read() as (connection, names):
            yield Reading(connection, names, self.context.viewer.reader, self, as_of)

    # ---- single objects

    async def nodes(self, ids: Sequence[ID], wanted: Selection) -> list[Node | None]:
        """Give objects by their ids, in that order; null for what may not be seen."""
        if len(ids) > MOST_NODES:
            raise Rejected("INVALID", f"{len(ids)} ids are asked for; {MOST_NODES} is the most")
        named = [decoded(id) for id in ids]
        async with self.reading() as read:
            found = await node_objects(read, named, wanted)
        return [found.get(one) for one in named]

    async def message(self, id: ID, as_of: AsOf, wanted: Selection) -> Message | None:
        """Give a message as it was then."""
        message = of_kind(Kind.MESSAGE, id)
        async with self.reading(as_of) as read:
            return (await message_objects(read, [message], wanted)).get(message)

    async def party(self, by: PartyKey, wanted: Selection) -> Party | None:
        """Give the one party that a key names."""
        async with self.reading() as read:
            rows = await party_rows(read, self.context.carteggio.company, by)
            return only(await made_parties(read, rows, wanted), "parties")

    async def document(self, by: DocumentKey, wanted: Selection) -> Document | None:
        """Give the one document that a key names."""
        async with self.reading() as read:
            rows = await document_rows(read, self.context.carteggio.company, by)
            return only(await made_documents(read, rows, wanted), "documents")

    async def conversation(self, id: ID) -> Conversation | None:
        """Give a conversation, also by an id that was absorbed."""
        conversation = of_kind(Kind.CONVERSATION, id)
        async with self.reading() as read:
            return (await conversations_by_id(read, [conversation])).get(conversation)

    async def mailboxes(self) -> list[Mailbox]:
        """Give the mailboxes that may be seen."""
        async with self.reading() as read:
            return list((await mailbox_objects(read)).values())

    async def colleagues(self) -> list[User]:
        """Give the company's people."""
        return [user_object(row, self) for row in (await people.colleagues(self.context)).values()]

    async def stats(self, target: UUID, since: datetime | None) -> CorrespondenceStats:
        """Count the mail that belongs to a party or document."""
        async with self.reading() as read:
            counted = await merges.survivor_of(*read.asked, target)
            found = await timelines.correspondence(*read.asked, counted, given(since))
        return CorrespondenceStats(
            received=found.received,
            sent=found.sent,
            first_at=found.first_at,
            last_at=found.last_at,
        )

    # ---- lists

    async def parties(
        self, info: Info[Any, Any], wanted: PartyFilter, **at: At
    ) -> Connection[Party]:
        """Give parties by name."""
        asked = asked_page(info, parties.BY_NAME, at)
        async with self.reading() as read:
            found = await parties.page(*read.asked, wanted, asked)
            made = await made_parties(read, found.rows, nodes_of(info))
        return connection(found, parties.BY_NAME, lambda row: made[row.id])

    async def documents(
        self, info: Info[Any, Any], wanted: DocumentFilter, **at: At
    ) -> Connection[Document]:
        """Give documents, the newest first."""
        asked = asked_page(info, documents.BY_DATE, at)
        async with self.reading() as read:
            if wanted.parties:
                wanted = replace(wanted, parties=await everyone(read, wanted.parties))
            found = await documents.page(*read.asked, wanted, asked)
            made = await made_documents(read, found.rows, nodes_of(info))
        return connection(found, documents.BY_DATE, lambda row: made[row.id])

    async def papers(
        self,
        info: Info[Any, Any],
        party: UUID,
        wanted: inputs.DocumentFilter | None,
        **at: At,
    ) -> Connection[Document]:
        """Give a party's documents."""
        filter = (wanted or inputs.DocumentFilter()).of_party(party)
        return await self.documents(info, filter, **at)

    async def parts(
        self,
        info: Info[Any, Any],
        whole: UUID,
        wanted: inputs.DocumentFilter | None,
        **at: At,
    ) -> Connection[Document]:
        """Give the parts of a document."""
        filter = replace((wanted or inputs.DocumentFilter()).wanted(), part_of=whole)
        return await self.documents(info, filter, **at)

    async def messages(
        self, info: Info[Any, Any], wanted: MessageFilter, order: Order, **at: At
    ) -> Connection[Message]:
        """Give messages by the time they were received."""
        asked = asked_page(info, order, at)
        async with self.reading() as read:
            if wanted.party is not None:
                counted = await merges.survivor_of(*read.asked, wanted.party)
                wanted = replace(wanted, party=counted)
            found = await messages.page(*read.asked, wanted, asked, order)
            made = await made_messages(read, found.rows, nodes_of(info))
        return connection(found, order, lambda row: made[row.id])

    async def colleague(
        self, info: Info[Any, Any], colleague: UUID, **at: At
    ) -> Connection[Message]:
        """Give the mail that concerns a colleague, the newest first."""
        order = messages.NEWEST_FIRST
        asked, whose = asked_page(info, order, at), await own_addresses(self.context)
        addresses = [address for address, one in whose.items() if one == colleague]
        async with self.reading() as read:
            found = await mail_of(*read.asked, addresses, asked)
            made = await made_messages(read, found.rows, nodes_of(info))
        return connection(found, order, lambda row: made[row.id])

    async def thread(
        self, info: Info[Any, Any], conversation: UUID, **at: At
    ) -> Connection[Message]:
        """Give a conversation's mail."""
        asked = asked_page(info, threads.OLDEST_FIRST, at)
        async with self.reading() as read:
            found = await threads.thread(*read.asked, conversation, asked)
            made = await made_messages(read, found.rows, nodes_of(info))
        return connection(found, threads.OLDEST_FIRST, lambda row: made[row.id])

    async def ancestor(self, info: Info[Any, Any], conversation: UUID) -> Message | None:
        """Give the earlier message that a conversation does not go on with."""
        async with self.reading() as read:
            found = await threads.ancestors_of(*read.asked, [conversation])
            made = await message_objects(read, found.values(), Selection.of(info))
        return made.get(found.get(conversation, conversation)) if found else None

    async def regroupings(self, conversation: UUID) -> list[Regrouping]:
        """Give what people said about a conversation's messages."""
        async with self.reading() as read:
            found = await threads.regroupings_of(*read.asked, [conversation])
            return [regrouping_object(read, row) for row in found.get(conversation, [])]

    async def work(
        self, info: Info[Any, Any], of: Callable[..., Awaitable[Slice[Any]]], **at: At
    ) -> Connection[Message]:
        """Give a list of mail that waits for a person's choice."""
        asked = asked_page(info, links.NEWEST_FIRST, at)
        async with self.reading() as read:
            found = await of(*read.asked, asked)
            ids = [row.message for row in found.rows]
            made = await message_objects(read, ids, nodes_of(info))
        return connection(found, links.NEWEST_FIRST, lambda row: made.get(row.message))

    async def timeline(
        self,
        info: Info[Any, Any],
        target: UUID,
        wanted: inputs.TimelineFilter | None,
        as_of: inputs.AsOf | None,
        **at: At,
    ) -> TimelineConnection:
        """Give the mail that belongs to a party or document, the newest first."""
        order = timelines.NEWEST_FIRST
        asked, then = asked_page(info, order, at), inputs.moment(as_of)
        filter = wanted.wanted() if wanted else timelines.EVERYTHING
        edges = Selection.of(info)["edges"]
        async with self.reading(then) as read:
            counted = await merges.survivor_of(*read.asked, target, then)
            found = await timelines.timeline(*read.asked, counted, filter, asked, then)
            ids = [row.message for row in found.rows]
            mails = await message_objects(read, ids, edges["node"]) if "node" in edges else {}
            whys = await made_links(read, found.rows, edges["link"])
        return TimelineConnection(
            edges=[
                TimelineEdge(cursor=order.cursor(row), node=mails[row.message], link=whys[row.id])
                for row in found.rows
                if row.message in mails
            ],
            page_info=page_info(found, order),
            total_count=count(found),
        )

    async def unanswered(
        self,
        info: Info[Any, Any],
        wanted: WaitingFilter,
        as_of: AsOf = NOW,
        order: Order = LONGEST_WAIT_FIRST,
        **at: At,
    ) -> Connection[Unanswered]:
        """Give what waits."""
        asked = asked_page(info, order, at)
        async with self.reading(as_of) as read:
            if wanted.party is not None:
                counted = await merges.survivor_of(*read.asked, wanted.party, as_of)
                wanted = replace(wanted, party=counted)
            found = await waiting_in(*read.asked, asked, as_of, wanted, order)
            made = await made_waits(read, found.rows, nodes_of(info))
        return connection(found, order, _each(found.rows, made))

    async def waits(self, info: Info[Any, Any], party: UUID, **at: At) -> Connection[Unanswered]:
        """Give the mail of a party that waits."""
        return await self.unanswered(info, WaitingFilter(party=party), **at)

    async def log(
        self, info: Info[Any, Any], wanted: AuditFilter, **at: At
    ) -> Connection[AuditEntry]:
        """Give what happened in the company, the newest first."""
        return await self._entries(info, wanted, NOW, trails.NEWEST_FIRST, **at)

    async def trail(
        self,
        info: Info[Any, Any],
        object: UUID,
        as_of: inputs.AsOf | None,
        first: int | None,
        after: str | None,
    ) -> Connection[AuditEntry]:
        """Give what happened to an object, the oldest first."""
        wanted, then = AuditFilter(object), inputs.moment(as_of)
        return await self._entries(
            info, wanted, then, trails.OLDEST_FIRST, first=first, after=after
        )

    async def _entries(
        self,
        info: Info[Any, Any],
        wanted: AuditFilter,
        as_of: AsOf,
        order: Order,
        **at: At,
    ) -> Connection[AuditEntry]:
        asked, fields = asked_page(info, order, at), nodes_of(info)
        if Scope.READ_MAIL not in self.context.viewer.scopes:
            fields.fields.pop("subject", None)
        async with self.reading() as read:
            found = await trails.log(
                *read.asked, wanted, asked, as_of, order, self.context.viewer.manager
            )
            made = await made_entries(read, found.rows, fields)
        return connection(found, order, lambda row: made[row.position])


def asked_page(info: Info[Any, Any], order: Order, at: Mapping[str, Any]) -> Page:
    """Check which page is asked for; what nobody asks for is not counted.

    Lists inside of lists multiply: all of them together are bounded.
    """
    asked, context = page(order, **at), info.context
    context.asked_for += asked.last or asked.first
    if context.asked_for > MOST_OBJECTS:
        raise Rejected(
            "TOO_MUCH", f"the lists bring more than {MOST_OBJECTS:,} objects; ask for fewer"
        )
    return replace(asked, counted="totalCount" in Selection.of(info))


def nodes_of(info: Info[Any, Any]) -> Selection:
    """Give what is wanted of the objects of a connection."""
    return Selection.of(info)["edges"]["node"]


def _each(rows: Sequence[object], made: Sequence[K]) -> Callable[[object], K]:
    of = {id(row): one for row, one in zip(rows, made, strict=True)}
    return lambda row: of[id(row)]
