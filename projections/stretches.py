"""Reading: stretches of mail in the order in which it came, a portion at a time, as rehearsals ask."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable

from domain.classes import dataclass
from projections.projection import Names
from projections.reader import Reader, columns_of, rows_of

Connection = AsyncConnection[TupleRow]
Place = tuple[datetime, UUID]
"""A place in the order: when a message was received, and its id."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which mail; what is empty is any. Times are when it was received: [from, to).

    `sender` is an address, or a domain with all below it.
    """

    from_time: datetime | None = None
    to_time: datetime | None = None
    mailbox: UUID | None = None
    sender: str = ""
    messages: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class StretchRow:
    """A message of a stretch, as far as it is shown in a list."""

    id: UUID
    received_at: datetime
    subject: str
    sender: str
    mailboxes: Sequence[UUID]

    @property
    def place(self) -> Place:
        """Give its place in the order."""
        return self.received_at, self.id


async def stretch_of(
    connection: Connection,
    names: Names,
    reader: Reader,
    wanted: Stretch,
    upto: int,
    after: Place | None = None,
    limit: int = 250,
) -> list[StretchRow]:
    """Give the next messages after a place, of those that were captured up to a position."""
    query = names.sql(
        "SELECT {columns} FROM {message} m WHERE {chosen} AND {beyond}"
        " ORDER BY m.received_at, m.id LIMIT %(limit)s",
        columns=columns_of(StretchRow, "m"),
        chosen=_chosen(reader),
        beyond=SQL("(m.received_at, m.id) > (%(at)s, %(id)s)" if after else "true"),
    )
    at, id = after or (None, None)
    values = {**_values(reader, wanted, upto), "at": at, "id": id, "limit": limit}
    return await rows_of(connection, StretchRow, query, values)


async def length_of(
    connection: Connection, names: Names, reader: Reader, wanted: Stretch, upto: int
) -> int:
    """Count the messages of a stretch."""
    query = names.sql("SELECT count(*) FROM {message} m WHERE {chosen}", chosen=_chosen(reader))
    row = await (await connection.execute(query, _values(reader, wanted, upto))).fetchone()
    return int(row[0]) if row else 0


def _chosen(reader: Reader) -> Composable:
    return SQL(
        "m.position <= %(upto)s AND {sees}"
        " AND (%(from)s::timestamptz IS NULL OR m.received_at >= %(from)s)"
        " AND (%(to)s::timestamptz IS NULL OR m.received_at < %(to)s)"
        " AND (%(mailbox)s::uuid IS NULL OR m.mailboxes && ARRAY[%(mailbox)s::uuid])"
        " AND (%(messages)s::uuid[] IS NULL OR m.id = ANY(%(messages)s))"
        " AND (%(sender)s = '' OR lower(m.sender) = %(sender)s"
        " OR right(lower(m.sender), length(%(sender)s) + 1)"
        " IN ('@' || %(sender)s, '.' || %(sender)s))"
    ).format(sees=reader.sees("m.mailboxes"))


def _values(reader: Reader, wanted: Stretch, upto: int) -> dict[str, object]:
    return {
        **reader.params(),
        "upto": upto,
        "from": wanted.from_time,
        "to": wanted.to_time,
        "mailbox": wanted.mailbox,
        "messages": list(wanted.messages) or None,
        "sender": wanted.sender.strip().lower().removeprefix("@"),
    }
