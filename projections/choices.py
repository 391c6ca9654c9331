"""What people said for all mail with an address, and how much rests on it."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg import Connection as Filling
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable

from domain.classes import dataclass
from domain.recorded import Recorded
from domain.remembering import ChoiceForgotten, ChoiceRemembered
from projections.projection import Names, Projection, Rows, Table
from projections.reader import (
    COUNTED_EXACTLY,
    FIRST_PAGE,
    Order,
    Page,
    Reader,
    Slice,
    columns_of,
    rows_of,
    slice_of,
)


@dataclass(slots=True)
class ChoiceRow:
    """A remembered choice, and by whose word; a forgotten one is kept, as old links name it."""

    id: UUID
    party: UUID
    mailbox: UUID | None
    address: str
    words: str
    actor_kind: str
    actor_id: str
    at: datetime
    forgotten: bool


CHOICE = Table(
    "remembered",
    ChoiceRow,
    key=("id",),
    late=("(at DESC, id DESC) WHERE NOT forgotten",),
)


@dataclass(slots=True)
class State:
    """What a batch touches."""

    rows: Rows[ChoiceRow] = field(default_factory=lambda: Rows(CHOICE))


def load(connection: Filling[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read what the batch changes."""
    state = State()
    state.rows.fetch(connection, names, "id = ANY(%b)", list({one.stream for one in batch}))
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    match recorded.event:
        case ChoiceRemembered(party, mailbox, address, words):
            by = recorded.envelope.on_behalf_of or recorded.envelope.actor
            state.rows.put(
                ChoiceRow(
                    id=recorded.stream,
                    party=party,
                    mailbox=mailbox,
                    address=address,
                    words=words,
                    actor_kind=by.kind.value,
                    actor_id=by.id,
                    at=recorded.recorded_at,
                    forgotten=False,
                )
            )
        case ChoiceForgotten():
            row = state.rows.get(recorded.stream)
            if row is not None:
                row.forgotten = True
                state.rows.put(row)
        case _:
            return


def flush(connection: Filling[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.rows.flush(connection, names)


choices = Projection(
    "choices",
    version=1,
    tables=(CHOICE,),
    hears=(ChoiceRemembered, ChoiceForgotten),
    load=load,
    fold=fold,
    flush=flush,
    uses=("party", "link"),
)

# ---- reading

Connection = AsyncConnection[TupleRow]
NEWEST_FIRST = Order("choices.newest", ("c.at", "c.id"))
_RESTING: Final = SQL("l.to_position IS NULL AND l.state IN ('automatic', 'confirmed')")


async def page(
    connection: Connection, names: Names, reader: Reader, at: Page = FIRST_PAGE
) -> Slice[ChoiceRow]:
    """Give what is remembered, the newest first, as far as the reader may know of it."""
    source = names.sql(
        "FROM {remembered} c WHERE NOT c.forgotten AND {visible}", visible=_visible(names, reader)
    )
    columns, values = columns_of(ChoiceRow, "c"), reader.params()
    return await slice_of(connection, ChoiceRow, columns, source, NEWEST_FIRST, at, values)


async def by_ids(
    connection: Connection, names: Names, reader: Reader, ids: Sequence[UUID]
) -> dict[UUID, ChoiceRow]:
    """Give many at once, forgotten ones too, as far as the reader may know of them."""
    query = names.sql(
        "SELECT {columns} FROM {remembered} c WHERE c.id = ANY(%(ids)s) AND {visible}",
        columns=columns_of(ChoiceRow, "c"),
        visible=_visible(names, reader),
    )
    rows = await rows_of(connection, ChoiceRow, query, {**reader.params(), "ids": list(ids)})
    return {row.id: row for row in rows}


async def counts_of(
    connection: Connection,
    names: Names,
    reader: Reader,
    ids: Sequence[UUID],
    most: int | None = COUNTED_EXACTLY + 1,
) -> dict[UUID, int]:
    """Count the messages that rest on each, as far as they are seen, and no further than `most`."""
    query = names.sql(
        "SELECT asked.id, (SELECT count(*) FROM (SELECT 1 FROM {link} l WHERE l.choice = asked.id"
        " AND {resting} AND {sees} LIMIT %(most)s) AS counted)"
        " FROM unnest(%(ids)s::uuid[]) AS asked(id)",
        resting=_RESTING,
        sees=reader.sees("l.mailboxes"),
    )
    cursor = await connection.execute(query, {**reader.params(), "ids": list(ids), "most": most})
    return dict(await cursor.fetchall())


def _visible(names: Names, reader: Reader) -> Composable:
    """Who sees some mailboxes is told what holds in these, or what mail there rests on."""
    cleared = names.sql(
        "NOT EXISTS (SELECT FROM {party} p WHERE p.id = c.party AND NOT {cleared})",
        cleared=reader.cleared("p.privacy_level"),
    )
    if reader.mailboxes is None:
        return cleared
    return names.sql(
        "{cleared} AND (c.mailbox = ANY(%(reader)s::uuid[]) OR EXISTS (SELECT FROM {link} l"
        " WHERE l.choice = c.id AND {resting} AND {sees}))",
        cleared=cleared,
        resting=_RESTING,
        sees=reader.sees("l.mailboxes"),
    )
