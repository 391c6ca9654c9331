"""The rows of the key store, within one transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString
from uuid import UUID

from psycopg import Connection, sql

from adapters.database import Database
from adapters.ids import uuid7
from adapters.rootkey import RootKey

Row = tuple[Any, ...]


class NoKeys(Exception):
    """The company has no keys yet."""


class KeyStore:
    """What the keyring asks of its tables; every call belongs to the transaction it began with."""

    def __init__(self, connection: Connection[Row], schema: str) -> None:
        self._connection = connection
        self._schema = sql.Identifier(schema)

    def rows(self, query: LiteralString, *values: object) -> list[Row]:
        return self._connection.execute(self._composed(query), values).fetchall()

    def execute(self, query: LiteralString, *values: object) -> int:
        return self._connection.execute(self._composed(query), values).rowcount

    def _composed(self, query: LiteralString) -> sql.Composed:
        return sql.SQL(query).format(keys=self._schema)

    def lock(self) -> None:
        """Let one at a time destroy keys, change the company key, or make the first one."""
        self.execute("SELECT FROM {keys}.epoch FOR UPDATE")

    def epoch(self) -> tuple[int, int | None]:
        """Give how many destructions there were, and the newest company key's version."""
        destructions, version = self.rows(
            "SELECT destructions, (SELECT max(version) FROM {keys}.company_key) FROM {keys}.epoch"
        )[0]
        return destructions, version

    def company_keys(self, root: RootKey) -> dict[int, bytes]:
        """Open every company key that is still in use, by version."""
        rows = self.rows("SELECT version, wrapped FROM {keys}.company_key")
        if not rows:
            raise NoKeys("this company has no keys yet; create the instance with: carteggio init")
        return {version: root.unwrap(wrapped) for version, wrapped in rows}

    def add_company_key(self, version: int, wrapped: bytes) -> None:
        self.execute(
            "INSERT INTO {keys}.company_key (version, wrapped) VALUES (%s, %s)", version, wrapped
        )

    def secrets(self) -> list[Row]:
        return self.rows("SELECT kind, wrapped, company_key_version FROM {keys}.company_secret")

    def put_secret(self, kind: str, wrapped: bytes, version: int) -> None:
        self.execute(
            "INSERT INTO {keys}.company_secret VALUES (%s, %s, %s) ON CONFLICT (kind) DO UPDATE"
            " SET wrapped = excluded.wrapped, company_key_version = excluded.company_key_version",
            kind,
            wrapped,
            version,
        )

    def keys_with_ids(self, ids: Sequence[UUID]) -> list[Row]:
        return self.rows(
            "SELECT key_id, subject, wrapped, company_key_version FROM {keys}.keys"
            " WHERE key_id = ANY(%b)",
            list(ids),
        )

    def keys_of(self, subjects: Sequence[UUID]) -> list[Row]:
        return self.rows(
            "SELECT key_id, subject, wrapped, company_key_version FROM {keys}.keys"
            " WHERE subject = ANY(%b)",
            list(subjects),
        )

    def add_keys(
        self, subjects: Sequence[UUID], wrapped: Sequence[bytes], version: int
    ) -> list[Row]:
        """Add a key for each subject and give those; where another process was faster, none."""
        return self.rows(
            "INSERT INTO {keys}.keys (key_id, subject, wrapped, company_key_version)"
            " SELECT *, %s FROM unnest(%b::uuid[], %b::uuid[], %b::bytea[])"
            " ON CONFLICT (subject) DO NOTHING"
            " RETURNING key_id, subject, wrapped, company_key_version",
            version,
            [uuid7() for _ in subjects],
            list(subjects),
            list(wrapped),
        )

    def destroy(self, subjects: Sequence[UUID]) -> int:
        """Leave tombstones for these subjects, and say how many had a key."""
        tombstones = [uuid7() for _ in subjects]
        destroyed = self.rows(
            "INSERT INTO {keys}.keys AS old (key_id, subject, destroyed_at)"
            " SELECT *, clock_timestamp() FROM unnest(%b::uuid[], %b::uuid[])"
            " ON CONFLICT (subject) DO UPDATE SET wrapped = NULL, company_key_version = NULL,"
            " destroyed_at = excluded.destroyed_at WHERE old.wrapped IS NOT NULL"
            " RETURNING key_id",
            tombstones,
            list(subjects),
        )
        self.execute("UPDATE {keys}.epoch SET destructions = destructions + 1")
        return len({id for (id,) in destroyed} - set(tombstones))

    def has_older_than(self, version: int) -> bool:
        """Tell whether an earlier change of the company key was interrupted."""
        return bool(
            self.rows("SELECT FROM {keys}.keys WHERE company_key_version < %s LIMIT 1", version)
        )

    def keys_older_than(self, version: int, after: UUID, count: int) -> list[Row]:
        return self.rows(
            "SELECT key_id, wrapped, company_key_version FROM {keys}.keys"
            " WHERE key_id > %s AND company_key_version < %s ORDER BY key_id LIMIT %s",
            after,
            version,
            count,
        )

    def change_wrapped(self, ids: Sequence[UUID], wrapped: Sequence[bytes], version: int) -> None:
        self.execute(
            "UPDATE {keys}.keys SET wrapped = new.wrapped, company_key_version = %s"
            " FROM unnest(%b::uuid[], %b::bytea[]) AS new (key_id, wrapped)"
            " WHERE keys.key_id = new.key_id",
            version,
            list(ids),
            list(wrapped),
        )

    def retire_older_than(self, version: int) -> None:
        """Remove company keys that open nothing any more; the foreign keys guard the others."""
        self.execute(
            "DELETE FROM {keys}.company_key AS old WHERE version < %s AND NOT EXISTS"
            " (SELECT FROM {keys}.keys WHERE company_key_version = old.version)",
            version,
        )


@contextmanager
def open_store(database: Database) -> Iterator[KeyStore]:
    """Open the key store for one transaction, committed at the end."""
    with database.pool.connection() as connection, connection.transaction():
        yield KeyStore(connection, database.keys_schema)
