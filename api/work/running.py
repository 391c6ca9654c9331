"""What goes on without anybody asking: the feed, fetching at intervals, sweeping."""

import asyncio
import time
from threading import Event, Thread
from typing import Final

import psycopg

from adapters.blobs import StorageFull, StorageUnavailable
from adapters.database import DatabaseUnavailable
from adapters.logs import log
from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from api.work.sync import Sync, Synced

_SWEEP: Final = 6 * 3600.0
_LATER: Final = (
    DatabaseUnavailable,
    StorageFull,
    StorageUnavailable,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)


def work(carteggio: Carteggio, stop: Event) -> None:
    """Work until told to stop: feed the read models, fetch accounts, sweep orphaned blobs."""
    feed = Thread(target=carteggio.feed.run, args=(stop,), name="carteggio-feed")
    feed.start()
    try:
        with ReadingWorker() as worker:
            _fetch(carteggio, Sync(carteggio, worker), stop)
    finally:
        stop.set()
        feed.join()


def _fetch(carteggio: Carteggio, sync: Sync, stop: Event) -> None:
    swept = time.monotonic()
    while not stop.is_set():
        begun = time.monotonic()
        try:
            found = asyncio.run(_until(sync, stop))
            if begun - swept > _SWEEP:
                log("work").info("swept", blobs=carteggio.blobs.sweep())
                swept = begun
        except _LATER as trouble:
            log("work").warning("waits and tries again", trouble=type(trouble).__name__)
        else:
            for one in found:
                log("work").info(
                    "fetched",
                    account=one.account.id,
                    stored=one.counts.stored,
                    not_fetched=one.not_fetched,
                    trouble=one.kind,
                )
        stop.wait(max(1.0, carteggio.settings.poll_seconds - (time.monotonic() - begun)))


async def _until(sync: Sync, stop: Event) -> list[Synced]:
    """Fetch, but leave off when told to stop: what was not stored yet is fetched again."""
    fetching = asyncio.create_task(sync.all())
    while not fetching.done() and not stop.is_set():
        await asyncio.wait([fetching], timeout=0.5)
    if not fetching.done():
        fetching.cancel()
        await asyncio.gather(fetching, return_exceptions=True)
        return []
    return fetching.result()
