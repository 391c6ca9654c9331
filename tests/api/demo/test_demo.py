"""The demo as its user runs it: another process, a home that is not there yet, signals."""

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

PRODUCT = Path(__file__).parents[3]
IN_TIME = 120


@dataclass(frozen=True)
class Machine:
    """A user with a home that is not there yet, whose settings name a database of their own."""

    folder: Path
    mark: str

    @property
    def place(self) -> Path:
        return self.folder / "carteggio-demo"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "carteggio.py", "demo", *words]

    def environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("CARTEGGIO_")
        }
        return kept | {
            "HOME": str(self.folder / "home"),
            "CARTEGGIO_HOME": str(self.folder / "carteggio"),
            "CARTEGGIO_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/theirs",
            "CARTEGGIO_TEST_MARK": self.mark,
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            cwd=PRODUCT,
            env=self.environment(),
            text=True,
            capture_output=True,
            check=False,
            timeout=IN_TIME,
        )

    def start(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-u", *self.command(*words)[1:]],
            cwd=PRODUCT,
            env=self.environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def running(self) -> list[psutil.Process]:
        return [one for one in psutil.process_iter() if _mark_of(one) == self.mark]

    def left(self) -> list[psutil.Process]:
        # The database takes its pid file away a moment before it ends itself.
        return psutil.wait_procs(self.running(), timeout=10)[1]


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


def test_the_check_is_good_and_leaves_nothing_running(machine):
    done = machine.run("--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert done.stdout.count("✓") == 7
    assert "✗" not in done.stdout
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert machine.left() == []
    assert not (machine.place / "postgres" / "data" / "postmaster.pid").exists()
    assert not (machine.folder / "carteggio").exists()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_this_machine_alone_until_it_is_told_to_stop(machine, by):
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
            asked = subprocess.run(["sh", "-c", query], capture_output=True, text=True, check=True)
            assert '"unanswered"' in asked.stdout
            assert "errors" not in asked.stdout
        assert "Stopped" in stopped(process, by)
    assert machine.left() == []


def test_told_to_stop_in_the_midst_of_it_everything_stops(machine):
    with machine.start() as process:
        told_until(process, "Master data")
        assert "Stopped" in stopped(process, signal.SIGTERM)
    assert machine.left() == []


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


def test_a_folder_that_is_no_demo_is_left_alone(machine):
    theirs = machine.folder / "carteggio"
    theirs.mkdir()
    (theirs / "settings.toml").write_text("# mine\n")
    refused = machine.run("--check", "--home", str(theirs))
    assert refused.returncode == 1
    assert "is not the demo's" in refused.stderr
    assert [one.name for one in theirs.iterdir()] == ["settings.toml"]


def test_a_port_that_is_taken_is_said(machine):
    with machine.start("--port", "0") as process:
        lines = told_until(process, "Ctrl-C")
        [address] = [line.split()[1] for line in lines if line.startswith("  GraphQL ")]
        port = address.removesuffix("/graphql").rpartition(":")[2]
        other = str(machine.folder / "other")
        refused = machine.run("--check", "--port", port, "--home", other)
        assert refused.returncode == 1
        assert f"port {port} cannot be used: address already in use" in refused.stderr
        stopped(process, signal.SIGINT)
    assert machine.left() == []
