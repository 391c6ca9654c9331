"""How messages were classified and closed, as intervals: so that any moment can be asked for."""

from dataclasses import field
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from projections.projection import Names, Rows, Table


@dataclass(slots=True)
class StateRow:
    """How a message was classified and closed, over an interval of positions and of times."""

    message: UUID
    from_position: int
    to_position: int | None
    from_time: datetime
    to_time: datetime | None
    direction: str | None
    automatic: bool
    kind: str
    wants_answer: bool
    reason: str
    evidence: str
    closed: bool
    close_reason: str


STATE = Table("message_state", StateRow, key=("message", "from_position"))


@dataclass(slots=True)
class States:
    """The intervals that a batch begins and ends."""

    rows: Rows[StateRow] = field(default_factory=lambda: Rows(STATE))
    standing: dict[UUID, StateRow] = field(default_factory=dict)

    def load(self, connection: Connection[TupleRow], names: Names, messages: list[UUID]) -> None:
        """Read the states that stand now."""
        now = "message = ANY(%b) AND to_position IS NULL"
        for row in self.rows.fetch(connection, names, now, messages):
            self.standing[row.message] = row

    def renew(self, row: StateRow) -> None:
        """End the interval of a message's former state where the new one begins."""
        former = self.standing.get(row.message)
        if former is not None:
            former.to_position, former.to_time = row.from_position, row.from_time
            self.rows.put(former)
        self.standing[row.message] = self.rows.put(row)

    def flush(self, connection: Connection[TupleRow], names: Names) -> None:
        """Write what changed."""
        self.rows.flush(connection, names)
