"""Reading: which parties count as another one, because somebody merged them."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable

from projections.directory import MergeRow
from projections.projection import Names
from projections.reader import (
    FIRST_PAGE,
    NOW,
    AsOf,
    Order,
    Page,
    Reader,
    Slice,
    columns_of,
    slice_of,
)

Connection = AsyncConnection[TupleRow]
NEWEST_FIRST = Order("merges.newest", ("m.at", "m.party"))

_LEADS: LiteralString = (
    "WITH RECURSIVE way (asked, party) AS (SELECT id, id FROM unnest(%(ids)s::uuid[]) AS id"
    " UNION SELECT way.asked, m.into_party FROM way JOIN {merge} m ON m.party = way.party"
    " WHERE {known}) SELECT way.asked, way.party FROM way JOIN {party} p ON p.id = way.party"
    " WHERE way.asked <> way.party AND {cleared} AND NOT EXISTS"
    " (SELECT FROM {merge} m WHERE m.party = way.party AND {known})"
)
_COUNT_AS: LiteralString = (
    "WITH RECURSIVE way (asked, party) AS (SELECT id, id FROM unnest(%(ids)s::uuid[]) AS id"
    " UNION SELECT way.asked, m.party FROM way JOIN {merge} m ON m.into_party = way.party"
    " WHERE {known}) SELECT way.asked, way.party FROM way JOIN {party} p ON p.id = way.party"
    ' WHERE way.asked <> way.party AND {cleared} ORDER BY p.name_key COLLATE "C", p.id'
)


async def survivors_of(
    connection: Connection,
    names: Names,
    reader: Reader,
    parties: Sequence[UUID],
    as_of: AsOf = NOW,
) -> dict[UUID, UUID]:
    """Give of each merged party the one it counts as, now or by what was known at a position."""
    query = names.sql(_LEADS, known=_known(as_of), cleared=reader.cleared("p.privacy_level"))
    values = {**reader.params(), "ids": list(parties), "position": as_of.position}
    return dict(await (await connection.execute(query, values)).fetchall())


async def survivor_of(
    connection: Connection, names: Names, reader: Reader, party: UUID, as_of: AsOf = NOW
) -> UUID:
    """Give the party as which one counts: itself, unless it is merged; anything else as it is."""
    found = await survivors_of(connection, names, reader, [party], as_of)
    return found.get(party, party)


async def duplicates_of(
    connection: Connection, names: Names, reader: Reader, parties: Sequence[UUID]
) -> dict[UUID, list[UUID]]:
    """Give the parties that count as each of these, by name; those merged into them in turn, too."""
    query = names.sql(_COUNT_AS, known=_known(NOW), cleared=reader.cleared("p.privacy_level"))
    cursor = await connection.execute(query, {**reader.params(), "ids": list(parties)})
    found: dict[UUID, list[UUID]] = {}
    async for party, duplicate in cursor:
        found.setdefault(party, []).append(duplicate)
    return found


async def page(
    connection: Connection, names: Names, reader: Reader, at: Page = FIRST_PAGE
) -> Slice[MergeRow]:
    """Give what is merged into what, the newest first, as far as both parties may be seen."""
    hidden = names.sql(
        "EXISTS (SELECT FROM {party} p WHERE p.id IN (m.party, m.into_party) AND NOT {cleared})",
        cleared=reader.cleared("p.privacy_level"),
    )
    source = names.sql(
        "FROM {merge} m WHERE {known} AND NOT {hidden}", known=_known(NOW), hidden=hidden
    )
    columns = columns_of(MergeRow, "m")
    return await slice_of(connection, MergeRow, columns, source, NEWEST_FIRST, at, reader.params())


def _known(as_of: AsOf) -> Composable:
    if as_of.position is None:
        return SQL("m.to_position IS NULL")
    return SQL(
        "m.from_position <= %(position)s"
        " AND (m.to_position IS NULL OR m.to_position > %(position)s)"
    )
