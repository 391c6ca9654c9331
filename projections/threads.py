"""Reading: conversations as far as a reader sees their mail."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from projections.conversations import Member, RegroupingRow
from projections.forms import told
from projections.mail import MessageRow
from projections.messages import as_seen
from projections.projection import Names
from projections.reader import (
    FIRST_PAGE,
    NOW,
    AsOf,
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
        " WHERE c.to_position IS NULL AND l.at >= waits.since AND l.direction = 'inbound'"
        " AND (l.reopened OR (l.wants AND NOT l.automatic)) AND {sees} ORDER BY c.conversation, l.at, l.message",
        sees=reader.sees("l.mailboxes"),
    )
    values = {**reader.params(), "ids": list(since), "since": list(since.values())}
    cursor = await connection.execute(query, values)
    return dict(await cursor.fetchall())


async def conversations_of(
    connection: Connection,
    names: Names,
    reader: Reader,
    messages: Sequence[UUID],
    as_of: AsOf = NOW,
) -> dict[UUID, UUID]:
    """Give the conversation of each message. What `reader` may see of it is asked elsewhere."""
    del reader
    query = names.sql(
        "SELECT message, conversation FROM {conversation_member}"
        " WHERE message = ANY(%(messages)s) AND {known}",
        known=as_of.known,
    )
    values = {"messages": list(messages), "position": as_of.position}
    rows = await (await connection.execute(query, values)).fetchall()
    return {row[0]: row[1] for row in rows}


async def members_of(
    connection: Connection, names: Names, reader: Reader, conversation: UUID
) -> list[Member]:
    """Give a conversation's messages in the order received; the caller asks what may be seen."""
    del reader
    query = names.sql(
        "SELECT {columns} FROM {conversation_member}"
        " WHERE conversation = %(conversation)s AND to_position IS NULL ORDER BY at, message",
        columns=columns_of(Member),
    )
    return await rows_of(connection, Member, query, {"conversation": conversation})


async def ancestors_of(
    connection: Connection, names: Names, reader: Reader, conversations: Sequence[UUID]
) -> dict[UUID, UUID]:
    """Give the earlier message that a conversation's first one refers to, and goes on without.

    What `reader` may see of it is asked elsewhere.
    """
    del reader
    query = names.sql(
        "SELECT message, ancestor FROM {conversation_member} WHERE message = ANY(%s)"
        " AND to_position IS NULL AND ancestor IS NOT NULL AND NOT placed"
    )
    cursor = await connection.execute(query, (list(conversations),))
    return dict(await cursor.fetchall())


async def regroupings_of(
    connection: Connection, names: Names, reader: Reader, conversations: Sequence[UUID]
) -> dict[UUID, list[RegroupingRow]]:
    """Give what people said about conversations' messages that may be seen, the earliest first."""
    query = names.sql(
        "SELECT DISTINCT c.conversation, r.id, r.position FROM {conversation_member} c"
        " JOIN {message} m ON m.id = c.message"
        " JOIN {conversation_placing} p ON p.message = c.message"
        " JOIN {conversation_regrouping} r ON r.id = p.regrouping"
        " WHERE c.conversation = ANY(%(ids)s) AND c.to_position IS NULL AND {sees}"
        " ORDER BY r.position, c.conversation",
        sees=reader.sees("m.mailboxes"),
    )
    cursor = await connection.execute(query, {**reader.params(), "ids": list(conversations)})
    pairs = [(row[0], row[1]) for row in await cursor.fetchall()]
    rows = await regroupings(connection, names, reader, {id for _, id in pairs})
    found: dict[UUID, list[RegroupingRow]] = {}
    for conversation, id in pairs:
        found.setdefault(conversation, []).append(rows[id])
    return found


async def regroupings(
    connection: Connection, names: Names, reader: Reader, ids: Collection[UUID]
) -> dict[UUID, RegroupingRow]:
    """Give those regroupings that stand, and are about mail that may be seen."""
    query = names.sql(
        "SELECT {columns} FROM {conversation_regrouping} r WHERE r.id = ANY(%(ids)s)"
        " AND EXISTS (SELECT FROM {conversation_placing} p JOIN {message} m ON m.id = p.message"
        " WHERE p.regrouping = r.id AND {sees})",
        columns=columns_of(RegroupingRow, "r"),
        sees=reader.sees("m.mailboxes"),
    )
    values = {**reader.params(), "ids": list(ids)}
    rows = await rows_of(connection, RegroupingRow, query, values)
    return {row.id: row for row in rows}


async def regrouped_by(
    connection: Connection, names: Names, reader: Reader, regrouping: UUID
) -> list[UUID]:
    """Give the messages that a regrouping which stands is about; the caller asks what may be seen."""
    del reader
    query = names.sql("SELECT message FROM {conversation_placing} WHERE regrouping = %s")
    return [row[0] for row in await (await connection.execute(query, (regrouping,))).fetchall()]
