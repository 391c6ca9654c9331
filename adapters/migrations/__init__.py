"""Permanent tables, as numbered SQL files that each run once in a company's schema.

In the files `{schema}` and `{keys}` stand for the company's schema and its key store's. Read
tables need no file here: a projection makes its own, and a new version is filled beside the old.
"""

from pathlib import Path

import psycopg
from psycopg import sql

from adapters import jobs
from adapters.database import Database, DatabaseUnavailable

FILES = Path(__file__).parent


def migrate(database: Database) -> list[str]:
    """Bring the company's permanent tables up to date; return what was applied, in order."""
    try:
        with database.connect(direct=True) as connection:
            _one_at_a_time(connection, database)
            _prepare(connection, database)
            missing = _missing(connection)
            for name in missing:
                _apply(connection, database, name)
            jobs.install(connection)
            return missing
    except psycopg.errors.InsufficientPrivilege as refusal:
        raise DatabaseUnavailable(
            f"the database at {database.place} does not let Carteggio create its tables "
            f"({refusal.diag.message_primary}); run once as its owner: "
            f"GRANT CREATE ON DATABASE ... TO the user that Carteggio connects as"
        ) from refusal


def pending(database: Database) -> list[str]:
    """Return what `migrate` would apply."""
    with database.connect() as connection:
        known = connection.execute(
            "SELECT to_regclass(%s)", (f'"{database.schema}".migrations',)
        ).fetchone()
        if known is None or known[0] is None:
            return available()
        return _missing(connection)


def available() -> list[str]:
    """Return every migration there is, in order."""
    return sorted(file.stem for file in FILES.glob("[0-9]*.sql"))


def _one_at_a_time(connection: psycopg.Connection, database: Database) -> None:
    # Held until the connection closes: two processes may start at the same moment.
    connection.execute(
        "SELECT pg_advisory_lock(hashtextextended(%s, 0))", (f"{database.schema} migrations",)
    )


def _prepare(connection: psycopg.Connection, database: Database) -> None:
    for schema in (database.schema, database.keys_schema):
        # Not IF NOT EXISTS alone: that asks for the right to create even where it exists.
        there = connection.execute(
            "SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)
        ).fetchone()
        if there is None:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
    )


def _missing(connection: psycopg.Connection) -> list[str]:
    applied = {name for (name,) in connection.execute("SELECT name FROM migrations")}
    return [name for name in available() if name not in applied]


def _apply(connection: psycopg.Connection, database: Database, name: str) -> None:
    text = (FILES / f"{name}.sql").read_text(encoding="utf-8")
    for mark, schema in (("{schema}", database.schema), ("{keys}", database.keys_schema)):
        text = text.replace(mark, sql.Identifier(schema).as_string(connection))
    with connection.transaction():
        connection.execute(text.encode())
        connection.execute("INSERT INTO migrations (name) VALUES (%s)", (name,))
