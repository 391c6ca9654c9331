"""Groups of colleagues: who is in each."""

from collections.abc import Sequence
from dataclasses import field
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from domain.recorded import Recorded
from domain.staffgroup import GroupRetired, GroupSaved
from projections.projection import Names, Projection, Rows, Table
from projections.reader import Reader, columns_of, rows_of, text_key


@dataclass(slots=True)
class StaffGroupRow:
    """A group as it is, members in their order."""

    id: UUID
    name: str
    name_key: str
    members: list[UUID]
    retired: bool


STAFF_GROUP = Table("staff_group", StaffGroupRow, key=("id",))


@dataclass(slots=True)
class State:
    """What a batch touches."""

    groups: Rows[StaffGroupRow] = field(default_factory=lambda: Rows(STAFF_GROUP))


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the groups that the batch retires."""
    state = State()
    retired = [one.stream for one in batch if isinstance(one.event, GroupRetired)]
    if retired:
        state.groups.fetch(connection, names, "id = ANY(%b)", retired)
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    match recorded.event:
        case GroupSaved(members, name):
            row = StaffGroupRow(recorded.stream, name, text_key(name), [*members], retired=False)
            state.groups.put(row)
        case GroupRetired():
            if (known := state.groups.get(recorded.stream)) is not None:
                known.retired = True
                state.groups.put(known)
        case _:
            return


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.groups.flush(connection, names)


staffgroups = Projection(
    "staffgroups",
    version=1,
    tables=(STAFF_GROUP,),
    hears=(GroupSaved, GroupRetired),
    load=load,
    fold=fold,
    flush=flush,
)

# ---- reading


async def groups_now(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, *, retired: bool = False
) -> list[StaffGroupRow]:
    """Give the groups by name; every `reader` may know them, as he may know the people."""
    del reader
    query = names.sql(
        "SELECT {columns} FROM {staff_group} WHERE NOT retired OR %(retired)s ORDER BY name_key, id",
        columns=columns_of(StaffGroupRow),
    )
    return await rows_of(connection, StaffGroupRow, query, {"retired": retired})
