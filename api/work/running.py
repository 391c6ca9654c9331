"""What goes on without anybody asking: the feed, attending and comparing accounts, sweeping."""

import asyncio
from threading import Event, Thread
from typing import Final

from adapters.logs import log
from adapters.mime.worker import ReadingWorker
from api.work.attending import Attending
from api.work.checking import Checking
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
            asyncio.run(_attend(carteggio, worker, stop))
    finally:
        stop.set()
        for thread in threads:
            thread.join()


async def _attend(carteggio: Carteggio, worker: ReadingWorker, stop: Event) -> None:
    """Fetch from accounts, and compare them daily with what was taken in."""
    checking = Checking(carteggio, Sync(carteggio, worker))
    beside = asyncio.create_task(checking.run(stop), name="carteggio-ledger")
    try:
        await Attending(carteggio, Sync(carteggio, worker)).run(stop)
    finally:
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)


def _sweep(carteggio: Carteggio, stop: Event) -> None:
    while not stop.wait(_SWEEP_S):
        try:
            log("work").info("swept", blobs=carteggio.blobs.sweep())
        except LATER as trouble:
            log("work").warning("cannot sweep now", trouble=type(trouble).__name__)
