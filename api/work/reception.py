"""Capture: raw mail becomes durable first and known after, whatever source it comes from.

    read:  identify ─▶ pass over what is known ─▶ read (worker process) ─▶ and what is excluded
    store: blobs, durable ─▶ one transaction {events, occurrences, blob references, counts, cursor}

A kill at any point loses nothing and doubles nothing: blobs that no event names are swept, and the
cursor moves with the events. The two steps can overlap for two batches.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_bytes
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters.blobs import BlobReleased, Blobs
from adapters.ids import uuid7
from adapters.journal import Journal, NewEvent, Writing
from adapters.mime.worker import ReadingWorker
from api.work.arrivals import EXCLUDED, Arrival, Counts, Place
from api.work.capturing import (
    Kept,
    Seen,
    all_octets_of,
    header_of,
    kept_of,
    named_in,
    received_of,
    varies,
)
from api.work.excluding import PassedOver, count
from api.work.isolating import concerns_all, set_apart
from api.work.occurrences import enter, known, look_up
from api.work.phases import phase
from api.work.screening import Screening
from domain import message
from domain.identity import identify, identify_in, occurrence_id
from domain.message import CaptureMessage, Message, MessageReceived
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind

__all__ = [
    "BATCH", "BATCH_OCTETS", "EXCLUDED", "Arrival", "Batch", "Counts", "Moved", "Place", "Reception",
]  # fmt: skip

BATCH: Final = 200
BATCH_OCTETS: Final = 4 << 20
_ATTEMPTS: Final = 5

Moved = Callable[[Connection[Any], Counts], None]


@dataclass(frozen=True, slots=True)
class Batch:
    """Arrivals that were read and wait for being stored; `read` counts the known ones too.

    `messages` are those of all arrivals, in their order; None stands for one that the
    do-not-capture list keeps out. `passed` counts these. `places` are those of all arrivals;
    `failed` tells, once the batch is stored, of which of them the message could not be, and why.
    """

    read: int
    octets: int
    fresh: tuple[Seen, ...]
    messages: tuple[UUID | None, ...] = ()
    passed: tuple[PassedOver, ...] = ()
    places: tuple[UUID, ...] = ()
    failed: dict[UUID, str] = field(default_factory=dict)


def _stays(_connection: Connection[Any], _counts: Counts) -> None:
    """Leave the source's cursor where it is."""


@dataclass(slots=True)
class _Decided:
    """What happens to one message: events to append, with the occurrence behind each."""

    events: list[NewEvent] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)


class Reception:
    """Takes mail in for one company, through one worker process that reads it."""

    def __init__(
        self,
        journal: Journal,
        blobs: Blobs,
        worker: ReadingWorker,
        channel: str,
        *,
        exact: bool = True,
    ) -> None:
        """Record under the name of `channel` (import, imap).

        `exact`: the same mail with other line ends in the same folder is kept as a copy, for its
        bytes. A server always has CRLF, and what was imported from a file before is known to it.
        """
        self._journal = journal
        self._blobs = blobs
        self._worker = worker
        self._channel = channel
        self._exact = exact
        self._key = journal.keyring.identity_key
        self.screening = Screening(journal, worker)

    @phase("reading")
    def read(self, arrivals: Sequence[Arrival]) -> Batch:
        """Tell which arrivals are new, and read those."""
        identified = [self._identified(one) for one in arrivals]
        named = {self._occurrence(one): one for one in identified}
        before = self._known(named)
        fresh = [one for occurrence, one in named.items() if occurrence not in before]
        readings = self._worker.read_many([one.arrival.raw for one in fresh])
        seen = [replace(one, reading=read) for one, read in zip(fresh, readings, strict=True)]
        screened = zip(seen, self.screening.of(seen), strict=True)
        out = {self._occurrence(one): over for one, over in screened if over is not None}
        return Batch(
            read=len(arrivals),
            octets=sum(len(one.raw) for one in arrivals),
            fresh=tuple(one for one in seen if self._occurrence(one) not in out),
            messages=tuple(
                None if self._occurrence(one) in out else one.identity.message
                for one in identified
            ),
            passed=tuple(out.values()),
            places=tuple(one.place for one in identified),
        )

    def pass_over(self, passed: Sequence[PassedOver], moved: Moved) -> Counts:
        """Count what the list keeps out by its header; `moved` is as when something is stored."""
        nothing: tuple[UUID | None, ...] = (None,) * len(passed)
        return self.store(Batch(len(passed), 0, (), nothing, tuple(passed)), moved)

    def store(self, batch: Batch, moved: Moved | None = None) -> Counts:
        """Make a batch durable and known; `moved` moves the source's cursor along with it.

        A message that cannot be stored for its own sake is left out (`Batch.failed`).
        """
        moving = False

        def move(connection: Connection[Any], counts: Counts) -> None:
            nonlocal moving
            moving = True
            if moved is not None:
                moved(connection, counts)

        try:
            return self._patiently(batch, move)
        except Exception as error:
            if moving or not batch.fresh or concerns_all(error):
                raise
            return self._without_poison(batch, moved, error)

    def _without_poison(self, batch: Batch, moved: Moved | None, error: Exception) -> Counts:
        """Store all but the messages at fault, then move the cursor, which tells of these."""

        def store(some: Sequence[Seen]) -> Counts:
            return self._patiently(Batch(len(some), 0, tuple(some)), _stays)

        def probe() -> None:
            message = batch.fresh[0].identity.message
            try:
                self._blobs.put_many([(message, token_bytes(64))])
            except OSError:  # it may lie beside what cannot be stored: once more, elsewhere
                self._blobs.put_many([(message, token_bytes(64))])

        apart = set_apart(batch.fresh, store, error, probe)
        batch.failed.update(apart.failed)

        def move(connection: Connection[Any], counts: Counts) -> None:
            counts.stored, counts.copies = apart.counts.stored, apart.counts.copies
            counts.degraded, counts.failed = apart.counts.degraded, len(apart.failed)
            counts.known -= counts.stored + counts.failed
            if moved is not None:
                moved(connection, counts)

        return self._patiently(replace(batch, fresh=()), move)

    def _patiently(self, batch: Batch, moved: Moved) -> Counts:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._store(batch, moved)
            except BlobReleased:  # a shared blob was erased in this very moment
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError

    def _identified(self, arrival: Arrival) -> Seen:
        mailbox, folder = arrival.place.mailbox, arrival.place.folder
        digest = sha256(arrival.raw)
        identity, place = identify_in(self._key, mailbox, folder, arrival.raw)
        return Seen(
            arrival=arrival,
            identity=identity,
            place=place,
            exact=occurrence_id(self._key, mailbox, f"{folder}\0exact", digest.digest()),
            sha256=digest.hexdigest(),
        )

    def _occurrence(self, seen: Seen) -> UUID:
        return seen.exact if self._exact else seen.place

    def _known(self, occurrences: Iterable[UUID]) -> set[UUID]:
        with self._journal.database.pool.connection() as connection:
            return known(connection, occurrences, exact=self._exact)

    def _store(self, batch: Batch, moved: Moved) -> Counts:
        seen = self._not_erased(batch.fresh)
        with self._journal.database.pool.connection() as connection:
            before = self._looked_up(connection, seen)
        return self._append(batch, seen, self._put(seen, before), before, moved)

    @phase("appending")
    def _append(
        self,
        batch: Batch,
        seen: Sequence[Seen],
        kept: Mapping[UUID, Kept],
        before: Mapping[UUID, Message],
        moved: Moved,
    ) -> Counts:
        decided = self._decided(seen, kept, before)
        with self._journal.writing() as writing:
            writing.seal([event for one in decided.values() for event in one.events])
            if decided:
                writing.lock()
                now = self._looked_up(writing.connection, seen)
                changed = {one for one in now if now[one] != before[one]}
                again = [one for one in seen if one.identity.message in changed]
                decided |= self._decided(again, kept, now)
            counts = self._write(writing, batch, decided, kept)
            count(writing.connection, batch.passed)
            moved(writing.connection, counts)
        return counts

    def _looked_up(self, connection: Connection[Any], seen: Sequence[Seen]) -> dict[UUID, Message]:
        """Give the state of messages; of those of which another content came also what was whole."""
        states = look_up(connection, {one.identity.message for one in seen})
        varied: set[UUID] = {one.identity.message for one in seen if varies(one, states)}
        if varied:
            past = dict.fromkeys(varied, message.initial)
            for recorded in self._journal.streams(varied):
                past[recorded.stream] = message.evolve(past[recorded.stream], recorded.event)
            for id, one in past.items():
                states[id] = replace(states[id], headers=one.headers)
        return states

    def _not_erased(self, fresh: Sequence[Seen]) -> list[Seen]:
        """An erased message never comes back, though a mailbox still holds it."""
        keys = self._journal.prepare({one.identity.message for one in fresh})
        return [one for one in fresh if one.identity.message in keys]

    @phase("blobs")
    def _put(self, seen: Sequence[Seen], before: Mapping[UUID, Message]) -> dict[UUID, Kept]:
        """Store what the events will name; of a mere copy its raw octets alone."""
        items: list[tuple[UUID, bytes]] = []
        for one in seen:
            items.extend((one.identity.message, octets) for octets in all_octets_of(one, before))
        stored = iter(self._blobs.put_many(items))
        return {one.exact: kept_of(one, before, stored) for one in seen}

    def _decided(
        self, seen: Sequence[Seen], kept: Mapping[UUID, Kept], known: Mapping[UUID, Message]
    ) -> dict[UUID, _Decided]:
        states = dict(known)
        decided: dict[UUID, _Decided] = {}
        for one in seen:
            id = one.identity.message
            mine = decided.setdefault(id, _Decided())
            header = self._header_key(one) if states[id].headers else ""
            command = CaptureMessage(
                self._occurrence(one), received_of(one, kept[one.exact]), header
            )
            for event in message.decide(states[id], command):
                mine.events.append(NewEvent(id, event, self._envelope()))
                mine.seen.append(one)
                state = message.evolve(states[id], event)
                states[id] = replace(state, occurrences=state.occurrences | {one.exact, one.place})
        return decided

    def _header_key(self, seen: Seen) -> str:
        return identify(self._key, header_of(seen.arrival.raw)).content_key

    def _envelope(self) -> Envelope:
        actor = Actor(ActorKind.SYSTEM, "reception")
        return Envelope(uuid7(), datetime.now(UTC), actor, Origin(self._channel))

    def _write(
        self,
        writing: Writing,
        batch: Batch,
        decided: Mapping[UUID, _Decided],
        kept: Mapping[UUID, Kept],
    ) -> Counts:
        events = [event for one in decided.values() for event in one.events]
        writing.append(events)
        taken = [one for each in decided.values() for one in each.seen]
        enter(
            writing.connection,
            [
                (one.exact, one.place, one.identity.message, one.identity.content_key)
                for one in taken
            ],
        )
        references = [
            stored
            for event, one in zip(events, taken, strict=True)
            for stored in named_in(event.event, kept[one.exact])
        ]
        self._blobs.record(writing.connection, references)
        excluded = sum(message is None for message in batch.messages)
        new = sum(isinstance(event.event, MessageReceived) for event in events)
        return Counts(
            read=batch.read,
            stored=len(events),
            copies=len(events) - new,
            known=batch.read - len(events) - excluded,
            degraded=sum(one.reading.content.degraded for one in taken),
            excluded=excluded,
            octets=batch.octets,
        )
