"""One transaction that appends events to a journal, with whatever belongs to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from psycopg import Connection, errors
from psycopg.rows import TupleRow

from adapters import codec
from adapters.keyring import Keyring
from adapters.recorder import NewRow, Recorder
from adapters.sealing import Key
from domain.recorded import Envelope

# Stream by stream: while the table grows fast its statistics are old, and "= ANY" reads it whole.
_LAST_VERSIONS: Final = """
    SELECT stream, last.originator_version FROM unnest(%b::uuid[]) AS stream CROSS JOIN LATERAL (
        SELECT originator_version FROM stored_events WHERE originator_id = stream
        ORDER BY originator_version DESC LIMIT 1
    ) AS last
"""


class Conflict(Exception):
    """Somebody else recorded in the same stream meanwhile."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be appended. `version` None is the stream's next, decided inside the lock."""

    stream: UUID
    event: object
    envelope: Envelope
    version: int | None = None


class Writing:
    """One transaction: events, and whatever else the caller writes through `connection`."""

    def __init__(
        self, recorder: Recorder, keyring: Keyring, connection: Connection[TupleRow]
    ) -> None:
        """Begin without the append lock."""
        self.connection = connection
        self._recorder = recorder
        self._keyring = keyring
        self._keys: dict[UUID, Key] = {}
        self._prepared: set[UUID] = set()
        self._states: dict[int, tuple[NewEvent, bytes]] = {}
        self._versions: dict[UUID, int] = {}
        self._locked = False

    def prepare(self, streams: Iterable[UUID]) -> None:
        """Get or make the keys of streams; better before `lock`."""
        missing = set(streams) - self._prepared
        self._keys |= self._keyring.ensure(missing)
        self._prepared |= missing

    def seal(self, events: Sequence[NewEvent]) -> None:
        """Encode events before the lock is taken, so that nobody waits for it; `append` does else.

        The same objects are given to `append` then.
        """
        self.prepare(new.stream for new in events if codec.needs_key(new.event, new.envelope))
        for new in events:
            if id(new) not in self._states:
                key = self._keys.get(new.stream)
                state = codec.encode(new.event, new.envelope, new.stream, key)
                self._states[id(new)] = (new, state)

    def lock(self) -> None:
        """Take the append lock now: until the commit nobody else appends in this company."""
        if not self._locked:
            self._recorder.lock(self.connection)
            self._locked = True

    def versions(self, streams: Iterable[UUID]) -> dict[UUID, int]:
        """Give the version at which each stream stands, 0 if nothing happened to it."""
        self.lock()
        asked = set(streams)
        unknown = [stream for stream in asked if stream not in self._versions]
        if unknown:
            found = self.connection.execute(_LAST_VERSIONS, (unknown,))
            self._versions |= dict.fromkeys(unknown, 0) | dict(found.fetchall())
        return {stream: self._versions[stream] for stream in asked}

    def append(self, events: Sequence[NewEvent]) -> list[int]:
        """Append events and give their positions; raise Conflict if an expected version is taken.

        After a Conflict nothing was written and the transaction can go on.
        """
        if not events:
            return []
        self.seal(events)
        now = self.versions(new.stream for new in events)
        rows = [self._row(now, new) for new in events]
        try:
            positions = self._recorder.append(self.connection, rows)
        except errors.UniqueViolation as taken:
            raise Conflict("a version was taken by somebody without the append lock") from taken
        self._versions |= now
        self._states.clear()
        return positions

    def _row(self, now: dict[UUID, int], new: NewEvent) -> NewRow:
        following = now[new.stream] + 1
        if new.version not in (None, following):
            raise Conflict(f"version {new.version} was expected, {following} is next")
        now[new.stream] = following
        state = self._states[id(new)][1]
        return NewRow(new.stream, following, codec.name_of(new.event), state)
