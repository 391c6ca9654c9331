"""All mail is matched again as one long job: it tells how far it is, dies and goes on, lets mail pass.

An office's years are in the journal, decided on. Then look-ups change behind the decisions' back:
contacts of some firms are known, so that some thousands of messages are to be linked otherwise. It
is rehearsed, ordered, killed in the middle and called again; mail is taken in meanwhile. In the end
everything is linked as the rehearsal said, each link once, and nothing is left to be linked.
"""

import argparse
import os
import pty
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import psutil

from adapters.home import Home
from adapters.ids import uuid7
from adapters.journal import NewEvent
from adapters.logs import set_up_logs
from adapters.matching import ref
from adapters.matching_people import domain_ref
from adapters.settings import Settings
from api.compose import compose
from api.work.instance import PROJECTIONS, Carteggio
from api.work.replay import Replay
from benchmarks.proofs.promises import Promises
from benchmarks.stage import Stopwatch, command, instance, middle, say
from benchmarks.years import PARTIES, Years, record
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind

MOST_MB: Final = 300
MOST_GROWTH_MB: Final = 60
MOST_WAIT_S: Final = 15.0
_FIRMS: Final = range(3, 8)
_PAUSE_S: Final = 0.2
_EARLY_S: Final = 20.0
_LEAST_STEPS: Final = 5


@dataclass(slots=True)
class Job:
    """A command that runs at a terminal: what it shows, and the most memory that it held."""

    process: subprocess.Popen[bytes]
    shown: str = ""
    early_mb: float = 0.0
    most_mb: float = 0.0
    seconds: float = 0.0

    @property
    def steps(self) -> set[str]:
        """Give what the bar of progress showed."""
        return {word for word in self.shown.split() if word.replace(",", "").isdigit()}


@dataclass(frozen=True, slots=True)
class Runs:
    """The rehearsal, the order that was killed and the next, and what was seen in between."""

    head: int
    rehearsal: Job
    killed: Job
    again: Job
    left: int
    waits: list[float]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--messages", type=int, default=20_000)
    given, promises = asked.parse_args(), Promises()
    set_up_logs("warning")
    with instance() as home, compose(home, Settings()) as carteggio:
        _fill(carteggio, given.messages)
        idle = middle([_waits(carteggio, one, carteggio.feed.catch_up) for one in range(5)])
        expected = _know_firms(carteggio)
        say(f"{expected} messages are of firms that are known now")
        runs = _run(home, carteggio, promises, expected)
        _checked(carteggio, promises, expected, runs)
    promises.conclude(
        "relink", {"messages": given.messages, "changed": expected, "mail_waits_idle_s": idle}
        | _figures(runs, given.messages)
    )  # fmt: skip


def _run(home: Home, carteggio: Carteggio, promises: Promises, expected: int) -> Runs:
    head = carteggio.journal.head()
    with _at_a_terminal(home, "relink", "--dry-run") as rehearsal:
        pass
    promises.keep(carteggio.journal.head() == head, "a rehearsal records something")
    say(f"rehearsed in {rehearsal.seconds:.0f} s")
    with _at_a_terminal(home, "relink") as killed:
        _until(lambda: _linked(carteggio) > expected // 5, killed)
        waits = [_waits(carteggio, one) for one in range(5, 8)]
        linked, left = _linked(carteggio), _due(carteggio)
        killed.process.kill()
    say(f"killed: {left} are due still, {linked} linked")
    promises.keep(left and linked < expected, "it was over before it could be killed")
    with _at_a_terminal(home, "relink") as again:
        pass
    return Runs(head, rehearsal, killed, again, left, waits)


def _checked(carteggio: Carteggio, promises: Promises, expected: int, runs: Runs) -> None:
    found, twice = _linked(carteggio), _twice(carteggio, runs.head)
    promises.keep(f"{expected:,} of" in runs.rehearsal.shown, "the rehearsal counts otherwise")
    promises.keep(runs.again.process.returncode == 0, f"failed: {runs.again.shown[-500:]}")
    promises.keep(found == expected, f"{found} are linked, not {expected}")
    promises.keep(not twice, f"{twice} were linked twice")
    promises.keep(_due(carteggio) == 0, "it ended before all was decided")
    nothing = re.search(r"(?<![\d,])0 of [\d,]+ messages would", runs.again.shown)
    promises.keep(nothing, "in the end something is to be decided otherwise")
    promises.keep(max(runs.waits) < MOST_WAIT_S, f"mail waits {max(runs.waits)} s for its links")
    for job in (runs.rehearsal, runs.killed, runs.again):
        promises.keep(len(job.steps) > _LEAST_STEPS, "it does not show how far it is")
        promises.keep(job.most_mb < MOST_MB, f"it holds {job.most_mb:.0f} MB")
        grown = job.most_mb - job.early_mb
        promises.keep(grown < MOST_GROWTH_MB, f"it grows by {grown:.0f} MB")


def _figures(runs: Runs, messages: int) -> dict[str, Any]:
    jobs = (runs.rehearsal, runs.killed, runs.again)
    return {
        "rehearsal_ms_a_message": round(1_000 * runs.rehearsal.seconds / messages, 2),
        "seconds": [round(one.seconds) for one in jobs],
        "left_when_killed": runs.left,
        "mb": [round(one.most_mb) for one in jobs],
        "mb_early": [round(one.early_mb) for one in jobs],
        "steps_shown": [len(one.steps) for one in jobs],
        "mail_waits_meanwhile_s": [round(one, 1) for one in runs.waits],
    }


def _fill(carteggio: Carteggio, messages: int) -> None:
    watch = Stopwatch()
    record(carteggio, messages)
    say(f"recorded after {watch.seconds:.0f} s")
    Replay(carteggio.journal, PROJECTIONS).rebuild([one.name for one in PROJECTIONS])
    say(f"read models filled after {watch.seconds:.0f} s")
    carteggio.feed.catch_up()
    say(f"decided after {watch.seconds:.0f} s")


def _know_firms(carteggio: Carteggio) -> int:
    """Let contacts of firms be known that no event told of; give how many messages they concern."""
    firms = [(UUID(int=900 + n), f"buyer@firm{n}.example", PARTIES[n]) for n in _FIRMS]
    with carteggio.database.pool.connection() as connection:
        for contact, address, party in firms:
            connection.execute(
                "INSERT INTO matching_contact (contact, address, party, domain)"
                " VALUES (%s, %s, %s, %s)",
                (contact, ref(address), party, domain_ref(address.partition("@")[2])),
            )
        row = connection.execute(
            "SELECT count(DISTINCT message) FROM matching_seen WHERE address = ANY(%b)",
            ([ref(address) for _, address, _ in firms],),
        ).fetchone()
    return 0 if row is None else int(row[0])


def _linked(carteggio: Carteggio) -> int:
    parties = [PARTIES[n] for n in _FIRMS]
    return _count(carteggio, "SELECT count(*) FROM matching_link WHERE target = ANY(%b)", parties)


def _due(carteggio: Carteggio) -> int:
    return _count(carteggio, "SELECT count(*) FROM matching_due")


def _twice(carteggio: Carteggio, head: int) -> int:
    """Count the messages to which more than one link was recorded since."""
    return _count(
        carteggio,
        "SELECT count(*) FROM (SELECT FROM stored_events WHERE topic = 'message.linked'"
        " AND notification_id > %s GROUP BY originator_id HAVING count(*) > 1) AS twice",
        head,
    )


def _count(carteggio: Carteggio, query: LiteralString, *values: object) -> int:
    with carteggio.database.pool.connection() as connection:
        row = connection.execute(query, values).fetchone()
    return 0 if row is None else int(row[0])


def _waits(carteggio: Carteggio, number: int, decide: Callable[[], None] | None = None) -> float:
    """Take a mail in; give the seconds until it was decided on."""
    message, events = next(Years(1_000 + number).messages())
    context = Envelope(
        uuid7(), datetime.now(UTC), Actor(ActorKind.SYSTEM, "proof"), Origin("import")
    )
    carteggio.journal.prepare([message])
    watch = Stopwatch()
    with carteggio.journal.writing() as writing:
        writing.append([NewEvent(message, events[0], context)])
    if decide is not None:
        decide()
    decided: LiteralString = (
        "SELECT count(*) FROM matching_message WHERE message = %s AND verdict IS NOT NULL"
    )
    while not _count(carteggio, decided, message) and watch.seconds < 10 * MOST_WAIT_S:
        time.sleep(_PAUSE_S / 4)
    return watch.seconds


@contextmanager
def _at_a_terminal(home: Home, *words: str) -> Iterator[Job]:
    """Run a command of ours as a person at a terminal sees it; at the end it has ended."""
    ours, theirs = pty.openpty()
    watch = Stopwatch()
    process = subprocess.Popen(command(home, *words), stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    job = Job(process)
    threads = [threading.Thread(target=one, args=(job, ours)) for one in (_read, _measure)]
    for thread in threads:
        thread.start()
    yield job
    process.wait()
    job.seconds = watch.seconds
    for thread in threads:
        thread.join()
    os.close(ours)


def _read(job: Job, terminal: int) -> None:
    try:
        while octets := os.read(terminal, 65_536):
            job.shown += octets.decode("utf-8", "replace")
    except OSError:
        return  # so a terminal ends


def _measure(job: Job, _terminal: int) -> None:
    """Note the most memory; `early` once it worked for a while."""
    watch = Stopwatch()
    while job.process.poll() is None:
        try:
            held = psutil.Process(job.process.pid).memory_info().rss / 1e6
        except psutil.Error:
            return
        job.most_mb = max(job.most_mb, held)
        if watch.seconds < _EARLY_S:
            job.early_mb = job.most_mb
        time.sleep(_PAUSE_S)


def _until(reached: Callable[[], bool], job: Job) -> None:
    while not reached():
        if job.process.poll() is not None:
            raise SystemExit(f"it ended too early: {job.shown[-2_000:]}")
        time.sleep(_PAUSE_S)


if __name__ == "__main__":
    main()
