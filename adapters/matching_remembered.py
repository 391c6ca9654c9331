"""The reactions' look-up of what people said for all mail with an address."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.matching import ref
from domain.remembering import Choice


class Remembered:
    """Remembered choices within one transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Work in the transaction of `connection`."""
        self._connection = connection

    def set(self, choice: Choice, address: str) -> list[UUID]:
        """Store a choice; give what addresses (hashed) are touched."""
        self._connection.execute(
            "INSERT INTO matching_remembered VALUES (%s, %s, %s, %s, %s)",
            (choice.id, ref(address), choice.party, choice.mailbox, sorted(choice.words)),
        )
        return [ref(address)]

    def forget(self, choice: UUID) -> list[UUID]:
        """Forget one; give the addresses (hashed) that it was about."""
        query: LiteralString = (
            "DELETE FROM matching_remembered WHERE choice = %s RETURNING address"
        )
        return [row[0] for row in self._rows(query, choice)]

    def addresses_of(self, parties: Collection[UUID]) -> list[UUID]:
        """Give the addresses (hashed) whose mail belongs to parties by such a choice."""
        query: LiteralString = "SELECT address FROM matching_remembered WHERE party = ANY(%b)"
        return [row[0] for row in self._rows(query, list(parties))]

    def of(self, addresses: Iterable[str]) -> dict[str, tuple[Choice, ...]]:
        """Give what is remembered of address keys, of merged parties for the survivor."""
        query: LiteralString = (
            "SELECT address, choice, coalesce(survivor, party), mailbox, words"
            " FROM matching_remembered LEFT JOIN matching_merge USING (party)"
            " WHERE address = ANY(%b) ORDER BY choice"
        )
        by_ref = {ref(address): address for address in addresses}
        found: dict[str, list[Choice]] = defaultdict(list)
        for key, choice, party, mailbox, words in self._rows(query, list(by_ref)):
            found[by_ref[key]].append(Choice(choice, party, mailbox, frozenset(words)))
        return {one: tuple(choices) for one, choices in found.items()}

    def _rows(self, query: LiteralString, *values: object) -> list[TupleRow]:
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(query, values).fetchall()
