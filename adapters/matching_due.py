"""The reactions' list of what is to be decided, and what puts messages on it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.matching import ref
from domain.topics import ANSWERED_WITHIN, LONGEST_WINDOW


class Due:
    """Messages that are due within one transaction; every method is one statement for a batch."""

    def __init__(self, connection: Connection[TupleRow], *, quiet: bool = False) -> None:
        """Work in the transaction of `connection`; `quiet`: nothing that is asked makes any due."""
        self._connection = connection
        self._quiet = quiet

    def due(self, messages: Iterable[UUID], cause: UUID) -> None:
        """Ask for a decision on messages."""
        self._ask(
            "INSERT INTO matching_due SELECT message, %s FROM unnest(%b::uuid[]) AS d(message)"
            " ON CONFLICT (message) DO UPDATE SET later = false WHERE matching_due.later",
            cause,
            list(messages),
        )

    def due_naming(self, message_ids: Collection[str], cause: UUID) -> None:
        """Ask for a decision on messages that name one of these Message-IDs."""
        self._ask(
            "INSERT INTO matching_due SELECT DISTINCT message, %s::uuid FROM matching_naming"
            " WHERE ref = ANY(%b) ON CONFLICT DO NOTHING",
            cause,
            [ref(one) for one in message_ids],
        )

    def due_naming_each(self, causes: Sequence[tuple[str, UUID]]) -> None:
        """Ask the same for each Message-ID by a cause of its own; the first that asks is kept."""
        self._ask(
            "INSERT INTO matching_due SELECT DISTINCT ON (message) message, asked.cause"
            " FROM unnest(%b::uuid[], %b::uuid[]) WITH ORDINALITY AS asked(ref, cause, at)"
            " JOIN matching_naming USING (ref) ORDER BY message, asked.at"
            " ON CONFLICT DO NOTHING",
            [ref(one) for one, _ in causes],
            [cause for _, cause in causes],
        )

    def due_with_addresses(self, addresses: Collection[UUID], cause: UUID) -> None:
        """Ask for a decision on messages in which an address (hashed) stands."""
        self._ask(
            "INSERT INTO matching_due SELECT DISTINCT message, %s::uuid FROM matching_seen"
            " WHERE address = ANY(%b) ON CONFLICT DO NOTHING",
            cause,
            list(addresses),
        )

    def due_linked(self, targets: Collection[UUID], cause: UUID) -> None:
        """Ask for a decision on messages that are linked to a party, its survivor, or a document."""
        self._ask(
            "INSERT INTO matching_due SELECT DISTINCT message, %s::uuid FROM matching_link"
            " WHERE target = ANY(%b::uuid[] || ARRAY(SELECT survivor FROM matching_merge"
            " WHERE party = ANY(%b))) ON CONFLICT DO NOTHING",
            cause,
            list(targets),
            list(targets),
        )

    def due_chosen(self, targets: Collection[UUID], cause: UUID) -> None:
        """Ask for a decision on messages of which people said something about these."""
        self._ask(
            "INSERT INTO matching_due SELECT DISTINCT message, %s::uuid FROM matching_choice"
            " WHERE target = ANY(%b) OR contact_of = ANY(%b) ON CONFLICT DO NOTHING",
            cause,
            list(targets),
            list(targets),
        )

    def due_everywhere(self, cause: UUID) -> None:
        """Ask for a decision on every message, when nothing else is due."""
        self._ask(
            "INSERT INTO matching_due SELECT message, %s, true FROM matching_message"
            " ON CONFLICT DO NOTHING",
            cause,
        )

    def take_due(self, limit: int) -> dict[UUID, UUID]:
        """Take so many messages off the list of what is to be decided, with their causes.

        What is due as all mail is comes after everything else, and never in one portion with it.
        """
        take: LiteralString = (
            "DELETE FROM matching_due WHERE message IN"
            " (SELECT message FROM matching_due WHERE {} ORDER BY message LIMIT %s)"
            " RETURNING message, cause"
        )
        rows = self._rows(take.format("NOT later"), limit) or self._rows(
            take.format("later"), limit
        )
        return {row[0]: row[1] for row in rows}

    def count_due(self, most: int) -> int:
        """Count the messages that are due, no further than `most`."""
        rows = self._rows(
            "SELECT count(*) FROM (SELECT 1 FROM matching_due LIMIT %s) AS due", most
        )
        return int(rows[0][0])

    def settled(self, messages: Collection[UUID]) -> None:
        """Take messages off that list: they were judged after what they answer."""
        self._connection.execute(
            "DELETE FROM matching_due WHERE message = ANY(%b)", (list(messages),)
        )

    def due_mentioning(self, keys: Collection[str], cause: UUID) -> None:
        """Ask for a decision on messages of nobody that name one of these numbers (keys)."""
        self._ask(
            "INSERT INTO matching_due SELECT DISTINCT message, %s::uuid FROM matching_mention"
            " WHERE key = ANY(%b) ON CONFLICT DO NOTHING",
            cause,
            list(keys),
        )

    def due_seeking(self, messages: Collection[UUID], cause: UUID) -> None:
        """Ask for a decision on later messages that seek an earlier one, and may find these."""
        self._ask(
            "INSERT INTO matching_due SELECT DISTINCT later.message, %s::uuid"
            " FROM matching_topic this JOIN matching_seeker later ON later.topic = this.topic"
            " AND later.at BETWEEN this.at AND this.at + %s"
            " WHERE this.message = ANY(%b) AND later.message <> this.message"
            " ON CONFLICT DO NOTHING",
            cause,
            LONGEST_WINDOW,
            list(messages),
        )

    def due_answering(self, questions: Mapping[UUID, UUID]) -> None:
        """Ask for a decision on messages that may answer these, each by its cause."""
        self._ask(
            "INSERT INTO matching_due SELECT DISTINCT ON (later.message) later.message, asked.cause"
            " FROM unnest(%b::uuid[], %b::uuid[]) AS asked(message, cause)"
            " JOIN matching_topic this ON this.message = asked.message AND this.question"
            " JOIN matching_seeker later ON later.topic = this.topic"
            " AND later.at BETWEEN this.at AND this.at + %s AND later.message <> this.message"
            " ON CONFLICT DO NOTHING",
            list(questions),
            list(questions.values()),
            ANSWERED_WITHIN,
        )

    def _ask(self, query: LiteralString, *values: object) -> None:
        if not self._quiet:
            self._connection.execute(query, values)

    def _rows(self, query: LiteralString, *values: object) -> list[TupleRow]:
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(query, values).fetchall()
