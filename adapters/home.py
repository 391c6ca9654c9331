"""One instance, one folder: its database, blobs, keys and settings lie together."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FIRST_SETTINGS = """\
# Settings of this Carteggio instance: `carteggio config` lists and explains them all.
# An environment variable CARTEGGIO_<NAME> goes before what stands here.
"""


class NoInstance(Exception):
    """There is no instance where one was asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"there is no Carteggio instance in {folder}; create it with: carteggio init"
        )


class HomeUnusable(Exception):
    """The folder cannot be used, and the sentence says what to do about it."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything of one instance lies."""

    folder: Path

    @property
    def settings_file(self) -> Path:
        return self.folder / "settings.toml"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def root_key(self) -> Path:
        return self.keys / "root.key"

    @property
    def blobs(self) -> Path:
        return self.folder / "blobs"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def exists(self) -> bool:
        """True once `create` has finished here: the settings file is written last."""
        try:
            return self.settings_file.is_file()
        except PermissionError:
            raise HomeUnusable(_not_yours(self.folder)) from None

    def require(self) -> "Home":
        """Return this home, or say that there is no instance in it."""
        if not self.exists:
            raise NoInstance(self.folder)
        return self

    def create(self) -> None:
        """Make the folders of an instance; one that exists already is left as it is."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(_mode_of_home())
            for private in (self.keys, self.blobs):
                private.mkdir(mode=0o700, exist_ok=True)
            if not self.exists:
                _write_private(self.settings_file, FIRST_SETTINGS)
        except (FileExistsError, NotADirectoryError):
            raise HomeUnusable(f"{self.folder} is not a folder; choose another") from None
        except PermissionError:
            raise HomeUnusable(_not_yours(self.folder)) from None


def home_at(given: Path | None = None, environment: Mapping[str, str] = os.environ) -> Home:
    """Say where the instance lies: as given, else CARTEGGIO_HOME, else the usual place."""
    named = environment.get("CARTEGGIO_HOME", "").strip()
    folder = given or (Path(named) if named else default_folder(environment))
    return Home(Path(os.path.abspath(folder.expanduser())))  # noqa: PTH100 -- keeps symlinks


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Give the user's data folder; for root a system one.

    The database never runs as root, and the user it runs as cannot enter a closed /root.
    """
    if sys.platform == "win32":
        local = environment.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "Carteggio"
    if os.geteuid() == 0:
        return Path("/var/lib/carteggio")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Carteggio"
    data = environment.get("XDG_DATA_HOME", "")
    # XDG Base Directory: a relative path here is invalid and to be ignored.
    base = Path(data) if data.startswith("/") else Path.home() / ".local" / "share"
    return base / "carteggio"


def _mode_of_home() -> int:
    """Let nobody look in; root's database user must be able to pass through."""
    as_root = sys.platform != "win32" and os.geteuid() == 0
    return 0o711 if as_root else 0o700


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _not_yours(folder: Path) -> str:
    return (
        f"{folder} cannot be used by this user; run Carteggio as its owner, "
        "or choose another folder with --home or CARTEGGIO_HOME"
    )
