"""What goes on without anybody asking: feeding, attending and comparing accounts, sending, sweeping."""

import asyncio
from threading import Event, Thread
from typing import Final

from adapters.logs import log
from adapters.mime.worker import ReadingWorker
from api.work import (
    alarms,
    approvalnotices,
    autoreplies,
    consenting,
    deliveries,
    handbacks,
    handnotices,
    reminders,
    ruleruns,
    uploads,
)
from api.work.attending import Attending
from api.work.batches import seldom_collecting
from api.work.checking import Checking
from api.work.delivering import Delivering
from api.work.instance import Carteggio
from api.work.lanes import Lanes
from api.work.patience import LATER
from api.work.projector import where
from api.work.reprocessing import reprocess
from api.work.rereading import read_quarantine
from api.work.sync import Sync

_SWEEP_S: Final = 6 * 3600.0
_LOOK_S: Final = 2.0


def work(carteggio: Carteggio, stop: Event) -> None:
    """Work until told to stop: feed the read models, attend accounts, sweep orphaned blobs."""
    threads = [
        Thread(target=carteggio.feed.run, args=(stop,), name="carteggio-feed"),
        Thread(target=_sweep, args=(carteggio, stop), name="carteggio-sweep"),
        Thread(target=_reread, args=(carteggio, stop), name="carteggio-reread"),
    ]
    for thread in threads:
        thread.start()
    try:
        with ReadingWorker() as worker, seldom_collecting():
            asyncio.run(_attend(carteggio, worker, stop))
    finally:
        stop.set()
        for thread in threads:
            thread.join()


async def _attend(carteggio: Carteggio, worker: ReadingWorker, stop: Event) -> None:
    """Fetch, compare daily with what was taken in, send, wait for consent, and for receipts."""
    checking = Checking(carteggio, Sync(carteggio, worker))
    beside = [
        asyncio.create_task(checking.run(stop), name="carteggio-ledger"),
        asyncio.create_task(consenting.run(carteggio, stop), name="carteggio-consent"),
        asyncio.create_task(Delivering(carteggio).run(stop), name="carteggio-webhooks"),
        asyncio.create_task(deliveries.run(carteggio, stop), name="carteggio-deliveries"),
        asyncio.create_task(autoreplies.run(carteggio, stop), name="carteggio-autoreplies"),
        asyncio.create_task(ruleruns.run(carteggio, stop), name="carteggio-rules"),
        asyncio.create_task(alarms.run(carteggio, stop), name="carteggio-alarms"),
        asyncio.create_task(handbacks.run(carteggio, stop), name="carteggio-handbacks"),
        asyncio.create_task(handnotices.run(carteggio, stop), name="carteggio-handnotices"),
        asyncio.create_task(reminders.run(carteggio, stop), name="carteggio-reminders"),
        asyncio.create_task(approvalnotices.run(carteggio, stop), name="carteggio-approvals"),
    ]
    sending = asyncio.create_task(Lanes(carteggio, worker).run(stop), name="carteggio-sending")
    try:
        await Attending(carteggio, Sync(carteggio, worker)).run(stop)
    finally:
        stop.set()
        await asyncio.wait([sending])  # a mail that is being sent comes to its end
        for one in beside:
            one.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


def _reread(carteggio: Carteggio, stop: Event) -> None:
    """Try once whether a newer reader reads what an older one could not; then what is ordered."""
    try:
        read_quarantine(carteggio, stop)
    except Exception as error:  # noqa: BLE001  mail is fetched whatever happens here
        log("reread").warning("is left for the next start", error=where(error))
    while not stop.wait(_LOOK_S):
        try:
            reprocess(carteggio, stop)
        except LATER as trouble:
            log("reread").warning("waits, tries again", trouble=type(trouble).__name__)
        except Exception as error:  # noqa: BLE001  mail is fetched whatever happens here
            log("reread").error("is left for a later try", error=where(error))


def _sweep(carteggio: Carteggio, stop: Event) -> None:
    while not stop.wait(_SWEEP_S):
        try:
            uploads.sweep(carteggio)
            log("work").info("swept", blobs=carteggio.blobs.sweep())
        except LATER as trouble:
            log("work").warning("cannot sweep now", trouble=type(trouble).__name__)
