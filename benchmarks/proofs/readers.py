"""Twenty reads a second by the API while all read models are filled again: nobody notices.

Nothing is recorded meanwhile, so each answer must be, to the letter, what it was before. Latency
counts from the moment at which a read was due, so that one slow answer does not hide others.
"""

import argparse
import http.client
import json
import random
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

import psutil

from adapters.home import Home
from benchmarks.mailmaker import MAILBOX, Maker, write_mbox
from benchmarks.proofs.promises import Promises, ask, differences
from benchmarks.stage import Stopwatch, command, instance, say

READS_A_SECOND = 20
_AT_ONCE = 16
_QUIET_S = 10.0
_MESSAGE = "id headerId subject snippet receivedAt from { email } to { email }"
PAGE = f"query($after: String) {{ messages(first: 50, after: $after) {{ edges {{ node {{ {_MESSAGE} }} }} pageInfo {{ endCursor }} }} }}"
ONE = f"query($id: ID!) {{ message(id: $id) {{ {_MESSAGE} body status links {{ reason evidence }} }} }}"
WAITING = "query { unanswered(first: 50) { totalCount { value } edges { node { since message { headerId subject } } } } }"
PARTY = """
query($address: String!) { party(by: {address: $address}) {
  name timeline(first: 50) { totalCount { value } edges { node { id headerId subject } } } } }
"""
Query = tuple[str, dict[str, object]]


@dataclass(slots=True)
class Reads:
    """What became of reads: seconds until the answer, and what was wrong.

    `seconds` count from when a read was due, `alone` from when it was sent.
    """

    seconds: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    cpu: float = 0.0
    failed: list[str] = field(default_factory=list)
    odd: int = 0

    def figures(self) -> dict[str, float]:
        """Give median and 99th percentile in milliseconds."""
        if len(self.seconds) < 2:
            return {}
        return {
            "reads": len(self.seconds),
            **_spread("", self.seconds),
            **_spread("sent_", self.alone),
            "server_cpu_ms_a_read": round(1_000 * self.cpu / len(self.seconds), 1),
        }


def _spread(name: str, seconds: Sequence[float]) -> dict[str, float]:
    p99 = quantiles(seconds, n=100)[98]
    found = {"median_ms": median(seconds), "p99_ms": p99, "most_ms": max(seconds)}
    return {name + key: round(1_000 * value, 1) for key, value in found.items()}


class Caller:
    """Asks an API; each thread by a connection of its own."""

    def __init__(self, address: str, token: str) -> None:
        self._at = urlsplit(address)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._mine = threading.local()

    def ask(self, query: Query) -> str:
        """Give the answer as it came; raise if it is an error."""
        body = json.dumps({"query": query[0], "variables": query[1]})
        connection = getattr(self._mine, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._at.netloc, timeout=30)
            self._mine.connection = connection
        try:
            connection.request("POST", self._at.path, body, self._headers)
            answer = connection.getresponse()
            text: str = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self._mine.connection = None
            raise
        if answer.status != 200 or '"errors"' in text:
            raise ValueError(f"{answer.status}: {text[:300]}")
        return text

    def data(self, query: Query) -> Any:
        return json.loads(self.ask(query))["data"]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--messages", type=int, default=4_000)
    asked.add_argument("--replays", type=int, default=2)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    promises = Promises()
    with instance() as home:
        maker = filled(home, given.seed, given.messages)
        token = ask(home, "token", "create", "proof").out.strip()
        with served(home) as (address, server):
            caller = Caller(address, token)
            expected = answers_now(caller, maker, given.seed)
            say(f"{len(expected)} questions; undisturbed first")
            quiet = Reads()
            with reading(caller, expected, quiet, server):
                time.sleep(_QUIET_S)
            busy, watch = Reads(), Stopwatch()
            with reading(caller, expected, busy, server):
                for _ in range(given.replays):
                    ask(home, "replay")
                    say(f"filled again after {watch.seconds:.0f} s")
            seconds = watch.seconds
        differ = differences(home)
    for reads in (quiet, busy):
        promises.keep(not reads.failed, f"{len(reads.failed)} failed: {reads.failed[:3]}")
        promises.keep(not reads.odd, f"{reads.odd} answers are not what they were before")
    promises.keep(not differ, f"{differ} differences in read models")
    promises.conclude(
        "readers",
        {
            "messages": given.messages,
            "reads_a_second": READS_A_SECOND,
            "replays": given.replays,
            "replay_s": round(seconds / given.replays, 1),
            "failed": len(busy.failed),
            "odd": busy.odd,
            "undisturbed": quiet.figures(),
            "while_filling": busy.figures(),
        },
    )


def filled(home: Home, seed: int, messages: int) -> Maker:
    """Import made mail and its master data; give who made it."""
    mbox, erp = home.folder.parent / "mail.mbox", home.folder.parent / "erp"
    maker = Maker(seed, attachments=False)
    maker.write_directory(erp)
    write_mbox(mbox, maker.messages(), messages=messages)
    ask(home, "import", "directory", str(erp), allowed=(0, 2))  # people may share a name
    ask(home, "import", "mail", str(mbox), "--mailbox", MAILBOX)
    return maker


@contextmanager
def served(home: Home) -> Iterator[tuple[str, psutil.Process]]:
    """Run `carteggio serve` on any free port; give its address, and the process."""
    process = subprocess.Popen(
        command(home, "serve", "--port", "0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r"http://\S+", said)
        if found is None:
            raise SystemExit(f"the API does not say where it is: {said}")
        yield found[0], psutil.Process(process.pid)
    finally:
        process.terminate()
        process.communicate()


def answers_now(caller: Caller, maker: Maker, seed: int) -> dict[str, tuple[Query, str]]:
    """Ask a set of questions once; what comes is what must come again."""
    chance = random.Random(seed)
    after: str | None = None
    ids: list[str] = []
    queries: list[Query] = [(WAITING, {})]
    for _ in range(10):
        query: Query = (PAGE, {"after": after})
        page = patient(caller, query)["messages"]
        ids += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        queries.append(query)
    queries += [(ONE, {"id": id}) for id in chance.sample(ids, 100)]
    people = [person for party in maker.parties for person in party.people]
    queries += [(PARTY, {"address": address}) for _, address in chance.sample(people, 60)]
    return {json.dumps(query): (query, caller.ask(query)) for query in queries}


def patient(caller: Caller, query: Query) -> Any:
    """Ask until the API has begun to listen."""
    until = time.monotonic() + 30
    while True:
        try:
            return caller.data(query)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@contextmanager
def reading(
    caller: Caller,
    expected: dict[str, tuple[Query, str]],
    into: Reads,
    server: psutil.Process,
) -> Iterator[None]:
    """Ask so many questions a second until the block is left, whether or not answers keep up."""
    stop = threading.Event()
    thread = threading.Thread(target=_read_on, args=(caller, expected, into, stop))
    before = sum(server.cpu_times()[:2])
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        into.cpu = sum(server.cpu_times()[:2]) - before


def _read_on(
    caller: Caller,
    expected: dict[str, tuple[Query, str]],
    into: Reads,
    stop: threading.Event,
) -> None:
    questions: Sequence[tuple[Query, str]] = list(expected.values())
    chance, begun, pending = random.Random(1), time.perf_counter(), list[Future[None]]()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while not stop.is_set():
            due = begun + len(pending) / READS_A_SECOND
            stop.wait(max(0.0, due - time.perf_counter()))
            query, answer = chance.choice(questions)
            pending.append(pool.submit(_read, caller, query, answer, due, into))
    for one in pending:
        one.result()


def _read(caller: Caller, query: Query, answer: str, due: float, into: Reads) -> None:
    begun = time.perf_counter()
    try:
        found = caller.ask(query)
    except (OSError, ValueError, http.client.HTTPException) as trouble:
        into.failed.append(f"{type(trouble).__name__}: {trouble}")
        return
    now = time.perf_counter()
    into.seconds.append(now - due)
    into.alone.append(now - begun)
    into.odd += found != answer


if __name__ == "__main__":
    main()
