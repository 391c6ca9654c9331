"""What was before a wait: when we had answered, and when its matter began."""

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
    values = _values(reader, waits, as_of)
    rows = await connection.execute(query, values)
    return {row[0]: row[1] for row in await rows.fetchall()}


async def begun_with(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    waits: Sequence[Waiting],
    as_of: AsOf = NOW,
) -> dict[UUID, datetime]:
    """Give since when the matters of waits last, by their messages, as far as it is seen.

    A matter begins with the first question since somebody said that no (further) answer was needed.
    """
    query = names.sql(
        "SELECT a.message, min(w.since) FROM unnest(%(messages)s::uuid[], %(conversations)s::uuid[],"
        " %(since)s::timestamptz[]) AS a (message, conversation, since) JOIN {waiting} w"
        " ON w.conversation = a.conversation AND w.since <= a.since"
        " WHERE {known} AND {seen} AND w.since >= coalesce((SELECT max(c.until) FROM {waiting} c"
        " WHERE c.conversation = a.conversation AND c.until <= a.since AND c.answered_by IS NULL"
        " AND {known} AND {seen_there}), '-infinity') GROUP BY a.message",
        known=as_of.known,
        seen=reader.sees("w.mailboxes"),
        seen_there=reader.sees("c.mailboxes"),
    )
    rows = await connection.execute(query, _values(reader, waits, as_of))
    return {row[0]: row[1] for row in await rows.fetchall()}


def _values(reader: Reader, waits: Sequence[Waiting], as_of: AsOf) -> dict[str, object]:
    return {
        **reader.params(),
        "position": as_of.position,
        "messages": [one.message for one in waits],
        "conversations": [one.conversation for one in waits],
        "since": [one.since for one in waits],
    }
