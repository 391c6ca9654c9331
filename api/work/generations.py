"""The generations of a read model: made, filled beside the one that is read, exchanged, dropped.

Each has its own tables, `<table>__g<generation>`, so a read model changes its shape, or is filled
anew, while people read the one before. The row in `projection` says how far each has come.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, Connection
from psycopg.errors import LockNotAvailable
from psycopg.rows import TupleRow, class_row
from psycopg.sql import SQL, Composed, Identifier

from projections.projection import Names, Projection, Table

GRACE: Final = 60.0
"""Seconds for which the tables of an exchanged generation stay, for those who still read them."""

_COLUMNS: Final[LiteralString] = (
    "name, generation, version, state, active, finished, position, error, stopped_at_position"
)
_NEEDED: Final[LiteralString] = f"""
    SELECT DISTINCT ON (name) {_COLUMNS} FROM projection
    WHERE state <> 'retired' AND (name, version) IN (SELECT * FROM unnest(%b::text[], %b::int4[]))
    ORDER BY name, active DESC, generation DESC
"""  # noqa: S608  only our own column names


@dataclass(frozen=True, slots=True)
class Generation:
    """One set of a projection's tables, and how far it is filled."""

    name: str
    generation: int
    version: int
    state: str
    active: bool
    finished: bool
    position: int
    error: str | None
    stopped_at_position: int | None


class Moved(Exception):
    """Another process has taken this generation further, or exchanged it."""


# ---- which one is read


def active_names(
    connection: Connection[TupleRow], projections: Sequence[Projection[Any]]
) -> Names:
    """Say where the tables of these projections lie now: once for each request."""
    with connection.cursor(row_factory=class_row(Generation)) as cursor:
        return _names(projections, cursor.execute(_NEEDED, _wanted(projections)).fetchall())


async def active_names_async(
    connection: AsyncConnection[TupleRow], projections: Sequence[Projection[Any]]
) -> Names:
    """Say where the tables of these projections lie now: once for each request."""
    async with connection.cursor(row_factory=class_row(Generation)) as cursor:
        found = await cursor.execute(_NEEDED, _wanted(projections))
        return _names(projections, await found.fetchall())


def _wanted(projections: Sequence[Projection[Any]]) -> tuple[list[str], list[int]]:
    """Ask for the version of this code: after an upgrade that may be one still being filled."""
    return [one.name for one in projections], [one.version for one in projections]


def _names(projections: Sequence[Projection[Any]], found: Sequence[Generation]) -> Names:
    at = {one.name: one.generation for one in found}
    if missing := [one.name for one in projections if one.name not in at]:
        raise LookupError(f"no read model yet: {', '.join(missing)}; the feed has to run first")
    return Names({table.name: at[one.name] for one in projections for table in one.tables})


def names_of(projection: Projection[Any], generation: int) -> Names:
    """Give the names of one generation's tables."""
    return Names({table.name: generation for table in projection.tables})


# ---- the register


def registered(connection: Connection[TupleRow], names: Iterable[str]) -> list[Generation]:
    """Give the generations of these projections that are in use or being filled."""
    query: LiteralString = f"""
        SELECT {_COLUMNS} FROM projection WHERE state <> 'retired' AND name = ANY(%s)
        ORDER BY name, active DESC, generation DESC
    """  # noqa: S608  only our own column names
    with connection.cursor(row_factory=class_row(Generation)) as cursor:
        return cursor.execute(query, (list(names),)).fetchall()


def begin(
    connection: Connection[TupleRow], projection: Projection[Any], *, active: bool, empty: bool
) -> Generation:
    """Register a new generation and make its tables; without events it is complete at once."""
    found = connection.execute(
        "INSERT INTO projection (name, generation, version, state, active, finished, tables)"
        " SELECT %(name)s, coalesce(max(generation), 0) + 1, %(version)s, %(state)s, %(active)s,"
        " %(empty)s, %(tables)s FROM projection WHERE name = %(name)s RETURNING generation",
        {
            "name": projection.name,
            "version": projection.version,
            "state": "live" if active and empty else "filling",
            "active": active,
            "empty": empty,
            "tables": [table.name for table in projection.tables],
        },
    ).fetchone()
    assert found is not None  # noqa: S101  INSERT … SELECT of an aggregate gives a row
    create_tables(connection, projection, found[0])
    if empty:
        create_late_indexes(connection, projection, found[0])
    made = registered(connection, [projection.name])
    return next(one for one in made if one.generation == found[0])


def provide(
    connection: Connection[TupleRow],
    projection: Projection[Any],
    ours: Sequence[Generation],
    *,
    empty: bool,
) -> None:
    """Give a read model a generation of this code's version, read at once if it is the first."""
    for one in ours:
        if not one.active and one.version != projection.version:
            retire(connection, one)
    if all(one.version != projection.version for one in ours):
        first = not any(one.active for one in ours)
        begin(connection, projection, active=first, empty=empty)


def resume(connection: Connection[TupleRow], name: str) -> None:
    """Let a stopped projection go on from where it stands."""
    connection.execute(
        "UPDATE projection SET error = NULL, stopped_at_position = NULL,"
        " state = CASE WHEN active AND finished THEN 'live' ELSE 'filling' END"
        " WHERE name = %s AND state = 'stopped'",
        (name,),
    )


def lock(connection: Connection[TupleRow], these: Sequence[Generation]) -> None:
    """Hold the rows of generations until the commit; raise Moved if one is not where we think."""
    found = connection.execute(
        "SELECT count(*) FROM (SELECT FROM projection"
        " JOIN unnest(%b::text[], %b::int4[], %b::int8[]) AS our (name, generation, position)"
        " USING (name, generation, position) WHERE state IN ('filling', 'live')"
        " ORDER BY name, generation FOR UPDATE OF projection) AS held",
        _keyed(these),
    ).fetchone()
    if found is None or found[0] != len(these):
        raise Moved


def move(
    connection: Connection[TupleRow], these: Sequence[Generation], to: int, events: int
) -> list[Generation]:
    """Move generations that are held by `lock`."""
    connection.execute(
        "UPDATE projection SET position = %b, events = events + %b, updated_at = clock_timestamp()"
        " FROM unnest(%b::text[], %b::int4[]) AS our (name, generation)"
        " WHERE projection.name = our.name AND projection.generation = our.generation",
        (to, events, *_keyed(these)[:2]),
    )
    return [replace(one, position=to) for one in these]


def stop(connection: Connection[TupleRow], one: Generation, position: int, error: str) -> None:
    """Stop a generation before an event that it cannot take."""
    connection.execute(
        "UPDATE projection SET state = 'stopped', error = %s, stopped_at_position = %s,"
        " updated_at = clock_timestamp() WHERE name = %s AND generation = %s AND position = %s",
        (error, position, one.name, one.generation, one.position),
    )


def exchange(connection: Connection[TupleRow], one: Generation) -> None:
    """Let readers have this generation from the commit on, in place of the one before."""
    connection.execute(
        "UPDATE projection SET state = 'retired', active = false, retired_at = clock_timestamp(),"
        " stopped_at_position = NULL WHERE name = %s AND generation <> %s AND active",
        (one.name, one.generation),
    )
    connection.execute(
        "UPDATE projection SET state = 'live', active = true, finished = true,"
        " updated_at = clock_timestamp() WHERE name = %s AND generation = %s",
        (one.name, one.generation),
    )


def retire(connection: Connection[TupleRow], one: Generation) -> None:
    """Give up a generation that nobody reads."""
    connection.execute(
        "UPDATE projection SET state = 'retired', retired_at = clock_timestamp(),"
        " stopped_at_position = NULL WHERE name = %s AND generation = %s AND NOT active",
        (one.name, one.generation),
    )


def drop_retired(connection: Connection[TupleRow], grace: float = GRACE) -> int:
    """Drop the tables of generations that were retired long enough ago, and count these."""
    old = connection.execute(
        "SELECT name, generation, tables FROM projection WHERE state = 'retired'"
        " AND retired_at < clock_timestamp() - make_interval(secs => %s)",
        (grace,),
    ).fetchall()
    return sum(_dropped(connection, *one) for one in old)


def _dropped(
    connection: Connection[TupleRow], name: str, generation: int, tables: Sequence[str]
) -> bool:
    where = Names(dict.fromkeys(tables, generation))
    try:
        with connection.transaction():
            connection.execute("SET LOCAL lock_timeout = '1s'")
            for table in tables:
                connection.execute(SQL("DROP TABLE IF EXISTS {}").format(where[table]))
            connection.execute(
                "DELETE FROM projection WHERE name = %s AND generation = %s", (name, generation)
            )
    except LockNotAvailable:
        return False  # somebody reads very long; the next time will do
    return True


def _keyed(these: Sequence[Generation]) -> tuple[list[str], list[int], list[int]]:
    names = [one.name for one in these]
    return names, [one.generation for one in these], [one.position for one in these]


# ---- the tables


def create_tables(
    connection: Connection[TupleRow],
    projection: Projection[Any],
    generation: int,
    *,
    temporary: bool = False,
) -> None:
    """Make a generation's tables, with the key and the indexes that filling needs."""
    names = names_of(projection, generation)
    for table in projection.tables:
        columns = [
            SQL("{} {}{}").format(
                Identifier(name), _type(kind), SQL("" if nullable else " NOT NULL")
            )
            for name, kind, nullable in table.columns()
        ]
        keys = [] if table.late_key else [_key(table)]
        connection.execute(
            SQL("CREATE {} {} ({})").format(
                SQL("TEMPORARY TABLE" if temporary else "TABLE"),
                names[table.name],
                SQL(", ").join([*columns, *keys]),
            )
        )
    _create_indexes(connection, projection, names, lambda table: table.indexes)


def create_late_indexes(
    connection: Connection[TupleRow], projection: Projection[Any], generation: int
) -> None:
    """Make the indexes that readers need, and let the planner learn what the tables hold."""
    names = names_of(projection, generation)
    for table in projection.tables:
        if table.late_key:
            connection.execute(SQL("ALTER TABLE {} ADD {}").format(names[table.name], _key(table)))
    _create_indexes(connection, projection, names, lambda table: table.late)
    analyze(connection, projection, generation)


def analyze(
    connection: Connection[TupleRow], projection: Projection[Any], generation: int
) -> None:
    """Let the planner learn what the tables hold: while filling it would think them empty."""
    names = names_of(projection, generation)
    for table in projection.tables:
        connection.execute(SQL("ANALYZE {}").format(names[table.name]))


def _create_indexes(
    connection: Connection[TupleRow],
    projection: Projection[Any],
    names: Names,
    wanted: Callable[[Table[Any]], tuple[str, ...]],
) -> None:
    for table in projection.tables:
        for index in wanted(table):
            # Written in the code beside the table, never by anybody else.
            made = f"CREATE INDEX ON {names[table.name].as_string()} {index}"
            connection.execute(made.encode())


def _key(table: Table[Any]) -> Composed:
    return SQL("PRIMARY KEY ({})").format(SQL(", ").join(map(Identifier, table.key)))


def _type(kind: str) -> Composed:
    array = kind.endswith("[]")
    return SQL("{}{}").format(Identifier(kind.removesuffix("[]")), SQL("[]" if array else ""))


def latest(found: Iterable[Generation]) -> Mapping[str, Generation]:
    """Give for each name the generation that stands first: the active, else the newest one."""
    first: dict[str, Generation] = {}
    for one in found:
        first.setdefault(one.name, one)
    return first
