"""Reading: the waits of a span with what answered them: of what response times are made.

They follow from the events by the read model of waits, so there is nothing to be kept beside it.
"""

from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from projections.forms import told
from projections.projection import Names
from projections.reader import NOW, AsOf, Reader, rows_of


@dataclass(frozen=True, slots=True)
class Responded:
    """A wait of a span; `by` is the address of who answered, `first`: nothing was answered before."""

    message: UUID
    since: datetime
    until: datetime | None
    answered: bool
    mailboxes: list[UUID]
    by: str
    first: bool


async def waits_between(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    begins: datetime,
    ends: datetime,
    as_of: AsOf = NOW,
) -> list[Responded]:
    """Give the waits of mailboxes that the reader sees, which began before a span's end.

    Those that ended before it began are left out. What answered is told where it is seen.
    """
    query = names.sql(
        "SELECT w.message, w.since, w.until, w.answered_by IS NOT NULL, w.mailboxes,"
        " coalesce({sender}, ''), NOT EXISTS (SELECT FROM {waiting} e"
        " WHERE e.conversation = w.conversation AND e.until <= w.since"
        " AND e.answered_by IS NOT NULL AND {known} AND {seen_before})"
        " FROM (SELECT * FROM {waiting} WHERE {known} AND {seen} AND since < %(ends)s"
        " AND (until IS NULL OR until >= %(begins)s)) w"
        " LEFT JOIN {message} m ON m.id = w.answered_by AND {seen_answer}"
        " ORDER BY w.since, w.message",
        sender=told(names, reader, "sender"),
        known=as_of.known,
        seen=reader.sees("mailboxes"),
        seen_before=reader.sees("e.mailboxes"),
        seen_answer=reader.sees("m.mailboxes"),
    )
    values = {"begins": begins, "ends": ends, "position": as_of.position}
    return await rows_of(connection, Responded, query, {**reader.params(), **values})
