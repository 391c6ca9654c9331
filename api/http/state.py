"""What the application holds open while it serves."""

from asyncio import Semaphore
from dataclasses import dataclass
from threading import Thread

from psycopg_pool import AsyncConnectionPool

from api.http.figures import Figures
from api.security import Doorkeeper
from api.work.horizon import Horizon
from api.work.instance import Carteggio
from api.work.positions import Positions


@dataclass(frozen=True, slots=True)
class Served:
    """An instance with what requests share.

    `worker` does the work behind, if it is done here; `opening` bounds how many blobs are opened
    at the same time, `taking` how many files are taken in.
    """

    carteggio: Carteggio
    pool: AsyncConnectionPool
    positions: Positions
    horizon: Horizon
    doorkeeper: Doorkeeper
    figures: Figures
    opening: Semaphore
    taking: Semaphore
    worker: Thread | None = None
