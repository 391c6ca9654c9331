"""The limit that appending is compared with: binary COPY of the same rows into the same table."""

from collections.abc import Sequence
from typing import Any

from adapters.database import Database
from benchmarks.stage import Stopwatch

BATCH = 500
_COLUMNS = "originator_id, originator_version, topic, state, notification_id, recorded_at"
_TYPES = ["uuid", "int8", "text", "bytea", "int8", "timestamptz"]


def stored_rows(database: Database, after: int = 0) -> list[tuple[Any, ...]]:
    """Give event rows as they are stored."""
    query = f"SELECT {_COLUMNS} FROM stored_events WHERE notification_id > %s ORDER BY 5"  # noqa: S608
    with database.connect() as connection, connection.cursor(binary=True) as cursor:
        return cursor.execute(query.encode(), (after,)).fetchall()


def copy_rows(database: Database, rows: Sequence[tuple[Any, ...]]) -> float:
    """COPY rows into a twin of the journal's table, a batch a transaction; give the seconds."""
    with database.connect() as connection:
        connection.execute("CREATE TABLE twin (LIKE stored_events INCLUDING ALL)")
        try:
            watch = Stopwatch()
            for at in range(0, len(rows), BATCH):
                with (
                    connection.transaction(),
                    connection.cursor() as cursor,
                    cursor.copy(f"COPY twin ({_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy,
                ):
                    copy.set_types(_TYPES)
                    for row in rows[at : at + BATCH]:
                        copy.write_row(row)
            return watch.seconds
        finally:
            connection.execute("DROP TABLE twin")
