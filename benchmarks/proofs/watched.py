"""A command of ours that runs, seen from outside, and killed: what the proofs of kills share."""

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from statistics import median
from typing import Protocol

import psutil

from adapters.home import Home
from api.work.phases import PHASES
from benchmarks.stage import Stopwatch

ELSEWHERE = "elsewhere"
_PATIENCE_S = 180
_LOOK_S = 0.0005


class Trace:
    """The counters that `api/work/phases.py` leaves in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(bytes(len(PHASES)))

    def clear(self) -> None:
        """Count from nothing again: who was killed leaves its counters as they were."""
        with self.path.open("r+b") as file:
            file.write(bytes(len(PHASES)))

    def phases(self) -> list[str]:
        """Tell what is done now, or was when it died."""
        counters = self.path.read_bytes()
        return [name for name, threads in zip(PHASES, counters, strict=True) if threads]


class Process(Protocol):
    """What is asked of a process that runs."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self) -> int: ...


class Watched:
    """A process that leaves its phases in a trace, and what it says in a file."""

    def __init__(self, process: Process, trace: Trace, told: Path) -> None:
        self._process = process
        self._trace = trace
        self._told = told
        self._watch = Stopwatch()
        self.until_work: float | None = None

    def phases(self) -> list[str]:
        """Tell what it does now, or did when it died."""
        found = self._trace.phases()
        if found and self.until_work is None:
            self.until_work = self._watch.seconds
        return found

    def wait_for(
        self, phase: str | None, delay: float, *, times: int = 1, unless: str | None = None
    ) -> bool:
        """Wait until it is in this phase for so many times, and longer; False if it ended before.

        Where it comes to the phase `unless` before, it is not waited for any longer.
        """
        for before in range(times if phase is not None else 0):
            if before and not self._until(lambda: phase not in self.phases()):
                return False
            if not self._until(lambda: not {phase, unless}.isdisjoint(self.phases())):
                return False
        end = time.perf_counter() + delay
        while time.perf_counter() < end:
            self.phases()
            time.sleep(_LOOK_S)
        return self._process.poll() is None

    def _until(self, holds: Callable[[], bool]) -> bool:
        while not holds():
            if self._process.poll() is not None:
                return False
            if self._watch.seconds > _PATIENCE_S:
                raise SystemExit("a command does not get on")
            time.sleep(_LOOK_S)
        return True

    def family(self) -> list[psutil.Process]:
        """Give it and its reading process."""
        try:
            first = psutil.Process(self._process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def ended(self) -> int:
        """Wait until it has ended, and give its code."""
        return self._process.wait()

    def said(self) -> str:
        """Give all that it printed."""
        return self._told.read_text(encoding="utf-8")


def begun(words: list[str], trace: Trace, told: Path) -> Watched:
    """Run a command; what it says goes into a file."""
    trace.clear()
    with told.open("wb") as out:
        process = subprocess.Popen(
            words,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"CARTEGGIO_TRACE_PHASES": str(trace.path)},
            start_new_session=True,
        )
    return Watched(process, trace, told)


def rarest(died_in: Mapping[str, int], phases: Iterable[str], chance: Random) -> str:
    """Choose where to kill next."""
    return min(phases, key=lambda phase: (died_in.get(phase, 0), chance.random()))


def spread(seconds: list[float]) -> dict[str, float]:
    """Give the middle and the most, nothing where there is none."""
    if not seconds:
        return {}
    return {"median": round(median(seconds), 2), "most": round(max(seconds), 2)}


def server(home: Home) -> list[psutil.Process]:
    """Give the processes of the database server, none if it does not run."""
    data = home.postgres / "data"
    try:
        first = psutil.Process(int((data / "postmaster.pid").read_text().split("\n", 1)[0]))
        ours = Path(first.cwd()).samefile(data)
        return [first, *first.children(recursive=True)] if ours else []
    except (FileNotFoundError, ValueError, psutil.Error):
        return []


def kill(processes: list[psutil.Process]) -> None:
    """End them at one blow: nobody gets to tidy up, or to tell another."""
    for one in processes:
        with suppress(psutil.NoSuchProcess):
            one.kill()
