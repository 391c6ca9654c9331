"""Read models are filled from the first event on, by as many processes as pay.

    shares ─▶ ours, filled here
           └▶ theirs, each by a process of its own that reads and decodes the same events

Folding is bound by the processor, and a thread would not get another core. Each read model is
exchanged by whoever filled it. A process that ends early is no harm: what it left is filled here.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from adapters.database import Database
from adapters.journal import Journal
from adapters.keyring import FileRoot, Keyring
from adapters.logs import log, set_up_logs
from api.work.batches import seldom_collecting
from api.work.feed import Feed
from api.work.instance import PROJECTIONS
from projections.projection import Projection

LIMIT: Final = 5_000
OCTETS: Final = 16 << 20
SHARED_FROM = 20_000
"""Events; fewer are folded sooner than another process has started."""

PROCESSES = min(os.cpu_count() or 1, 4)
"""How many fill at once, where processors wait for work."""

_COST: Final = {"correspondence": 45, "mail": 36, "trail": 27, "history": 17}
"""Microseconds an event, folded and written; all others together cost 3."""
_POLL_S: Final = 0.2

# The child gets its parent's module path, and a password by a pipe, where no list shows it.
_CHILD = """
import json, sys
given = json.loads(sys.stdin.readline())
sys.path[:] = given.pop("path")
from api.work.filling import help_out
help_out(**given)
"""


def filler(journal: Journal, projections: Sequence[Projection[Any]]) -> Feed:
    """Make a feed whose batches suit filling; it is to be closed."""
    return Feed(journal, projections, limit=LIMIT, octets=OCTETS)


def fill(feed: Feed, after_batch: Callable[[], None]) -> None:
    """Fill generations beside those that are read until each is exchanged, or stopped."""
    while filling := [one for one in feed.running() if one.state == "filling"]:
        with seldom_collecting():
            feed.round(filling)
        after_batch()


def shares(chosen: Sequence[Projection[Any]]) -> list[list[Projection[Any]]]:
    """Divide read models so that each process has about the same to do; the first share is ours."""
    found: list[list[Projection[Any]]] = [[] for _ in range(min(PROCESSES, len(chosen)))]
    for one in sorted(chosen, key=_cost, reverse=True):
        min(found, key=lambda share: sum(map(_cost, share))).append(one)
    return found


def _cost(one: Projection[Any]) -> int:
    return _COST.get(one.name, 1)


def can_share(journal: Journal, chosen: Sequence[Projection[Any]]) -> bool:
    """Tell whether other processes pay, and can open what we have open."""
    ours = all(one in PROJECTIONS for one in chosen)
    return ours and isinstance(journal.keyring.root, FileRoot) and journal.head() >= SHARED_FROM


@contextmanager
def helped(
    journal: Journal, theirs: Sequence[Sequence[Projection[Any]]], meanwhile: Callable[[], None]
) -> Iterator[None]:
    """Let other processes fill their shares meanwhile, and wait for them at the end."""
    children: list[subprocess.Popen[str]] = []
    try:
        children.extend(_started(journal, share) for share in theirs)
        yield
        while any(child.poll() is None for child in children):
            _wait(children)
            meanwhile()
    finally:
        for child in children:
            child.kill()
            if code := child.wait():
                log("replay").warning("a process that helps to fill ended early", code=code)


def _wait(children: Sequence[subprocess.Popen[str]]) -> None:
    for child in children:
        try:
            child.wait(timeout=_POLL_S)
        except subprocess.TimeoutExpired:
            return


def _started(journal: Journal, share: Sequence[Projection[Any]]) -> subprocess.Popen[str]:
    database, root = journal.database, journal.keyring.root
    given = {
        "path": sys.path,
        "dsn": database.dsn,
        "direct_dsn": database.listen_dsn,
        "company": database.company,
        "root": str(root.path) if isinstance(root, FileRoot) else "",
        "names": [one.name for one in share],
        "parent": os.getpid(),
    }
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # a Ctrl-C is the parent's business
    )
    assert child.stdin is not None  # noqa: S101  it was asked for
    with child.stdin as to_child:
        to_child.write(json.dumps(given) + "\n")
    return child


def help_out(
    dsn: str, direct_dsn: str, company: str, root: str, names: Sequence[str], parent: int
) -> None:
    """Fill a share of the read models, as long as the process that asked for it lives."""
    set_up_logs("warning")
    database = Database(dsn, company, direct_dsn=direct_dsn)
    journal = Journal(database, Keyring(database, FileRoot(Path(root)), company))
    feed = filler(journal, [one for one in PROJECTIONS if one.name in names])

    def leave_with_parent() -> None:
        if os.getppid() != parent:
            raise SystemExit(1)

    try:
        fill(feed, leave_with_parent)
    finally:
        feed.close()
        database.close()
