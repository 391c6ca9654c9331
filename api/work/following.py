"""Read models follow an import: in a thread at first, in a process of its own when it is long.

    import ──batch 1──▶ thread feeds ──(long)──▶ process starts ──ready──▶ thread stops ──go──▶
    process feeds ──(end of import)──▶ thread again, for what is left

Folding and deciding are bound by the processor, and a thread shares one with the import. Whoever
feeds holds the feed's lock, so there is one at each moment; a process that ends early, or cannot
open what we have open, is no harm: the thread feeds.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from adapters.allocator import give_back_memory
from adapters.journal import Journal
from adapters.logs import log
from api.work.batches import seldom_collecting
from api.work.children import can_open, started
from api.work.feed import Feed
from api.work.instance import PROJECTIONS, Carteggio
from api.work.reactions import Reactions

_POLL_S: Final = 0.2


@contextmanager
def followed(carteggio: Carteggio) -> Iterator[Callable[[], None]]:
    """Let the read models follow meanwhile, unless another process sees to that.

    What it gives is to be called by work that turns out to be long.
    """
    follower = _Follower(carteggio.feed, carteggio.journal)
    try:
        yield follower.hand_over
    finally:
        follower.stop()


class _Follower:
    def __init__(self, feed: Feed, journal: Journal) -> None:
        self._feed = feed
        self._journal = journal
        self._handed_over, self._stopped = threading.Event(), threading.Event()
        self._child: subprocess.Popen[str] | None = None
        self._threads = [threading.Thread(target=self._follow, name="carteggio-feed")]
        self._threads[0].start()

    def hand_over(self) -> None:
        """Let a process of its own feed as soon as it can."""
        if self._child is None and can_open(self._journal):
            self._child = started(self._journal, "api.work.following:follow")
            self._threads.append(threading.Thread(target=self._greet, args=(self._child,)))
            self._threads[-1].start()

    def stop(self) -> None:
        """Wait until what is being done is done."""
        self._stopped.set()
        self._handed_over.set()
        self._threads[0].join()
        if self._child is not None:
            self._child.kill()  # it has ended, unless it never had its turn
            self._threads[1].join()
            with self._child:
                pass

    def _greet(self, child: subprocess.Popen[str]) -> None:
        if child.stdout is not None and child.stdout.readline():
            self._handed_over.set()

    def _follow(self) -> None:
        self._feed.run(self._handed_over)
        if self._child is not None and not self._stopped.is_set():
            self._let(self._child)
        if not self._stopped.is_set():
            log("feed").warning("a process that feeds ended early")
            self._feed.run(self._stopped)

    def _let(self, child: subprocess.Popen[str]) -> None:
        """Let the process feed until we are stopped, or it ends by itself."""
        assert child.stdin is not None  # noqa: S101  it was asked for
        try:
            with child.stdin as to_child:
                print("go", file=to_child, flush=True)
                while child.poll() is None and not self._stopped.wait(_POLL_S):
                    pass
        except OSError:
            return  # it has gone
        child.wait()


def follow(journal: Journal) -> None:
    """Feed from the parent's word until it closes the pipe, or is no more."""
    give_back_memory()
    feed = Feed(journal, PROJECTIONS, (Reactions(journal, journal.database),))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if sys.stdin.readline():
        stop = threading.Event()
        thread = threading.Thread(target=feed.run, args=(stop,), name="carteggio-feed")
        with seldom_collecting():
            thread.start()
            sys.stdin.read()
            stop.set()
            thread.join()
    feed.close()
