"""A small read model for tests: how often something happened to an account, and since when."""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.account import AccountConfigured, AccountPaused, AccountResumed
from domain.recorded import Recorded
from projections.projection import Names, Projection, Rows, Table

POISON = "poison.example"


@dataclass(slots=True)
class Count:
    stream: UUID
    events: int
    hosts: list[str]
    last_position: int


@dataclass(slots=True)
class Step:
    stream: UUID
    from_position: int
    to_position: int | None
    events: int


COUNT = Table("tally", Count, key=("stream",), late=("(events)",))
STEP = Table("tally_step", Step, key=("stream", "from_position"), indexes=("(to_position)",))


@dataclass(slots=True)
class State:
    counts: Rows[Count] = field(default_factory=lambda: Rows(COUNT))
    steps: Rows[Step] = field(default_factory=lambda: Rows(STEP))
    open: dict[UUID, Step] = field(default_factory=dict)


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    state = State()
    streams = list({one.stream for one in batch})
    state.counts.fetch(connection, names, "stream = ANY(%b)", streams)
    now = "stream = ANY(%b) AND to_position IS NULL"
    state.open = {s.stream: s for s in state.steps.fetch(connection, names, now, streams)}
    return state


def fold(state: State, recorded: Recorded) -> None:
    row = state.counts.get(recorded.stream) or Count(recorded.stream, 0, [], 0)
    row.events += 1
    row.last_position = recorded.position
    if isinstance(recorded.event, AccountConfigured):
        if recorded.event.host == POISON:
            raise ZeroDivisionError("what rossi@acme.example wrote")
        row.hosts = [*row.hosts, recorded.event.host]
    state.counts.put(row)
    if before := state.open.get(recorded.stream):
        state.steps.put(replace(before, to_position=recorded.position))
    step = Step(recorded.stream, recorded.position, None, row.events)
    state.open[recorded.stream] = state.steps.put(step)


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    state.counts.flush(connection, names)
    state.steps.flush(connection, names)
    if os.environ.get("TALLY_KILLS") and len(state.counts.by_key) > 1:
        os.kill(os.getpid(), signal.SIGKILL)


HEARS = (AccountConfigured, AccountPaused, AccountResumed)
tally = Projection("tally", 1, (COUNT, STEP), HEARS, load, fold, flush)


def _other(name: str) -> Projection[State]:
    """Make a read model with the same rows in tables of its own."""
    count = Table(name, Count, ("stream",))
    return Projection(
        name,
        1,
        (count,),
        (AccountPaused, AccountResumed),
        lambda connection, names, batch: _loaded(count, connection, names, batch),
        fold,
        lambda connection, names, state: state.counts.flush(connection, names),
    )


def _loaded(
    table: Table[Count],
    connection: Connection[TupleRow],
    names: Names,
    batch: Sequence[Recorded],
) -> State:
    state = State(Rows(table))
    streams = list({one.stream for one in batch})
    state.counts.fetch(connection, names, "stream = ANY(%b)", streams)
    return state


pauses = _other("pauses")
