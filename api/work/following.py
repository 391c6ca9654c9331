"""Read models follow what is being taken in, in a thread beside it.

A process of its own was tried: on two processors it took 22 % less time for 3,000 messages, but 170
MB above an idle process on a mailbox of 650 MB, where 150 are promised; the thread takes 100.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from api.work.feed import Feed


@contextmanager
def followed(feed: Feed) -> Iterator[None]:
    """Let the read models follow meanwhile, unless another process sees to that."""
    stop = Event()
    thread = Thread(target=feed.run, args=(stop,), name="carteggio-feed")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
