"""The shape of a projection: typed tables, rows kept in memory for a batch, one shared writer."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, fields
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import (
    Any,
    Final,
    Generic,
    LiteralString,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow, args_row
from psycopg.sql import SQL, Composable, Composed, Identifier

from domain.classes import dataclass
from domain.recorded import Recorded

_POSTGRES_TYPES: Final[Mapping[object, str]] = {
    str: "text", int: "int8", bool: "bool", UUID: "uuid", datetime: "timestamptz", date: "date",
    bytes: "bytea", list[str]: "text[]", list[UUID]: "uuid[]",
}  # fmt: skip


R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """One read table. `indexes` are the inside of CREATE INDEX ON table …; `key` columns are unique.

    Columns whose type allows None are nullable; all others are not.
    """

    name: str
    row: type[R]
    key: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    """Indexes that only readers need: while a generation is filled, they are left for the end."""
    late_key: bool = False
    """True for rows that filling only adds: the key too is left for the end, built in one go."""

    def columns(self) -> Sequence[tuple[str, str, bool]]:
        """Give name, PostgreSQL type and nullability of every column, in order."""
        return _columns(cast("Any", self.row))


@lru_cache
def _columns(row: Any) -> Sequence[tuple[str, str, bool]]:
    hints = get_type_hints(row)
    return [(spec.name, *_postgres_type(hints[spec.name])) for spec in fields(row)]


def _postgres_type(hint: Any) -> tuple[str, bool]:
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    arms = [arm for arm in get_args(hint) if arm is not NoneType]
    if get_origin(hint) in (Union, UnionType):
        return _postgres_type(arms[0])[0], True
    if isinstance(hint, type) and issubclass(hint, str):
        return "text", False
    if get_origin(hint) is list:
        return _postgres_type(arms[0])[0] + "[]", False
    return _POSTGRES_TYPES[hint], False


class Names:
    """Where the tables of one generation of the read models lie: `names["message"]`.

    A generation is a set of tables filled from the first event on; one of them is active.
    """

    def __init__(self, generations: Mapping[str, int]) -> None:
        """Take the generation of each logical table."""
        self._generations = dict(generations)

    def __getitem__(self, table: str) -> Identifier:
        """Give the physical name of a table."""
        return Identifier(f"{table}__g{self._generations[table]}")

    def tables(self) -> Iterable[str]:
        """Give the logical names."""
        return self._generations.keys()

    def sql(self, query: LiteralString, **parts: Composable) -> Composed:
        """Fill `{table}` placeholders of a query with physical names; `parts` fill others."""
        return SQL(query).format(**_Lookup(self, parts))


class _Lookup(dict[str, Composable]):
    """What a query's placeholders stand for: given parts first, then tables."""

    def __init__(self, names: Names, parts: Mapping[str, Composable]) -> None:
        super().__init__(parts)
        for table in names.tables():
            self.setdefault(table, names[table])


class Rows(Generic[R]):
    """The rows of one table that a batch touches; what changed is written once, at the end."""

    def __init__(self, table: Table[R]) -> None:
        """Begin with nothing known."""
        self.table = table
        self.by_key: dict[tuple[object, ...], R] = {}
        self._stored: set[tuple[object, ...]] = set()
        self._dirty: dict[tuple[object, ...], None] = {}
        self._added: list[R] = []
        self._key_of: Callable[[R], object] = attrgetter(*table.key)

    def key_of(self, row: R) -> tuple[object, ...]:
        """Give a row's key as a tuple."""
        key = self._key_of(row)
        return key if len(self.table.key) > 1 else (key,)  # type: ignore[return-value]

    def fetch(
        self, connection: Connection[TupleRow], names: Names, where: LiteralString, *values: object
    ) -> list[R]:
        """Read rows from the table once; rows already in memory keep their newer state."""
        query = SQL("SELECT * FROM {} WHERE ").format(names[self.table.name]) + SQL(where)
        with connection.cursor(binary=True, row_factory=args_row(self.table.row)) as cursor:
            found = cursor.execute(query, values).fetchall()
        return [self._remember(row) for row in found]

    def _remember(self, row: R) -> R:
        key = self.key_of(row)
        self._stored.add(key)
        if key in self._dirty:
            return self.by_key.get(key, row)
        return self.by_key.setdefault(key, row)

    def get(self, *key: object) -> R | None:
        """Give the row as it is now, if it was fetched or put."""
        return self.by_key.get(key)

    def put(self, row: R) -> R:
        """Add a row, or replace the one with the same key; also to be called after changing one."""
        key = self.key_of(row)
        self.by_key[key] = row
        self._dirty[key] = None
        return row

    def add(self, row: R) -> None:
        """Add a row with a new key that nothing in this batch looks up or changes: it costs less."""
        self._added.append(row)

    def remove(self, *key: object) -> None:
        """Take a row away."""
        if self.by_key.pop(key, None) is not None or key in self._stored:
            self._dirty[key] = None

    def __len__(self) -> int:
        """Count the rows in memory."""
        return len(self.by_key)

    def __iter__(self) -> Iterator[R]:
        """Go through the rows in memory."""
        return iter(list(self.by_key.values()))

    def flush(self, connection: Connection[TupleRow], names: Names) -> None:
        """Write what changed: stored rows are deleted by key, then all changed ones are copied."""
        gone = [key for key in self._dirty if key in self._stored]
        if gone:
            self._delete(connection, names, gone)
        rows = [self.by_key[key] for key in self._dirty if key in self.by_key] + self._added
        if rows:
            self._copy(connection, names, rows)
        self._stored.update(key for key in self._dirty if key in self.by_key)
        self._stored.difference_update(key for key in self._dirty if key not in self.by_key)
        self._dirty.clear()
        self._added.clear()

    def _delete(
        self, connection: Connection[TupleRow], names: Names, keys: Sequence[tuple[object, ...]]
    ) -> None:
        types = {name: kind for name, kind, _ in self.table.columns()}
        query = SQL(
            "DELETE FROM {table} t USING unnest({arrays}) AS k({key}) WHERE {same}"
        ).format(
            table=names[self.table.name],
            arrays=SQL(", ").join(
                [SQL("%b::{}[]").format(Identifier(types[name])) for name in self.table.key]
            ),
            key=SQL(", ").join(map(Identifier, self.table.key)),
            same=SQL(" AND ").join(
                SQL("t.{0} = k.{0}").format(Identifier(name)) for name in self.table.key
            ),
        )
        connection.execute(query, [list(column) for column in zip(*keys, strict=True)])

    def _copy(self, connection: Connection[TupleRow], names: Names, rows: Iterable[R]) -> None:
        columns = self.table.columns()
        values = attrgetter(*(name for name, _, _ in columns))
        target = SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
            names[self.table.name], SQL(", ").join(Identifier(name) for name, _, _ in columns)
        )
        with connection.cursor() as cursor, cursor.copy(target) as copy:
            copy.set_types([kind for _, kind, _ in columns])
            for row in rows:
                copy.write_row(values(row))


S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Projection(Generic[S]):
    """A read model: what it keeps, which events it hears, how a batch of them changes it.

    For each batch the runner calls `load` (reads the rows that the batch touches), `fold` for each
    event in order (pure: it changes only the state), and `flush`. The result must not depend on
    where batches begin and end, nor on rows that later events wrote. `version` rises with any
    change of tables or fold; a new version is filled from the first event on.
    """

    name: str
    version: int
    tables: tuple[Table[Any], ...]
    hears: tuple[type, ...]
    load: Callable[[Connection[TupleRow], Names, Sequence[Recorded]], S]
    fold: Callable[[S, Recorded], None]
    flush: Callable[[Connection[TupleRow], Names, S], None]
    uses: tuple[str, ...] = field(default=())
    """Tables of other projections that its reading functions join (never its fold)."""
    extend: Callable[[Connection[TupleRow], Names, Sequence[Recorded], S], S] | None = None
    """Load again, when nobody else wrote since: what is in memory need not be read."""
