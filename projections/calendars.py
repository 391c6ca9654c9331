"""Calendars and targets: every word that was said, and from when on it holds.

Few words are said, so all of them are read and what holds is found by domain/inforce.py: of any
moment, and of what was known at any position.
"""

from collections.abc import Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.calendars import (
    CalendarRetired,
    CalendarSaved,
    CalendarsEvent,
    TargetSet,
    TargetWithdrawn,
)
from domain.classes import dataclass
from domain.inforce import Said
from domain.recorded import Recorded
from projections.projection import Names, Projection, Rows, Table
from projections.reader import NOW, AsOf, Reader, columns_of, rows_of

_KINDS: Final[dict[str, type[CalendarsEvent]]] = {
    "calendar.saved": CalendarSaved,
    "calendar.retired": CalendarRetired,
    "target.set": TargetSet,
    "target.withdrawn": TargetWithdrawn,
}


@dataclass(slots=True)
class CalendarWordRow:
    """A word by its event's name, its fields as JSON; `since`: from when on it holds."""

    position: int
    stream: UUID
    since: datetime
    name: str
    content: str


CALENDAR_WORD = Table("calendar_word", CalendarWordRow, key=("position",))


@dataclass(slots=True)
class State:
    """What a batch touches; words are only added."""

    words: Rows[CalendarWordRow] = field(default_factory=lambda: Rows(CALENDAR_WORD))


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read nothing: words are only added."""
    del connection, names, batch
    return State()


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    match recorded.event:
        case CalendarSaved() | CalendarRetired() | TargetSet() | TargetWithdrawn() as event:
            row = CalendarWordRow(
                position=recorded.position,
                stream=recorded.stream,
                since=event.since or recorded.envelope.at,
                name=recorded.name,
                content=msgspec.json.encode(event).decode(),
            )
            state.words.put(row)
        case _:
            return


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.words.flush(connection, names)


calendars = Projection(
    "calendars",
    version=1,
    tables=(CALENDAR_WORD,),
    hears=(CalendarSaved, CalendarRetired, TargetSet, TargetWithdrawn),
    load=load,
    fold=fold,
    flush=flush,
)

# ---- reading


async def said(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, as_of: AsOf = NOW
) -> list[Said[CalendarsEvent]]:
    """Give all words, by position, as far as they are about mailboxes that the reader sees."""
    query = names.sql(
        "SELECT {columns} FROM {calendar_word}"
        " WHERE coalesce(position <= %(position)s::int8, true) ORDER BY position",
        columns=columns_of(CalendarWordRow),
    )
    rows = await rows_of(connection, CalendarWordRow, query, {"position": as_of.position})
    words = [Said(row.stream, row.position, row.since, _event(row)) for row in rows]
    return words if reader.mailboxes is None else _as_seen(words, frozenset(reader.mailboxes))


def _event(row: CalendarWordRow) -> CalendarsEvent:
    return msgspec.json.decode(row.content, type=_KINDS[row.name])


def _as_seen(
    words: Sequence[Said[CalendarsEvent]], boxes: frozenset[UUID]
) -> list[Said[CalendarsEvent]]:
    """Leave out other mailboxes; a calendar that is of these alone holds for nothing that is seen."""
    hidden = {one.stream for one in words if _is_hidden(one.event, boxes)}
    return [
        replace(one, event=_event_as_seen(one.event, boxes))
        for one in words
        if one.stream not in hidden
    ]


def _is_hidden(event: CalendarsEvent, boxes: frozenset[UUID]) -> bool:
    match event:
        case TargetSet(scope=scope):
            return scope.mailbox is not None and scope.mailbox not in boxes
        case _:
            return False


def _event_as_seen(event: CalendarsEvent, boxes: frozenset[UUID]) -> CalendarsEvent:
    if not isinstance(event, CalendarSaved) or not event.mailboxes:
        return event
    seen = tuple(one for one in event.mailboxes if one in boxes)
    return replace(event, mailboxes=seen) if seen else CalendarRetired(event.since)
