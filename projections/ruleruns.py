"""What rules did with messages: which held, why, and whom or what was chosen."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from uuid import UUID

import msgspec
from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from domain.recorded import Recorded
from domain.ruleactions import Done, RuleApplied
from projections.projection import Names, Projection, Rows, Table
from projections.reader import Reader, columns_of, rows_of


@dataclass(slots=True)
class RuleRunRow:
    """A rule acted on a message; `done` is JSON: what came of its actions, `said` that in words."""

    position: int
    message: UUID
    rule: UUID
    version: int
    mailbox: UUID
    depth: int
    at: datetime
    command: str
    name: str
    because: list[str]
    said: list[str]
    done: str

    @property
    def actions(self) -> list[Done]:
        """Give what came of its actions, in their order."""
        return msgspec.json.decode(self.done, type=list[Done])


RULE_RUN = Table("rule_run", RuleRunRow, key=("position",), indexes=("(message)",))


@dataclass(slots=True)
class State:
    """What a batch touches; runs are only added."""

    runs: Rows[RuleRunRow] = field(default_factory=lambda: Rows(RULE_RUN))


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read nothing: runs are only added."""
    del connection, names, batch
    return State()


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    event = recorded.event
    if not isinstance(event, RuleApplied):
        return
    state.runs.put(
        RuleRunRow(
            position=recorded.position,
            message=recorded.stream,
            rule=event.rule,
            version=event.version,
            mailbox=event.mailbox,
            depth=event.depth,
            at=recorded.envelope.at,
            command=recorded.envelope.command_id or "",
            name=event.name,
            because=list(event.because),
            said=list(event.said),
            done=msgspec.json.encode(event.done).decode(),
        )
    )


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.runs.flush(connection, names)


ruleruns = Projection(
    "ruleruns",
    version=1,
    tables=(RULE_RUN,),
    hears=(RuleApplied,),
    load=load,
    fold=fold,
    flush=flush,
    uses=("message",),
)

# ---- reading


async def runs_of(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, messages: Sequence[UUID]
) -> dict[UUID, list[RuleRunRow]]:
    """Give what rules did with messages, in order: as mail of mailboxes that the reader sees."""
    query = names.sql(
        "SELECT {columns} FROM {rule_run} r WHERE r.message = ANY(%(ids)s) AND {seen}"
        " AND EXISTS (SELECT FROM {message} m WHERE m.id = r.message AND {sees})"
        " ORDER BY r.position",
        columns=columns_of(RuleRunRow, "r"),
        seen=reader.sees("ARRAY[r.mailbox]"),
        sees=reader.sees("m.mailboxes"),
    )
    values = {**reader.params(), "ids": list(messages)}
    found: dict[UUID, list[RuleRunRow]] = {}
    for row in await rows_of(connection, RuleRunRow, query, values):
        found.setdefault(row.message, []).append(row)
    return found
