"""What many accounts cost that are idle, and how soon new mail is seen: one worker, one Dovecot.

`carteggio work` attends the accounts over TLS, two connections each (INBOX, Sent). Memory and
processor are those of the worker with its reading process, beside a worker without accounts.
"""

import argparse
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psutil

from adapters.home import Home
from adapters.logs import set_up_logs
from adapters.settings import Settings
from api.compose import compose
from api.work.instance import Carteggio
from api.work.looks import states_of
from benchmarks.mailserver import enter, mail_server
from benchmarks.stage import Stopwatch, command, instance, middle, say, tell

if TYPE_CHECKING:
    from dovecot import MailAccount

# Many clients in few processes: the server's memory is not what is measured.
_ROOMY = """
service imap {
  service_count = 0
  client_limit = 200
  process_limit = 40
}
service imap-login {
  client_limit = 2000
}
service anvil {
  client_limit = 3000
}
service auth {
  client_limit = 3000
}
"""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--accounts", type=int, default=300)
    asked.add_argument(
        "--seconds", type=int, default=60, help="how long the idle worker is watched"
    )
    asked.add_argument("--mails", type=int, default=20, help="how many new mails are timed")
    given = asked.parse_args()
    set_up_logs("warning")
    with instance() as home, compose(home, Settings()) as carteggio, mail_server(_ROOMY) as server:
        with _working(home) as worker:
            _until(lambda: len(worker.children()) == 0 and worker.cpu_times().user > 0.5, 60)
            alone = _idle(worker, given.seconds / 4)
        users = {f"box{n}@firm.example": server.add_user() for n in range(given.accounts)}
        for box, user in users.items():
            enter(carteggio, box, user, "tls")
        carteggio.feed.catch_up()
        with _working(home) as worker:
            watch = Stopwatch()
            _until(lambda: _fetched(carteggio) == given.accounts, 300)
            began, connections = watch.seconds, len(worker.net_connections())
            say(f"{given.accounts} accounts attended after {began:.1f} s, {connections} sockets")
            idle = _idle(worker, given.seconds)
            seen = [_seen(carteggio, list(users.values()), n) for n in range(given.mails)]
            after = _memory(worker)
    tell(
        "accounts",
        {
            "accounts": given.accounts,
            "sockets": connections,
            "all_attended_after_s": round(began, 1),
            "idle_rss_mb": idle[0],
            "rss_mb_without_accounts": alone[0],
            "rss_kb_per_account": round((idle[0] - alone[0]) * 1_000 / given.accounts),
            "rss_mb_after_mail": after,
            "idle_cpu_percent_of_a_core": idle[1],
            "cpu_percent_without_accounts": alone[1],
            "new_mail_in_the_log_s_median": middle(seen),
            "new_mail_in_the_log_s_most": round(max(seen), 2),
        },
    )


@contextmanager
def _working(home: Home) -> Iterator[psutil.Process]:
    process = subprocess.Popen(command(home, "work"), stderr=subprocess.DEVNULL)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def _idle(worker: psutil.Process, seconds: float) -> tuple[float, float]:
    """Give memory in MB, and the share of one core in percent."""
    before, watch = _cpu(worker), Stopwatch()
    time.sleep(seconds)
    return _memory(worker), round(100 * (_cpu(worker) - before) / watch.seconds, 2)


def _cpu(worker: psutil.Process) -> float:
    times = [one.cpu_times() for one in (worker, *worker.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def _memory(worker: psutil.Process) -> float:
    everybody = (worker, *worker.children(recursive=True))
    return round(sum(one.memory_info().rss for one in everybody) / 1_000_000, 1)


def _fetched(carteggio: Carteggio) -> int:
    return sum(one.fetched_at is not None for one in states_of(carteggio).values())


def _seen(carteggio: Carteggio, users: "list[MailAccount]", number: int) -> float:
    """Put a mail into somebody's INBOX or Sent, and give the seconds until it is in the log."""
    head = carteggio.journal.head()
    date = f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} +0000"
    raw = (
        f"From: ada@acme.example\r\nTo: box@firm.example\r\nDate: {date}\r\n"
        f"Message-ID: <{number}@acme.example>\r\nSubject: {number}\r\n\r\nx\r\n"
    )
    random.choice(users).append(raw.encode(), folder=("INBOX", "Sent")[number % 2])
    watch = Stopwatch()
    _until(lambda: carteggio.journal.head() > head, 120)
    return watch.seconds


def _until(holds: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit("it did not come about in time")
        time.sleep(0.02)


if __name__ == "__main__":
    main()
