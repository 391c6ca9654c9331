"""Reading: of which parties addresses are, by the contacts that there are now."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from projections.projection import Names
from projections.reader import Reader, rows_of


@dataclass(frozen=True, slots=True)
class HolderRow:
    """An address and a party that has it; `level` is the higher one of contact and party."""

    address_key: str
    party: UUID
    level: int


async def holders(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, addresses: Sequence[str]
) -> list[HolderRow]:
    """Give the parties of which these addresses (case folded) are, as far as the reader is cleared."""
    query = names.sql(
        "SELECT c.address_key, c.party, greatest(c.privacy_level, p.privacy_level) AS level"
        " FROM {contact} c JOIN {party} p ON p.id = c.party"
        " WHERE hashtextextended(c.address_key, 0)"
        " = ANY(SELECT hashtextextended(one, 0) FROM unnest(%(addresses)s::text[]) AS one)"
        " AND c.address_key = ANY(%(addresses)s) AND NOT c.removed"
        " AND {contact_cleared} AND {party_cleared} ORDER BY c.address_key, c.party",
        contact_cleared=reader.cleared("c.privacy_level"),
        party_cleared=reader.cleared("p.privacy_level"),
    )
    values = {**reader.params(), "addresses": list(addresses)}
    return await rows_of(connection, HolderRow, query, values)
