"""Mail that could not be read in full, and mail that an earlier reader read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.projection import Names
from projections.reader import Reader, rows_of


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
