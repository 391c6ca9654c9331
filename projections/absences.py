"""Absences, each as it was said over an interval: any past moment can be told."""

import json
from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.absence import Absence, AbsenceCancelled, AbsenceChanged, AbsenceEntered
from domain.classes import dataclass
from domain.recorded import Recorded
from domain.values import AbsenceId, ColleagueId
from projections.projection import Names, Projection, Rows, Table
from projections.reader import NOW, AsOf, Reader, columns_of, rows_of


@dataclass(slots=True)
class AbsenceRow:
    """An absence as it was said over an interval of positions, and of its commands' clock.

    `ends` None: nobody knows until when. `texts` is JSON: pairs of language and answer.
    """

    id: UUID
    colleague: UUID
    begins: datetime
    ends: datetime | None
    zone: str
    whole_days: bool
    substitute: UUID | None
    answers: bool
    template: UUID | None
    texts: str
    actor_kind: str
    actor_id: str
    from_position: int
    to_position: int | None
    said_at: datetime
    unsaid_at: datetime | None

    @property
    def absence(self) -> Absence:
        """Give what decides who stands in."""
        return Absence(
            id=AbsenceId(self.id),
            colleague=ColleagueId(self.colleague),
            begins=self.begins,
            ends=self.ends,
            substitute=ColleagueId(self.substitute) if self.substitute else None,
            said_at=self.said_at,
            unsaid_at=self.unsaid_at,
        )

    @property
    def answered(self) -> dict[str, str]:
        """Give the answers by language."""
        return dict(json.loads(self.texts))


ABSENCE = Table(
    "absence",
    AbsenceRow,
    key=("id", "from_position"),
    indexes=("(colleague, begins)", "(id) WHERE to_position IS NULL"),
)
_SAID = AbsenceEntered | AbsenceChanged


@dataclass(slots=True)
class State:
    """What a batch touches, and of each absence the row that stands."""

    rows: Rows[AbsenceRow] = field(default_factory=lambda: Rows(ABSENCE))
    standing: dict[UUID, AbsenceRow] = field(default_factory=dict)


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the absences that the batch changes, as they stand."""
    state = State()
    events = (one.event for one in batch)
    changed = {one.absence for one in events if isinstance(one, AbsenceChanged | AbsenceCancelled)}
    if changed:
        where: LiteralString = "id = ANY(%b) AND to_position IS NULL"
        for row in state.rows.fetch(connection, names, where, list(changed)):
            state.standing[row.id] = row
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    event = recorded.event
    if not isinstance(event, _SAID | AbsenceCancelled):
        return
    if (before := state.standing.pop(event.absence, None)) is not None:
        before.to_position, before.unsaid_at = recorded.position, recorded.envelope.at
        state.rows.put(before)
    if isinstance(event, _SAID):
        state.standing[event.absence] = state.rows.put(_row(recorded, event))


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.rows.flush(connection, names)


def _row(recorded: Recorded, event: AbsenceEntered | AbsenceChanged) -> AbsenceRow:
    by = recorded.envelope.on_behalf_of or recorded.envelope.actor
    return AbsenceRow(
        id=event.absence,
        colleague=recorded.stream,
        begins=event.away.begins,
        ends=event.away.ends,
        zone=event.away.zone,
        whole_days=event.away.whole_days,
        substitute=event.away.substitute,
        answers=event.away.answers,
        template=event.away.template,
        texts=json.dumps(event.texts, ensure_ascii=False),
        actor_kind=by.kind.value,
        actor_id=by.id,
        from_position=recorded.position,
        to_position=None,
        said_at=recorded.envelope.at,
        unsaid_at=None,
    )


absences = Projection(
    "absences",
    version=1,
    tables=(ABSENCE,),
    hears=(AbsenceEntered, AbsenceChanged, AbsenceCancelled),
    load=load,
    fold=fold,
    flush=flush,
)

# ---- reading


async def absences_between(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    *,
    begins: datetime | None = None,
    ends: datetime | None = None,
    colleague: UUID | None = None,
    as_of: AsOf = NOW,
) -> list[AbsenceRow]:
    """Give the absences that touch a span, by their beginning; None: it has no such bound.

    Who is away every `reader` may know, as he may know the people. `as_of` tells what was known
    at a position, or said at a time.
    """
    del reader
    query = names.sql(
        "SELECT {columns} FROM {absence} WHERE {known}"
        " AND (%(begins)s::timestamptz IS NULL OR ends IS NULL OR ends > %(begins)s)"
        " AND (%(ends)s::timestamptz IS NULL OR begins < %(ends)s)"
        " AND (%(colleague)s::uuid IS NULL OR colleague = %(colleague)s)"
        " ORDER BY begins, id, from_position",
        columns=columns_of(AbsenceRow),
        known=as_of.held("said_at", "unsaid_at"),
    )
    given = {"begins": begins, "ends": ends, "colleague": colleague}
    at = {"position": as_of.position, "time": as_of.time}
    return await rows_of(connection, AbsenceRow, query, {**given, **at})


async def absence(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, id: UUID
) -> AbsenceRow | None:
    """Give an absence as it was said last, a cancelled one too; every `reader` may know it."""
    del reader
    query = names.sql(
        "SELECT {columns} FROM {absence} WHERE id = %(id)s ORDER BY from_position DESC LIMIT 1",
        columns=columns_of(AbsenceRow),
    )
    return next(iter(await rows_of(connection, AbsenceRow, query, {"id": id})), None)


async def in_force(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, at: datetime
) -> list[AbsenceRow]:
    """Give the absences that hold at a moment, as they were said then."""
    as_of = AsOf(time=at)
    rows = await absences_between(connection, names, reader, begins=at, as_of=as_of)
    return [row for row in rows if row.absence.holds(at)]
