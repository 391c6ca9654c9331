"""Lives and deaths of the embedded server. Each death is a real one."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from adapters.postgres import EmbeddedPostgres
from adapters.postgres_user import DatabaseUser, PostgresFailed, reachable_binaries, wheel_binaries

ROOT = Path(__file__).parents[2]
SMALL = {"shared_buffers": "16MB", "max_connections": "20", "max_wal_size": "64MB"}
CLIENT = """
import signal, sys
from pathlib import Path
from adapters.postgres import EmbeddedPostgres
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job's parent ignores it
with EmbeddedPostgres(Path(sys.argv[1]), settings={settings!r}) as dsn:
    print("started", flush=True)
    sys.stdin.read()
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has other users to lend")


@pytest.fixture(scope="module")
def made(server_folder: Path) -> Path:
    """Give a folder in which the database is laid out already: that is what costs time."""
    folder = server_folder / "lives"
    with EmbeddedPostgres(folder, settings=SMALL) as dsn:
        remember(dsn, "first")
    return folder


@pytest.fixture
def folder(made: Path) -> Iterator[Path]:
    yield made
    assert alive(made) is None, "the test left a server behind"


def server(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder, settings=SMALL)


def alive(folder: Path) -> psutil.Process | None:
    try:
        pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        return psutil.Process(pid)
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None


def postmaster(folder: Path) -> psutil.Process:
    found = alive(folder)
    assert found is not None
    return found


def remember(dsn: str, word: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", (word,))


def remembers(dsn: str, word: str) -> bool:
    with psycopg.connect(dsn) as connection:
        asked = "SELECT 1 FROM words WHERE word = %s"
        return connection.execute(asked, (word,)).fetchone() is not None


@contextmanager
def another_process(folder: Path, *, own_session: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Run a process that uses the server until its standard input closes."""
    command = [sys.executable, "-c", CLIENT.format(settings=SMALL), str(folder)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=own_session,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        yield process
        if process.stdin is not None:
            process.stdin.close()
        process.wait(20)


def test_what_was_stored_is_there_after_a_stop(folder: Path):
    with server(folder) as dsn:
        assert remembers(dsn, "first")


def test_it_listens_to_its_owner_alone(folder: Path):
    with server(folder) as dsn, psycopg.connect(dsn) as connection:
        shown = connection.execute("SHOW listen_addresses").fetchone()
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(dsn, password="guessed")
    private = [folder, folder / "data", folder / "run", folder / "password", folder / "log"]

    assert shown == ("",)
    assert [path.stat().st_mode & 0o077 for path in private] == [0] * 5


@as_root
def test_for_root_it_runs_as_another_user(folder: Path):
    with server(folder):
        assert postmaster(folder).username() == "carteggio"


def test_no_content_of_a_row_enters_its_log(folder: Path):
    secret = "giulia@cliente.example"
    with server(folder) as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE people (address text PRIMARY KEY)")
        for _ in range(2):
            with pytest.raises(psycopg.Error):
                connection.execute("INSERT INTO people VALUES (%s), (%s)", (secret, secret))
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT %s::text::uuid", (secret,))
    logs = [*folder.glob("log/*.log"), folder / "start.log"]

    assert any("ready to accept connections" in log.read_text() for log in logs)
    assert not any(secret in log.read_text() for log in logs)


def test_the_last_one_out_stops_it(folder: Path):
    one, other = server(folder), server(folder)
    assert one.start() == other.start()
    running = postmaster(folder)

    assert one.stop_if_last() is False
    assert running.is_running()
    assert other.stop_if_last() is True
    assert alive(folder) is None
    assert other.stop_if_last() is False


def test_processes_share_it(folder: Path):
    with another_process(folder):
        mine = server(folder)
        assert remembers(mine.start(), "first")
        assert mine.stop_if_last() is False
    assert alive(folder) is None


def test_a_killed_user_neither_stops_it_nor_keeps_it_running(folder: Path):
    with another_process(folder) as process:
        before = postmaster(folder)
        process.kill()
        process.wait()
    assert before.is_running()

    with server(folder) as dsn:
        assert remembers(dsn, "first")
        assert postmaster(folder) == before
    assert alive(folder) is None


def test_an_interrupt_in_the_terminal_is_not_for_the_server(folder: Path):
    with another_process(folder, own_session=True) as process:
        running = postmaster(folder)
        with server(folder) as dsn:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(20)
            assert running.is_running()
            assert remembers(dsn, "first")


def test_a_killed_server_comes_back_with_all_that_was_committed(folder: Path):
    one = server(folder)
    remember(one.start(), "before the end")
    postmaster(folder).kill()

    assert remembers(one.start(), "before the end")
    assert one.stop_if_last() is True


def test_a_new_server_waits_for_what_is_left_of_a_killed_one(folder: Path):
    one = server(folder)
    with psycopg.connect(one.start()) as connection:
        backend = psutil.Process(connection.info.backend_pid)
        backend.suspend()
        postmaster(folder).kill()
        threading.Timer(0.5, backend.resume).start()

        assert remembers(one.start(), "first")
    assert one.stop_if_last() is True


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets us adopt a zombie")
def test_a_dead_server_that_nobody_buries_is_not_taken_for_a_living_one(folder: Path):
    with adopting_orphans() as bury:
        one = server(folder)
        remember(one.start(), "before the zombie")
        dead = postmaster(folder)
        dead.kill()
        while dead.status() != psutil.STATUS_ZOMBIE:
            pass

        assert remembers(one.start(), "before the zombie")
        assert postmaster(folder).pid != dead.pid
        assert one.stop_if_last() is True
        bury()


def test_a_strangers_process_under_the_old_number_is_not_taken_for_the_server(folder: Path):
    one = server(folder)
    one.start()
    pid_file = folder / "data" / "postmaster.pid"
    text = pid_file.read_text()
    postmaster(folder).kill()
    _, _, rest = text.partition("\n")
    pid_file.write_text(f"{os.getppid()}\n{rest}")

    assert remembers(one.start(), "first")
    assert one.stop_if_last() is True


def test_a_layout_that_was_interrupted_is_begun_anew(server_folder: Path):
    folder = server_folder / "interrupted"
    half = folder / "data.unfinished"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    with server(folder) as dsn:
        remember(dsn, "whole")


def test_a_long_path_gets_a_short_way_in(server_folder: Path):
    folder = server_folder / ("x" * 60) / ("y" * 60)
    (folder.parent).mkdir(mode=0o711)
    with server(folder) as dsn:
        remember(dsn, "far away")
        sockets = [word for word in dsn.split() if word.startswith("host=/tmp/carteggio-")]
    assert sockets
    Path(sockets[0].removeprefix("host=")).rmdir()


def test_a_server_that_cannot_start_says_why(server_folder: Path):
    broken = EmbeddedPostgres(server_folder / "broken", settings={"shared_buffers": "nonsense"})

    with pytest.raises(PostgresFailed, match=r"shared_buffers.*broken/log"):
        broken.start()

    assert alive(server_folder / "broken") is None
    with server(server_folder / "broken") as dsn:
        remember(dsn, "mended")


def test_data_of_another_version_is_refused_with_the_remedy(server_folder: Path):
    folder = server_folder / "older"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "PG_VERSION").write_text("16\n")

    with pytest.raises(PostgresFailed, match=r"was made by PostgreSQL 16.*pg_upgrade"):
        server(folder).start()


@as_root
def test_a_closed_folder_is_refused_and_stays_closed(server_folder: Path):
    closed = server_folder / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(PostgresFailed, match=r"cannot enter .*CARTEGGIO_HOME"):
        server(closed / "postgres").start()

    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_programs_out_of_its_users_reach_are_copied_into_the_instance(server_folder: Path):
    hidden, instance = server_folder / "hidden", server_folder / "copied"
    hidden.mkdir(mode=0o700)
    instance.mkdir(mode=0o711)
    wheel = wheel_binaries().parents[1]
    subprocess.run(["cp", "-a", wheel, wheel.with_name(f"{wheel.name}.libs"), hidden], check=True)
    binaries = hidden / wheel.name / "pginstall18" / "bin"
    nobody = DatabaseUser(65534, 65534, dropped=True)

    copied = reachable_binaries(binaries, nobody, instance)

    assert copied.is_relative_to(instance)
    assert "18." in nobody.run([copied / "postgres", "--version"]).stdout
    assert nobody.run([copied / "psql", "--version"]).returncode == 0
    assert reachable_binaries(binaries, nobody, instance) == copied
    assert hidden.stat().st_mode & 0o777 == 0o700


@contextmanager
def adopting_orphans() -> Iterator[Callable[[], None]]:
    """Be the parent of orphans for a while, and bury none before `bury` is called."""
    subreaper = 36  # PR_SET_CHILD_SUBREAPER
    libc = ctypes.CDLL(None)
    assert libc.prctl(subreaper, 1, 0, 0, 0) == 0

    def bury() -> None:
        for child in psutil.Process().children():
            if child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, 0)

    try:
        yield bury
    finally:
        libc.prctl(subreaper, 0, 0, 0, 0)
