"""The reactions' look-ups of what people said about messages: links, and that they are closed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.matching import ref
from domain.choosing import Target, TargetKind


@dataclass(slots=True)
class Said:
    """What people said about one message: what it belongs to, by whose word, and what not."""

    confirmed: dict[Target, str] = field(default_factory=dict)
    rejected: set[Target] = field(default_factory=set)


class Choices:
    """People's choices within one transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Work in the transaction of `connection`."""
        self._connection = connection

    def set(
        self,
        message: UUID,
        target: Target,
        by: str,
        contact_of: UUID | None = None,
        *,
        belongs: bool | None,
    ) -> None:
        """Store what somebody said; `belongs` None takes it back."""
        self._connection.execute(
            "DELETE FROM matching_choice WHERE message = %s AND kind = %s AND target = %s",
            (message, target[0].value, target[1]),
        )
        if belongs is not None:
            self._connection.execute(
                "INSERT INTO matching_choice"
                " (message, kind, target, belongs, said_by, contact_of)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                (message, target[0].value, target[1], belongs, by, contact_of),
            )

    def of(self, messages: Collection[UUID]) -> Mapping[UUID, Said]:
        """Give what was said about messages; of merged parties one yes is a yes to the survivor.

        What concerns a contact belongs to the party that has it, unless that was said not to be so.
        """
        query: LiteralString = (
            "SELECT message, kind, coalesce(survivor, target) AS one, bool_or(belongs),"
            " min(said_by) FILTER (WHERE belongs) FROM matching_choice"
            " LEFT JOIN matching_merge ON party = target"
            " WHERE message = ANY(%b) GROUP BY message, kind, one"
        )
        found: dict[UUID, Said] = {}
        with self._connection.cursor(binary=True) as cursor:
            rows = cursor.execute(query, (list(messages),)).fetchall()
        for message, kind, target, belongs, by in rows:
            said = found.setdefault(message, Said())
            if belongs:
                said.confirmed[TargetKind(kind), target] = by
            else:
                said.rejected.add((TargetKind(kind), target))
        for message, party, by in self._through_contacts(found):
            target = TargetKind.PARTY, party
            if target not in found[message].rejected:
                found[message].confirmed.setdefault(target, by)
        return found

    def _through_contacts(self, messages: Collection[UUID]) -> list[TupleRow]:
        query: LiteralString = (
            "SELECT message, coalesce(survivor, contact_of), said_by FROM matching_choice"
            " LEFT JOIN matching_merge ON party = contact_of"
            " WHERE message = ANY(%b) AND belongs AND contact_of IS NOT NULL ORDER BY said_by"
        )
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(query, (list(messages),)).fetchall()

    def set_closed(self, message: UUID, at: datetime | None) -> None:
        """Store when somebody closed a message; None: it is open again."""
        self._connection.execute("DELETE FROM matching_closed WHERE message = %s", (message,))
        if at is not None:
            self._connection.execute("INSERT INTO matching_closed VALUES (%s, %s)", (message, at))

    def closed(self, messages: Collection[UUID]) -> dict[UUID, datetime]:
        """Give those messages that are closed, and since when."""
        query: LiteralString = "SELECT message, at FROM matching_closed WHERE message = ANY(%b)"
        with self._connection.cursor(binary=True) as cursor:
            return dict(cursor.execute(query, (list(messages),)).fetchall())

    def closed_naming(self, message_ids: Collection[str]) -> dict[str, datetime]:
        """Give those Message-IDs that closed messages name, and when the last of these was closed."""
        by_ref = {ref(one): one for one in message_ids}
        query: LiteralString = (
            "SELECT ref, max(at) FROM matching_named_id JOIN matching_closed USING (message)"
            " WHERE ref = ANY(%b) GROUP BY ref"
        )
        with self._connection.cursor(binary=True) as cursor:
            rows = cursor.execute(query, (list(by_ref),)).fetchall()
        return {by_ref[row[0]]: row[1] for row in rows}
