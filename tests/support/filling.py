"""Fill read tables in a test: events are given, the tables of one projection are made for them."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.catalog import BY_CLASS
from domain.recorded import Recorded
from events import NOON, envelope

if TYPE_CHECKING:
    from psycopg import Connection

    from projections.projection import Names, Projection, Table


def recorded(events: Iterable[tuple[UUID, object]]) -> list[Recorded]:
    """Number events as the journal would."""
    versions: dict[UUID, int] = {}
    found = []
    for position, (stream, event) in enumerate(events, 1):
        versions[stream] = versions.get(stream, 0) + 1
        name = BY_CLASS[type(event)].name
        at = NOON + timedelta(seconds=position)
        found.append(Recorded(position, at, stream, versions[stream], name, envelope(), event))
    return found


def fill(
    connection: "Connection[Any]",
    projection: "Projection[Any]",
    batches: Iterable[Sequence[Recorded]],
    generation: int = 1,
    *,
    going_on: bool = False,
) -> "Names":
    """Make a projection's tables anew and fold batches into them.

    `going_on`: each batch goes on with what the one before left in memory.
    """
    from projections.projection import Names  # noqa: PLC0415

    state: Any = None
    names = Names({table.name: generation for table in projection.tables})
    for table in projection.tables:
        _make(connection, names, table)
    for batch in batches:
        heard = [one for one in batch if isinstance(one.event, projection.hears)]
        with connection.transaction():
            if going_on and state is not None and projection.extend is not None:
                state = projection.extend(connection, names, heard, state)
            else:
                state = projection.load(connection, names, heard)
            for one in heard:
                projection.fold(state, one)
            projection.flush(connection, names, state)
    return names


def _make(connection: "Connection[Any]", names: "Names", table: "Table[Any]") -> None:
    from psycopg.sql import SQL, Identifier  # noqa: PLC0415

    columns = SQL(", ").join(
        SQL("{} {}{}").format(Identifier(name), SQL(kind), SQL("" if nullable else " NOT NULL"))
        for name, kind, nullable in table.columns()
    )
    key = SQL(", ").join(map(Identifier, table.key))
    connection.execute(SQL("DROP TABLE IF EXISTS {}").format(names[table.name]))
    connection.execute(
        SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))").format(names[table.name], columns, key)
    )


def rows(
    connection: "Connection[Any]", names: "Names", table: "Table[Any]"
) -> list[tuple[Any, ...]]:
    """Give all rows of a table, in order."""
    from psycopg.sql import SQL  # noqa: PLC0415

    found = connection.execute(SQL("SELECT * FROM {}").format(names[table.name])).fetchall()
    return sorted(found, key=repr)
