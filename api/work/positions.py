"""Read your writes: a request that follows a command waits until it can see what that did."""

import asyncio
import contextlib
from collections.abc import Collection
from types import TracebackType
from typing import Final, Self

from psycopg import InterfaceError, OperationalError
from psycopg.sql import SQL, Identifier
from psycopg_pool import AsyncConnectionPool

from adapters.database import Database, DatabaseUnavailable
from api.work.projector import feed_channel

_LOOK_AGAIN_S: Final = 0.1
_PAUSE_S: Final = 0.5
_STANDING: Final = """
    SELECT count(*), min(position), bool_or(state = 'stopped' AND position < %s)
    FROM projection WHERE active AND name = ANY(%s)
"""


class Positions:
    """Knows when read models move: by one listening connection for all who wait."""

    def __init__(self, database: Database, pool: AsyncConnectionPool) -> None:
        """Listen on a direct connection of `database`, look on connections of `pool`."""
        self._database = database
        self._pool = pool
        self._moved = asyncio.Event()
        self.moves = 0
        """How often a read model moved, as far as was heard."""
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def wait_for(self, position: int, names: Collection[str], timeout: float = 2.0) -> bool:  # noqa: ASYNC109  the promise is a time, not a cancellation
        """Wait until these read models have reached a position; False if they do not in time."""
        try:
            async with asyncio.timeout(timeout):
                while (reached := await self._reached(position, names)) is None:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._moved.wait(), _LOOK_AGAIN_S)
                return reached
        except TimeoutError:
            return False

    async def next_move(self, since: int, timeout: float) -> None:  # noqa: ASYNC109  as above
        """Wait until something moved since so many moves, or for so long."""
        if self.moves != since:
            return
        self._moved = asyncio.Event() if self._moved.is_set() else self._moved
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._moved.wait(), timeout)

    async def _reached(self, position: int, names: Collection[str]) -> bool | None:
        """None: not yet. False: never, as one of them is stopped before it."""
        self._moved = asyncio.Event() if self._moved.is_set() else self._moved
        async with self._pool.connection() as connection:
            found = await connection.execute(_STANDING, (position, list(set(names))))
            row = await found.fetchone()
        if not names:
            return True
        if row is None or row[0] < len(set(names)):
            return None
        if row[2]:
            return False
        return True if row[1] >= position else None

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(DatabaseUnavailable, OperationalError, InterfaceError):
                async with await self._database.connect_async(direct=True) as connection:
                    name = Identifier(feed_channel(self._database))
                    await connection.execute(SQL("LISTEN {}").format(name))
                    async for _ in connection.notifies():
                        self.moves += 1
                        self._moved.set()
            await asyncio.sleep(_PAUSE_S)  # they look by themselves meanwhile
