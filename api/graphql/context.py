"""What every resolver is given: who asks, and a way to read."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from api.graphql.live import Live
from api.security import Viewer
from api.work.generations import active_names_async
from api.work.instance import PROJECTIONS, Carteggio
from projections.projection import Names

__all__ = ["Context", "Viewer"]

T = TypeVar("T")


@dataclass
class Context:
    """One request: who asks, of which instance, and what he has to see at least."""

    carteggio: Carteggio
    viewer: Viewer
    pool: AsyncConnectionPool
    min_position: int | None = None
    asked_for: int = 0
    """How many objects its lists may bring, so far."""
    live: Live | None = None
    """What who follows is told by; None in a request that is answered once."""
    _names: Names | None = field(default=None, repr=False)
    _once: dict[str, asyncio.Task[Any]] = field(default_factory=dict, repr=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[tuple[AsyncConnection[TupleRow], Names]]:
        """Lend a connection, and the read models' names, which are the same all request long."""
        async with self.pool.connection() as connection:
            if self._names is None:
                self._names = await active_names_async(connection, PROJECTIONS)
            yield connection, self._names

    def begin_anew(self, viewer: Viewer) -> None:
        """Forget what was read so far: who follows asks something new with each change."""
        self.viewer, self.asked_for = viewer, 0
        self._names, self._once = None, {}

    async def once(self, name: str, read: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Read something under a name, once a request, whoever asks for it first."""
        if name not in self._once:
            self._once[name] = asyncio.create_task(read())
        found: T = await self._once[name]
        return found
