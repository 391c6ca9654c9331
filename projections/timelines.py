"""Reading: the timeline of a party or a document."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.history import LinkRow
from projections.projection import Names
from projections.reader import FIRST_PAGE, NOW, AsOf, Order, Page, Reader, Slice

Connection = AsyncConnection[TupleRow]
NEWEST_FIRST = Order("timeline.newest", ("l.at", "l.message"))
OLDEST_FIRST = Order("timeline.oldest", ("l.at", "l.message"), descending=False)


@dataclass(frozen=True, slots=True)
class TimelineFilter:
    """Which part of a timeline; times are when mail was received: [from, to)."""

    directions: tuple[str, ...] = ()
    mailboxes: tuple[UUID, ...] = ()
    from_time: datetime | None = None
    to_time: datetime | None = None
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Correspondence:
    """How much was written."""

    received: int
    sent: int
    internal: int
    first_at: datetime | None
    last_at: datetime | None


async def timeline(
    connection: Connection, names: Names, reader: Reader, target: UUID,
    wanted: TimelineFilter = TimelineFilter(), at: Page = FIRST_PAGE, as_of: AsOf = NOW,
    order: Order = NEWEST_FIRST,
) -> Slice[LinkRow]:
    """Give the links (automatic and confirmed) of a party or document; `row.message` is the mail."""
    raise NotImplementedError


async def correspondence(connection: Connection, names: Names, reader: Reader, target: UUID, since: datetime | None = None) -> Correspondence:
    """Count the messages of a party or document by direction."""
    raise NotImplementedError
