"""Reading: what messages are linked to, why, and what still waits for a person's choice."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.history import HistoryMessageRow, LinkRow
from projections.projection import Names
from projections.reader import FIRST_PAGE, NOW, AsOf, Order, Page, Reader, Slice

Connection = AsyncConnection[TupleRow]
NEWEST_FIRST = Order("worklist.newest", ("h.at", "h.message"))


async def links_of(connection: Connection, names: Names, reader: Reader, messages: Sequence[UUID], as_of: AsOf = NOW, *, revoked: bool = False) -> dict[UUID, list[LinkRow]]:
    """Give the links of each message in every state; on wish also those taken back."""
    raise NotImplementedError


async def parties_of(connection: Connection, names: Names, reader: Reader, messages: Sequence[UUID], as_of: AsOf = NOW) -> dict[UUID, list[UUID]]:
    """Give the parties of each message: automatic and confirmed links."""
    raise NotImplementedError


async def documents_of(connection: Connection, names: Names, reader: Reader, messages: Sequence[UUID], as_of: AsOf = NOW) -> dict[UUID, list[UUID]]:
    """Give the documents of each message: automatic and confirmed links."""
    raise NotImplementedError


async def link(connection: Connection, names: Names, reader: Reader, link: UUID) -> LinkRow | None:
    """Give one link."""
    raise NotImplementedError


async def unmatched(connection: Connection, names: Names, reader: Reader, at: Page = FIRST_PAGE, *, automatic: bool | None = None) -> Slice[HistoryMessageRow]:
    """Give mail from or to outside without a link to any party, the newest first."""
    raise NotImplementedError


async def ambiguous(connection: Connection, names: Names, reader: Reader, at: Page = FIRST_PAGE) -> Slice[HistoryMessageRow]:
    """Give mail whose party a person must choose, the newest first."""
    raise NotImplementedError


async def suggested(connection: Connection, names: Names, reader: Reader, at: Page = FIRST_PAGE) -> Slice[HistoryMessageRow]:
    """Give mail with suggested links that wait for a person, the newest first."""
    raise NotImplementedError
