"""The lanes of a company, emptied by as many processes as work: each lane by one of them at a time.

    job ─▶ its lane ─▶ `Lane.drain`        every few seconds: lanes with something due are woken,
                                            and those that rest where what they send by was changed

A job only wakes a lane, so one that is lost with its process loses nothing. Whoever stops ends
after the mail that he is at; one whose last word does not come in time is uncertain.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any, Final
from uuid import UUID

from adapters.jobs import Jobs, Task
from adapters.logs import log
from adapters.mime.worker import ReadingWorker
from api.work.aftercare import look_after
from api.work.flightmarks import Marks
from api.work.instance import Carteggio
from api.work.lane import Lane
from api.work.leases import Locks
from api.work.outbox import Outbox
from api.work.outboxrows import WAKE
from api.work.patience import LATER
from api.work.projector import where
from api.work.reception import Reception
from api.work.resting import HERE, Rests
from api.work.sendingways import Ways
from api.work.sentlooks import LOOK, ask_for_due, ask_for_next, hasten

_AT_ONCE: Final = 32
"""So many lanes of one process: most of their time they wait for servers."""
_LOOKING: Final = 8
"""So many of them look into folders of sent mail, beside that: slow servers hold up no lane."""
_SLICE_S: Final = 0.25
_LOOK_S: Final = 3.0
_WAKE_S: Final = 30.0
_GRACE_S: Final = 1.0
"""A mail that is being sent has so long to come to its end when the process stops."""
_AGAIN: Final = timedelta(seconds=30)


class Lanes:
    """Empties lanes that are woken, until told to stop."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker) -> None:
        """Read the copies of what was sent through `worker`."""
        self._carteggio = carteggio
        self._outbox = Outbox(carteggio)
        self._rests = Rests(carteggio.database)
        self._ways = Ways(carteggio)
        self._locks = Locks(carteggio.database)
        self._marks = Marks(carteggio.database)
        self._reception = Reception(
            carteggio.journal, carteggio.blobs, worker, "smtp", exact=False
        )
        self._draining: set[asyncio.Task[int]] = set()
        self._looking: set[asyncio.Task[None]] = set()
        self._eyes = asyncio.Semaphore(_LOOKING)
        self._stop = Event()
        self._woken_at = 0.0

    async def run(self, stop: Event) -> None:
        """Work until told to stop, whatever happens."""
        self._stop = stop
        while not stop.is_set():
            jobs = asyncio.create_task(self._jobs().run(), name="carteggio-jobs")
            try:
                await self._look_on(stop, jobs)
            except LATER as trouble:
                log("outbox").warning("waits, tries again", trouble=type(trouble).__name__)
            except Exception as error:  # noqa: BLE001  mail is fetched whatever happens here
                log("outbox").error("fails and tries again", error=where(error))
            finally:
                await self._leave(jobs)
            await _pause(stop, _LOOK_S)

    async def run_once(self) -> None:
        """Empty what is due now, see to what left by that, and come back."""
        try:
            for _ in range(2):
                await asyncio.to_thread(self._wake)
                await self._jobs().run(wait=False)
                await asyncio.gather(*self._looking)
        finally:
            await self._locks.close()
            await self._marks.close()

    def _jobs(self) -> Jobs:
        tasks: dict[str, Task] = {WAKE: self._woken, LOOK: self._look_after}
        return Jobs(self._carteggio.database, tasks, _AT_ONCE)

    def _wake(self) -> None:
        self._outbox.wake_all()
        hasten(self._carteggio.database)
        ask_for_due(self._carteggio.database)

    async def _look_on(self, stop: Event, jobs: "asyncio.Task[None]") -> None:
        while not stop.is_set():
            if jobs.done():
                jobs.result()
                return
            if time.monotonic() - self._woken_at >= _WAKE_S:
                await asyncio.to_thread(self._wake)
                self._woken_at = time.monotonic()
            await self._go_on_where_repaired()
            await _pause(stop, _LOOK_S)

    async def _go_on_where_repaired(self) -> None:
        """Wake lanes that rest where what they send by is no longer what it was."""
        resting = [one for one in await asyncio.to_thread(self._rests.now) if one.mark]
        if not resting:
            return
        known = await self._ways.known(*(one.lane for one in resting))
        for one in resting:
            if known[one.lane].mark != one.mark:
                await asyncio.to_thread(self._rests.end, one.lane)
                await asyncio.to_thread(self._outbox.wake, one.lane, datetime.now(UTC))

    async def _woken(self, what: Mapping[str, Any]) -> None:
        """Empty a lane; when told to stop it is ended from here, and the job is done all the same."""
        lane = UUID(what["lane"])
        draining = asyncio.ensure_future(self._lane(lane).drain())
        self._draining.add(draining)
        try:
            await asyncio.wait([draining])
        finally:
            self._draining.discard(draining)
        if draining.cancelled():
            await self._later(lane, datetime.now(UTC))
        elif isinstance(error := draining.exception(), Exception):
            log("outbox").error("a lane fails, tries again", lane=lane, error=where(error))
            until = datetime.now(UTC) + _AGAIN
            await asyncio.to_thread(self._rests.begin, lane, until, HERE, "", b"")
            await self._later(lane, until)
        elif self._stop.is_set():
            await self._later(lane, datetime.now(UTC))
        await asyncio.to_thread(ask_for_next, self._carteggio.database, lane)

    async def _look_after(self, what: Mapping[str, Any]) -> None:
        """Begin to see to what a lane sent; a job has a place among few, and does not wait."""
        looking = asyncio.create_task(self._looked(UUID(what["lane"])))
        self._looking.add(looking)
        looking.add_done_callback(self._looking.discard)

    async def _looked(self, lane: UUID) -> None:
        """See to what a lane sent; what stops this is tried again when lanes are looked at next."""
        try:
            async with self._eyes:
                await look_after(self._carteggio, self._ways.consents, lane)
        except LATER as trouble:
            log("outbox").warning("looks again later", trouble=type(trouble).__name__)
        except Exception as error:  # noqa: BLE001  one lane's task ends, the others go on
            log("outbox").error("a look fails", lane=lane, error=where(error))

    def _lane(self, lane: UUID) -> Lane:
        held = self._locks, self._marks
        return Lane(self._carteggio, lane, self._ways, self._reception, *held, self._stop)

    async def _later(self, lane: UUID, at: datetime) -> None:
        await asyncio.to_thread(self._outbox.wake, lane, at)

    async def _leave(self, jobs: "asyncio.Task[None]") -> None:
        """Take no more jobs; let what is being sent end, but not for long."""
        jobs.cancel()
        if self._draining:
            await asyncio.wait(self._draining, timeout=_GRACE_S)
        for one in (*self._draining, *self._looking):
            one.cancel()
        await asyncio.gather(jobs, *self._looking, return_exceptions=True)
        await self._locks.close()
        await self._marks.close()


async def _pause(stop: Event, seconds: float) -> None:
    for _ in range(round(seconds / _SLICE_S)):
        if stop.is_set():
            return
        await asyncio.sleep(_SLICE_S)
