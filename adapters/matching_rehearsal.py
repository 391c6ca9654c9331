"""What a rehearsal of matching decides, beside what was decided, until its transaction ends."""

from collections.abc import Collection, Mapping
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.matching import read_verdict, written_verdict
from domain.matching import Verdict


class Rehearsal:
    """Verdicts that differ from those that are kept; memory does not grow with their number."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Work in the transaction of `connection`, at whose end nothing is left."""
        self._connection = connection
        connection.execute(
            "CREATE TEMPORARY TABLE rehearsed (message uuid PRIMARY KEY, verdict bytea NOT NULL)"
            " ON COMMIT DROP"
        )

    def verdicts(self, messages: Collection[UUID]) -> dict[UUID, Verdict]:
        """Give those of some messages."""
        with self._connection.cursor(binary=True) as cursor:
            rows = cursor.execute(
                "SELECT message, verdict FROM rehearsed WHERE message = ANY(%b)", (list(messages),)
            )
            return {row[0]: read_verdict(row[1]) for row in rows}

    def keep(self, judged: Collection[UUID], differing: Mapping[UUID, Verdict]) -> None:
        """Take in which of the messages that were judged are decided on otherwise, and how."""
        self._connection.execute("DELETE FROM rehearsed WHERE message = ANY(%b)", (list(judged),))
        self._connection.execute(
            "INSERT INTO rehearsed SELECT * FROM unnest(%b::uuid[], %b::bytea[])",
            (list(differing), [written_verdict(one) for one in differing.values()]),
        )

    def count(self) -> int:
        """Count the messages that are decided on otherwise."""
        row = self._connection.execute("SELECT count(*) FROM rehearsed").fetchone()
        return 0 if row is None else int(row[0])

    def first(self, most: int) -> list[UUID]:
        """Give some of them."""
        query = "SELECT message FROM rehearsed ORDER BY message LIMIT %s"
        return [row[0] for row in self._connection.execute(query, (most,))]
