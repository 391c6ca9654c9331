"""One PostgreSQL server in one folder: laid out, brought up, found, stopped.

Nothing here guards against another process that does the same: `adapters.postgres` does.
"""

import hashlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres_user import DatabaseUser, PostgresFailed

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


class Server:
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
            try:
                if self._postmaster() is None:
                    self._refuse_other_version()
                    self._forget_the_dead()
                    self._start()
                    continue
            except PostgresFailed as trouble:
                # The backends of a killed server take a moment to notice that it is gone.
                if "still in use" not in str(trouble) or time.monotonic() > end:
                    raise
            if time.monotonic() > end:
                raise PostgresFailed(f"the database does not answer; its log: {self.folder}/log")
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
        first_words = self.folder / "start.log"
        first_words.unlink(missing_ok=True)
        start = ("pg_ctl", "start", "-D", self.data, "-w", "-t", PATIENCE_S, "-l", first_words)
        self._run(*start, told_in=first_words)
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
            # On a full disk it starts, but then cannot write the files that each session begins with.
            if "No space left on device" in str(refusal):
                raise PostgresFailed(
                    f"no room is left for the database in {self.folder}: free some, or give it "
                    "more; nothing was lost"
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

    def _run(self, program: str, *words: str | Path | int, told_in: Path | None = None) -> str:
        done = self.user.run([self.binaries / program, *map(str, words)])
        if done.returncode != 0:
            told = told_in.read_text(errors="replace") if told_in and told_in.exists() else ""
            why = _reason(told or done.stdout)
            raise PostgresFailed(f"{program} failed: {why} (more in {self.folder}/log)")
        return done.stdout


def _write_private(path: Path, text: str, user: DatabaseUser) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    user.owns(path)


def _reason(output: str) -> str:
    """Take the line that tells why, and the one before; the last ones tell what was tidied up."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no message"]
    telling = re.compile(r"(error|fatal|panic):", re.IGNORECASE)
    end = next((i for i, line in enumerate(lines) if telling.search(line)), len(lines) - 1)
    return " / ".join(lines[max(0, end - 1) : end + 1])


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
