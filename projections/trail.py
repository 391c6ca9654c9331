"""The audit trail of any object: what happened to it, when, by whom and why."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.projection import Names
from projections.reader import FIRST_PAGE, NOW, AsOf, Order, Page, Reader, Slice

OLDEST_FIRST = Order("trail.oldest", ("e.position",), descending=False)
NEWEST_FIRST = Order("trail.newest", ("e.position",))


@dataclass(slots=True)
class EntryRow:
    """An event as people read it; `data` is JSON, cut to 8 KB. `at` is the actor's clock."""

    position: int
    event_id: UUID
    name: str
    recorded_at: datetime
    at: datetime
    actor_kind: str
    actor_id: str
    on_behalf_of: str
    command_id: str | None
    correlation: UUID | None
    causation: UUID | None
    channel: str
    stream: UUID
    stream_version: int
    summary: str
    data: str
    erased: bool


async def trail_of(connection: AsyncConnection[TupleRow], names: Names, reader: Reader, object_id: UUID, at: Page = FIRST_PAGE, as_of: AsOf = NOW, order: Order = OLDEST_FIRST) -> Slice[EntryRow]:
    """Give what happened to an object; `as_of.time` is compared with the recorded time."""
    raise NotImplementedError
