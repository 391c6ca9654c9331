"""The product as its users have it: processes of the command line, on an instance of their own.

`instance` is shared by the tests of a module, and its database runs meanwhile; `fresh_instance` is
one like it for a single test. `own_instance` is one to break: its database runs only while a command
does. `carteggio init` is done once a session: each has a copy of the home that it made.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loaded import PATIENCE, loaded
from places import quick_folder
from quicklogin import log_in_quickly

if TYPE_CHECKING:
    from adapters.postgres import EmbeddedPostgres

LAUNCHER = Path(__file__).resolve().parents[2] / "carteggio.py"


@dataclass
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def fact(self) -> dict[str, Any]:
        (only,) = self.facts
        return only


@dataclass
class Instance:
    """An instance's folder, and the commands to it."""

    home: Path
    zone: str = "Europe/Rome"
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self, *words: object, **environment: str) -> "subprocess.Popen[str]":
        """Start a command, to be talked to or ended."""
        return subprocess.Popen(
            [sys.executable, str(LAUNCHER), *self._words(words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=self._environment(environment),
            cwd="/",
        )

    def run(self, *words: object, **environment: str) -> Ended:
        """Run a command to its end."""
        code, out, err = loaded().run(self._words(words), self._environment(environment))
        assert "Traceback" not in err, err
        return Ended(code, out, err)

    def _words(self, words: tuple[object, ...]) -> list[str]:
        return ["--home", str(self.home), *map(str, words)]

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if "CARTEGGIO" not in name}
        ours |= {"CARTEGGIO_TIME_ZONE": self.zone, "PYTHONUNBUFFERED": "1"}
        return ours | dict(self.environment) | dict(more)

    def done(self, *words: object, **environment: str) -> Ended:
        """Run a command that has to succeed."""
        done = self.run(*words, **environment)
        assert done.code == 0, f"{words}: {done.code}\n{done.out}\n{done.err}"
        return done

    def asked(self, *words: object) -> list[dict[str, Any]]:
        """Give a command's answer as JSON."""
        return self.done(*words, "--json").facts

    def exported(self) -> dict[str | None, dict[str, Any]]:
        """Give all messages by their Message-ID."""
        return {one["message_id"]: one for one in self.done("export", "messages").facts}

    def server_pid(self) -> int:
        """Give the process of the embedded database."""
        (found,) = self.home.glob("postgres/**/postmaster.pid")
        return int(found.read_text().splitlines()[0])


def ended(process: "subprocess.Popen[str]", signal_number: int | None = None) -> Ended:
    """Wait for a command, after a signal if one is given; nothing it wrote may be a traceback."""
    if signal_number is not None:
        process.send_signal(signal_number)
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert "Traceback" not in err, err
    return Ended(process.returncode, out, err)


@pytest.fixture(scope="session")
def initialised() -> Iterator[Path]:
    """Make the home of an instance that nobody has used, to be copied."""
    with quick_folder("e2e") as folder:
        made = Instance(folder / "home")
        made.done("init")
        with running(made) as dsn:
            log_in_quickly(dsn)
        yield made.home


@contextmanager
def new_instance(initialised: Path) -> Iterator[Instance]:
    """Make an instance; at the end stop what a killed command left running."""
    with quick_folder("e2e") as folder:
        instance = Instance(folder / "home")
        # With its owners: the database runs as another user where root runs the tests.
        subprocess.run(["cp", "-a", initialised, instance.home], check=True)
        try:
            yield instance
        finally:
            for left in instance.home.glob("postgres/**/postmaster.pid"):
                os.kill(int(left.read_text().splitlines()[0]), signal.SIGINT)


@pytest.fixture(scope="module")
def instance(initialised: Path) -> Iterator[Instance]:
    """Give an instance for a module's tests."""
    with new_instance(initialised) as made, running(made):
        yield made


@pytest.fixture
def fresh_instance(initialised: Path) -> Iterator[Instance]:
    """Give an instance for one test, as `instance` is."""
    with new_instance(initialised) as made, running(made):
        yield made


@pytest.fixture
def own_instance(initialised: Path) -> Iterator[Instance]:
    """Give an instance to break."""
    with new_instance(initialised) as made:
        yield made


def running(instance: Instance) -> "EmbeddedPostgres":
    """Let an instance's database run while commands come and go."""
    from adapters.postgres import EmbeddedPostgres  # noqa: PLC0415

    return EmbeddedPostgres(instance.home / "postgres")
