"""Warnings and breaches: which waits were at risk or too late, since when, and who was told."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from domain.alarms import (
    MessageAlarmTold,
    MessageWaitBreached,
    MessageWaitWarned,
    Stage,
    stage_of,
)
from domain.classes import dataclass
from domain.recorded import Recorded
from projections.projection import Names, Projection, Rows, Table
from projections.reader import (
    FIRST_PAGE,
    NOW,
    AsOf,
    Order,
    Page,
    Reader,
    Slice,
    columns_of,
    slice_of,
)


@dataclass(slots=True)
class AlarmRow:
    """A stage of a wait: see domain/alarms.py. `told` at `told_position`, None: not told yet."""

    message: UUID
    stage: str
    clock: str
    mailboxes: list[UUID]
    since: datetime
    due: datetime
    held: datetime
    tell: datetime | None
    seconds: int
    target: UUID
    target_position: int
    calendar: UUID | None
    calendar_position: int | None
    noticed_at: datetime
    position: int
    told: list[UUID]
    escalated_to: list[UUID]
    told_at: datetime | None = None
    told_position: int | None = None


ALARM = Table(
    "alarm",
    AlarmRow,
    key=("message", "stage"),
    late=("(position)",),
)
LATEST_FIRST: Final = Order("alarms", ("position",), kinds="i")


@dataclass(slots=True)
class State:
    """What a batch touches."""

    rows: Rows[AlarmRow] = field(default_factory=lambda: Rows(ALARM))


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read what was noticed of the waits of which somebody was told."""
    state = State()
    told = {one.stream for one in batch if isinstance(one.event, MessageAlarmTold)}
    if told:
        state.rows.fetch(connection, names, "message = ANY(%b)", list(told))
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    match recorded.event:
        case MessageWaitWarned() | MessageWaitBreached() as event:
            state.rows.put(_row(recorded, event))
        case MessageAlarmTold(stage=stage) as event:
            row = state.rows.get(recorded.stream, stage.value)
            if row is not None:
                row.told, row.escalated_to = list(event.told), list(event.escalated_to)
                row.told_at, row.told_position = recorded.envelope.at, recorded.position
                state.rows.put(row)
        case _:
            return


def _row(recorded: Recorded, event: MessageWaitWarned | MessageWaitBreached) -> AlarmRow:
    return AlarmRow(
        message=recorded.stream,
        stage=stage_of(event).value,
        clock=event.clock.value,
        mailboxes=[event.mailbox],
        since=event.since,
        due=event.due,
        held=event.held,
        tell=event.tell,
        seconds=event.seconds,
        target=event.target,
        target_position=event.target_position,
        calendar=event.calendar,
        calendar_position=event.calendar_position,
        noticed_at=recorded.envelope.at,
        position=recorded.position,
        told=[],
        escalated_to=[],
    )


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.rows.flush(connection, names)


alarms = Projection(
    "alarms",
    version=1,
    tables=(ALARM,),
    hears=(MessageWaitWarned, MessageWaitBreached, MessageAlarmTold),
    load=load,
    fold=fold,
    flush=flush,
)

# ---- reading


async def noticed(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    page: Page = FIRST_PAGE,
    as_of: AsOf = NOW,
    mailboxes: Sequence[UUID] = (),
) -> Slice[AlarmRow]:
    """Give warnings and breaches in the mailboxes that `reader` sees, the latest first.

    With `as_of.time` those that were to be told by then; what is told later instead is left out.
    """
    source = names.sql(
        "FROM {alarm} WHERE {seen}{known}{then}{boxes}",
        seen=reader.sees("mailboxes"),
        known=SQL(" AND position <= %(position)s" if as_of.position is not None else ""),
        then=SQL(" AND tell <= %(time)s" if as_of.time is not None else ""),
        boxes=SQL(" AND mailboxes && %(boxes)s::uuid[]" if mailboxes else ""),
    )
    values = {"position": as_of.position, "time": as_of.time, "boxes": list(mailboxes)}
    params = {**reader.params(), **values}
    return await slice_of(
        connection, AlarmRow, columns_of(AlarmRow), source, LATEST_FIRST, page, params
    )


async def noticed_of(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, messages: Sequence[UUID]
) -> set[tuple[UUID, Stage]]:
    """Tell what was noticed already of the waits that began with messages."""
    query = names.sql(
        "SELECT message, stage FROM {alarm} WHERE message = ANY(%(ids)s) AND {seen}",
        seen=reader.sees("mailboxes"),
    )
    rows = await connection.execute(query, {**reader.params(), "ids": list(messages)})
    return {(row[0], Stage(row[1])) for row in await rows.fetchall()}
