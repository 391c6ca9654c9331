"""The event store: what happened, in the order in which it was recorded, one journal a company."""

import hmac
import random
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import BoundedSemaphore
from typing import Any, Final, LiteralString, Protocol, TypeVar
from uuid import UUID, uuid5

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from adapters import codec
from adapters.codec import Row
from adapters.database import Database
from adapters.keyring import Keyring
from adapters.recorder import Recorder, channel
from adapters.sealing import Key
from adapters.writing import Conflict, NewEvent, Writing
from domain.recorded import Envelope, Recorded
from domain.values import Rejected

__all__ = ["Conflict", "Decider", "Journal", "NewEvent", "Row", "Writing", "channel"]

_OPTIMISTIC: Final = 3
_WRITERS: Final = 4
_COLUMNS: Final[LiteralString] = (
    "notification_id, recorded_at, originator_id, originator_version, topic, state"
)
_READ: Final[LiteralString] = f"""
    SELECT {_COLUMNS} FROM (
        SELECT {_COLUMNS}, sum(octet_length(state)) OVER (
            ORDER BY notification_id ROWS UNBOUNDED PRECEDING) - octet_length(state) AS before
        FROM (
            SELECT {_COLUMNS} FROM stored_events
            WHERE notification_id > %(after)s
            AND (%(upto)s::int8 IS NULL OR notification_id <= %(upto)s)
            AND (%(names)s::text[] IS NULL OR topic = ANY(%(names)s))
            ORDER BY notification_id LIMIT %(limit)s
        ) AS page
    ) AS counted WHERE before < %(octets)s ORDER BY notification_id
"""  # noqa: S608  only our own column names

S = TypeVar("S")
C = TypeVar("C", contravariant=True)
Also = Callable[[Connection[TupleRow], Sequence[object]], None]
"""Writes, in the transaction of these events, what belongs to them."""


class Decider(Protocol[S, C]):
    """A stream's rules; a module of `domain/` is one."""

    @property
    def initial(self) -> S:
        """The state before anything happened."""
        ...

    @property
    def evolve(self) -> Callable[[S, Any], S]:
        """Give the state after an event."""
        ...

    @property
    def decide(self) -> Callable[[S, C], Sequence[object]]:
        """Give what happens, or raise Rejected."""
        ...


@dataclass(frozen=True, slots=True)
class _Asked:
    context: Envelope
    fingerprint: bytes
    also: Also | None


class Journal:
    """Appends and reads the events of one company; safe to share between threads."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        """Take the company's database, already migrated, and its keys."""
        self.database = database
        self.keyring = keyring
        self.company = database.company
        self.recorder = Recorder(database)
        # A writer may need a second connection, for keys: the pool must not be all writers.
        self._writers = BoundedSemaphore(_WRITERS)

    def head(self) -> int:
        """Give the last position, 0 while there is none."""
        with self.database.pool.connection() as connection:
            found = connection.execute("SELECT max(notification_id) FROM stored_events").fetchone()
        return int(found[0] or 0) if found else 0

    def read(
        self,
        after: int,
        *,
        upto: int | None = None,
        limit: int = 2000,
        octets: int = 8 << 20,
        names: Collection[str] | None = None,
    ) -> list[Recorded]:
        """Give the next events in order: at most `limit`, and one more than `octets` hold."""
        return self.decode(self.rows(after, upto=upto, limit=limit, octets=octets, names=names))

    def rows(
        self,
        after: int,
        *,
        upto: int | None = None,
        limit: int = 2000,
        octets: int = 8 << 20,
        names: Collection[str] | None = None,
    ) -> list[Row]:
        """Give the same as stored, for `decode`."""
        asked = {
            "after": after,
            "upto": upto,
            "limit": limit,
            "octets": octets,
            "names": None if names is None else list(names),
        }
        with (
            self.database.pool.connection() as connection,
            connection.cursor(binary=True) as cursor,
        ):
            return [Row(*row) for row in cursor.execute(_READ, asked)]

    def stream(self, stream: UUID) -> list[Recorded]:
        """Give all that happened to one thing."""
        return self.streams([stream])

    def streams(self, streams: Collection[UUID]) -> list[Recorded]:
        """Give all that happened to many things, each thing's events in order."""
        query = f"SELECT {_COLUMNS} FROM stored_events WHERE originator_id = ANY(%b) ORDER BY 3, 4"  # noqa: S608
        with (
            self.database.pool.connection() as connection,
            connection.cursor(binary=True) as cursor,
        ):
            rows = [Row(*row) for row in cursor.execute(query, (list(streams),))]
        return self.decode(rows)

    def decode(self, rows: Sequence[Row]) -> list[Recorded]:
        """Read stored rows; the keys are got in one call."""
        return codec.decode_many(rows, self.keyring)

    def prepare(self, streams: Collection[UUID]) -> dict[UUID, Key]:
        """Make sure that streams have keys, durable before any event needs them.

        Streams whose key was destroyed are absent. To be called before the append lock is taken.
        """
        return self.keyring.ensure(streams)

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Open one transaction for events and what belongs to them; it commits at the end."""
        with (
            self._writers,
            self.database.pool.connection() as connection,
            connection.transaction(),
        ):
            yield Writing(self.recorder, self.keyring, connection)

    def record(
        self,
        stream: UUID,
        decider: Decider[S, C],
        command: C,
        context: Envelope,
        also: Also | None = None,
    ) -> int | None:
        """Decide a command on a stream's past and record what happens; give its last position.

        None: it was so already. The same command id, or the same event id, gives again what it
        gave before. When somebody else records in between, the decision is taken anew. `also` is
        called once events are appended, before they are committed.
        """
        asked = _Asked(context, self._fingerprint(stream, command, context), also)
        for attempt in range(1, _OPTIMISTIC + 1):
            try:
                return self._decide_and_append(stream, decider, command, asked)
            except Conflict:
                time.sleep(random.uniform(0, 0.003 * attempt))  # noqa: S311  no secret
        with self.writing() as writing:  # too many at once: now the others wait for us
            writing.prepare([stream])
            writing.lock()
            return self._decide_and_append(stream, decider, command, asked, writing)

    def _decide_and_append(
        self,
        stream: UUID,
        decider: Decider[S, C],
        command: C,
        asked: _Asked,
        within: Writing | None = None,
    ) -> int | None:
        if earlier := self._known(asked):
            return earlier[0]
        past = self.stream(stream)
        for recorded in past:
            if recorded.envelope.event_id == asked.context.event_id:
                return recorded.position
        state = decider.initial
        for recorded in past:
            state = decider.evolve(state, recorded.event)
        happened = decider.decide(state, command)
        if not happened and asked.context.command_id is None:
            return None
        events = _numbered(stream, happened, asked.context, len(past))
        if within is not None:
            return self._append(within, stream, events, asked)
        with self.writing() as writing:
            return self._append(writing, stream, events, asked)

    def _known(self, asked: _Asked) -> tuple[int | None] | None:
        if asked.context.command_id is None:
            return None
        with self.database.pool.connection() as connection:
            return _earlier(connection, asked)

    def _append(
        self, writing: Writing, stream: UUID, events: Sequence[NewEvent], asked: _Asked
    ) -> int | None:
        writing.seal(events)
        writing.lock()
        if asked.context.command_id is None:
            return _appended(writing, events, asked)
        if earlier := _earlier(writing.connection, asked):
            return earlier[0]
        position = _appended(writing, events, asked) if events else None
        writing.connection.execute(
            "INSERT INTO command (command_id, fingerprint, stream, position)"
            " VALUES (%s, %s, %s, %s)",
            (asked.context.command_id, asked.fingerprint, stream, position),
        )
        return position

    def _fingerprint(self, stream: UUID, command: object, context: Envelope) -> bytes:
        """Tell the same order again, with a key: a command holds what is personal."""
        if context.command_id is None:
            return b""
        asked = [context.actor, stream, type(command).__name__, command]
        return hmac.digest(self.keyring.index_key, msgspec.json.encode(asked), "sha256")


def _numbered(
    stream: UUID, happened: Sequence[object], context: Envelope, version: int
) -> list[NewEvent]:
    """Give what one command made versions and ids; those after the first are derived from it."""
    return [
        NewEvent(stream, event, _following(context, at), version + at + 1)
        for at, event in enumerate(happened)
    ]


def _appended(writing: Writing, events: Sequence[NewEvent], asked: _Asked) -> int:
    position = writing.append(events)[-1]
    if asked.also is not None:
        asked.also(writing.connection, [new.event for new in events])
    return position


def _following(context: Envelope, at: int) -> Envelope:
    return replace(context, event_id=uuid5(context.event_id, str(at))) if at else context


def _earlier(connection: Connection[TupleRow], asked: _Asked) -> tuple[int | None] | None:
    """Give the position to which this command led earlier, in a tuple; None if it is new."""
    known = connection.execute(
        "SELECT position, fingerprint FROM command WHERE command_id = %s",
        (asked.context.command_id,),
    ).fetchone()
    if known and not hmac.compare_digest(known[1], asked.fingerprint):
        raise Rejected(
            "COMMAND_ID_REUSED", "this command id was used for something else; take a new one"
        )
    return known and (known[0],)
