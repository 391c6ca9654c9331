"""Reading: the business documents of the ERP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.directory import DocumentRow
from projections.projection import Names
from projections.reader import FIRST_PAGE, Order, Page, Reader, Slice

Connection = AsyncConnection[TupleRow]
BY_DATE = Order("document.date", ("d.issued_key", "d.id"))


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents; an empty filter means all. `prefix` is the beginning of a number."""

    kinds: tuple[str, ...] = ()
    party: UUID | None = None
    from_day: date | None = None
    to_day: date | None = None
    prefix: str = ""


async def by_id(connection: Connection, names: Names, reader: Reader, document: UUID) -> DocumentRow | None:
    """Give a document."""
    raise NotImplementedError


async def by_erp_id(connection: Connection, names: Names, reader: Reader, erp_id: str) -> list[DocumentRow]:
    """Give the documents with an id of the ERP: one, unless several sources share it."""
    raise NotImplementedError


async def by_number(connection: Connection, names: Names, reader: Reader, kind: str, number: str) -> list[DocumentRow]:
    """Give the documents of a kind (empty: any) with a number as the ERP writes it, case aside."""
    raise NotImplementedError


async def page(connection: Connection, names: Names, reader: Reader, wanted: DocumentFilter, at: Page = FIRST_PAGE) -> Slice[DocumentRow]:
    """Give documents, the newest first (order BY_DATE)."""
    raise NotImplementedError


async def by_ids(connection: Connection, names: Names, reader: Reader, documents: Sequence[UUID]) -> dict[UUID, DocumentRow]:
    """Give many documents at once."""
    raise NotImplementedError
