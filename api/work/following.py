"""Read models follow what is being taken in: in a thread beside it, and much of it in a process.

A thread shares the interpreter's lock with whoever takes mail in, who gives it up at each file that
is written: the two then take as long as one after the other. A process costs 70 MB and half a
second of starting, so it pays from some thousand events on.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

from adapters.allocator import give_back_memory, trim_memory
from adapters.database import DatabaseUnavailable
from adapters.journal import Journal
from adapters.logs import log
from api.work.batches import LIMIT, OCTETS, TRANSIENT, seldom_collecting
from api.work.children import can_open, started
from api.work.feed import Feed
from api.work.models import PROJECTIONS
from api.work.reactions import Reactions

MUCH: Final = 1_500
"""So many events since the beginning: then it is taken for more than a thread should follow."""
_LOOK_S: Final = 0.2


@contextmanager
def followed(feed: Feed) -> Iterator[None]:
    """Let the read models follow meanwhile, unless another process sees to that.

    Whoever wants them complete lets the feed catch up at the end.
    """
    stop = Event()
    thread = Thread(target=_follow, args=(feed, stop), name="carteggio-following")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _follow(feed: Feed, stop: Event) -> None:
    with _running(feed) as here:
        if not _becomes_much(feed, stop):
            return
        child = started(feed.journal, "api.work.following:follow_on")
        here.set()
    trim_memory()
    _wait_for(child, stop)
    if not stop.is_set():
        log("feed").warning("a process that follows ended early", code=child.returncode)
        feed.run(stop)


@contextmanager
def _running(feed: Feed) -> Iterator[Event]:
    """Run a feed in a thread until the end, or until what this gives is set."""
    stop = Event()
    thread = Thread(target=feed.run, args=(stop,), name="carteggio-feed")
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join()


def _becomes_much(feed: Feed, stop: Event) -> bool:
    """Wait until much has come that is ours to follow; False if that was not before the end."""
    began: int | None = None
    while not stop.wait(_LOOK_S):
        try:
            head = feed.journal.head()
        except (DatabaseUnavailable, *TRANSIENT):
            continue  # whoever takes mail in tells of it
        began = head if began is None else began
        if head - began >= MUCH and feed.elected and can_open(feed.journal):
            return True
    return False


def _wait_for(child: subprocess.Popen[str], stop: Event) -> None:
    """Wait until the end, then end the process: it goes when its input is closed."""
    with child:
        while child.poll() is None and not stop.wait(_LOOK_S):
            continue


def follow_on(journal: Journal) -> None:
    """Follow as long as the process that asked for it keeps our input open."""
    give_back_memory()
    stop = Event()
    Thread(target=_stop_when_alone, args=(stop,), daemon=True).start()
    reactions = Reactions(journal, journal.database)
    feed = Feed(journal, PROJECTIONS, (reactions,), limit=LIMIT // 2, octets=OCTETS // 4)
    try:
        with seldom_collecting():
            feed.run(stop)
    finally:
        feed.close()


def _stop_when_alone(stop: Event) -> None:
    sys.stdin.read()
    stop.set()
