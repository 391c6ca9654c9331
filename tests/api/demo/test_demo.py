"""The demo as its user runs it: another process, a home that is not there yet, signals."""

import fcntl
import os
import pty
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

PRODUCT = Path(__file__).parents[3]
IN_TIME = 240
CTRL_C = b"\x03"
TAKING_THE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
FOR_MACHINES = ("curl ", "  Token ", "Its instance is", "/", "env ")
"""How lines begin that are not broken, so that they can be pasted."""


@dataclass(frozen=True)
class Machine:
    """A user with a home that is not there yet, whose settings name a database of their own."""

    folder: Path
    mark: str

    @property
    def place(self) -> Path:
        return self.folder / "carteggio-demo"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-u", "carteggio.py", "demo", *words]

    def environment(self, **more: str) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("CARTEGGIO_")
        }
        ours = {
            "HOME": str(self.folder / "home"),
            "CARTEGGIO_HOME": str(self.folder / "carteggio"),
            "CARTEGGIO_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/theirs",
            "CARTEGGIO_TEST_MARK": self.mark,
        }
        return kept | ours | more

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            cwd=PRODUCT,
            env=self.environment(**more),
            text=True,
            encoding="utf-8",
            capture_output=True,
            check=False,
            timeout=IN_TIME,
        )

    def start(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command(*words),
            cwd=PRODUCT,
            env=self.environment(),
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def running(self) -> list[psutil.Process]:
        return [one for one in psutil.process_iter() if _mark_of(one) == self.mark]

    def left(self) -> list[object]:
        """Tell what is still there of a demo that has ended: processes, sockets, pid files."""
        # The database takes its pid file away a moment before it ends itself.
        processes = psutil.wait_procs(self.running(), timeout=10)[1]
        return [*processes, *self.place.rglob(".s.PGSQL.*"), *self.place.rglob("postmaster.pid")]


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("CARTEGGIO_TEST_MARK")
    except (psutil.Error, OSError):
        return None


@pytest.fixture
def machine(server_folder: Path) -> Iterator[Machine]:
    mark = uuid.uuid4().hex
    folder = server_folder / mark[:8]
    folder.mkdir(mode=0o711)
    yield (machine := Machine(folder, mark))
    for left in machine.running():
        left.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as there:
        yield there.getsockname()[1]


def told_until(process: "subprocess.Popen[str]", words: str) -> list[str]:
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if words in line:
            return lines
    raise AssertionError("\n".join(lines))


def stopped(process: "subprocess.Popen[str]", by: signal.Signals) -> str:
    process.send_signal(by)
    rest, _ = process.communicate(timeout=IN_TIME)
    assert process.returncode == 0, rest
    return rest


class Terminal:
    """A terminal in which a demo runs: Ctrl-C reaches all that runs in its foreground."""

    def __init__(self, machine: Machine, columns: int) -> None:
        self._screen, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-c", TAKING_THE_TERMINAL, *machine.command()],
            cwd=PRODUCT,
            env=machine.environment(TERM="xterm-256color"),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        self.shown = ""

    def wait_for(self, words: str) -> None:
        while words not in self.shown:
            assert self._read(), self.shown

    def press(self, keys: bytes) -> None:
        os.write(self._screen, keys)

    def end(self) -> int:
        while self._read():
            pass
        os.close(self._screen)
        return self._process.wait(IN_TIME)

    def _read(self) -> bool:
        try:
            found = os.read(self._screen, 4096)
        except OSError:  # the last one has closed the other side
            return False
        self.shown += found.decode("utf-8", "replace")
        return bool(found)


def test_the_check_is_good_and_leaves_nothing_running(machine):
    done = machine.run("--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert done.stdout.count("✓") == 7
    assert "✗" not in done.stdout
    assert "\x1b" not in done.stdout
    assert "…" not in done.stdout
    assert "Nobody has answered these 21" in done.stdout
    assert machine.left() == []
    assert not (machine.folder / "carteggio").exists()


def test_it_serves_this_machine_alone_until_it_is_told_to_stop(machine):
    with machine.start() as process:
        lines = told_until(process, "Ctrl-C")
        listening = [
            one.laddr
            for of in machine.running()
            for one in of.net_connections("inet")
            if one.status == psutil.CONN_LISTEN
        ]
        assert [one.ip for one in listening] == ["127.0.0.1"]
        [query] = [line for line in lines if line.startswith("curl ")]
        if shutil.which("curl"):
            assert '"value":21' in said(query)
        [trail] = [line for line in lines if " trail " in line]
        assert "party.registered" in said(trail)
        assert "Stopped" in stopped(process, signal.SIGTERM)
    assert machine.left() == []


def said(command: str) -> str:
    return subprocess.run(
        ["sh", "-c", command], capture_output=True, encoding="utf-8", check=True, cwd="/"
    ).stdout


@pytest.mark.slow
def test_in_a_narrow_terminal_rows_are_not_broken_and_ctrl_c_ends_it(machine):
    terminal = Terminal(machine, 80)
    terminal.wait_for("Ctrl-C stops everything")
    terminal.press(CTRL_C)
    assert terminal.end() == 0
    plain = without_colours(terminal.shown).replace("\r\n", "\n")
    assert "Stopped: " in plain
    assert "\x1b" in terminal.shown
    rows = [line for line in plain.splitlines() if not line.startswith(FOR_MACHINES)]
    assert max(map(len, rows)) <= 80
    assert machine.left() == []


def without_colours(shown: str) -> str:
    """Take colours away."""
    parts = shown.split("\x1b[")
    return parts[0] + "".join(part.partition("m")[2] for part in parts[1:])


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "Its instance",
        "is made",
        "sample is written",
        "Master data",
        "taken in and linked",
        "Token",
    ],
)
def test_ctrl_c_twice_at_any_moment_leaves_nothing(machine, words):
    terminal = Terminal(machine, 100)
    terminal.wait_for(words)
    terminal.press(CTRL_C)
    terminal.press(CTRL_C)
    assert terminal.end() == 0
    assert "Stopped: " in terminal.shown
    assert "Traceback" not in terminal.shown
    assert machine.left() == []


@pytest.mark.slow
def test_after_a_kill_the_next_run_stops_what_was_left(machine):
    with machine.start() as process:
        told_until(process, "Master data")
        refused = machine.run("--check")
        assert (refused.returncode, refused.stdout.count("✓")) == (1, 0)
        assert "a demo is running in" in refused.stderr
        process.kill()
    assert machine.running()
    done = machine.run("--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.left() == []


@pytest.mark.slow
def test_a_terminal_without_unicode_gets_marks_instead_of_letters(machine):
    done = machine.run(
        "--check", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.isascii()
    assert "? Which mail waits for an answer?" in done.stdout


@pytest.mark.slow
def test_an_installed_wheel_shows_it_from_any_folder(machine, tmp_path):
    builder = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    if subprocess.run(builder, cwd=PRODUCT, capture_output=True, check=False).returncode != 0:
        pytest.skip("hatchling is not installed: make check installs it")
    [wheel] = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(installed := tmp_path / "installed")
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import carteggio; carteggio.main()", "demo", "--check"],
        cwd=machine.folder,
        env=machine.environment(PYTHONPATH=str(installed)),
        text=True,
        encoding="utf-8",
        capture_output=True,
        check=False,
        timeout=IN_TIME,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == 7


def test_a_folder_that_is_no_demo_is_left_alone(machine):
    theirs = machine.folder / "carteggio"
    theirs.mkdir()
    (theirs / "settings.toml").write_text("# mine\n")
    refused = machine.run("--check", "--home", str(theirs))
    assert refused.returncode == 1
    assert "is not the demo's" in refused.stderr
    assert [one.name for one in theirs.iterdir()] == ["settings.toml"]


def test_a_port_that_is_taken_is_said_before_anything_is_done(machine, taken_port):
    refused = machine.run("--check", "--port", str(taken_port))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"port {taken_port} cannot be used: address already in use" in refused.stderr
    assert machine.left() == []
