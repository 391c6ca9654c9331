"""Reading: whose addresses are, and which of those in mail nobody knows."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from domain.classes import dataclass
from domain.correspondents import Ours
from projections.forms import shown
from projections.projection import Names
from projections.reader import FIRST_PAGE, Order, Page, Reader, Slice, columns_of, slice_of

Connection = AsyncConnection[TupleRow]
MOST_MAIL_FIRST = Order("address.most", ("u.messages", 'u.address_key COLLATE "C"'), kinds="is")
RESOLVED = ("from", "pec_sender", "reply_to", "to", "cc")
"""In which roles an address is somebody's with whom mail is exchanged."""


@dataclass(slots=True)
class UnknownRow:
    """An address that is no contact's: in how many messages it stands, and in which last."""

    address_key: str
    address: str
    name: str
    messages: int
    last_at: datetime
    message: UUID


async def unknown(
    connection: Connection,
    names: Names,
    reader: Reader,
    ours: Ours,
    at: Page = FIRST_PAGE,
    *,
    automatic: bool | None = None,
) -> Slice[UnknownRow]:
    """Give the addresses outside in mail that belongs to no party for sure, the most mail first."""
    source = names.sql(
        "FROM (SELECT p.address_key, max(p.address) AS address, max(p.name) AS name,"
        " count(DISTINCT m.id) AS messages, max(m.received_at) AS last_at,"
        " (array_agg(m.id ORDER BY m.received_at DESC, m.id))[1] AS message"
        " FROM {history_message} h JOIN {message} m ON m.id = h.message"
        " JOIN {participant} p ON p.message = m.id AND p.content = {shown}"
        " WHERE h.direction IN ('inbound', 'outbound')"
        " AND (h.parties = 0 OR h.suggested > 0 OR h.ambiguous > 0)"
        " AND coalesce(h.automatic = %(automatic)s::bool, true) AND {sees}"
        " AND p.role = ANY(%(roles)s) AND {outside}"
        " AND NOT EXISTS (SELECT FROM {link} l WHERE l.message = h.message AND l.kind = 'party'"
        " AND l.to_position IS NULL AND l.state IN ('automatic', 'confirmed'))"
        " AND NOT EXISTS (SELECT FROM {contact} c WHERE c.address_key = p.address_key"
        " AND hashtextextended(c.address_key, 0) = hashtextextended(p.address_key, 0)"
        " AND NOT c.removed AND {cleared})"
        " GROUP BY p.address_key) AS u WHERE true",
        sees=reader.sees("h.mailboxes"),
        shown=shown(names, reader),
        outside=_OUTSIDE,
        cleared=reader.cleared("c.privacy_level"),
    )
    values = {
        **reader.params(),
        "automatic": automatic,
        "roles": list(RESOLVED),
        "own_addresses": sorted({*ours.addresses, *ours.forms}),
        "own_domains": sorted(ours.domains),
    }
    columns = columns_of(UnknownRow, "u")
    return await slice_of(connection, UnknownRow, columns, source, MOST_MAIL_FIRST, at, values)


async def parties_at(
    connection: Connection, names: Names, reader: Reader, addresses: Collection[str]
) -> dict[str, list[UUID]]:
    """Give the parties that have contacts with these addresses (keys) now."""
    query = names.sql(
        "SELECT DISTINCT c.address_key, c.party FROM unnest(%(addresses)s::text[]) AS asked(key)"
        " JOIN {contact} c ON hashtextextended(c.address_key, 0) = hashtextextended(asked.key, 0)"
        " AND c.address_key = asked.key JOIN {party} p ON p.id = c.party"
        " WHERE NOT c.removed AND {contact_cleared} AND {party_cleared} ORDER BY 1, 2",
        contact_cleared=reader.cleared("c.privacy_level"),
        party_cleared=reader.cleared("p.privacy_level"),
    )
    found: dict[str, list[UUID]] = {}
    cursor = await connection.execute(query, {**reader.params(), "addresses": list(addresses)})
    async for address, party in cursor:
        found.setdefault(address, []).append(party)
    return found


_OUTSIDE = SQL(
    "strpos(p.address_key, '@') > 0 AND p.address_key <> ALL(%(own_addresses)s::text[])"
    " AND NOT EXISTS (SELECT FROM unnest(%(own_domains)s::text[]) AS own(domain)"
    " WHERE right('.' || split_part(p.address_key, '@', -1), length(own.domain) + 1)"
    " = '.' || own.domain)"
)
