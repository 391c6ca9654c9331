"""One account, attended: connected, looked into, waited at, and left alone after trouble.

What people order for its messages is carried out before each look, and an order ends the waiting.
"""

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from adapters.imap.session import ImapSession
from adapters.imap.values import ImapTrouble, RemoteFolder, Role
from adapters.logs import log
from api.work.accounts import Account
from api.work.choosing import Choice
from api.work.patience import LATER, pause_after
from api.work.sync import Sync
from api.work.synced import BUSY, Synced
from domain.values import Rejected

_RENEW_S: Final = 9 * 60.0
"""Servers end IDLE after 30 minutes (RFC 2177 3), and what lies between often sooner."""
_OPEN_S: Final = 5 * 60.0
"""A connection on which nothing is waited for is kept open so long, and no longer."""
_LIST_S: Final = 15 * 60.0
_BUSY_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often an account is looked into, in seconds; `least` apart, whatever a server tells.

    `patience` stretches the pauses after trouble, or shortens them.
    """

    interval: float
    least: float = 1.0
    patience: float = 1.0

    def next(self) -> float:
        """Give the time to the next look, a little more or less, so that not all look at once."""
        return self.interval * random.uniform(0.9, 1.1)  # noqa: S311  no secret


class Attendant:
    """Attends one account; one task at a time uses it."""

    def __init__(self, sync: Sync, account: Account, pace: Pace, failures: int = 0) -> None:
        """Know how often in a row the account has failed so far."""
        self._sync = sync
        self._account = account
        self._pace = pace
        self._failures = failures
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Say that something is ordered: unless there is trouble, it is done at once."""
        self._news.set()

    async def rest(self, pause: float) -> None:
        """Leave the account alone; after trouble for all of the pause, else until there is news."""
        if self._failures or pause <= _BUSY_S:
            await asyncio.sleep(pause)
        else:
            await self._until_news(pause)

    async def attend(self) -> float:
        """Stay connected and fetch what comes, until there is trouble; give the pause after it."""
        synced = Synced(self._account)
        async with self._sync.told(synced):
            return await self._stay(synced)
        if synced.kind == BUSY:
            return _BUSY_S
        pause = self.failed(synced.kind)
        await self._sync.note(synced, pause)
        return pause

    def failed(self, kind: str) -> float:
        """Count a failure and give the pause after it."""
        self._failures += 1
        pause = pause_after(kind, self._failures, random.random())  # noqa: S311  no secret
        return self._pace.patience * pause

    async def _stay(self, synced: Synced) -> float:
        """Look and wait in turns; give the pause where the connection is not kept meanwhile."""
        if self._account.protocol == "pop3":
            return await self._call(synced)
        async with await self._sync.session(self._account) as session:
            listening: asyncio.Task[None] | None = None
            try:
                while True:
                    async with self._sync.alone(synced):
                        choice = await self._sync.fetching.choose(session, synced)
                    listed = time.monotonic()
                    if (
                        listening is None
                        and session.can_wait
                        and (beside := _beside(choice.folders))
                    ):
                        listening = asyncio.create_task(self._listen(beside))
                    while time.monotonic() - listed < _LIST_S and not choice.stale:
                        await self._look(session, choice)
                        interval = self._pace.next()
                        if not session.can_wait and interval > _OPEN_S:
                            return interval
                        await self._wait(session, interval)
            finally:
                if listening is not None:
                    listening.cancel()
                    await asyncio.gather(listening, return_exceptions=True)

    async def _look(self, session: ImapSession, choice: Choice) -> None:
        self._news.clear()
        synced = Synced(self._account)
        async with self._sync.alone(synced):
            await self._sync.look(session, synced, choice)
        await self._looked(synced)

    async def _call(self, synced: Synced) -> float:
        """Look into a maildrop and leave: while one is there, nobody else is let in."""
        async with self._sync.alone(synced):
            await self._sync.visit(synced)
        await self._looked(synced)
        return self._pace.next()

    async def _looked(self, synced: Synced) -> None:
        self._failures = 0
        await self._sync.note(synced)
        if synced.counts.read or synced.not_fetched:
            log("work").info(
                "fetched",
                account=self._account.id,
                stored=synced.counts.stored,
                not_fetched=synced.not_fetched,
            )

    async def _wait(self, session: ImapSession, interval: float) -> None:
        """Wait until there is news or the interval is over; not in vain for less than a moment."""
        until = time.monotonic() + interval
        await asyncio.sleep(min(self._pace.least, interval))
        while (left := until - time.monotonic()) > 0:
            if not session.can_wait:
                await self._until_news(left)
                return
            if await session.news(min(left, _RENEW_S), self._news):
                return

    async def _until_news(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    async def _listen(self, folder: RemoteFolder) -> None:
        """Wait at a further folder, on a connection of its own, and pass on that there is news.

        Where the server allows no further connection, the folder is still looked into at intervals.
        """
        failures, kind = 0, ""
        while True:
            try:
                async with await self._sync.session(self._account) as session:
                    await session.select(folder)
                    self._news.set()  # of what came before this nobody would tell
                    failures = 0
                    while True:
                        if await session.news(_RENEW_S):
                            session.forget_news()
                            self._news.set()
                            await asyncio.sleep(self._pace.least)
            except ImapTrouble as trouble:
                kind = trouble.kind.value
            except (Rejected, OSError, *LATER):
                kind = "local"
            failures += 1
            await asyncio.sleep(pause_after(kind, failures, random.random()))  # noqa: S311


def _beside(folders: list[RemoteFolder]) -> RemoteFolder | None:
    """Choose what is waited at beside the last one: the sent mail, where answers appear."""
    return next((one for one in folders[:-1] if one.role is Role.SENT), None)
