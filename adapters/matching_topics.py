"""The reactions' look-up of topics: which messages people exchanged under a base subject, when."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.matching import ref
from domain.topics import WINDOW, Topic


def topic_ref(topic: Topic) -> UUID:
    """Hash a topic."""
    return ref("\n".join(topic))


class Topics:
    """Topics within one transaction; every method is one statement for a whole batch."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Work in the transaction of `connection`."""
        self._connection = connection

    def keep(self, messages: Mapping[UUID, tuple[datetime, Iterable[Topic]]]) -> None:
        """Store for messages when they were received and their topics, in place of those before."""
        self._run("DELETE FROM matching_topic WHERE message = ANY(%b)", list(messages))
        rows = [
            (topic_ref(topic), at, message)
            for message, (at, topics) in messages.items()
            for topic in topics
        ]
        self._run(
            "INSERT INTO matching_topic SELECT topic, at, message, false FROM"
            " unnest(%b::uuid[], %b::timestamptz[], %b::uuid[]) AS n(topic, at, message)"
            " ON CONFLICT DO NOTHING",
            *([row[at] for row in rows] for at in range(3)),
        )

    def seeking(self, messages: Mapping[UUID, bool]) -> None:
        """Store which messages go on with an earlier one by their topics, if it is found."""
        self._run(
            "UPDATE matching_topic t SET seeks = n.seeks FROM unnest(%b::uuid[], %b::bool[])"
            " AS n(message, seeks) WHERE t.message = n.message AND t.seeks <> n.seeks",
            list(messages),
            list(messages.values()),
        )

    def nearest_before(
        self, messages: Mapping[UUID, tuple[datetime, Collection[Topic]]]
    ) -> dict[UUID, UUID]:
        """Give for messages the one that was received last before, on one of some topics."""
        asked = [
            (message, topic_ref(topic), at)
            for message, (at, topics) in messages.items()
            for topic in topics
        ]
        query: LiteralString = (
            "SELECT DISTINCT ON (asked.message) asked.message, found.message"
            " FROM unnest(%b::uuid[], %b::uuid[], %b::timestamptz[]) AS asked(message, topic, at),"
            " LATERAL (SELECT t.message, t.at FROM matching_topic t WHERE t.topic = asked.topic"
            " AND t.at BETWEEN asked.at - %s AND asked.at"
            " AND (t.at, t.message) < (asked.at, asked.message)"
            " ORDER BY t.at DESC, t.message DESC LIMIT 1) AS found"
            " ORDER BY asked.message, found.at DESC, found.message DESC"
        )
        values = [[row[at] for row in asked] for at in range(3)]
        with self._connection.cursor(binary=True) as cursor:
            return dict(cursor.execute(query, (*values, WINDOW)).fetchall())

    def _run(self, query: LiteralString, *values: object) -> None:
        self._connection.execute(query, values)
