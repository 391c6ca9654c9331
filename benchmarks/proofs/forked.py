"""Commands of ours that begin at once: forks of a process that has loaded them and done nothing.

What is killed is a process of its own all the same, with all that it would have open. To load
everything anew takes longer than what the proof looks at.
"""

import multiprocessing
import os
import sys
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from benchmarks.proofs.watched import Trace, Watched
from benchmarks.stage import LAUNCHER

_LOADED = ("api.cli.main", "api.cli.syncing", "api.cli.trouble")


class Forking:
    """Begins commands that leave their phases in one trace."""

    def __init__(self, trace: Trace) -> None:
        """Begin the process that is forked; it is told once where the trace lies."""
        self._trace = trace
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([*_LOADED, __name__])
        os.environ["CARTEGGIO_TRACE_PHASES"] = str(trace.path)
        try:
            forkserver.ensure_running()
        finally:
            del os.environ["CARTEGGIO_TRACE_PHASES"]

    def begun(self, words: list[str], told: Path) -> Watched:
        """Run a command; what it says goes into a file."""
        self._trace.clear()
        process = self._context.Process(target=_run, args=(words, str(told)))
        process.start()
        return Watched(_Forked(process), self._trace, told)


class _Forked:
    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int:
        self._process.join()
        return self._process.exitcode or 0


def _run(words: list[str], told: str) -> None:
    """Be the command, as if it had been started by a shell."""
    from api.cli.main import run  # noqa: PLC0415  loaded already, in the process that was forked

    out = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.argv = [str(LAUNCHER), *words]
    run()
