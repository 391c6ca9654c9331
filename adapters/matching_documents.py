"""The reactions' look-up of documents by their ids: which are known, and whose they are."""

from collections.abc import Collection, Mapping
from typing import LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow


class Documents:
    """Documents within one transaction; every method is one statement for a whole batch."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Work in the transaction of `connection`."""
        self._connection = connection

    def keep(self, parties: Mapping[UUID, UUID | None]) -> None:
        """Store to which party documents belong now, if to any."""
        self._connection.execute(
            "INSERT INTO matching_document SELECT * FROM unnest(%b::uuid[], %b::uuid[])"
            " ON CONFLICT (document) DO UPDATE SET party = EXCLUDED.party",
            (list(parties), list(parties.values())),
        )

    def parties(self, documents: Collection[UUID]) -> dict[UUID, UUID | None]:
        """Give the party of each of these that is known; the survivor of a merged one."""
        query: LiteralString = (
            "SELECT document, coalesce(survivor, party) FROM matching_document"
            " LEFT JOIN matching_merge USING (party) WHERE document = ANY(%b)"
        )
        with self._connection.cursor(binary=True) as cursor:
            return {row[0]: row[1] for row in cursor.execute(query, (list(documents),))}
