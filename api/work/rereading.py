"""Mail is read anew from its raw octets: what could not be read, and what an older reader read.

    journal ─▶ how each copy reads ─▶ blobs ─▶ read (worker process) ─▶ decide ─▶ message.reread

What follows from a better reading (links, classification, read models) follows from the event.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Event
from typing import Final
from uuid import UUID

from adapters.blobs import BlobMissing, BlobReleased, Damaged, Stored
from adapters.ids import uuid7
from adapters.journal import Conflict, NewEvent
from adapters.keyring import KeyDestroyed
from adapters.logs import log
from adapters.mime.frames import Limits
from adapters.mime.reader import READER, Reading
from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from api.work.keeping import Derived, kept, octets_of
from domain import rereading
from domain.recorded import Envelope, Origin
from domain.rereading import Readings, RereadCopy
from domain.values import Actor, ActorKind, BlobName
from projections.quarantine import read_before
from projections.reader import EVERYTHING

PATIENT: Final = Limits(cpu_seconds=60.0, wall_seconds=120.0, memory=2 << 30)
"""What a mail may cost that somebody wants to be read after all."""
_OCTETS: Final = 4 << 20
_AT_ONCE: Final = 100
_ATTEMPTS: Final = 5


@dataclass(slots=True)
class Reread:
    """What came of it, in messages; `mended` could not be read in full before, and can be now."""

    messages: int = 0
    of: int = 0
    changed: int = 0
    mended: int = 0
    degraded: int = 0
    lost: int = 0
    """Their octets are not there, or were erased."""

    def count(self, before: Readings, now: Readings) -> None:
        """Count a message that was read anew."""
        self.changed += any(
            replace(read.content, reader=0) != replace(now.of[raw].content, reader=0)
            for raw, read in before.of.items()
        )
        self.mended += before.degraded and not now.degraded
        self.degraded += now.degraded


_Copy = tuple[UUID, BlobName, bytes]
"""The message, and a copy's raw octets with their name."""


@dataclass(slots=True)
class _Past:
    """How the copies of a message read so far, and how many events its stream has."""

    readings: Readings = rereading.initial
    version: int = 0

    def follow(self, event: object) -> None:
        self.readings = rereading.evolve(self.readings, event)
        self.version += 1


@dataclass(slots=True)
class _Portion:
    """Some messages with the octets of their copies."""

    messages: list[UUID] = field(default_factory=list)
    copies: list[_Copy] = field(default_factory=list)

    @property
    def octets(self) -> int:
        return sum(len(raw) for _, _, raw in self.copies)


class Rereading:
    """Reads messages of one company anew through a worker process."""

    def __init__(
        self,
        carteggio: Carteggio,
        worker: ReadingWorker,
        channel: str = "cli",
        cause: tuple[UUID | None, UUID | None] | None = None,
    ) -> None:
        """Record under the name of `channel`; `cause` is the event that orders it, its correlation."""
        self._carteggio = carteggio
        self._worker = worker
        self._channel = channel
        self._cause = cause or (None, None)

    def run(
        self,
        messages: Sequence[UUID],
        report: Callable[[Reread], None] = lambda _: None,
        *,
        dry: bool = False,
        stop: Event | None = None,
    ) -> Reread:
        """Read messages anew; `dry` only counts what would read otherwise."""
        done = Reread(of=len(messages))
        for portion in self._portions(messages, done):
            if stop is not None and stop.is_set():
                break
            readings = self._worker.read_many([raw for _, _, raw in portion.copies])
            self._recorded(portion, readings, done, dry=dry)
            report(done)
        return done

    def _portions(self, messages: Sequence[UUID], done: Reread) -> Iterator[_Portion]:
        portion = _Portion()
        for message in messages:
            past = _Past()
            for recorded in self._carteggio.journal.stream(message):
                past.follow(recorded.event)
            found = self._octets(message, list(past.readings.of))
            done.messages += 1
            if not found:
                done.lost += 1
                continue
            portion.messages.append(message)
            portion.copies += found
            if portion.octets > _OCTETS or len(portion.messages) >= _AT_ONCE:
                yield portion
                portion = _Portion()
        if portion.messages:
            yield portion

    def _octets(self, message: UUID, copies: Sequence[BlobName]) -> list[_Copy]:
        try:
            blobs = self._carteggio.blobs
            return [(message, name, blobs.get(name, message)) for name in copies]
        except (BlobMissing, Damaged, KeyDestroyed) as trouble:
            log("reread").warning(
                "a message cannot be read", message=message, trouble=type(trouble).__name__
            )
            return []

    def _recorded(
        self, portion: _Portion, readings: Sequence[Reading], done: Reread, *, dry: bool
    ) -> None:
        """Record what reads otherwise; while others record too, decide again."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._record(portion, readings, done, dry=dry)
            except (Conflict, BlobReleased):
                if attempt == _ATTEMPTS:
                    raise
            else:
                return

    def _record(
        self, portion: _Portion, readings: Sequence[Reading], done: Reread, *, dry: bool
    ) -> None:
        past = {one: _Past() for one in portion.messages}
        for recorded in self._carteggio.journal.streams(portion.messages):
            past[recorded.stream].follow(recorded.event)
        before = {message: one.readings for message, one in past.items()}
        events: list[NewEvent] = []
        stored: list[Stored] = []
        for (message, _, _), command, derived in self._commands(portion, readings, past, dry=dry):
            for event in rereading.decide(past[message].readings, command):
                past[message].follow(event)
                events.append(NewEvent(message, event, self._envelope(), past[message].version))
                stored += derived.stored() if event.content is not None else ()
        if events and not dry:
            with self._carteggio.journal.writing() as writing:
                writing.seal(events)
                writing.append(events)
                self._carteggio.blobs.record(writing.connection, stored)
        for message, one in past.items():
            done.count(before[message], one.readings)

    def _commands(
        self,
        portion: _Portion,
        readings: Sequence[Reading],
        past: Mapping[UUID, _Past],
        *,
        dry: bool,
    ) -> Iterator[tuple[_Copy, RereadCopy, Derived]]:
        """Give for each copy what is to be decided; what is derived of it is durable by then."""
        copies = [
            (copy, reading, past[copy[0]].readings.of[copy[1]])
            for copy, reading in zip(portion.copies, readings, strict=True)
        ]
        items = [
            (copy[0], octets)
            for copy, reading, read in copies
            if read.content_key and not dry
            for octets in octets_of(reading)
        ]
        stored = iter(self._carteggio.blobs.put_many(items))
        for copy, reading, read in copies:
            content = kept(reading.content)
            if dry or not read.content_key:
                yield copy, RereadCopy(copy[1], content, read.files, read.text_rest), Derived()
                continue
            derived = Derived.of(reading, stored)
            yield copy, RereadCopy(copy[1], content, derived.names, derived.text_rest), derived

    def _envelope(self) -> Envelope:
        actor = Actor(ActorKind.SYSTEM, "reading")
        return Envelope(
            uuid7(), datetime.now(UTC), actor, Origin(self._channel),
            causation=self._cause[0], correlation=self._cause[1],
        )  # fmt: skip


def read_quarantine(carteggio: Carteggio, stop: Event) -> None:
    """Read anew what could not be read in full by an older reader; a newer one may be able to."""

    async def found() -> list[UUID]:
        async with carteggio.reading() as asked:
            return await read_before(*asked, EVERYTHING, READER, degraded=True)

    messages = asyncio.run(found())
    if messages and not stop.is_set():
        with ReadingWorker() as worker:
            done = Rereading(carteggio, worker, "work").run(messages, stop=stop)
        log("reread").info("read anew", messages=done.messages, mended=done.mended)
