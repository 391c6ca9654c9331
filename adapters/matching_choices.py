"""The reactions' look-ups of what people said about messages: links, and that they are closed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

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

    def set(self, message: UUID, target: Target, by: str, *, belongs: bool | None) -> None:
        """Store what somebody said; `belongs` None takes it back."""
        self._connection.execute(
            "DELETE FROM matching_choice WHERE message = %s AND kind = %s AND target = %s",
            (message, target[0].value, target[1]),
        )
        if belongs is not None:
            self._connection.execute(
                "INSERT INTO matching_choice VALUES (%s, %s, %s, %s, %s)",
                (message, target[0].value, target[1], belongs, by),
            )

    def of(self, messages: Collection[UUID]) -> Mapping[UUID, Said]:
        """Give what was said about messages; of merged parties one yes is a yes to the survivor."""
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
        return found

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
