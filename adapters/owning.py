"""What the company calls its own, in the reactions' look-ups: addresses, web forms, servers."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.correspondents import Ours
from domain.values import MailboxId


class Own:
    """That part of the look-ups, within one transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Work in the transaction of `connection`."""
        self._connection = connection

    def set_ours(self, stream: UUID, domains: Sequence[str], addresses: Sequence[str]) -> None:
        """Store what a record of the company calls its own."""
        self._run(
            "INSERT INTO matching_ours (stream, domains, addresses) VALUES (%s, %s, %s)"
            " ON CONFLICT (stream) DO UPDATE"
            " SET domains = EXCLUDED.domains, addresses = EXCLUDED.addresses",
            stream,
            list(domains),
            list(addresses),
        )

    def set_forms(
        self, stream: UUID, addresses: Sequence[str], mailbox: UUID | None = None
    ) -> list[str]:
        """Store which addresses a record declares to be web forms; give those of before.

        They are so for every mailbox, or for the mail of one.
        """
        query: LiteralString = "SELECT forms FROM matching_ours WHERE stream = %s"
        before = self._rows(query, stream)
        self._run(
            "INSERT INTO matching_ours (stream, domains, addresses, forms, forms_of)"
            " VALUES (%s, '{}', '{}', %s, %s) ON CONFLICT (stream) DO UPDATE"
            " SET forms = EXCLUDED.forms, forms_of = EXCLUDED.forms_of",
            stream,
            list(addresses),
            mailbox,
        )
        return [one for row in before for one in row[0]]

    def set_servers(self, stream: UUID, servers: Sequence[str]) -> None:
        """Store which servers are believed about senders."""
        self._run(
            "INSERT INTO matching_ours (stream, domains, addresses, servers)"
            " VALUES (%s, '{}', '{}', %s)"
            " ON CONFLICT (stream) DO UPDATE SET servers = EXCLUDED.servers",
            stream,
            list(servers),
        )

    def all(self) -> Ours:
        """Give all that the company calls its own, and whose word it takes."""
        rows = self._rows("SELECT domains, addresses, forms, servers, forms_of FROM matching_ours")
        every = [row for row in rows if row[4] is None]
        return Ours(
            domains=frozenset(one for row in rows for one in row[0]),
            addresses=frozenset(one for row in rows for one in row[1]),
            forms=frozenset(one for row in every for one in row[2]),
            servers=frozenset(one for row in rows for one in row[3]),
            forms_in=frozenset(
                (MailboxId(row[4]), one) for row in rows if row[4] is not None for one in row[2]
            ),
        )

    def _run(self, query: LiteralString, *values: object) -> None:
        self._connection.execute(query, values)

    def _rows(self, query: LiteralString, *values: object) -> list[TupleRow]:
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(query, values).fetchall()
