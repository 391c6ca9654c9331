"""Mail that could not be read in full, and mail that an earlier reader read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from projections.projection import Names
from projections.reader import Order, Page, Reader, Slice, rows_of, slice_of

NEWEST_FIRST: Final = Order("quarantine.received_at_desc", ("m.received_at", "m.id"))


@dataclass(slots=True)
class Unread:
    """A message that could not be read in full; `defects` say why, `reader` which version tried."""

    message: UUID
    mailboxes: list[UUID]
    received_at: datetime
    size: int
    sender: str
    subject: str
    reader: int
    defects: list[str]


@dataclass(slots=True)
class Quarantined:
    """A message that could not be read in full, and why; nothing of what it says."""

    id: UUID
    received_at: datetime
    size: int
    reader: int
    defects: list[str]


async def page(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, page: Page
) -> Slice[Quarantined]:
    """Give the messages that could not be read in full, the latest first; each one once."""
    columns = names.sql(
        "m.id, m.received_at, m.size, (SELECT min(c.reader) FROM {message_content} c"
        " WHERE c.message = m.id AND c.degraded), ARRAY(SELECT DISTINCT defect"
        " FROM {message_content} c CROSS JOIN unnest(c.defects) AS defect"
        " WHERE c.message = m.id AND c.degraded ORDER BY defect)"
    )
    source = names.sql(
        "FROM {message} m WHERE m.id IN (SELECT message FROM {message_content} WHERE degraded)"
        " AND {sees}",
        sees=reader.sees("m.mailboxes"),
    )
    return await slice_of(
        connection, Quarantined, columns, source, NEWEST_FIRST, page, reader.params()
    )


async def degraded_of(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    messages: Sequence[UUID] | None = None,
) -> list[UUID]:
    """Give those of the messages, or of all that are seen, that could not be read in full."""
    query = names.sql(
        "SELECT m.id FROM {message} m WHERE m.id IN"
        " (SELECT message FROM {message_content} WHERE degraded)"
        " AND (%(these)s::uuid[] IS NULL OR m.id = ANY(%(these)s)) AND {sees} ORDER BY m.id",
        sees=reader.sees("m.mailboxes"),
    )
    these = None if messages is None else list(messages)
    rows = await (await connection.execute(query, {**reader.params(), "these": these})).fetchall()
    return [row[0] for row in rows]


async def unread(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, most: int = 1_000
) -> list[Unread]:
    """Give the messages of which a form is degraded, the latest first."""
    query = names.sql(
        "SELECT m.id, m.mailboxes, m.received_at, m.size, c.sender, c.subject, c.reader, c.defects"
        " FROM {message_content} c JOIN {message} m ON m.id = c.message"
        " WHERE c.degraded AND {sees} ORDER BY m.received_at DESC, m.id DESC LIMIT %(most)s",
        sees=reader.sees("m.mailboxes"),
    )
    return await rows_of(connection, Unread, query, {**reader.params(), "most": most})


async def read_before(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    version: int,
    *,
    degraded: bool = False,
) -> list[UUID]:
    """Give the messages that a reader older than `version` read; or of these the `degraded`."""
    query = names.sql(
        "SELECT DISTINCT c.message FROM {message_content} c JOIN {message} m ON m.id = c.message"
        " WHERE c.reader < %(version)s AND (c.degraded OR NOT %(degraded)s) AND {sees}"
        " ORDER BY c.message",
        sees=reader.sees("m.mailboxes"),
    )
    values = {**reader.params(), "version": version, "degraded": degraded}
    rows = await (await connection.execute(query, values)).fetchall()
    return [row[0] for row in rows]
