"""Reading: conversations as far as a reader sees their mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.forms import told
from projections.mail import MessageRow
from projections.messages import as_seen
from projections.projection import Names
from projections.reader import (
    FIRST_PAGE,
    Order,
    Page,
    Reader,
    Slice,
    columns_of,
    rows_of,
    slice_of,
)

Connection = AsyncConnection[TupleRow]
OLDEST_FIRST = Order("thread.oldest", ("m.received_at", "m.id"), descending=False)


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation in short; `subject` is that of its first message."""

    conversation: UUID
    subject: str
    messages: int
    first_at: datetime
    last_at: datetime


async def threads_of(
    connection: Connection, names: Names, reader: Reader, conversations: Sequence[UUID]
) -> dict[UUID, Thread]:
    """Give many conversations in short; one of which nothing may be seen is absent."""
    query = names.sql(
        "SELECT c.conversation, (array_agg({subject} ORDER BY m.received_at, m.id))[1],"
        " count(*), min(m.received_at), max(m.received_at)"
        " FROM {conversation_member} c JOIN {message} m ON m.id = c.message"
        " WHERE c.conversation = ANY(%(ids)s) AND c.to_position IS NULL AND {sees}"
        " GROUP BY c.conversation",
        subject=told(names, reader, "subject"),
        sees=reader.sees("m.mailboxes"),
    )
    values = {**reader.params(), "ids": list(conversations)}
    return {row.conversation: row for row in await rows_of(connection, Thread, query, values)}


async def thread(
    connection: Connection, names: Names, reader: Reader, conversation: UUID, at: Page = FIRST_PAGE
) -> Slice[MessageRow]:
    """Give a conversation's messages in the order received (order OLDEST_FIRST)."""
    source = names.sql(
        "FROM {conversation_member} c JOIN {message} m ON m.id = c.message"
        " WHERE c.conversation = %(id)s AND c.to_position IS NULL AND {sees}",
        sees=reader.sees("m.mailboxes"),
    )
    columns, values = columns_of(MessageRow, "m"), {**reader.params(), "id": conversation}
    found = await slice_of(connection, MessageRow, columns, source, OLDEST_FIRST, at, values)
    await as_seen(connection, names, reader, found.rows)
    return found


async def questions_in(
    connection: Connection, names: Names, reader: Reader, since: Mapping[UUID, datetime]
) -> dict[UUID, UUID]:
    """Give for conversations the first message since a moment that asks and may be seen."""
    query = names.sql(
        "SELECT DISTINCT ON (c.conversation) c.conversation, l.message"
        " FROM unnest(%(ids)s::uuid[], %(since)s::timestamptz[]) AS waits (id, since)"
        " JOIN {conversation_member} c ON c.conversation = waits.id"
        " JOIN {letter} l ON l.message = c.message"
        " WHERE c.to_position IS NULL AND l.at >= waits.since AND l.wants AND NOT l.automatic"
        " AND l.direction = 'inbound' AND {sees} ORDER BY c.conversation, l.at, l.message",
        sees=reader.sees("l.mailboxes"),
    )
    values = {**reader.params(), "ids": list(since), "since": list(since.values())}
    cursor = await connection.execute(query, values)
    return dict(await cursor.fetchall())


async def led_on(
    connection: Connection, names: Names, reader: Reader, conversations: Sequence[UUID]
) -> dict[UUID, UUID]:
    """Lead absorbed ids on to the conversations they belong to now; `reader` is asked there."""
    del reader
    query = names.sql("SELECT id, conversation FROM {conversation_alias} WHERE id = ANY(%s)")
    cursor = await connection.execute(query, (list(conversations),))
    found: dict[UUID, UUID] = dict(await cursor.fetchall())
    return {one: found.get(one, one) for one in conversations}
