"""What every resolver is given: who asks, and a way to read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from api.security import Viewer
from api.work.generations import active_names_async
from api.work.instance import PROJECTIONS, Carteggio
from projections.projection import Names

__all__ = ["Context", "Viewer"]


@dataclass
class Context:
    """One request: who asks, of which instance, and what he has to see at least."""

    carteggio: Carteggio
    viewer: Viewer
    pool: AsyncConnectionPool
    min_position: int | None = None
    asked_for: int = 0
    """How many objects its lists may bring, so far."""
    _names: Names | None = field(default=None, repr=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[tuple[AsyncConnection[TupleRow], Names]]:
        """Lend a connection, and the read models' names, which are the same all request long."""
        async with self.pool.connection() as connection:
            if self._names is None:
                self._names = await active_names_async(connection, PROJECTIONS)
            yield connection, self._names
