"""What goes on without anybody asking: the feed, attending accounts, sweeping."""

import asyncio
from threading import Event, Thread
from typing import Final

from adapters.logs import log
from adapters.mime.worker import ReadingWorker
from api.work.attending import Attending
from api.work.instance import Carteggio
from api.work.patience import LATER
from api.work.sync import Sync

_SWEEP_S: Final = 6 * 3600.0


def work(carteggio: Carteggio, stop: Event) -> None:
    """Work until told to stop: feed the read models, attend accounts, sweep orphaned blobs."""
    threads = [
        Thread(target=carteggio.feed.run, args=(stop,), name="carteggio-feed"),
        Thread(target=_sweep, args=(carteggio, stop), name="carteggio-sweep"),
    ]
    for thread in threads:
        thread.start()
    try:
        with ReadingWorker() as worker:
            asyncio.run(Attending(carteggio, Sync(carteggio, worker)).run(stop))
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _sweep(carteggio: Carteggio, stop: Event) -> None:
    while not stop.wait(_SWEEP_S):
        try:
            log("work").info("swept", blobs=carteggio.blobs.sweep())
        except LATER as trouble:
            log("work").warning("cannot sweep now", trouble=type(trouble).__name__)
