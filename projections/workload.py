"""Reading: how many open conversations are whose, and who answered last in a conversation."""

from collections.abc import Collection, Sequence
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.projection import Names
from projections.reader import Reader


async def open_conversations(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    colleagues: Collection[UUID],
) -> dict[UUID, int]:
    """Give how many conversations that wait were given to colleagues, as far as `reader` sees them."""
    query = names.sql(
        "SELECT a.owner, count(DISTINCT a.conversation) FROM {attention} a"
        " JOIN {waiting} w ON w.conversation = a.conversation AND w.until IS NULL"
        " AND w.to_position IS NULL WHERE a.owner = ANY(%(colleagues)s)"
        " AND a.to_position IS NULL AND a.until IS NULL AND {sees} GROUP BY a.owner",
        sees=reader.sees("a.mailboxes"),
    )
    values = {**reader.params(), "colleagues": list(colleagues)}
    return dict(await (await connection.execute(query, values)).fetchall())


async def answered_last(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    conversations: Sequence[UUID],
) -> dict[UUID, list[str]]:
    """Give the writers (address keys) of the last mail of a person of ours in each conversation."""
    query = names.sql(
        "SELECT DISTINCT ON (c.conversation) c.conversation,"
        " (SELECT array_agg(DISTINCT p.address_key) FROM {participant} p"
        " WHERE p.message = l.message AND p.role IN ('from', 'sender'))"
        " FROM {conversation_member} c JOIN {letter} l ON l.message = c.message"
        " WHERE c.conversation = ANY(%(ids)s) AND c.to_position IS NULL"
        " AND l.direction = 'outbound' AND NOT l.automatic AND {sees}"
        " ORDER BY c.conversation, l.at DESC, l.message",
        sees=reader.sees("l.mailboxes"),
    )
    values = {**reader.params(), "ids": list(conversations)}
    rows = await (await connection.execute(query, values)).fetchall()
    return {row[0]: row[1] or [] for row in rows}
