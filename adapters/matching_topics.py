"""The reactions' look-up of topics: what messages are about, and what others seek to go on with."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.matching import ref
from domain.topics import Topic

On = Mapping[UUID, tuple[datetime, Iterable[Topic]]]
"""Messages, when they were received and what they are about."""


class Topics:
    """Topics within one transaction; every method is one statement for a whole batch."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Work in the transaction of `connection`."""
        self._connection = connection

    def keep(self, messages: On, *, questions: bool) -> None:
        """Store what messages, or the questions in them, are about, in place of before."""
        self._run(
            "DELETE FROM matching_topic WHERE message = ANY(%b) AND question = %s",
            list(messages),
            questions,
        )
        self._run(
            "INSERT INTO matching_topic SELECT topic, at, message, %s FROM"
            " unnest(%b::uuid[], %b::timestamptz[], %b::uuid[]) AS n(topic, at, message)"
            " ON CONFLICT DO NOTHING",
            questions,
            *_columns(messages),
        )

    def keep_seekers(self, messages: On) -> None:
        """Store which topics messages go on with an earlier one on, in place of before."""
        self._run("DELETE FROM matching_seeker WHERE message = ANY(%b)", list(messages))
        self._run(
            "INSERT INTO matching_seeker SELECT * FROM"
            " unnest(%b::uuid[], %b::timestamptz[], %b::uuid[]) ON CONFLICT DO NOTHING",
            *_columns(messages),
        )

    def nearest_before(self, messages: On, window: timedelta) -> dict[UUID, list[UUID]]:
        """Give for messages those received within a window before on one of their topics.

        Of each topic the last one is given; the last of all stands first.
        """
        query: LiteralString = (
            "SELECT asked.message, found.message"
            " FROM unnest(%b::uuid[], %b::timestamptz[], %b::uuid[]) AS asked(topic, at, message),"
            " LATERAL (SELECT t.message, t.at FROM matching_topic t WHERE t.topic = asked.topic"
            " AND t.at BETWEEN asked.at - %s AND asked.at"
            " AND (t.at, t.message) < (asked.at, asked.message)"
            " ORDER BY t.at DESC, t.message DESC LIMIT 1) AS found"
            " ORDER BY asked.message, found.at DESC, found.message DESC"
        )
        found: dict[UUID, list[UUID]] = {}
        with self._connection.cursor(binary=True) as cursor:
            for message, other in cursor.execute(query, (*_columns(messages), window)):
                found.setdefault(message, []).append(other)
        return found

    def _run(self, query: LiteralString, *values: object) -> None:
        self._connection.execute(query, values)


def _columns(messages: On) -> tuple[list[UUID], list[datetime], list[UUID]]:
    rows = [
        (ref("\n".join(topic)), at, message)
        for message, (at, topics) in messages.items()
        for topic in topics
    ]
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
