"""Whoever looks at what is new in the log, every second, and keeps how far he came.

    next events of some names ─▶ do the read models know all that goes with them? ─▶ acted on ─▶ kept

Whatever is cut off is done again: what is done has to be so that this does no harm, nor several who do
it at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Final

from adapters.logs import log
from adapters.matching import Lookups
from api.work.caughtup import is_behind
from api.work.instance import Carteggio
from api.work.patience import LATER
from api.work.projector import where
from domain.recorded import Recorded

_EVERY_S: Final = 1

Look = Callable[[Carteggio, datetime], Awaitable[int]]
"""Does what is next at a moment, and gives how much that was; 0: nothing is left."""
Act = Callable[[Sequence[Recorded]], Awaitable[None]]


async def every_second(name: str, carteggio: Carteggio, look: Look, stop: Event) -> None:
    """Look every second until told to stop."""
    while not stop.is_set():
        try:
            while await look(carteggio, carteggio.clock()) and not stop.is_set():
                pass
        except LATER as trouble:
            log(name).warning("waits, tries again", trouble=type(trouble).__name__)
        except Exception as error:  # noqa: BLE001  mail is fetched whatever happens here
            log(name).error("fails and tries again", error=where(error))
        await asyncio.sleep(_EVERY_S)


@dataclass(frozen=True, slots=True)
class Lookout:
    """Who looks (`name`) at events of which names, and what he decides by.

    `models` have to know all events that are named in `says` before he acts on what comes after; None:
    all events whatever.
    `whole`: what belongs together is not parted where only some of what is new is read at once.
    """

    name: str
    names: tuple[str, ...]
    models: Sequence[str]
    says: Collection[str] | None
    at_once: int = 500
    whole: Callable[[Recorded], object] | None = None

    async def next(self, carteggio: Carteggio, act: Act) -> int:
        """Act on the next events; give how many there were, 0: none, or not yet."""
        batch, upto = await asyncio.to_thread(self._next, carteggio)
        if batch:
            if await asyncio.to_thread(is_behind, carteggio, self.models, self.says, upto):
                return 0
            await act(batch)
        await asyncio.to_thread(self.move, carteggio, upto)
        return len(batch)

    def _next(self, carteggio: Carteggio) -> tuple[list[Recorded], int]:
        head = carteggio.journal.head()
        batch = carteggio.journal.read(
            self.reached(carteggio), upto=head, limit=self.at_once, names=self.names
        )
        # What is long is read in smaller pieces than asked for: a short batch need not be the last.
        if not batch or not carteggio.journal.read(
            batch[-1].position, upto=head, limit=1, names=self.names
        ):
            return batch, head
        whole = self._whole(batch)
        return whole, whole[-1].position

    def _whole(self, batch: list[Recorded]) -> list[Recorded]:
        """Leave out what may go on after the batch, unless it is all of it."""
        if self.whole is None:
            return batch
        last = self.whole(batch[-1])
        return [one for one in batch if self.whole(one) != last] or batch

    def reached(self, carteggio: Carteggio) -> int:
        """Give the position up to which all was looked at."""
        with carteggio.database.pool.connection() as connection:
            return Lookups(connection).position(self.name)

    def move(self, carteggio: Carteggio, upto: int) -> None:
        """Keep how far he came, unless another came further."""
        with carteggio.database.pool.connection() as connection:
            lookups = Lookups(connection)
            if lookups.position(self.name) < upto:
                lookups.move(self.name, upto)
