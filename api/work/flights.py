"""Mails of a lane that are sent together: leased durably, marked one by one, recorded in the end.

    leased, durable ─▶ each: offered, marked ─▶ content ─▶ answered, marked ─▶ all recorded, durable

A lease says that a mail may have been offered. A mark is not waited for: it outlives the process, and
is lost only with a database that crashes, and then the flight's witness is gone as well. So what died
in the middle is known: not offered (it waits again), answered (that is recorded), or uncertain.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
from psycopg import Connection

from adapters.ids import uuid7
from adapters.keyring import KeyDestroyed
from adapters.sealing import Damaged, seal
from api.work.attempts import ENDED, Attempts, Leaving
from api.work.instance import Carteggio
from api.work.outbox import Outbox
from api.work.patience import LATER
from api.work.rates import Used
from api.work.told import Told
from domain.leaving import BeginSending, Conclude, LoseSight, Outgoing, OutgoingState

_TO_BE_SENT: Final = (OutgoingState.QUEUED, OutgoingState.DEFERRED)
_KIND: Final = "answer"
_LONGEST: Final = timedelta(seconds=2)
_MOST: Final = 50
_FAST_S: Final = 0.5
_SLOW_S: Final = 1.0
_LEASE: Final[LiteralString] = """
UPDATE outbox SET state = 'sending', flight = %(flight)s
WHERE mail = ANY(%(mails)s) AND lane = %(lane)s AND state = 'waiting' AND due <= %(now)s
RETURNING mail
"""
_VERSIONS: Final[LiteralString] = """
SELECT mail, (SELECT max(originator_version) FROM stored_events WHERE originator_id = mail)
FROM unnest(%s::uuid[]) AS mail
"""
_BACK: Final[LiteralString] = """
UPDATE outbox SET state = 'waiting', flight = NULL, offered_at = NULL, offered = NULL
WHERE mail = ANY(%s) AND flight = %s
"""
_LANDED: Final[LiteralString] = """
WITH landed AS (
    DELETE FROM outbox_flight AS flown WHERE lane = %s
    AND NOT EXISTS (SELECT FROM outbox WHERE outbox.flight = flown.flight)
    RETURNING flight
)
DELETE FROM outbox_answer WHERE flight IN (SELECT flight FROM landed)
"""
_LEFT: Final[LiteralString] = """
SELECT row.mail, row.flight, row.offered_at, row.offered, answer.said,
    EXISTS (SELECT FROM outbox_flight AS flown WHERE flown.flight = row.flight)
FROM outbox AS row LEFT JOIN outbox_answer AS answer USING (flight, mail)
WHERE row.lane = %s AND row.flight IS NOT NULL ORDER BY row.due, row.mail
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of a mail, sealed, to be marked with the next one."""

    mail: UUID
    said: bytes


@dataclass(frozen=True, slots=True)
class _Row:
    """A mail that a flight left behind; without `witness` nobody knows what was marked."""

    mail: UUID
    flight: UUID
    offered_at: datetime | None
    offered: Sequence[int] | None
    said: bytes | None
    witness: bool


@dataclass(frozen=True, slots=True)
class Boarded:
    """Mails that are leased, and until when they are sent together."""

    flight: UUID
    mails: Sequence[Leaving]
    until: datetime

    def count(self, used: Used, at: datetime, mails: Sequence[Leaving], by: int = 1) -> None:
        """Count some of them as leaving at a moment, or not (`by` -1)."""
        if mails:
            used.count(at, by * sum(len(one.left) for one in mails), by * len(mails))


@dataclass(slots=True)
class Pace:
    """How fast a server takes mail: as long as it is fast, more and more leave together."""

    many: int = 1
    is_slow: bool = False

    @contextmanager
    def measured(self, mails: Callable[[], int]) -> Iterator[None]:
        """Measure some mails together."""
        began, self.is_slow = time.monotonic(), False
        yield
        if tried := mails():
            slow = self.is_slow or (time.monotonic() - began) / tried > _FAST_S
            self.many = 1 if slow else min(4 * self.many, _MOST)

    @contextmanager
    def each(self) -> Iterator[None]:
        """Measure one of them: none waits, leased, behind a slow one."""
        began = time.monotonic()
        yield
        self.is_slow = time.monotonic() - began > _SLOW_S


class Flights:
    """The flights of one lane; whoever uses them holds it."""

    def __init__(self, carteggio: Carteggio, lane: UUID) -> None:
        """Write to its outbox."""
        self._carteggio = carteggio
        self._outbox = Outbox(carteggio)
        self._attempts = Attempts(carteggio)
        self._lane = lane

    def read(self, most: int) -> list[Leaving]:
        """Give the mails that may leave next, unless there are not two, or the first is amiss."""
        ids = self._outbox.next_due(self._lane, datetime.now(UTC), most) if most > 1 else []
        found = self._read(ids) if len(ids) > 1 else []
        return found if found and found[0].id == ids[0] else []

    def board(self, found: Sequence[Leaving], used: Used) -> Boarded | None:
        """Lease what was read, as much of it as may leave now; None: nothing."""
        now = datetime.now(UTC)
        boarded = Boarded(uuid7(), there := list[Leaving](), now + _LONGEST)
        for one in found:
            if used.free_at(now, len(one.left)) > now:
                break
            boarded.count(used, boarded.until, [one])  # as if each left at the end
            there.append(one)
        if not there:
            return None
        leased = self._lease(boarded.flight, there, used)
        ours = {one.id for one in leased}
        boarded.count(used, boarded.until, [one for one in there if one.id not in ours], -1)
        return replace(boarded, mails=leased)

    def _read(self, ids: Sequence[UUID]) -> list[Leaving]:
        try:
            return self._attempts.opened_many(ids)
        except LATER:
            raise
        except Exception:  # noqa: BLE001  each by itself, what is wrong with one is told
            return []

    def _lease(self, flight: UUID, mails: Sequence[Leaving], used: Used) -> list[Leaving]:
        """Lease what is still to be sent as it was read, and write what is used; give that."""
        asked = {"flight": flight, "mails": [one.id for one in mails], "lane": self._lane}
        with self._carteggio.database.pool.connection() as connection, connection.transaction():
            used.write(connection)
            connection.execute(
                "INSERT INTO outbox_flight (flight, lane) VALUES (%s, %s)", (flight, self._lane)
            )
            rows = connection.execute(_LEASE, asked | {"now": datetime.now(UTC)}).fetchall()
            leased = [one[0] for one in rows]
            versions: dict[UUID, int] = dict(connection.execute(_VERSIONS, (leased,)).fetchall())
            stale = [one.id for one in mails if versions.get(one.id) not in (None, one.version)]
            if stale:
                connection.execute(_BACK, (stale, flight))
        return [one for one in mails if versions.get(one.id) == one.version]

    def land(
        self, connection: Connection[Any], flight: UUID, back: Collection[UUID], used: Used
    ) -> None:
        """Let mails that were not offered wait again, and forget what is recorded."""
        if back:
            connection.execute(_BACK, (list(back), flight))
        connection.execute(_LANDED, (self._lane,))
        used.write(connection)

    def left_behind(self) -> list[UUID]:
        """Give the mails of flights whose process died."""
        return [one.mail for one in self._rows()]

    def recover(self, mail: UUID) -> None:
        """Say of such a mail what is known of it."""
        found = [one for one in self._rows() if one.mail == mail]
        state, version = self._attempts.standing([mail])[mail]
        for row in found:
            if state.queued is None or state.state not in _TO_BE_SENT:
                self._released(row, state)
            elif row.witness and row.offered_at is None:
                self._not_offered(row)
            else:
                self._attempts.tell([self._told(row, state, version)])

    def end(self) -> None:
        """Forget flights of which nothing is left."""
        with self._carteggio.database.pool.connection() as connection:
            connection.execute(_LANDED, (self._lane,))

    def _rows(self) -> list[_Row]:
        with self._carteggio.database.pool.connection() as connection:
            return [_Row(*one) for one in connection.execute(_LEFT, (self._lane,)).fetchall()]

    def _released(self, row: _Row, state: Outgoing) -> None:
        """Let what the events say count alone: they were recorded, or erased."""
        with self._carteggio.database.pool.connection() as connection:
            query = "UPDATE outbox SET flight = NULL WHERE mail = %s AND flight = %s"
            connection.execute(query, (row.mail, row.flight))
        if state.queued is not None and state.state is OutgoingState.SENDING:
            self._attempts.left_behind(row.mail)
        else:
            self._outbox.mend(row.mail)

    def _not_offered(self, row: _Row) -> None:
        with self._carteggio.database.pool.connection() as connection:
            query = _BACK + "AND offered_at IS NULL"
            connection.execute(query, ([row.mail], row.flight))

    def _told(self, row: _Row, state: Outgoing, version: int) -> Told:
        at = row.offered_at or datetime.now(UTC)
        taken = None if row.offered is None else frozenset(row.offered)
        attempt = state.attempt + 1
        end: Conclude | LoseSight = LoseSight(attempt, ENDED)
        if row.said is not None and (said := self._opened(row.mail, row.said)) is not None:
            end = said
        return Told(
            row.mail,
            state,
            version,
            ((at, BeginSending(at, taken, attempt)), (datetime.now(UTC), end)),
        )

    def _opened(self, mail: UUID, sealed: bytes) -> Conclude | None:
        try:
            octets = self._carteggio.keyring.open_secret(mail, sealed, _KIND)
        except (Damaged, KeyDestroyed):
            return None
        return msgspec.json.decode(octets, type=Conclude)


def answer_of(leaving: Leaving, told: Conclude | LoseSight) -> Answer | None:
    """Seal what was said of a mail under its key, as it names people; None: nothing was said."""
    if leaving.key is None or isinstance(told, LoseSight):
        return None
    octets = msgspec.json.encode(told)
    return Answer(leaving.id, seal(leaving.key, octets, _KIND, leaving.id.bytes))
