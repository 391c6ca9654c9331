"""Reading: the parties that a company deals with, and their contacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from projections.directory import ContactRow, PartyRow
from projections.projection import Names
from projections.reader import FIRST_PAGE, Order, Page, Reader, Slice, columns_of, one_of, rows_of, slice_of

Connection = AsyncConnection[TupleRow]
BY_NAME = Order("party.name", ("p.name_key", "p.id"), descending=False)


@dataclass(frozen=True, slots=True)
class PartyFilter:
    """Which parties; an empty filter means all. `prefix` is the beginning of a name or code."""

    kinds: tuple[str, ...] = ()
    prefix: str = ""


async def by_id(connection: Connection, names: Names, reader: Reader, party: UUID) -> PartyRow | None:
    """Give a party."""
    return await _one(connection, names, reader, SQL("p.id = %(value)s"), party)


async def by_erp_id(connection: Connection, names: Names, reader: Reader, erp_id: str, kind: str = "") -> list[PartyRow]:
    """Give the parties with a code of the ERP: one, unless several sources share it."""
    raise NotImplementedError


async def by_vat_number(connection: Connection, names: Names, reader: Reader, vat_number: str) -> list[PartyRow]:
    """Give the parties with a VAT number, spaces and dots aside."""
    raise NotImplementedError


async def by_address(connection: Connection, names: Names, reader: Reader, address: str) -> list[PartyRow]:
    """Give the parties that have a contact with this address now."""


async def page(connection: Connection, names: Names, reader: Reader, wanted: PartyFilter, at: Page = FIRST_PAGE) -> Slice[PartyRow]:
    """Give parties in the order of their names (order BY_NAME)."""


async def by_ids(connection: Connection, names: Names, reader: Reader, parties: Sequence[UUID]) -> dict[UUID, PartyRow]:
    """Give many parties at once."""


async def contacts_of(connection: Connection, names: Names, reader: Reader, parties: Sequence[UUID]) -> dict[UUID, list[ContactRow]]:
    """Give the contacts that the parties have now."""
