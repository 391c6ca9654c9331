"""Whose the addresses of a mail are, and whom it is about: looked up before it leaves."""

from collections.abc import Collection, Sequence
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.work.instance import Carteggio
from domain.choosing import Target, TargetKind
from domain.doubts import Circle, Known
from domain.values import Address, DocumentId
from projections import addressbook, merges, parties
from projections.projection import Names
from projections.reader import EVERYTHING, Reader
from projections.surroundings import around

Asked = tuple[AsyncConnection[TupleRow], Names, Reader]


async def circle_of(
    carteggio: Carteggio, document: DocumentId | None, targets: Sequence[Target], reader: Reader
) -> Circle:
    """Give whom a mail is about: the parties of its document, of what is around it, of its links."""
    async with carteggio.reading() as (connection, names):
        asked = connection, names, EVERYTHING
        found = {id for kind, id in targets if kind is TargetKind.PARTY}
        whose = [id for kind, id in targets if kind is TargetKind.CONTACT]
        found |= {one.party for one in (await parties.contacts_by_ids(*asked, whose)).values()}
        papers = {id for kind, id in targets if kind is TargetKind.DOCUMENT}
        papers |= {document} if document is not None else set()
        for one in papers:
            rows = await around(*asked, one)
            found |= {row.party for row in rows if row.party is not None}
        return Circle(frozenset(await _counted(asked, found)), reader.clearance)


async def known_of(carteggio: Carteggio, people: Sequence[Address]) -> dict[str, Known]:
    """Give whose addresses are by master data, by Address.key; those of nobody are absent."""
    async with carteggio.reading() as (connection, names):
        asked = connection, names, EVERYTHING
        rows = await addressbook.holders(*asked, [one.key for one in people])
        counted = await merges.survivors_of(*asked, list({row.party for row in rows}))
    found: dict[str, Known] = {}
    for row in rows:
        one = found.get(row.address_key, Known(frozenset()))
        # Whoever is known twice is as confidential as where he is so least.
        level = min(one.level, row.level) if one.parties else row.level
        party = counted.get(row.party, row.party)
        found[row.address_key] = Known(one.parties | {party}, level)
    return found


async def _counted(asked: Asked, found: Collection[UUID]) -> set[UUID]:
    counted = await merges.survivors_of(*asked, list(found))
    return {counted.get(one, one) for one in found}
