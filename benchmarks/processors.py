"""What work costs on all processors, by the kind of process that does it.

On a machine that others use too, the clock says little; what the system charged to each process
says nearly the same every time.
"""

import resource
import time

import psutil

from adapters.home import Home


class Processors:
    """Seconds since it was made: of this process, of its children, and of the database's.

    `look` is to be called while children work: a child that ended is known by its last look.
    """

    def __init__(self, home: Home) -> None:
        """Watch this process and the embedded server of an instance."""
        pid = (home.postgres / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0]
        self._server = psutil.Process(int(pid))
        self._own, self._database = time.process_time(), _with_children(self._server)
        self._ended = _ended_children()
        self._seen: dict[int, tuple[str, float]] = {}

    def look(self) -> None:
        """Note what each child did until now."""
        for child in psutil.Process().children():
            try:
                kind = _kind(child)
                self._seen[child.pid] = kind, _with_children(child)
            except psutil.Error:
                continue  # it ended in this very moment

    def milliseconds_each(self, count: int) -> dict[str, float]:
        """Give the milliseconds a piece, by kind; every child has to have ended."""
        found = {
            "own": time.process_time() - self._own,
            "database": _with_children(self._server) - self._database,
        }
        for kind, seconds in self._seen.values():
            found[kind] = found.get(kind, 0.0) + seconds
        seen = sum(seconds for _, seconds in self._seen.values())
        found["unseen"] = max(0.0, _ended_children() - self._ended - seen)
        found["all"] = sum(found.values())
        return {kind: round(seconds * 1_000 / count, 2) for kind, seconds in found.items()}


def _kind(child: psutil.Process) -> str:
    return "reading" if "adapters.mime.child" in " ".join(child.cmdline()) else "feeding"


def _with_children(process: psutil.Process) -> float:
    """Give what a process and its children did, those that ended and those that work still."""
    seconds = 0.0
    for one in (process, *process.children()):
        try:
            seconds += sum(one.cpu_times()[: 4 if one == process else 2])
        except psutil.Error:
            continue
    return seconds


def _ended_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
