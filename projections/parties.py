"""Reading: the parties that a company deals with, and their contacts."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable

from domain.classes import dataclass
from projections.directory import ContactRow, PartyRow, vat_key
from projections.projection import Names
from projections.reader import (
    FIRST_PAGE,
    Order,
    Page,
    Reader,
    Slice,
    columns_of,
    rows_of,
    slice_of,
    text_key,
)

Connection = AsyncConnection[TupleRow]
BY_NAME = Order("party.name", ('p.name_key COLLATE "C"', "p.id"), descending=False, kinds="su")

LAST_LETTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class PartyFilter:
    """Which parties; an empty filter means all.

    `text` is the beginning of a name, case and accents aside, or a whole code of the ERP.
    """

    kinds: tuple[str, ...] = ()
    text: str = ""


async def by_id(
    connection: Connection, names: Names, reader: Reader, party: UUID
) -> PartyRow | None:
    """Give a party."""
    return (await by_ids(connection, names, reader, [party])).get(party)


async def by_ids(
    connection: Connection, names: Names, reader: Reader, parties: Sequence[UUID]
) -> dict[UUID, PartyRow]:
    """Give many parties at once."""
    found = await _where(connection, names, reader, SQL("p.id = ANY(%(ids)s)"), ids=list(parties))
    return {row.id: row for row in found}


async def by_erp_id(
    connection: Connection, names: Names, reader: Reader, erp_id: str, kind: str = ""
) -> list[PartyRow]:
    """Give the parties with a code of the ERP: one, unless several sources share it."""
    condition = SQL(
        "hashtextextended(p.erp_id, 0) = hashtextextended(%(erp_id)s, 0)"
        " AND p.erp_id = %(erp_id)s AND %(kind)s IN ('', p.kind)"
    )
    return await _where(connection, names, reader, condition, erp_id=erp_id, kind=kind)


async def by_vat_number(
    connection: Connection, names: Names, reader: Reader, vat_number: str
) -> list[PartyRow]:
    """Give the parties with a VAT number, spaces and dots aside."""
    condition = SQL("p.vat_key = %(vat)s AND p.vat_key <> ''")
    return await _where(connection, names, reader, condition, vat=vat_key(vat_number))


async def by_address(
    connection: Connection, names: Names, reader: Reader, address: str
) -> list[PartyRow]:
    """Give the parties that have a contact with this address now."""
    condition = names.sql(
        "p.id IN (SELECT c.party FROM {contact} c WHERE c.address_key = %(address)s"
        " AND hashtextextended(c.address_key, 0) = hashtextextended(%(address)s, 0)"
        " AND NOT c.removed AND {cleared})",
        cleared=reader.cleared("c.privacy_level"),
    )
    return await _where(connection, names, reader, condition, address=address.casefold())


async def page(
    connection: Connection,
    names: Names,
    reader: Reader,
    wanted: PartyFilter,
    at: Page = FIRST_PAGE,
) -> Slice[PartyRow]:
    """Give parties in the order of their names (order BY_NAME)."""
    text = text_key(wanted.text)
    source = names.sql(
        "FROM {party} p WHERE {cleared}{kinds}{begins}",
        cleared=reader.cleared("p.privacy_level"),
        kinds=SQL(" AND p.kind = ANY(%(kinds)s)" if wanted.kinds else ""),
        begins=SQL(
            ' AND ((p.name_key COLLATE "C" >= %(text)s AND p.name_key COLLATE "C" < %(end)s)'
            " OR p.erp_id = %(code)s)"
            if text
            else ""
        ),
    )
    values = {
        **reader.params(),
        "kinds": list(wanted.kinds),
        "text": text,
        "end": text + LAST_LETTER,
        "code": wanted.text.strip(),
    }
    return await slice_of(
        connection, PartyRow, columns_of(PartyRow, "p"), source, BY_NAME, at, values
    )


async def names_of(
    connection: Connection, names: Names, reader: Reader, parties: Sequence[UUID]
) -> dict[UUID, str]:
    """Give the names of many parties at once."""
    query = names.sql(
        "SELECT p.id, p.name FROM {party} p WHERE p.id = ANY(%(ids)s) AND {cleared}",
        cleared=reader.cleared("p.privacy_level"),
    )
    cursor = await connection.execute(query, {**reader.params(), "ids": list(parties)})
    return dict(await cursor.fetchall())


async def contacts_of(
    connection: Connection, names: Names, reader: Reader, parties: Sequence[UUID]
) -> dict[UUID, list[ContactRow]]:
    """Give the contacts that the parties have now."""
    query = names.sql(
        "SELECT {columns} FROM {contact} c WHERE c.party = ANY(%(ids)s) AND NOT c.removed"
        ' AND {cleared} ORDER BY c.name COLLATE "C", c.id',
        columns=columns_of(ContactRow, "c"),
        cleared=reader.cleared("c.privacy_level"),
    )
    values = {**reader.params(), "ids": list(parties)}
    found: dict[UUID, list[ContactRow]] = {}
    for row in await rows_of(connection, ContactRow, query, values):
        found.setdefault(row.party, []).append(row)
    return found


async def contacts_by_ids(
    connection: Connection, names: Names, reader: Reader, contacts: Sequence[UUID]
) -> dict[UUID, ContactRow]:
    """Give many contacts at once, those too that were removed."""
    query = names.sql(
        "SELECT {columns} FROM {contact} c JOIN {party} p ON p.id = c.party"
        " WHERE c.id = ANY(%(ids)s) AND {contact_cleared} AND {party_cleared}",
        columns=columns_of(ContactRow, "c"),
        contact_cleared=reader.cleared("c.privacy_level"),
        party_cleared=reader.cleared("p.privacy_level"),
    )
    values = {**reader.params(), "ids": list(contacts)}
    return {row.id: row for row in await rows_of(connection, ContactRow, query, values)}


async def _where(
    connection: Connection, names: Names, reader: Reader, condition: Composable, **values: object
) -> list[PartyRow]:
    query = names.sql(
        "SELECT {columns} FROM {party} p WHERE {condition} AND {cleared} ORDER BY p.id",
        columns=columns_of(PartyRow, "p"),
        condition=condition,
        cleared=reader.cleared("p.privacy_level"),
    )
    return await rows_of(connection, PartyRow, query, {**reader.params(), **values})
