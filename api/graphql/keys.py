"""Parties and documents by the keys that clients know them by."""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from strawberry import ID

from api.graphql.ids import Kind, of_kind
from api.graphql.inputs import DocumentKey, DocumentNumber, PartyKey
from api.graphql.paging import given, text
from api.graphql.reading import Reading
from domain.choosing import Meant, Target, TargetKind
from domain.values import Rejected
from projections import documents, merges, parties
from projections.directory import DocumentRow, PartyRow

K = TypeVar("K")


async def party_rows(read: Reading, company: str, by: PartyKey) -> list[PartyRow]:
    """Give the parties that a key names; of several, as which they count."""
    rows = await _party_rows(read, company, by)
    if len(rows) < 2:
        return rows
    counted = await merges.survivors_of(*read.asked, [row.id for row in rows])
    ends = {counted.get(row.id, row.id) for row in rows}
    return list((await parties.by_ids(*read.asked, list(ends))).values()) if counted else rows


async def _party_rows(read: Reading, company: str, by: PartyKey) -> list[PartyRow]:
    if id := given(by.id):
        found = await parties.by_ids(*read.asked, [of_kind(Kind.PARTY, id)])
        return list(found.values())
    if code := given(by.code):
        if code.company != company:
            return []
        return await parties.by_erp_id(*read.asked, text(code.code), text(code.kind).casefold())
    if vat := given(by.vat_number):
        return await parties.by_vat_number(*read.asked, vat)
    return await parties.by_address(*read.asked, given(by.address) or "")


async def document_rows(read: Reading, company: str, by: DocumentKey) -> list[DocumentRow]:
    """Give the documents that a key names."""
    if id := given(by.id):
        found = await documents.by_ids(*read.asked, [of_kind(Kind.DOCUMENT, id)])
        return list(found.values())
    if number := given(by.number):
        if number.company != company:
            return []
        kind = text(number.kind).casefold()
        rows = await documents.by_number(*read.asked, kind, text(number.number))
        return [row for row in rows if _of_year(row, number)]
    return await documents.by_erp_id(*read.asked, given(by.external_id) or "")


def only(found: Mapping[UUID, K], what: str) -> K | None:
    """Give the one that was found, or nothing; refuse to choose among several."""
    if len(found) > 1:
        sentence = f"{len(found)} {what} have this key; ask for one by its id"
        raise Rejected("AMBIGUOUS", sentence)
    return next(iter(found.values()), None)


async def everyone(read: Reading, named: Sequence[UUID]) -> tuple[UUID, ...]:
    """Give the parties as which these count, and all that count as those."""
    counted = await merges.survivors_of(*read.asked, named)
    ends = {counted.get(one, one) for one in named}
    others = await merges.duplicates_of(*read.asked, list(ends))
    return tuple({*ends, *(one for found in others.values() for one in found)})


async def target_of(
    read: Reading, company: str, party: PartyKey | None, document: DocumentKey | None
) -> Target:
    """Give the one party or document that a link is to lead to."""
    if party is not None:
        kind, found = TargetKind.PARTY, [one.id for one in await party_rows(read, company, party)]
    elif document is not None:
        papers = await document_rows(read, company, document)
        kind, found = TargetKind.DOCUMENT, [one.id for one in papers]
    else:
        raise Rejected("INVALID", "target: a party or a document is needed")
    target = only({one: one for one in found}, f"records of this kind ({kind.value})")
    if target is None:
        raise Rejected("NOT_FOUND", f"target: there is no such {kind.value}")
    return kind, target


async def contact_meant(read: Reading, id: ID) -> Meant:
    """Give the contact that a link is to lead to, with the party that has it."""
    contact = of_kind(Kind.CONTACT, id)
    row = (await parties.contacts_by_ids(*read.asked, [contact])).get(contact)
    if row is None:
        raise Rejected("NOT_FOUND", "target: there is no such contact")
    return Meant(TargetKind.CONTACT, contact, contact_of=row.party)


def _of_year(row: DocumentRow, number: DocumentNumber) -> bool:
    year = given(number.year)
    return year is None or (row.issued_on is not None and row.issued_on.year == year)
