"""Rows become objects: all that is wanted of many objects is read at once, part by part."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from adapters.entityurls import document_url, party_url
from api.graphql.grounds import Regrouping
from api.graphql.ids import Kind, encoded
from api.graphql.mail import Conversation, Document, Party
from api.graphql.node import Actor
from api.graphql.parts import Contact, Mailbox, Money
from api.graphql.scalars import Position
from api.graphql.selection import Selection
from api.work.outward import waiting_for
from api.work.undone import key_of
from domain.identity import account_id
from domain.party import BY_PEOPLE
from domain.regrouping import RegroupingKind
from domain.values import ActorKind, MailboxId
from projections import company, documents, merges, parties, threads
from projections.conversations import RegroupingRow
from projections.directory import ContactRow, DocumentRow, PartyRow
from projections.occurrences import OccurrenceRow
from projections.projection import Names
from projections.reader import NOW, AsOf, Reader
from projections.threads import Thread


@dataclass(frozen=True, slots=True)
class Reading:
    """A connection lent for a moment, for whom it reads, and of which past."""

    connection: AsyncConnection[TupleRow]
    names: Names
    reader: Reader
    asking: Any
    as_of: AsOf = NOW

    @property
    def asked(self) -> tuple[AsyncConnection[TupleRow], Names, Reader]:
        """Give what every reading function takes first."""
        return self.connection, self.names, self.reader

    @property
    def entity_urls(self) -> Mapping[str, str]:
        """Give where the ERP shows records, as patterns by their kinds."""
        patterns: Mapping[str, str] = self.asking.context.carteggio.settings.entity_urls
        return patterns


async def party_objects(
    read: Reading, ids: Collection[UUID], wanted: Selection
) -> dict[UUID, Party]:
    """Give many parties."""
    if not ids:
        return {}
    rows = await parties.by_ids(*read.asked, list(ids))
    return await made_parties(read, rows.values(), wanted)


async def made_parties(
    read: Reading, rows: Iterable[PartyRow], wanted: Selection
) -> dict[UUID, Party]:
    """Make parties of rows."""
    rows = list(rows)
    contacts: Mapping[UUID, list[ContactRow]] = {}
    if "contacts" in wanted and rows:
        contacts = await parties.contacts_of(*read.asked, [row.id for row in rows])
    whole = {row.id: _party(read, row, contacts.get(row.id, [])) for row in rows}
    await _read_merges(read, whole, wanted)
    return whole


async def _read_merges(read: Reading, whole: Mapping[UUID, Party], wanted: Selection) -> None:
    if not whole:
        return
    if "mergedInto" in wanted:
        into = await merges.survivors_of(*read.asked, list(whole))
        ends = await party_objects(read, set(into.values()), wanted["mergedInto"])
        for id, end in into.items():
            whole[id].merged_into = ends.get(end)
    if "merged" in wanted:
        of = await merges.duplicates_of(*read.asked, list(whole))
        others = {one for found in of.values() for one in found}
        shown = await party_objects(read, others, wanted["merged"])
        for id, found in of.items():
            whole[id].merged = [shown[one] for one in found if one in shown]


def _party(read: Reading, row: PartyRow, contacts: Sequence[ContactRow]) -> Party:
    return Party(
        id=encoded(Kind.PARTY, row.id),
        key=row.id,
        asking=read.asking,
        kind=row.kind,
        code=row.erp_id,
        source=row.source,
        name=row.name,
        vat_number=row.vat_number or None,
        language=row.language or None,
        country=row.country or None,
        attributes=orjson.loads(row.attributes),
        contacts=[_contact(one) for one in contacts],
        url=party_url(read.entity_urls, row.kind, row.erp_id),
        merged_into=None,
        merged=[],
    )


def _contact(row: ContactRow) -> Contact:
    return Contact(
        id=encoded(Kind.CONTACT, row.id),
        address=row.address,
        name=row.name or None,
        role=row.role or None,
        receives=row.receives,
        is_added_here=row.source == BY_PEOPLE,
    )


async def contact_objects(read: Reading, ids: Collection[UUID]) -> dict[UUID, Contact]:
    """Give many contacts."""
    if not ids:
        return {}
    rows = await parties.contacts_by_ids(*read.asked, list(ids))
    return {id: _contact(row) for id, row in rows.items()}


async def document_objects(
    read: Reading, ids: Collection[UUID], wanted: Selection
) -> dict[UUID, Document]:
    """Give many documents."""
    if not ids:
        return {}
    rows = await documents.by_ids(*read.asked, list(ids))
    return await made_documents(read, rows.values(), wanted)


async def made_documents(
    read: Reading, rows: Iterable[DocumentRow], wanted: Selection
) -> dict[UUID, Document]:
    """Make documents of rows."""
    rows = list(rows)
    owners: Mapping[UUID, Party] = {}
    if "party" in wanted:
        whose = {row.party for row in rows if row.party is not None}
        owners = await party_objects(read, whose, wanted["party"])
    wholes: Mapping[UUID, Document] = {}
    if "partOf" in wanted:
        named = {row.part_of for row in rows if row.part_of is not None}
        wholes = await document_objects(read, named, wanted["partOf"])
    return {row.id: _document(read, row, owners, wholes) for row in rows}


def _document(
    read: Reading,
    row: DocumentRow,
    owners: Mapping[UUID, Party],
    wholes: Mapping[UUID, Document],
) -> Document:
    return Document(
        id=encoded(Kind.DOCUMENT, row.id),
        key=row.id,
        asking=read.asking,
        kind=row.kind,
        number=row.number,
        title=row.title or None,
        external_id=row.erp_id,
        source=row.source,
        issued_on=row.issued_on,
        due_on=row.due_on,
        amount=Money(amount=row.amount, currency=row.currency or None) if row.amount else None,
        party_reference=row.party_reference or None,
        attributes=orjson.loads(row.attributes),
        party=owners.get(row.party) if row.party is not None else None,
        part_of=wholes.get(row.part_of) if row.part_of is not None else None,
        url=document_url(read.entity_urls, row.kind, row.number, row.erp_id),
    )


async def mailbox_objects(
    read: Reading, ids: Collection[UUID] | None = None
) -> dict[UUID, Mailbox]:
    """Give many mailboxes, or all that the reader sees."""
    if ids is None:
        rows = await company.mailboxes(*read.asked)
    else:
        rows = list((await company.mailboxes_by_ids(*read.asked, list(ids))).values())
    return {
        row.id: Mailbox(
            id=encoded(Kind.MAILBOX, row.id),
            key=row.id,
            asking=read.asking,
            address=row.address,
            name=row.name or None,
            is_pec=row.certified,
        )
        for row in rows
    }


async def places_pending(read: Reading, places: Sequence[OccurrenceRow]) -> set[tuple[UUID, int]]:
    """Give the places for which something is ordered that the mail server has not done yet."""
    key = read.asking.context.carteggio.identity_key
    waiting = await waiting_for(read.connection, {one.message for one in places})
    return {
        (one.message, one.position)
        for one in places
        if waiting
        and (one.message, key_of(key, account_id(key, MailboxId(one.mailbox)), one.folder))
        in waiting
    }


async def conversation_objects(
    read: Reading, ids: Collection[UUID], wanted: Selection
) -> dict[UUID, Conversation]:
    """Give conversations of which something may be seen, which who asks has made sure of."""
    found: Mapping[UUID, Thread] = {}
    if ids and wanted.beyond("id", "messages"):
        found = await threads.threads_of(*read.asked, list(ids))
    return {id: _conversation(read, id, found.get(id)) for id in ids}


async def conversations_by_id(read: Reading, ids: Sequence[UUID]) -> dict[UUID, Conversation]:
    """Give conversations by ids, also those they had before, as far as something of them may be seen."""
    now = await threads.conversations_of(*read.asked, ids)
    found = await threads.threads_of(*read.asked, list(set(now.values())))
    return {
        id: _conversation(read, lead, found[lead]) for id, lead in now.items() if lead in found
    }


async def regroupings_by_id(read: Reading, ids: Sequence[UUID]) -> dict[UUID, Regrouping]:
    """Give those regroupings that stand, as far as something of them may be seen."""
    rows = await threads.regroupings(*read.asked, ids)
    return {id: regrouping_object(read, row) for id, row in rows.items()}


def regrouping_object(read: Reading, row: RegroupingRow) -> Regrouping:
    """Give what somebody said about which messages belong together."""
    return Regrouping(
        id=encoded(Kind.REGROUPING, row.id),
        key=row.id,
        asking=read.asking,
        kind=RegroupingKind(row.kind),
        by=Actor(kind=ActorKind(row.actor_kind), id=row.actor_id),
        at=row.at,
        position=Position(row.position),
    )


def _conversation(read: Reading, id: UUID, thread: Thread | None) -> Conversation:
    """What was not wanted is never shown; so it may be anything."""
    return Conversation(
        id=encoded(Kind.CONVERSATION, id),
        key=id,
        asking=read.asking,
        subject=thread.subject if thread else "",
        message_count=thread.messages if thread else 0,
        first_at=thread.first_at if thread else None,  # type: ignore[arg-type]
        last_at=thread.last_at if thread else None,  # type: ignore[arg-type]
    )
