"""Whether we had answered in a conversation before it waited: then a next answer is due."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.projection import Names
from projections.reader import NOW, AsOf, Reader
from projections.unanswered import Waiting


async def answered_before(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    waits: Sequence[Waiting],
    as_of: AsOf = NOW,
) -> set[UUID]:
    """Give the messages of those waits before which an earlier one, that is seen, was answered."""
    query = names.sql(
        "SELECT DISTINCT a.message FROM unnest(%(messages)s::uuid[], %(conversations)s::uuid[],"
        " %(since)s::timestamptz[]) AS a (message, conversation, since) WHERE EXISTS ("
        "SELECT FROM {waiting} w WHERE w.conversation = a.conversation AND w.until <= a.since"
        " AND w.answered_by IS NOT NULL AND {known} AND {seen})",
        known=as_of.known,
        seen=reader.sees("w.mailboxes"),
    )
    values = {
        **reader.params(),
        "position": as_of.position,
        "messages": [one.message for one in waits],
        "conversations": [one.conversation for one in waits],
        "since": [one.since for one in waits],
    }
    rows = await connection.execute(query, values)
    return {row[0] for row in await rows.fetchall()}
