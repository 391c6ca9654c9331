"""Whole instances for tests: a home of their own, on a fresh database of the session's server.

`carteggio init` is done once a session; each test has a copy of the home and database it made. What
is taken in for many tests alike is taken in once, too, into an instance that is copied (`copied`).
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

if TYPE_CHECKING:
    from adapters.database import Database
    from adapters.mime.worker import ReadingWorker
    from adapters.settings import Settings
    from api.work.instance import Carteggio

LOOPBACK = "127.0.0.0/8"


@dataclass(frozen=True)
class Made:
    """An instance that nobody has used: its home, and the database to copy."""

    home: Path
    template: str


@pytest.fixture(scope="session")
def made_instance(postgres: str, server_folder: Path) -> Made:
    """Make an instance to be copied."""
    import psycopg  # noqa: PLC0415
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    from servers import TEMPLATE  # noqa: PLC0415

    made = Made(server_folder / "made", "made")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {made.template} TEMPLATE {TEMPLATE}".encode())
    _init(made.home, _settings(make_conninfo(postgres, dbname=made.template)))
    return made


@contextmanager
def copied(server: str, original: Made, folder: Path) -> Iterator[tuple[Made, "Carteggio"]]:
    """Copy an instance into a folder, and open the copy to fill it; closed, it can be copied too."""
    import psycopg  # noqa: PLC0415
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    from adapters.home import Home  # noqa: PLC0415
    from api.compose import compose  # noqa: PLC0415

    made = Made(shutil.copytree(original.home, folder), folder.name)
    with psycopg.connect(server, autocommit=True) as connection:
        copy = f"CREATE DATABASE {made.template} TEMPLATE {original.template}"
        connection.execute(copy.encode())
    settings = _settings(make_conninfo(server, dbname=made.template))
    with compose(Home(made.home), settings) as opened:
        yield made, opened


@pytest.fixture
def to_copy(request: pytest.FixtureRequest) -> Made:
    """Give the instance of which a test has a copy: the office where it asks for its own one."""
    whole = "own_ask" in request.fixturenames
    made: Made = request.getfixturevalue("made_office" if whole else "made_instance")
    return made


@contextmanager
def opened_on(
    database: "Database", folder: Path, allowed: str = LOOPBACK, **more: Any
) -> Iterator["Carteggio"]:
    """Make an instance in a folder, on this database, and open it for the company `main`.

    Mail servers of tests are on this machine, so this is `allowed`; `more` is as for `compose`.
    """
    from adapters.home import Home  # noqa: PLC0415
    from api.compose import compose  # noqa: PLC0415

    settings = _settings(database.dsn, allowed)
    _init(folder, settings)
    with compose(Home(folder), settings, **more) as opened:
        yield opened


@pytest.fixture
def carteggio(database: "Database", to_copy: Made, tmp_path: Path) -> Iterator["Carteggio"]:
    """Give an instance that is opened for the company `main`."""
    from adapters.home import Home  # noqa: PLC0415
    from api.compose import compose  # noqa: PLC0415

    home = Home(shutil.copytree(to_copy.home, tmp_path / "home"))
    with compose(home, _settings(database.dsn)) as opened:
        yield opened


@pytest.fixture(scope="session")
def worker() -> Iterator["ReadingWorker"]:
    """Give a process that reads mail, for whoever needs no limits of his own."""
    from adapters.mime.worker import ReadingWorker  # noqa: PLC0415

    with ReadingWorker() as reading:
        yield reading


def _settings(dsn: str, allowed: str = LOOPBACK) -> "Settings":
    from adapters.settings import Settings  # noqa: PLC0415

    given: dict[str, Any] = {
        "mail_networks_allowed": allowed,
        "webhook_networks_allowed": allowed,
    }
    return Settings(database_url=SecretStr(dsn), **given)


def _init(folder: Path, settings: "Settings") -> None:
    from adapters.home import Home  # noqa: PLC0415
    from api.compose import init  # noqa: PLC0415

    init(Home(folder), settings)


@pytest.fixture
def logs_restored() -> Iterator[None]:
    """Let a test or command set up the log, and forget where it went to afterwards."""
    import logging  # noqa: PLC0415

    import structlog  # noqa: PLC0415

    from adapters import logs  # noqa: PLC0415

    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    logs._ASKED.clear()


def events_of(carteggio: "Carteggio", *names: str) -> list[Any]:
    """Give what was recorded under these names, in order."""
    return [one.event for one in carteggio.journal.read(0, limit=100_000, names=names or None)]
