"""When we had answered in a conversation before it waited: then a next answer is due."""

from collections.abc import Sequence
from datetime import datetime
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
) -> dict[UUID, datetime]:
    """Give when the last earlier wait that is seen was answered, by the messages of waits."""
    query = names.sql(
        "SELECT a.message, max(w.until) FROM unnest(%(messages)s::uuid[], %(conversations)s::uuid[],"
        " %(since)s::timestamptz[]) AS a (message, conversation, since) JOIN {waiting} w"
        " ON w.conversation = a.conversation AND w.until <= a.since"
        " WHERE w.answered_by IS NOT NULL AND {known} AND {seen} GROUP BY a.message",
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
    return {row[0]: row[1] for row in await rows.fetchall()}
