"""Ten thousand mails in the outbox, and `carteggio work`, which sends them: its memory stays flat.

All of them are queued before it starts, so that all of the backlog is there from the first mail on.
The measure is RSS of the process, and of all that it started beside that: when it has settled with
nothing to do, when a thousand mails have left, at each further thousand, and when all have.

The mark is set on the growth since the first thousand. The growth since `WARM` mails is told as well: by
then a worker has taken in copies, and fed read models, in portions of their full size.
"""

import argparse
import os
import subprocess
import threading
from itertools import islice

import psutil

from adapters.home import Home
from adapters.logs import set_up_logs
from adapters.settings import Settings
from api.compose import compose
from api.work.instance import Carteggio
from benchmarks.mailmaker import Maker
from benchmarks.proofs.promises import Promises
from benchmarks.sending import octets, queue, sends_by
from benchmarks.smtpsink import sink
from benchmarks.stage import Stopwatch, command, instance, say

EARLY = 1_000
WARM = 2_000
NOISE = 1.15
_PAUSE_S = 0.5


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mails", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    set_up_logs("warning")
    promises = Promises()
    with instance() as home, sink() as port, compose(home, Settings(), None) as carteggio:
        _queued(carteggio, given.mails, given.seed)
        say(f"{given.mails:,} mails wait")
        with_none = _idle(home)
        early, late, seconds, thousands = _sent(carteggio, home, port, given.mails)
    warm = thousands[min(WARM // EARLY, len(thousands)) - 1] if thousands else early[0]
    promises.keep(
        late[0] <= early[0] * NOISE, f"it grows: {early[0]:.0f} MB, then {late[0]:.0f} MB"
    )
    promises.conclude(
        "queued",
        {
            "mails": given.mails,
            "rss_mb_at_start": with_none[0],
            f"rss_mb_at_{min(EARLY, given.mails)}": early[0],
            f"rss_mb_at_{min(WARM, given.mails)}": warm,
            f"rss_mb_at_{given.mails}": late[0],
            "growth_since_warm": round(late[0] / warm, 3),
            "growth_since_first_thousand": round(late[0] / early[0], 3),
            "limit": NOISE,
            "rss_mb_at_each_thousand": thousands,
            "with_children_mb": [with_none[1], early[1], late[1]],
            "seconds": round(seconds, 1),
            "mails_per_s": round(given.mails / seconds, 1),
        },
    )


def _queued(carteggio: Carteggio, mails: int, seed: int) -> None:
    """Let so many wait, of a mailbox that sends nowhere yet."""
    for number, raw in enumerate(islice(octets(Maker(seed)), mails), 1):
        queue(carteggio, raw)
        if number % EARLY == 0:
            say(f"{number:,} queued")


def _idle(home: Home) -> tuple[float, float]:
    """Measure a worker that has nothing to do yet: nothing says by which server it sends."""
    process = _started(home)
    try:
        threading.Event().wait(10)
        return _held(process.pid)
    finally:
        _ended(process)


def _sent(
    carteggio: Carteggio, home: Home, port: int, mails: int
) -> tuple[tuple[float, float], tuple[float, float], float, list[float]]:
    sends_by(carteggio, port)
    thousands: list[float] = []
    process, watch, early = _started(home), Stopwatch(), (0.0, 0.0)
    try:
        while left := _left(carteggio):
            if process.poll() is not None:
                raise SystemExit(f"the worker ended with {process.returncode}")
            if not early[0] and left <= mails - min(EARLY, mails // 2):
                early = _held(process.pid)
            if mails - left >= EARLY * (len(thousands) + 1):
                thousands.append(_held(process.pid)[0])
                say(f"{left:,} are left: {thousands[-1]:.0f} MB")
            threading.Event().wait(_PAUSE_S)
        return early, _held(process.pid), watch.seconds, thousands
    finally:
        _ended(process)


def _left(carteggio: Carteggio) -> int:
    with carteggio.database.pool.connection() as connection:
        row = connection.execute("SELECT count(*) FROM outbox").fetchone()
    return int(row[0]) if row else 0


def _started(home: Home) -> "subprocess.Popen[bytes]":
    allowed = {"CARTEGGIO_MAIL_NETWORKS_ALLOWED": "127.0.0.0/8"}
    return subprocess.Popen(command(home, "work"), env={**os.environ, **allowed}, cwd="/")


def _ended(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(30)


def _held(pid: int) -> tuple[float, float]:
    """Give the megabytes of a process, and with its children."""
    own = psutil.Process(pid)
    family = [own, *own.children(recursive=True)]
    each = [one.memory_info().rss / 1e6 for one in family]
    return round(each[0], 1), round(sum(each), 1)


if __name__ == "__main__":
    main()
