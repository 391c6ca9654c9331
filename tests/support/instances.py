"""Whole instances for tests: a home of their own, on a fresh database of the session's server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

if TYPE_CHECKING:
    from adapters.database import Database
    from api.work.instance import Carteggio


@contextmanager
def opened_on(
    database: "Database", folder: Path, allowed: str = "127.0.0.0/8"
) -> Iterator["Carteggio"]:
    """Make an instance in a folder, on this database, and open it for the company `main`.

    Mail servers of tests are on this machine, so this is `allowed`.
    """
    from adapters.home import Home  # noqa: PLC0415
    from adapters.settings import Settings  # noqa: PLC0415
    from api.compose import compose, init  # noqa: PLC0415

    home = Home(folder)
    given: dict[str, Any] = {"mail_networks_allowed": allowed}
    settings = Settings(database_url=SecretStr(database.dsn), **given)
    init(home, settings)
    with compose(home, settings) as opened:
        yield opened


@pytest.fixture
def carteggio(database: "Database", tmp_path: Path) -> Iterator["Carteggio"]:
    """Give an instance that is opened for the company `main`."""
    with opened_on(database, tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def logs_restored() -> Iterator[None]:
    """Let a test or command set up the log, and forget where it went to afterwards."""
    import logging  # noqa: PLC0415

    import structlog  # noqa: PLC0415

    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def events_of(carteggio: "Carteggio", *names: str) -> list[Any]:
    """Give what was recorded under these names, in order."""
    return [one.event for one in carteggio.journal.read(0, limit=100_000, names=names or None)]
