"""Read models are filled from the first event on, by as many processes as pay.

    shares ─▶ ours, filled here
           └▶ theirs, each by a process of its own that reads and decodes the same events

Folding is bound by the processor, and a thread would not get another core. Each read model is
exchanged by whoever filled it. A process that ends early is no harm: what it left is filled here.
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from adapters.journal import Journal
from adapters.logs import log
from api.work.batches import seldom_collecting
from api.work.children import can_open, started
from api.work.feed import Feed
from api.work.models import PROJECTIONS
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
    return ours and can_open(journal) and journal.head() >= SHARED_FROM


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
            with child:
                child.kill()
            if code := child.returncode:
                log("replay").warning("a process that helps to fill ended early", code=code)


def _wait(children: Sequence[subprocess.Popen[str]]) -> None:
    for child in children:
        try:
            child.wait(timeout=_POLL_S)
        except subprocess.TimeoutExpired:
            return


def _started(journal: Journal, share: Sequence[Projection[Any]]) -> subprocess.Popen[str]:
    names = [one.name for one in share]
    return started(journal, "api.work.filling:help_out", names=names, parent=os.getpid())


def help_out(journal: Journal, names: Sequence[str], parent: int) -> None:
    """Fill a share of the read models, as long as the process that asked for it lives."""
    feed = filler(journal, [one for one in PROJECTIONS if one.name in names])

    def leave_with_parent() -> None:
        if os.getppid() != parent:
            raise SystemExit(1)

    try:
        fill(feed, leave_with_parent)
    finally:
        feed.close()
