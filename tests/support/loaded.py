"""Commands that begin at once: forks of a process that has loaded them all and done nothing.

Each is a process of its own, with its own arguments, environment and standard files, and ends as
any other does. What is left out is loading the program anew, which takes longer than most
commands: whatever is started to be killed, told to end or talked to loads it (`commands.py`).

This file is the program of the process that is forked, too.
"""

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120


class Loaded:
    """The process that is forked."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
        """Run a command to its end; give its exit code, and what it said."""
        question, answer = self._process.stdin, self._process.stdout
        assert question is not None
        assert answer is not None
        with TemporaryDirectory() as folder:
            told = [str(Path(folder) / name) for name in ("out", "err")]
            print(json.dumps([list(words), dict(environment), *told]), file=question, flush=True)
            code = int(answer.readline())
            out, err = (Path(one).read_text(encoding="utf-8") for one in told)
        return code, out, err

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()


@cache
def loaded() -> Loaded:
    """Give the one of this session."""
    one = Loaded()
    atexit.register(one.close)
    return one


def _serve() -> None:
    """Fork for each line, until there are no more."""
    for line in sys.stdin:
        words, environment, out, err = json.loads(line)
        if (child := os.fork()) == 0:
            _become(words, environment, out, err)
            return
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become(words: list[str], environment: dict[str, str], out: str, err: str) -> None:
    """Be the command, as if a shell had started it."""
    from carteggio import main  # noqa: PLC0415  loaded already, in the process that was forked

    writing = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for number, (path, how) in enumerate(
        ((os.devnull, os.O_RDONLY), (out, writing), (err, writing))
    ):
        place = os.open(path, how, 0o600)
        os.dup2(place, number)
        os.close(place)
    os.chdir("/")
    os.environ.clear()
    os.environ.update(environment)
    signal.alarm(PATIENCE)  # what hangs is ended, and its test fails
    sys.argv = ["carteggio.py", *words]
    try:
        main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            _end(end.code or 0)
        raise


def _end(code: int) -> None:
    """End as Python does, but take nothing apart: that would cost more than most commands.

    Every page of what was loaded would be written to, so copied, to be given back at once.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # it waits for threads, as at any end
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from commandline import every_command

    every_command()
    gc.freeze()
    _serve()
