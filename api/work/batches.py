"""Batches of events for the read models: read and decoded once, in a thread that works ahead."""

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from psycopg import InterfaceError, OperationalError

from adapters.journal import Journal, Row
from domain.recorded import Recorded

LIMIT: Final = 2_000
OCTETS: Final = 8 << 20

TRANSIENT: Final = (OperationalError, InterfaceError)
"""What is no event's fault: the database is away, full, or asks to try again."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An event that cannot be read; it stops whoever hears it, and nobody else."""

    position: int
    name: str
    error: Exception


@dataclass(frozen=True, slots=True)
class Batch:
    """The next events that somebody hears, and how far the journal was read for them."""

    items: Sequence[Recorded | Broken]
    read: int
    through: int
    more: bool

    def until(self, position: int | None) -> "Batch":
        """Leave out what lies beyond a position."""
        if position is None or position >= self.through:
            return self
        items = [item for item in self.items if item.position <= position]
        return Batch(items, len(items), position, more=False)


class Batches:
    """Gives batch after batch; while one is worked on, the next is got ready."""

    def __init__(self, journal: Journal, *, limit: int = LIMIT, octets: int = OCTETS) -> None:
        """Bound a batch by its number of events and by its stored size."""
        self._journal = journal
        self._limit, self._octets = limit, octets
        self._thread = ThreadPoolExecutor(1, "carteggio-ahead")
        self._ahead: tuple[int, frozenset[str], Future[Batch]] | None = None

    def take(self, after: int, names: frozenset[str]) -> Batch:
        """Give the batch after a position; only events with these names are decoded."""
        batch = self._taken_ahead(after, names) or self._read(after, names)
        if batch.more:
            following = self._thread.submit(self._read, batch.through, names)
            self._ahead = batch.through, names, following
        return batch

    def _taken_ahead(self, after: int, names: frozenset[str]) -> Batch | None:
        if self._ahead is None or self._ahead[:2] != (after, names):
            return None  # it is for somebody else, who stands elsewhere
        ahead, self._ahead = self._ahead[2], None
        return ahead.result()

    def close(self) -> None:
        """End the thread that works ahead."""
        self._thread.shutdown(cancel_futures=True)

    def _read(self, after: int, names: frozenset[str]) -> Batch:
        rows = self._journal.rows(after, limit=self._limit, octets=self._octets)
        full = len(rows) >= self._limit or sum(len(row.state) for row in rows) >= self._octets
        through = rows[-1].position if rows else after
        heard = [row for row in rows if row.name in names]
        return Batch(self._decoded(heard), len(rows), through, full)

    def _decoded(self, rows: Sequence[Row]) -> Sequence[Recorded | Broken]:
        try:
            return self._journal.decode(rows)
        except TRANSIENT:
            raise
        except Exception:  # noqa: BLE001  which event it is, is found out one by one
            return [self._decoded_alone(row) for row in rows]

    def _decoded_alone(self, row: Row) -> Recorded | Broken:
        try:
            return self._journal.decode([row])[0]
        except TRANSIENT:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, it concerns this event alone
            return Broken(row.position, row.name, error)


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Look for garbage in cycles less often: a batch holds many objects and hardly a cycle.

    Looking takes a fifth of the time of filling.
    """
    before = gc.get_threshold()
    gc.set_threshold(50_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
