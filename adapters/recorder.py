"""The library's recorder on its own table, with our way of writing.

Three things differ. Whoever appends holds one advisory lock per company, which a role that may
only INSERT and SELECT can take, in place of LOCK TABLE; so commit order is position order and a
reader never passes over a gap that is filled in later. Small batches go as binary arrays, large
ones by COPY. And appending takes part in the caller's transaction.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.utils import strtobool
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row, tuple_row
from psycopg.sql import SQL, Identifier

from adapters.database import Database

TABLE: Final = "stored_events"
COPY_FROM: Final = 50
_FUNCTIONS: Final = "POSTGRES_ENABLE_DB_FUNCTIONS"


class UnsafeSetting(Exception):
    """A setting of the library would lose events, and is refused."""


class NewRow(NamedTuple):
    """An event to be stored; its position is given inside the lock."""

    stream: UUID
    version: int
    name: str
    state: bytes


class Datastore(PostgresDatastore):
    """The library's datastore on the connections of a company's database."""

    def __init__(self, database: Database) -> None:
        """Lend the database's own pool; the one that the library makes is never opened."""
        _refuse_functions()
        parts = conninfo_to_dict(database.dsn)
        self._database = database
        super().__init__(
            dbname=str(parts.get("dbname", "")),
            host=str(parts.get("host", "")),
            port=str(parts.get("port", "")),
            user=str(parts.get("user", "")),
            password="",
            schema=database.schema,
        )

    @contextmanager
    def get_connection(self) -> Iterator[Connection[DictRow]]:
        """Lend a connection whose rows are dictionaries, as the library reads them."""
        self.pool = self._database.pool  # type: ignore[assignment]
        with super().get_connection() as connection:
            connection.row_factory = dict_row
            try:
                yield connection
            finally:
                connection.row_factory = tuple_row  # type: ignore[assignment]

    def register_type_adapters(self) -> None:
        """Do nothing: composite types are not used."""

    def close(self) -> None:
        """Do nothing: the pool is the database's."""


class Recorder(PostgresApplicationRecorder):
    """Stores events in a company's schema, in an order that readers can rely on."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements; no connection is made yet."""
        super().__init__(Datastore(database), events_table_name=TABLE)
        schema = database.schema
        self.channel_name = channel(database)
        self.lock_table_statements = [
            SQL("SELECT pg_advisory_xact_lock(hashtextextended({}, 0))").format(f"{schema} append")
        ]
        self._reserve = SQL(
            "SELECT min(id), max(id), pg_notify({channel}, ''), greatest(clock_timestamp(),"
            " (SELECT recorded_at FROM {table} ORDER BY notification_id DESC LIMIT 1))"
            " FROM (SELECT nextval({sequence}) AS id FROM generate_series(1, %s)) AS ids"
        ).format(
            channel=self.channel_name,
            table=Identifier(schema, TABLE),
            sequence=f"{schema}.{TABLE}_notification_id_seq",
        )
        columns = SQL(
            "{} (originator_id, originator_version, topic, state, notification_id, recorded_at)"
        ).format(Identifier(schema, TABLE))
        self._insert = SQL(
            "INSERT INTO {} SELECT new.*, %b FROM unnest("
            "%b::uuid[], %b::int8[], %b::text[], %b::bytea[], %b::int8[]) AS new"
        ).format(columns)
        self._copy = SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(columns)

    def create_table(self) -> None:
        """Do nothing: the table is made by a migration."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Store events in a transaction of their own: what the library's applications call."""
        rows = [
            NewRow(UUID(str(e.originator_id)), e.originator_version, e.topic, e.state)
            for e in stored_events
        ]
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_events(cursor, stored_events, **kwargs)
            self.lock(cursor.connection)
            return self.append(cursor.connection, rows) if rows else None

    def lock(self, connection: Connection[Any]) -> None:
        """Wait for the append lock and keep it until the transaction ends."""
        for statement in self.lock_table_statements:
            connection.execute(statement)

    def append(self, connection: Connection[Any], rows: Sequence[NewRow]) -> list[int]:
        """Store rows inside the lock and give their positions; listeners hear at the commit."""
        with connection.cursor(row_factory=tuple_row) as cursor:
            reserved = cursor.execute(self._reserve, (len(rows),)).fetchone()
        if reserved is None or reserved[1] - reserved[0] + 1 != len(rows):
            raise RuntimeError("positions were taken by somebody without the append lock")
        positions = list(range(reserved[0], reserved[1] + 1))
        write = self._by_copy if len(rows) >= COPY_FROM else self._by_arrays
        write(connection, rows, positions, reserved[3])
        return positions

    def _by_arrays(
        self,
        connection: Connection[Any],
        rows: Sequence[NewRow],
        positions: Sequence[int],
        at: datetime,
    ) -> None:
        columns = [list(column) for column in zip(*rows, strict=True)]
        connection.execute(self._insert, (at, *columns, list(positions)))

    def _by_copy(
        self,
        connection: Connection[Any],
        rows: Sequence[NewRow],
        positions: Sequence[int],
        at: datetime,
    ) -> None:
        with connection.cursor() as cursor, cursor.copy(self._copy) as copy:
            copy.set_types(["uuid", "int8", "text", "bytea", "int8", "timestamptz"])
            for row, position in zip(rows, positions, strict=True):
                copy.write_row((*row, position, at))


def channel(database: Database) -> str:
    """Name the channel on which each commit of events is told."""
    return f"events_{database.company}"


def _refuse_functions() -> None:
    """Refuse the insert function of the library: it takes no lock, and readers then lose events."""
    for name, value in os.environ.items():
        if name.endswith(_FUNCTIONS) and strtobool(value or "no"):
            raise UnsafeSetting(f"unset {name}: with it readers of the journal lose events")
