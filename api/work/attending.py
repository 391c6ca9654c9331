"""Attending accounts: each has a task of its own, which stays connected as long as it is ours.

    every few seconds:  accounts ─▶ leases ─▶ tasks begun, ended, begun anew
    every second:       orders that wait ─▶ the task of their account is woken
    a task:             connect ─▶ look into the folders ─▶ wait for news, or the interval ─┐
                           ▲              ▲─────────────────────────────────────────────────┘
                           └── trouble: told, noted, left alone for longer each time

What one server does, or does not do, is the business of its task alone.
"""

import asyncio
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import Final
from uuid import UUID

from adapters.logs import log
from api.work.accounts import Account, accounts_of, marks_of
from api.work.attendant import Attendant, Pace
from api.work.instance import Carteggio
from api.work.leases import LASTING_S, Leases
from api.work.looks import states_of
from api.work.outward import accounts_due
from api.work.patience import LATER
from api.work.projector import where
from api.work.sync import Sync
from api.work.undone import give_up_overdue

_THREADS: Final = 32
_LOOK_S: Final = 3.0
_SLICE_S: Final = 0.25
_ORDERS_S: Final = 1.0
_OVERDUE_S: Final = 3600.0
_SPREAD_S: Final = 0.05
"""So far apart accounts begin: hundreds of logins at once would be a burst."""

_Wanted = tuple[Account, bytes]
"""An account as it is to be attended; another password makes another one."""


@dataclass(slots=True)
class _Attended:
    wanted: _Wanted
    attendant: Attendant
    task: asyncio.Task[None]


class Attending:
    """Attends the accounts that are this process's share."""

    def __init__(
        self,
        carteggio: Carteggio,
        sync: Sync,
        pace: Pace | None = None,
        lasting: float = LASTING_S,
    ) -> None:
        """Attend nothing yet."""
        self._carteggio = carteggio
        self._sync = sync
        self._pace = pace or Pace(carteggio.settings.poll_seconds)
        self._leases = Leases(carteggio.database, lasting)
        self._attended: dict[UUID, _Attended] = {}
        self._overdue_at = 0.0

    async def run(self, stop: Event) -> None:
        """Attend until told to stop: what was not stored yet is fetched again."""
        # Names are resolved in these threads too, and a dead resolver holds one for long.
        pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="carteggio-attending")
        asyncio.get_running_loop().set_default_executor(pool)
        try:
            while not stop.is_set():
                try:
                    await self._look()
                    await self._pass_orders_on(stop)
                except LATER as trouble:
                    log("work").warning("waits and tries again", trouble=type(trouble).__name__)
                    await _pause(stop, _LOOK_S)
        finally:
            await self._leave()

    async def _look(self) -> None:
        """Begin, end and begin anew what the accounts and our share of them ask for."""
        marks = await asyncio.to_thread(marks_of, self._carteggio)
        active = {
            one.id: (one, marks.get(one.id, b""))
            for one in await accounts_of(self._carteggio)
            if not (one.paused or one.needs_consent)
        }
        ours = await asyncio.to_thread(self._leases.share, active.keys())
        wanted = {id: active[id] for id in ours}
        await self._end([id for id, one in self._attended.items() if wanted.get(id) != one.wanted])
        begun = wanted.keys() - self._attended.keys()
        if not begun:
            return
        due = await asyncio.to_thread(self._due)
        spread = min(self._pace.interval, len(begun) * _SPREAD_S)
        for id in begun:
            self._begin(wanted[id], *due.get(id, (0, 0.0)), spread)

    async def _pass_orders_on(self, stop: Event) -> None:
        """Until the next look, wake those for whose accounts something is ordered."""
        if time.monotonic() >= self._overdue_at:
            await asyncio.to_thread(give_up_overdue, self._carteggio)
            self._overdue_at = time.monotonic() + _OVERDUE_S
        until = time.monotonic() + _LOOK_S
        while time.monotonic() < until and not stop.is_set():
            await _pause(stop, _ORDERS_S)
            due = await asyncio.to_thread(accounts_due, self._carteggio.database)
            for id in due & self._attended.keys():
                self._attended[id].attendant.wake()

    def _begin(self, wanted: _Wanted, failures: int, due: float, spread: float) -> None:
        wait = max(due, random.uniform(0, spread))  # noqa: S311  no secret
        attendant = Attendant(self._sync, wanted[0], self._pace, failures)
        task = asyncio.create_task(_guarded(attendant, wait))
        self._attended[wanted[0].id] = _Attended(wanted, attendant, task)

    def _due(self) -> dict[UUID, tuple[int, float]]:
        """Give how often each account failed, and the seconds until it is tried again."""
        now = datetime.now(UTC)
        return {
            id: (one.failures, max(0.0, (one.next_at - now).total_seconds()))
            for id, one in states_of(self._carteggio).items()
            if one.next_at is not None
        }

    async def _end(self, ids: list[UUID]) -> None:
        ended = [self._attended.pop(id).task for id in ids]
        for task in ended:
            task.cancel()
        if ended:
            await asyncio.gather(*ended, return_exceptions=True)

    async def _leave(self) -> None:
        await self._end(list(self._attended))
        await self._sync.close()
        try:
            await asyncio.to_thread(self._leases.release)
        except LATER:
            return  # they are free when they have run out


async def _guarded(attendant: Attendant, wait: float) -> None:
    """Attend an account for ever, whatever happens."""
    await asyncio.sleep(wait)
    while True:
        try:
            pause = await attendant.attend()
        except LATER as trouble:
            log("work").warning("waits and tries again", trouble=type(trouble).__name__)
            pause = attendant.failed("local")
        except Exception as error:  # noqa: BLE001  one account's task ends, the others go on
            log("work").error("fails and tries again", error=where(error))
            pause = attendant.failed("fault")
        await attendant.rest(pause)


async def _pause(stop: Event, seconds: float) -> None:
    for _ in range(round(seconds / _SLICE_S)):
        if stop.is_set():
            return
        await asyncio.sleep(_SLICE_S)
