"""The embedded PostgreSQL: a server of our own for whoever has none.

Processes share one server. Each holds a shared lock while it uses it; starting and stopping
happen behind a gate, and the last one out stops the server. The system frees the locks of a
process that dies, so nothing has to be cleaned up after it.
"""

import hashlib
import os
import re
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres_user import (
    DatabaseUser,
    PostgresFailed,
    database_user,
    reachable_binaries,
    wheel_binaries,
)

if sys.platform != "win32":
    import fcntl

ROLE = DATABASE = "carteggio"
PORT = "5432"
LONGEST_SOCKET_FOLDER = 85  # sun_path holds 104 bytes on macOS, 108 on Linux
PATIENCE_S = 120  # a recovery after a crash may replay 2 GB of WAL

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "128MB",
    "work_mem": "16MB",
    "max_wal_size": "2GB",
    "synchronous_commit": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # Mail must not enter the server's log. An error belongs to the client that caused it, and
    # its text may quote a row; so errors are not logged at all, and the rest tersely.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "logging_collector": "on",
    "log_filename": "%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_file_mode": "0600",
}


class EmbeddedPostgres:
    """One server in one folder, shared by the processes that use it.

    `binaries` may name another PostgreSQL's programs, `settings` adds to ours.
    """

    def __init__(
        self,
        folder: Path,
        *,
        binaries: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._wanted_binaries = binaries
        self._settings = {**SETTINGS, **(settings or {})}
        self._using: IO[bytes] | None = None
        self._process = 0

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self) -> str:
        """Return the address of a server that answers; bring up one if there is none.

        May be called again: it brings back a server that died meanwhile.
        """
        user = database_user()
        self._make_folder(user)
        with self._gate():
            self._hold()
            try:
                server = self._server(user)
                server.make_data()
                server.bring_up()
            except BaseException:
                self._let_go(server_of=user)
                raise
            return server.dsn

    def stop_if_last(self) -> bool:
        """Stop using the server, and stop it if nobody else does; return whether it was."""
        # A forked child shares the lock of its parent: the server is the parent's to stop.
        if self._using is None or self._process != os.getpid():
            return False
        with self._gate():
            return self._let_go(server_of=database_user())

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.stop_if_last()

    def _make_folder(self, user: DatabaseUser) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        user.owns(self.folder)
        self.folder.chmod(0o700)
        if not user.reaches(self.folder):
            raise PostgresFailed(
                f"the database runs as the user 'carteggio', who cannot enter {self.folder}; "
                "choose a folder that others may pass through, such as /var/lib/carteggio, "
                "with --home or CARTEGGIO_HOME"
            )

    def _server(self, user: DatabaseUser) -> "_Server":
        wanted = self._wanted_binaries or wheel_binaries()
        binaries = reachable_binaries(wanted, user, self.folder)
        return _Server(self.folder, binaries, self._settings, user)

    @contextmanager
    def _gate(self) -> Iterator[None]:
        with (self.folder / "gate.lock").open("ab") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield  # closing the file opens the gate

    def _hold(self) -> None:
        if self._using is None:
            self._using = (self.folder / "use.lock").open("ab")
            fcntl.flock(self._using, fcntl.LOCK_SH)
            self._process = os.getpid()

    def _let_go(self, server_of: DatabaseUser) -> bool:
        using, self._using = self._using, None
        if using is None:
            return False
        with using:
            try:
                fcntl.flock(using, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self._server(server_of).stop()
            return True


class _Server:
    """PostgreSQL's own programs, in the steps of one life; each is called behind the gate."""

    def __init__(
        self, folder: Path, binaries: Path, settings: Mapping[str, str], user: DatabaseUser
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.binaries = binaries
        self.settings = settings
        self.user = user

    @property
    def dsn(self) -> str:
        return self._dsn(DATABASE)

    def make_data(self) -> None:
        """Lay out an empty database once; half of one, left by a crash, is thrown away."""
        if (self.data / "PG_VERSION").exists():
            self._refuse_other_version()
            return
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password = self.folder / "password"
        if not password.exists():
            _write_private(password, secrets.token_urlsafe(32), self.user)
        self._run(
            *("initdb", "-D", unfinished, "-U", ROLE, "--pwfile", password),
            *("--auth=scram-sha-256", "--encoding=UTF8", *self._locale(), "--no-instructions"),
        )
        with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude 'carteggio.conf' # written anew at every start\n")
        unfinished.rename(self.data)

    def bring_up(self) -> None:
        """Start the server unless it answers already, and wait until it does."""
        end = time.monotonic() + PATIENCE_S
        while not self._answers():
            if self._postmaster() is None:
                self._forget_the_dead()
                self._start()
            elif time.monotonic() > end:
                raise PostgresFailed(f"the database does not answer; its log: {self.folder}/log")
            else:
                time.sleep(0.05)  # it recovers, or somebody's stop is under way

    def stop(self) -> None:
        """Stop the server cleanly."""
        if self._postmaster() is not None:
            self._run("pg_ctl", "stop", "-D", self.data, "-m", "fast", "-w", "-t", PATIENCE_S)

    def _start(self) -> None:
        lines = {
            **self.settings,
            "unix_socket_directories": str(self._socket_folder()),
            "log_directory": str(self.folder / "log"),
        }
        text = "".join(f"{name} = {_quoted(value)}\n" for name, value in lines.items())
        conf = self.data / "carteggio.conf"
        conf.unlink(missing_ok=True)
        _write_private(conf, text, self.user)
        # pg_ctl makes the server a session of its own: a Ctrl-C in our terminal is not for it.
        self._run(
            *("pg_ctl", "start", "-D", self.data, "-w", "-t", PATIENCE_S),
            *("-l", self.folder / "start.log"),
        )
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)
            ).fetchone()
            if found is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _answers(self) -> bool:
        """Ask the server itself: a pid file says little, a zombie's says nothing."""
        if not (self.data / "postmaster.pid").exists():
            return False
        try:
            psycopg.connect(self.dsn, connect_timeout=5).close()
        except psycopg.OperationalError as refusal:
            if "password authentication failed" in str(refusal):
                raise PostgresFailed(
                    f"the password in {self.folder}/password is not the database's"
                ) from refusal
            return False
        return True

    def _postmaster(self) -> psutil.Process | None:
        """Find the process that the pid file names, if it lives and serves this very folder."""
        try:
            first = (self.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0]
            process = psutil.Process(int(first))
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return process if Path(process.cwd()).samefile(self.data) else None
        except (FileNotFoundError, ValueError, psutil.Error):
            return None

    def _forget_the_dead(self) -> None:
        """Let a new server take over from one that was killed.

        PostgreSQL takes a pid that exists for a living server: a zombie that nobody buries, or
        a stranger's process after a reboot. It takes its own grandparent's pid for stale, and
        goes on to check the shared memory that the file names: so that line stays as it is.
        """
        file = self.data / "postmaster.pid"
        if file.exists():
            _, _, rest = file.read_text(encoding="utf-8").partition("\n")
            file.write_text(f"{os.getpid()}\n{rest}", encoding="utf-8")
        for left in self._socket_folder().glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)

    def _socket_folder(self) -> Path:
        """Give a folder of the server's own, under a short path where ours is a long one."""
        beside = self.folder / "run"
        if len(os.fsencode(beside)) <= LONGEST_SOCKET_FOLDER:
            folder = beside
        else:
            name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
            folder = Path("/tmp") / f"carteggio-{name}"  # noqa: S108 -- checked below
        if not folder.exists():
            folder.mkdir(mode=0o700)
            self.user.owns(folder)
        found = folder.lstat()
        if (found.st_uid, stat.S_IMODE(found.st_mode)) != (self.user.uid, 0o700):
            raise PostgresFailed(f"{folder} belongs to somebody else; choose a shorter home path")
        return folder

    def _dsn(self, database: str) -> str:
        return make_conninfo(
            host=str(self._socket_folder()),
            port=PORT,
            user=ROLE,
            password=(self.folder / "password").read_text(encoding="utf-8"),
            dbname=database,
        )

    def _locale(self) -> list[str]:
        if self._version() < 17:
            return ["--locale-provider=libc", "--locale=C.UTF-8"]
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]

    def _version(self) -> int:
        found = re.search(r"\(PostgreSQL\) (\d+)", self._run("postgres", "--version"))
        return int(found[1]) if found else 0

    def _refuse_other_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_by != str(self._version()):
            raise PostgresFailed(
                f"{self.data} was made by PostgreSQL {made_by}, this is {self._version()}; "
                "move it with pg_upgrade, or go back to the version of Carteggio that made it"
            )

    def _run(self, program: str, *words: str | Path | int) -> str:
        done = self.user.run([self.binaries / program, *map(str, words)])
        if done.returncode != 0:
            last = done.stdout.strip().splitlines()[-1:] or ["no message"]
            raise PostgresFailed(f"{program} failed: {last[0]} (more in {self.folder}/log)")
        return done.stdout


def _write_private(path: Path, text: str, user: DatabaseUser) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    user.owns(path)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
