"""The feed: brings events to the read models, each event to each exactly once.

    journal ──batch──▶ load ──▶ fold ──▶ flush, position ──commit──▶ NOTIFY feed_<company>

Read models at the same position share reading, decoding and one transaction; so what is joined
moves together. A position moves only from where we think it is: of two feeds, one does nothing.
An event that a read model cannot take stops this one alone, with its position, until an operator
skips the event or the code is mended. Reactions run before the read models in each round.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from adapters.database import DatabaseUnavailable
from adapters.ids import uuid7
from adapters.journal import Journal, NewEvent, channel
from adapters.logs import log
from api.work import generations
from api.work.batches import LIMIT, OCTETS, TRANSIENT, Batches, seldom_collecting
from api.work.consumers import LONGEST_PAUSE_S, PAUSE_S, Consumer, Patient
from api.work.generations import (
    Generation,
    Moved,
    active_names,
    active_names_async,
    latest,
    registered,
)
from api.work.projector import Projector, feed_channel, where
from domain.identity import projection_stream
from domain.operation import EventSkipped
from domain.recorded import Envelope, Origin
from domain.values import Actor, Rejected
from projections.projection import Projection

__all__ = [
    "Consumer",
    "Feed",
    "ProjectionStatus",
    "active_names",
    "active_names_async",
    "feed_channel",
]

_POLL_S: Final = 1.0
_SLICE_S: Final = 0.2
_STUCK_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class ProjectionStatus:
    """How far a generation of a read model is; `lag` counts positions, `error` tells no content."""

    name: str
    version: int
    generation: int
    state: str
    active: bool
    position: int
    lag: int
    error: str | None
    stopped_at_position: int | None


class Feed:
    """Runs the read models and reactions of one company."""

    def __init__(
        self,
        journal: Journal,
        projections: Sequence[Projection[Any]],
        consumers: Sequence[Consumer] = (),
        *,
        limit: int = LIMIT,
        octets: int = OCTETS,
    ) -> None:
        """Take the journal and whom to feed; `limit` and `octets` bound a batch."""
        self._journal = journal
        self._database = journal.database
        self._projections = {one.name: one for one in projections}
        self._consumers = [Patient(one) for one in consumers]
        self._projector = Projector(self._database, projections)
        self._batches = Batches(journal, limit=limit, octets=octets)

    def prepare(self) -> None:
        """Make what is missing: a new read model, or a generation for a changed one."""
        empty = self._journal.head() == 0
        with self._database.pool.connection() as connection, connection.transaction():
            _lock(connection, self._key("prepare"), wait=True)
            found = registered(connection, self._projections)
            for projection in self._projections.values():
                ours = [one for one in found if one.name == projection.name]
                generations.provide(connection, projection, ours, empty=empty)

    def run_once(self) -> int:
        """Do one batch for everybody who is behind; give how much was done."""
        reacted = sum(consumer.run_once() for consumer in self._consumers)
        return reacted + self.round(self._running())

    def round(self, these: Sequence[Generation]) -> int:
        """Do one batch for these; who is furthest goes first, others catch up with them."""
        heard = self._projector.hears(these)
        by_position = sorted(these, key=lambda one: (-one.position, one.name, one.generation))
        done, reached = 0, None
        for position, group in groupby(by_position, key=lambda one: one.position):
            batch = self._batches.take(position, heard)
            ours = batch.until(reached)
            advanced = list(group)
            if ours.read or ours.through > position:
                try:
                    advanced = self._projector.advance(advanced, ours)
                except Moved:
                    continue
                done += max(ours.read, 1)
            reached = ours.through
            if not batch.more:
                done += sum(self._finish(one) for one in advanced if one.state == "filling")
        return done

    def _finish(self, one: Generation) -> int:
        rest = self._batches.take(one.position, self._projector.hears([one]))
        if rest.more:
            return 0
        try:
            exchanged = self._projector.finish(one, rest)
        except (Moved, *TRANSIENT):
            return 0
        except Exception as error:  # noqa: BLE001  if it is an event, the next round stops at it
            log("feed").error("cannot finish", projection=one.name, error=where(error))
            return 0
        return int(exchanged or not one.finished)

    # ---- who runs it, and until when

    @contextmanager
    def holding(self) -> Iterator[bool]:
        """Be the company's one active feed; False if another process is."""
        with self._database.connect(direct=True) as connection:
            yield _lock(connection, self._key("feed"))

    @contextmanager
    def filling(self) -> Iterator[bool]:
        """Be the one who fills generations beside those that are read; False if another is."""
        with self._database.connect(direct=True) as connection:
            yield _lock(connection, self._key("filling"))

    def catch_up(
        self, upto: int | None = None, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        """Run, or wait for the process that runs, until all have reached a position.

        None: until nothing is left to do, what reactions record included. Stopped ones are left.
        `meanwhile` is called between rounds.
        """
        while True:
            with self.holding() as ours:
                if ours:
                    self.prepare()
                    self._drive(upto, meanwhile)
                    return
            if self._others_reach(self._journal.head() if upto is None else upto):
                return

    def _drive(self, upto: int | None, meanwhile: Callable[[], None]) -> None:
        while upto is None or self._is_behind(upto):
            meanwhile()
            with seldom_collecting():
                done = self.run_once()
            if done:
                continue
            if upto is None or not self._is_behind(upto):
                return
            if self._journal.head() < upto:
                raise ValueError(f"nothing was recorded at position {upto} yet")
            time.sleep(PAUSE_S)  # somebody else took a batch that we wanted

    def _others_reach(self, upto: int) -> bool:
        """Wait for the process that feeds; one that knows less than this code is helped."""
        with self._database.connect(direct=True) as connection:
            _listen(connection, feed_channel(self._database))
            until = time.monotonic() + _STUCK_S
            while self._is_behind(upto):
                if time.monotonic() > until:
                    self.prepare()
                    self.round(self._running())
                    return not self._is_behind(upto)
                if list(connection.notifies(timeout=_SLICE_S, stop_after=1)):
                    until = time.monotonic() + _STUCK_S
        return True

    def run(self, stop: threading.Event) -> None:
        """Run until told to stop, whatever happens to the connections."""
        pause = PAUSE_S
        while not stop.is_set():
            try:
                self._run_connected(stop)
                pause = PAUSE_S
            except (DatabaseUnavailable, *TRANSIENT) as trouble:
                log("feed").warning("waits for the database", trouble=where(trouble), s=pause)
            except Exception as error:  # noqa: BLE001  a feed that ended would be noticed late
                log("feed").error("fails and tries again", error=where(error), s=pause)
            stop.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def _run_connected(self, stop: threading.Event) -> None:
        with self._database.connect(direct=True) as connection:
            _listen(connection, channel(self._database))
            while not _lock(connection, self._key("feed")):
                if stop.wait(_POLL_S):
                    return
            self.prepare()
            self.clean()
            cleaned = time.monotonic()
            while not stop.is_set():
                if self.run_once():
                    continue
                _wait_for_events(connection, stop)
                if time.monotonic() - cleaned > generations.GRACE:
                    self.clean()
                    cleaned = time.monotonic()

    # ---- what operators see and do

    def status(self) -> list[ProjectionStatus]:
        """Tell how far everybody is, generations being filled included."""
        head = self._journal.head()
        with self._database.pool.connection() as connection:
            found = registered(connection, self._projections)
        return [
            ProjectionStatus(
                one.name, one.version, one.generation, one.state, one.active,
                one.position, max(0, head - one.position), one.error, one.stopped_at_position,
            )
            for one in found
        ]  # fmt: skip

    def skip(self, name: str, reason: str, by: Actor) -> None:
        """Let a stopped read model pass over the event that stopped it, and record who said so."""
        with self._database.pool.connection() as connection:
            stopped = [one for one in registered(connection, [name]) if one.state == "stopped"]
        if not stopped:
            raise Rejected("NOT_STOPPED", f"the read model {name!r} is not stopped")
        one = stopped[0]
        position = one.stopped_at_position or 0
        context = Envelope(uuid7(), datetime.now(UTC), by, Origin("cli"))
        stream = projection_stream(self._journal.company, name)
        with self._journal.writing() as writing:
            writing.append([NewEvent(stream, EventSkipped(name, position, reason), context)])
            writing.connection.execute(
                "INSERT INTO projection_skip VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                (name, one.version, position),
            )
            generations.resume(writing.connection, name)

    def resume(self, name: str) -> None:
        """Let a stopped read model try again, after what stopped it was mended."""
        with self._database.pool.connection() as connection:
            generations.resume(connection, name)

    def clean(self, grace: float = generations.GRACE) -> int:
        """Drop the tables of generations that nobody reads any more."""
        with self._database.pool.connection() as connection:
            return generations.drop_retired(connection, grace)

    def close(self) -> None:
        """End the thread that reads ahead."""
        self._batches.close()

    # ----

    def _running(self) -> list[Generation]:
        """Give the generations of this code that can go on."""
        with self._database.pool.connection() as connection:
            self._projector.learn_skips(connection)
            found = self._of_this_code(connection)
            if {one.name for one in found} != set(self._projections):
                self.prepare()
                found = self._of_this_code(connection)
            beside = [one for one in found if one.state == "filling" and not one.active]
            left_out = beside if beside and self._somebody_fills(connection) else []
        return [one for one in found if one.state != "stopped" and one not in left_out]

    def running(self) -> list[Generation]:
        """Give the generations of this code that can go on, whoever else may fill them."""
        with self._database.pool.connection() as connection:
            self._projector.learn_skips(connection)
            return [one for one in self._of_this_code(connection) if one.state != "stopped"]

    def _of_this_code(self, connection: Connection[TupleRow]) -> list[Generation]:
        return [
            one
            for one in registered(connection, self._projections)
            if one.version == self._projections[one.name].version
        ]

    def _is_behind(self, upto: int) -> bool:
        with self._database.pool.connection() as connection:
            first = latest(self._of_this_code(connection))
        return len(first) < len(self._projections) or any(
            one.position < upto for one in first.values() if one.state != "stopped"
        )

    def _somebody_fills(self, connection: Connection[TupleRow]) -> bool:
        key = self._key("filling")
        found = connection.execute(
            "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
            " AND pg_advisory_unlock(hashtextextended(%s, 0))",
            (key, key),
        ).fetchone()
        return found is None or not found[0]

    def _key(self, what: str) -> str:
        return f"{self._database.schema} {what}"


def _lock(connection: Connection[TupleRow], key: str, *, wait: bool = False) -> bool:
    """Take an advisory lock: until the commit when waiting, else until the connection closes."""
    if wait:
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (key,))
        return True
    query = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
    found = connection.execute(query, (key,)).fetchone()
    return found is not None and bool(found[0])


def _listen(connection: Connection[TupleRow], to: str) -> None:
    connection.execute(SQL("LISTEN {}").format(Identifier(to)))


def _wait_for_events(connection: Connection[TupleRow], stop: threading.Event) -> None:
    """Wait until something was recorded, for one poll at most: a NOTIFY can get lost."""
    until = time.monotonic() + _POLL_S
    while time.monotonic() < until and not stop.is_set():
        if list(connection.notifies(timeout=_SLICE_S, stop_after=1)):
            return
