"""A company's database: how to reach it, and the schemas in which everything of it lies."""

import re
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool, ConnectionPool

OLDEST_SERVER = 15
_RECONNECT_S = 4.0  # the pauses between attempts double: after a long absence they would be long
COMPANY = re.compile(r"[a-z][a-z0-9_]{0,30}")


class DatabaseUnavailable(Exception):
    """The database cannot be used now, and the sentence says what to do about it."""


class Database:
    """One company in one PostgreSQL database.

    Connections find the company's tables by their plain names. They commit each statement by
    itself unless asked otherwise, count times in UTC, and come from any server from 15 on.
    `direct` connections go round a pooler such as PgBouncer: LISTEN, advisory locks of a session
    and migrations need one.
    """

    def __init__(self, dsn: str, company: str = "main", *, direct_dsn: str | None = None) -> None:
        if not COMPANY.fullmatch(company):
            raise ValueError(f"{company!r} is no name for a company: a-z, 0-9 and _, 31 at most")
        self.dsn = dsn
        self.listen_dsn = direct_dsn or dsn
        self.company = company
        self.schema = f"carteggio_{company}"
        self.keys_schema = f"{self.schema}_keys"
        self._pool: ConnectionPool | None = None
        self._opening = threading.Lock()  # else two threads open two pools, and one leaks

    def __repr__(self) -> str:
        return f"Database({self.place!r}, {self.company!r})"

    @property
    def place(self) -> str:
        """Name host and database for people, without the password."""
        return _place(self.dsn)

    def connect(
        self, *, autocommit: bool = True, direct: bool = False, **more: Any
    ) -> psycopg.Connection:
        """Open a connection that finds this company's tables."""
        dsn = self.listen_dsn if direct else self.dsn
        try:
            connection = psycopg.connect(dsn, autocommit=True, **_defaults(more))
        except psycopg.OperationalError as refusal:
            raise DatabaseUnavailable(_what_to_do(dsn, refusal)) from refusal
        try:
            _refuse_unfit(connection.info)
            connection.execute(self.session())
            connection.autocommit = autocommit
        except BaseException:
            connection.close()
            raise
        return connection

    async def connect_async(
        self, *, autocommit: bool = True, direct: bool = False, **more: Any
    ) -> psycopg.AsyncConnection:
        """Open an asynchronous connection that finds this company's tables."""
        dsn = self.listen_dsn if direct else self.dsn
        try:
            connection = await psycopg.AsyncConnection.connect(
                dsn, autocommit=True, **_defaults(more)
            )
        except psycopg.OperationalError as refusal:
            raise DatabaseUnavailable(_what_to_do(dsn, refusal)) from refusal
        try:
            _refuse_unfit(connection.info)
            await connection.execute(self.session())
            await connection.set_autocommit(autocommit)
        except BaseException:
            await connection.close()
            raise
        return connection

    @property
    def pool(self) -> ConnectionPool:
        """Lend connections to threads; made at its first use and shared from then on."""
        with self._opening:
            if self._pool is None:
                with self.connect():  # say at once, and clearly, what is wrong with the server
                    pass
                self._pool = ConnectionPool(
                    self.dsn,
                    kwargs={"autocommit": True} | _defaults({}),
                    configure=self._configure,
                    min_size=1,
                    max_size=10,
                    timeout=10,
                    reconnect_timeout=_RECONNECT_S,
                    name=f"carteggio-{self.company}",
                    open=True,
                )
            return self._pool

    def async_pool(
        self, *, max_size: int = 10, statement_timeout_ms: int = 15_000
    ) -> AsyncConnectionPool:
        """Make a pool for reading; `async with` it in the loop that uses it."""
        return AsyncConnectionPool(
            self.dsn,
            kwargs={"autocommit": True} | _defaults({}),
            configure=self._configure_reading(statement_timeout_ms),
            min_size=1,
            max_size=max_size,
            timeout=10,
            reconnect_timeout=_RECONNECT_S,
            name=f"carteggio-{self.company}-reading",
            open=False,
        )

    def close(self) -> None:
        """Give back what the pool holds."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def session(self) -> sql.Composed:
        """Give the statement by which a connection finds this company's tables."""
        # A statement, not the startup parameter `options`: PgBouncer refuses that one.
        return sql.SQL("SET search_path TO {}").format(sql.Identifier(self.schema))

    def _configure(self, connection: psycopg.Connection) -> None:
        connection.execute(self.session())

    def _configure_reading(
        self, timeout_ms: int
    ) -> Callable[[psycopg.AsyncConnection], Awaitable[None]]:
        async def configure(connection: psycopg.AsyncConnection) -> None:
            await connection.execute(self.session())
            await connection.execute(
                "SELECT set_config('statement_timeout', %s, false),"
                " set_config('default_transaction_read_only', 'on', false)",
                (str(timeout_ms),),
            )

        return configure


def _defaults(more: dict[str, Any]) -> dict[str, Any]:
    return {"application_name": "carteggio", "connect_timeout": 10} | more


def _refuse_unfit(server: psycopg.ConnectionInfo) -> None:
    major = server.server_version // 10_000
    if major < OLDEST_SERVER:
        raise DatabaseUnavailable(
            f"the database at {server.host or 'the local socket'} is PostgreSQL {major}; "
            f"Carteggio needs {OLDEST_SERVER} or newer"
        )
    encoding = server.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnavailable(
            f"the database {server.dbname} holds texts as {encoding}; Carteggio needs one made "
            "with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        )


def _what_to_do(dsn: str, refusal: psycopg.OperationalError) -> str:
    reason = str(refusal).strip().splitlines()[-1].strip() if str(refusal).strip() else "no answer"
    return (
        f"cannot reach the database at {_place(dsn)} ({reason}); "
        "start it, or check CARTEGGIO_DATABASE_URL"
    )


def _place(dsn: str) -> str:
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        return "an address that is no PostgreSQL address"
    host = parts.get("host") or parts.get("hostaddr") or "the local socket"
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"{host}{port}/{parts.get('dbname') or parts.get('user') or ''}"
