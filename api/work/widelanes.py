"""How much of many accounts is fetched at once: memory is bounded, and nobody waits for the slow.

Little mail, which is nearly always, is fetched at once. Much mail takes a wide lane, of which
there are few. Where all are taken, be it by servers that hardly move, it goes on in small portions.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

Listed = Sequence[tuple[int, int]]
"""Messages, as (UID, size)."""

_WIDE: Final = (1_000, 32_000_000)
_NARROW: Final = (50, 256_000)
_PATIENCE_S: Final = 10.0


class WideLanes:
    """Bounds what one process has in memory of mail that is being fetched and stored."""

    def __init__(self, wide: int = 4, large: int = 2, storing: int = 2) -> None:
        """Let so many fetch much at once, so many fetch a large mail beside them."""
        self._wide = asyncio.Semaphore(wide)
        self._large = asyncio.Semaphore(large)
        self.storing = asyncio.Semaphore(storing)

    async def portions(self, messages: Listed) -> AsyncGenerator[Listed, None]:
        """Give messages in portions, in order; each is to be done with when the next is asked for.

        To be closed (`aclosing`) by whoever stops in the middle.
        """
        at, patience = 0, _PATIENCE_S
        while at < len(messages):
            async with self._portion(messages, at, patience) as portion:
                yield portion
            if len(portion) < len(messages) - at and fits(portion, _NARROW):
                patience = 0.0  # the wide lanes are taken: it was waited for them once
            at += len(portion)

    @asynccontextmanager
    async def _portion(self, messages: Listed, at: int, patience: float) -> AsyncIterator[Listed]:
        narrow = first(messages, at, _NARROW)
        little = fits(narrow, _NARROW)
        if little and at + len(narrow) == len(messages):
            yield narrow
        elif await self._taken(patience):
            try:
                yield first(messages, at, _WIDE)
            finally:
                self._wide.release()
        elif little:
            yield narrow
        else:
            async with self._large:
                yield narrow

    async def _taken(self, patience: float) -> bool:
        if self._wide.locked() and patience <= 0:
            return False
        try:
            async with asyncio.timeout(patience or None):
                return await self._wide.acquire()
        except TimeoutError:
            return False


def first(messages: Listed, at: int, most: tuple[int, int]) -> Listed:
    """Give what fits from `at` on, and one message at least."""
    count, octets = most
    end = at
    while end < min(len(messages), at + count) and (octets := octets - messages[end][1]) >= 0:
        end += 1
    return messages[at : max(end, at + 1)]


def fits(messages: Listed, most: tuple[int, int]) -> bool:
    """Say whether messages are so few and so small."""
    return len(messages) <= most[0] and sum(size for _, size in messages) <= most[1]
