"""Servers for tests: real ones, started once a session, each test with a database of its own.

`database` is a fresh, migrated database of the embedded PostgreSQL. `each_database` is that one,
then one of Debian's PostgreSQL. What is heavy is imported inside: most tests need none of it.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from places import quick_folder
from quicklogin import log_in_quickly

if TYPE_CHECKING:
    from adapters.database import Database

TEMPLATE = "migrated"
FASTER = {
    "fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_wal_size": "256MB",
}  # fmt: skip
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Give a folder with a short path that the database's own user may pass through."""
    with quick_folder("test") as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Iterator[str]:
    """Run the embedded PostgreSQL with a migrated template; give its DSN."""
    with _server(server_folder / "postgres", None) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def debian_postgres(server_folder: Path) -> Iterator[str]:
    """Run the programs of Debian's PostgreSQL the same way; give its DSN."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        pytest.skip("Debian's PostgreSQL is not installed: apt-get install postgresql")
    with _server(server_folder / "debian", found[-1].parent) as dsn:
        yield dsn


@pytest.fixture
def database(request: pytest.FixtureRequest, postgres: str) -> Iterator["Database"]:
    """Give a fresh database of the company `main`, migrated; if asked for, that of an instance."""
    whole = "carteggio" in request.fixturenames
    made = request.getfixturevalue("to_copy").template if whole else TEMPLATE
    with fresh_database(postgres, made) as database:
        yield database


@pytest.fixture(params=["embedded", pytest.param("debian", marks=pytest.mark.debian_server)])
def each_database(request: pytest.FixtureRequest) -> Iterator["Database"]:
    """Give a fresh database of one server after the other."""
    dsn = request.getfixturevalue("postgres" if request.param == "embedded" else "debian_postgres")
    with fresh_database(dsn) as database:
        yield database


@pytest.fixture
def new_database(postgres: str) -> Iterator[Callable[[], "Database"]]:
    """Give as many fresh databases as a test asks for."""
    from contextlib import ExitStack  # noqa: PLC0415

    with ExitStack() as stack:
        yield lambda: stack.enter_context(fresh_database(postgres))


@contextmanager
def fresh_database(server: str, template: str = TEMPLATE) -> Iterator["Database"]:
    """Copy a template of a server, and drop the copy at the end."""
    import psycopg  # noqa: PLC0415
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    from adapters.database import Database  # noqa: PLC0415

    name = f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        # Nothing has to outlive a crash: files are copied, not written once more to the log.
        copy = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"
        connection.execute(copy.encode())
        database = Database(make_conninfo(server, dbname=name))
        try:
            yield database
        finally:
            database.close()
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def _server(folder: Path, binaries: Path | None) -> Iterator[str]:
    import psycopg  # noqa: PLC0415
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    from adapters.database import Database  # noqa: PLC0415
    from adapters.migrations import migrate  # noqa: PLC0415
    from adapters.postgres import EmbeddedPostgres  # noqa: PLC0415

    with EmbeddedPostgres(folder, binaries=binaries, settings=FASTER) as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}".encode())
        log_in_quickly(dsn)
        migrate(Database(make_conninfo(dsn, dbname=TEMPLATE)))
        yield dsn
