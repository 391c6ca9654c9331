"""The reactions' look-up of merged parties: others ask it for the survivor within their statements."""

from collections.abc import Collection, Mapping
from typing import LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.merging import survivors, touched


class Merges:
    """Merged parties within one transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Work in the transaction of `connection`."""
        self._connection = connection

    def set(self, changes: Mapping[UUID, UUID | None]) -> set[UUID]:
        """Store into which parties others are merged now, or None; give whose mail that concerns."""
        before = self._all()
        now = {party: into for party, into in {**before, **changes}.items() if into is not None}
        ends = survivors(now)
        self._connection.execute("DELETE FROM matching_merge")
        self._connection.execute(
            "INSERT INTO matching_merge (party, into_party, survivor)"
            " SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::uuid[])",
            (list(now), list(now.values()), [ends[one] for one in now]),
        )
        return touched(changes, before, now)

    def traces(self, parties: Collection[UUID]) -> list[UUID]:
        """Give the addresses and domains (hashed) of the parties' contacts."""
        query: LiteralString = "SELECT address, domain FROM matching_contact WHERE party = ANY(%b)"
        rows = self._rows(query, list(parties))
        return list({one for row in rows for one in row if one is not None})

    def _all(self) -> dict[UUID, UUID]:
        return {
            row[0]: row[1] for row in self._rows("SELECT party, into_party FROM matching_merge")
        }

    def _rows(self, query: LiteralString, *values: object) -> list[TupleRow]:
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(query, values).fetchall()
