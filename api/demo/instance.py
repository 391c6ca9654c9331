"""The demo's own instance: known by its marker, made anew at each run, nobody else's."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from adapters.home import Home, HomeUnusable, home_at
from adapters.postgres import EmbeddedPostgres
from adapters.settings import Settings, refuse_unsafe_environment

if sys.platform != "win32":
    import fcntl

MARKER: Final = "demo.txt"
_SAYS: Final = (
    "The instance of `carteggio demo`. Each run deletes what is here and makes it anew.\n"
)


class _OfDemo(Settings):
    """Settings as they are by default: an environment that names a real database is not asked."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 -- pydantic names them
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def demo_settings() -> Settings:
    """Give the demo's settings, whatever the user's own instance is told."""
    refuse_unsafe_environment(os.environ)
    return _OfDemo.model_validate({"log_level": "warning"})


def demo_home(given: Path | None = None) -> Home:
    """Say where the demo's instance lies: as given, else beside the usual one."""
    if given is not None:
        return home_at(given)
    usual = home_at().folder
    return Home(usual.with_name(f"{usual.name}-demo"))


@contextmanager
def emptied(home: Home) -> Iterator[None]:
    """Hold a folder for one demo alone, with nothing in it of the run before."""
    _refuse_others(home.folder)
    try:
        home.folder.mkdir(parents=True, exist_ok=True)
        with (home.folder / MARKER).open("a+", encoding="utf-8") as marker:
            _alone(marker.fileno(), home.folder)
            marker.truncate(0)
            marker.write(_SAYS)
            marker.flush()
            _stop_left_server(home)
            _delete_all_but_marker(home.folder)
            yield
    except PermissionError as refused:
        raise HomeUnusable(
            f"{refused.filename or home.folder} belongs to somebody else; "
            "choose another folder for the demo with --home"
        ) from None


def _refuse_others(folder: Path) -> None:
    """Leave alone what is no demo's: somebody's instance, or any other folder with files."""
    if folder.exists() and not folder.is_dir():
        raise HomeUnusable(f"{folder} is not a folder; choose another with --home")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise HomeUnusable(
            f"{folder} is not the demo's (it has no {MARKER}), so nothing in it is touched; "
            "choose an empty folder, or one that is not there yet, with --home"
        )


def _alone(marker: int, folder: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise HomeUnusable(
            f"a demo is running in {folder}; stop it with Ctrl-C, "
            "or choose another folder for this one with --home"
        ) from None


def _stop_left_server(home: Home) -> None:
    """Stop the database of a demo that was killed."""
    if not (home.postgres / "data" / "postmaster.pid").exists():
        return
    server = EmbeddedPostgres(home.postgres)
    server.start()
    if not server.stop_if_last():
        raise HomeUnusable(
            f"another carteggio command uses {home.folder}; wait until it has ended"
        )


def _delete_all_but_marker(folder: Path) -> None:
    for one in folder.iterdir():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        elif one.name != MARKER:
            one.unlink()
