"""Why a message goes on with another that it does not refer to, or is apart from one that it does."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from domain.message import MessageSetApart, MessageThreaded
from domain.recorded import Recorded
from projections.projection import Names, Rows, Table
from projections.reader import Reader, columns_of, rows_of


@dataclass(slots=True)
class Ground:
    """The ground that holds now; `apart` tells which of both it is, `other` is the earlier message."""

    message: UUID
    apart: bool
    other: UUID
    rule: str
    rule_version: int
    confidence: int
    place: str
    evidence: str


GROUND = Table("conversation_ground", Ground, key=("message", "apart"))


def extend(
    connection: Connection[TupleRow],
    names: Names,
    rows: Rows[Ground],
    batch: Sequence[Recorded],
) -> None:
    """Read the grounds that a batch may change."""
    told = {
        one.stream for one in batch if isinstance(one.event, MessageThreaded | MessageSetApart)
    }
    if told:
        rows.fetch(connection, names, "message = ANY(%b)", list(told))


def fold(rows: Rows[Ground], recorded: Recorded) -> None:
    """Take in what was found, or that its ground is gone."""
    event = recorded.event
    if not isinstance(event, MessageThreaded | MessageSetApart):
        return
    apart = isinstance(event, MessageSetApart)
    other = event.ancestor if isinstance(event, MessageSetApart) else event.parent
    if other is None:
        rows.remove(recorded.stream, apart)
        return
    told = (event.rule, event.rule_version, event.confidence, event.where, event.evidence)
    rows.put(Ground(recorded.stream, apart, other, *told))


async def grounds_of(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    messages: Sequence[UUID],
) -> dict[UUID, list[Ground]]:
    """Give the grounds of messages that may be seen; evidence only of one that says one thing."""
    query = names.sql(
        "SELECT {columns} FROM {conversation_ground} g JOIN {message} m ON m.id = g.message"
        " WHERE g.message = ANY(%(ids)s) AND {sees} ORDER BY g.message, g.apart",
        columns=columns_of(Ground, "g"),
        sees=reader.sees("m.mailboxes"),
    )
    rows = await rows_of(connection, Ground, query, {**reader.params(), "ids": list(messages)})
    found: dict[UUID, list[Ground]] = {}
    for row in rows:
        found.setdefault(row.message, []).append(row)
    return found
