"""What benchmarks and proofs share: an instance that lives for one run, and one line of figures.

Run them from the project's folder: `python -m benchmarks.ingest --help`. Progress goes to standard
error; standard output gets exactly one line of JSON.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from adapters.home import Home
from adapters.logs import set_up_logs
from adapters.postgres import EmbeddedPostgres
from adapters.settings import Settings
from api.compose import compose, init
from api.work.instance import Carteggio

ROOT = Path(__file__).resolve().parent.parent
LAUNCHER = ROOT / "carteggio.py"


def say(text: str) -> None:
    """Tell whoever waits how far it is."""
    print(f"  {text}", file=sys.stderr, flush=True)


def tell(name: str, figures: dict[str, Any]) -> None:
    """Print the one line."""
    machine = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    print(json.dumps({"name": name, **figures, **machine}), flush=True)


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder for one run; the database's own user may pass through it."""
    with undisturbed():
        place = Path(tempfile.mkdtemp(prefix="carteggio-bench-", dir="/tmp"))
        place.chmod(0o711)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let a request to end unwind what was started, as Ctrl-C does."""

    def leave(number: int, _frame: object) -> None:
        say(f"it is told to end (signal {number}); nothing is concluded")
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def instance(company: str = "main") -> Iterator[Home]:
    """Make an instance for one run and keep its database up, so that nobody waits for its start."""
    with folder() as place, ExitStack() as stack:
        home = Home(place / "home")
        home.create()
        stack.enter_context(EmbeddedPostgres(home.postgres))
        init(home, Settings(), company)
        yield home


@contextmanager
def opened(company: str = "main") -> Iterator[Carteggio]:
    """Make an instance for one run and open it."""
    set_up_logs("warning")
    with instance(company) as home, compose(home, Settings(), company) as carteggio:
        yield carteggio


def command(home: Home, *words: str, company: str | None = None) -> list[str]:
    """Give the words that run our command line."""
    chosen = ["--company", company] if company else []
    return [sys.executable, str(LAUNCHER), "--home", str(home.folder), *chosen, *words]


def run(home: Home, *words: str, company: str | None = None) -> str:
    """Run a command of ours and give what it prints; what it complains of ends the run."""
    asked = command(home, *words, company=company)
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.returncode}\n{done.stderr}{done.stdout}")
    return done.stdout


def lines(text: str) -> list[Any]:
    """Read JSON Lines."""
    return [json.loads(line) for line in text.splitlines() if line]


class Stopwatch:
    """Seconds since it was made, on the clock and on the processor."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._wall

    @property
    def cpu(self) -> float:
        """Seconds that this process and its threads worked."""
        return time.process_time() - self._cpu


def middle(values: Sequence[float]) -> float:
    """Give the median, at three significant digits."""
    return float(f"{median(values):.3g}")


def ratio(ours: float, theirs: float) -> float:
    """Compare, at three significant digits."""
    return float(f"{ours / theirs:.3g}")
