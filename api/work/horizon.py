"""How far changes may be told: all read models have reached it, so what is told can be asked for."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from psycopg_pool import AsyncConnectionPool

from api.work.models import PROJECTIONS
from api.work.positions import Positions
from domain.values import Rejected

MOST: Final = 1_000
"""So many may follow at once in one process."""
_AT_ONCE: Final = 2
_OLD_S: Final = 1.0
_REACHED: Final = """
    SELECT coalesce(min(position) FILTER (WHERE state <> 'stopped' OR name = 'trail'), 0)
    FROM projection WHERE active AND name = ANY(%s)
"""


class Horizon:
    """Looks once for all who follow, however many they are, and bounds what they read at once.

    A read model that is stopped holds nobody back but the trail's, from which changes are read.
    """

    def __init__(self, positions: Positions, pool: AsyncConnectionPool) -> None:
        """Be woken by `positions`, look by `pool`."""
        self._positions = positions
        self._pool = pool
        self._looking = asyncio.Lock()
        self._reached = 0
        self._moves = -1
        self._looked_at = 0.0
        self._following = 0
        self.reading = asyncio.Semaphore(_AT_ONCE)
        """So few of those who follow read at a time: who asks questions needs connections, too."""

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Count one who follows."""
        if self._following >= MOST:
            raise Rejected("TOO_MANY", f"{MOST:,} follow already; try again later")
        self._following += 1
        try:
            yield
        finally:
            self._following -= 1

    async def reached(self) -> int:
        """Give how far changes may be told now."""
        if self._known():
            return self._reached
        async with self._looking:
            if not self._known():
                moves = self._positions.moves
                async with self._pool.connection() as connection:
                    found = await connection.execute(
                        _REACHED, ([one.name for one in PROJECTIONS],)
                    )
                    row = await found.fetchone()
                self._reached = int(row[0]) if row else 0
                self._moves, self._looked_at = moves, time.monotonic()
        return self._reached

    async def beyond(self, position: int, patience: float) -> int | None:
        """Wait until changes may be told beyond a position; None if they may not in time."""
        until = time.monotonic() + patience
        while (reached := await self.reached()) <= position:
            left = until - time.monotonic()
            if left <= 0:
                return None
            await self._positions.next_move(self._moves, min(left, _OLD_S))
        return reached

    def _known(self) -> bool:
        """Tell whether nothing moved since the last look; a notice can get lost."""
        fresh = time.monotonic() - self._looked_at < _OLD_S
        return fresh and self._moves == self._positions.moves
