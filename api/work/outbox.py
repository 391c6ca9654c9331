"""The outbox: mail is queued with its octets, taken back, or resolved; its lane is woken for it.

    queue ─▶ one transaction {event, blob, row, job} ─▶ the job wakes the lane ─▶ api/work/lanes …

A lane is the mailbox that mail leaves from: its mail leaves one after the other. A row follows from
the events of its mail, in their transaction, and says when it is due.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg import Connection

from adapters.journal import NewEvent
from api.work import sentlooks
from api.work.instance import Carteggio
from api.work.outboxrows import Change, Row, follow, is_in_flight, refuse_in_flight, wake
from api.work.resting import LONGEST_REST
from api.work.told import Told, changed
from domain import leaving
from domain.leaving import CancelMail, Outgoing, OutgoingCommand, QueueMail, ResolveSending
from domain.outgoing import MailQueued, MailResolved
from domain.recorded import Envelope
from domain.values import BlobName, Rejected

Also = Callable[[Connection[Any]], None]
"""Writes what belongs to an event, in its transaction."""


class Outbox:
    """Mail of one company that is to leave."""

    def __init__(self, carteggio: Carteggio) -> None:
        """Write to its journal and database."""
        self._carteggio = carteggio

    def queue(
        self,
        mail: UUID,
        queued: MailQueued,
        raw: bytes,
        envelope: Envelope,
        also: Also | None = None,
    ) -> int | None:
        """Let a mail leave; `raw` are its exact octets. Gives the position of the event.

        `also` writes, in the same transaction, what else belongs to it.
        """
        if sha256(raw).hexdigest() != queued.raw_sha256 or len(raw) != queued.size:
            raise Rejected("INVALID", "the octets are not those that the mail tells of")
        (stored,) = self._carteggio.blobs.put_many([(mail, raw)])
        command = QueueMail(replace(queued, raw=BlobName(stored.name)))

        def both(connection: Connection[Any]) -> None:
            self._carteggio.blobs.record(connection, [stored])
            if also is not None:
                also(connection)

        return self.record(mail, command, envelope, both)

    def cancel(self, mail: UUID, envelope: Envelope, note: str = "") -> int | None:
        """Take a mail back before it leaves."""
        return self.record(mail, CancelMail(note), envelope)

    def resolve(self, mail: UUID, command: ResolveSending, envelope: Envelope) -> int | None:
        """Say what became of a mail of which nobody knew."""
        return self.record(mail, command, envelope)

    def record(
        self,
        mail: UUID,
        command: OutgoingCommand,
        envelope: Envelope,
        also: Also | None = None,
    ) -> int | None:
        """Record what a command makes happen, and let the mail's row follow in one transaction."""
        deciding = _Deciding()

        def then(connection: Connection[Any], happened: Sequence[object]) -> None:
            if also is not None:
                also(connection)
            refuse_in_flight(connection, mail, command)
            change = changed(mail, deciding.before, happened)
            _follow(connection, [change])
            queued = change.after.queued
            if queued is not None and any(isinstance(x, MailResolved) for x in happened):
                wake(connection, queued.mailbox, datetime.now(UTC))

        return self._carteggio.journal.record(mail, deciding, command, envelope, then)

    def record_all(self, told: Sequence[Told], also: Also | None = None) -> None:
        """Record what was said of many mails in one transaction, and what else belongs to it.

        Raise Conflict where somebody else recorded of one, Rejected where one cannot be; then
        nothing was recorded.
        """
        events: list[NewEvent] = []
        changes: list[Change] = []
        for one in told:
            new = one.events()
            events += new
            changes.append(changed(one.mail, one.state, [event.event for event in new]))
        with self._carteggio.journal.writing() as writing:
            writing.seal(events)
            writing.lock()
            writing.append(events)
            _follow(writing.connection, changes)
            if also is not None:
                also(writing.connection)

    def state(self, mail: UUID) -> Outgoing:
        """Give how a mail stands."""
        state = leaving.initial
        for recorded in self._carteggio.journal.stream(mail):
            state = leaving.evolve(state, recorded.event)
        return state

    def next_due(self, lane: UUID, now: datetime, most: int = 1) -> list[UUID]:
        """Give the mails of a lane that have been due for longest, in order."""
        with self._carteggio.database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT mail FROM outbox WHERE lane = %s AND state = 'waiting' AND due <= %s"
                " ORDER BY due, mail LIMIT %s",
                (lane, now, most),
            ).fetchall()
        return [one[0] for one in rows]

    def set_aside(self, mail: UUID, until: datetime) -> None:
        """Let a mail wait on which we fail ourselves, or to too many, so that it stops no other."""
        with self._carteggio.database.pool.connection() as connection, connection.transaction():
            row = connection.execute(
                "UPDATE outbox SET due = %s WHERE mail = %s RETURNING lane", (until, mail)
            ).fetchone()
            if row is not None:
                wake(connection, row[0], until)

    def hurry(self, mails: Sequence[UUID]) -> None:
        """Let mails that were put off be due now."""
        with self._carteggio.database.pool.connection() as connection:
            connection.execute(
                "UPDATE outbox SET due = %s WHERE mail = ANY(%s) AND state = 'waiting'",
                (datetime.now(UTC), list(mails)),
            )

    def mend(self, mail: UUID) -> None:
        """Let the row of a mail say again what its events say; one that was erased has none.

        One that is leased is left to its flight.
        """
        state = self.state(mail)
        with self._carteggio.database.pool.connection() as connection, connection.transaction():
            if is_in_flight(connection, mail):
                return
            follow(connection, [Change(mail, state, state, left=False)])
            if state.queued is None:
                connection.execute("DELETE FROM outbox WHERE mail = %s", (mail,))

    def overdue(self, lane: UUID, since: datetime) -> list[UUID]:
        """Give the mails of a lane that wait and were due before then for the first time."""
        with self._carteggio.database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT mail FROM outbox WHERE lane = %s AND state = 'waiting' AND due <= %s",
                (lane, since),
            ).fetchall()
        return [one[0] for one in rows]

    def standing(self, lane: UUID, row: Row) -> list[UUID]:
        """Give the mails of a lane that stand so."""
        with self._carteggio.database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT mail FROM outbox WHERE lane = %s AND state = %s ORDER BY due, mail",
                (lane, row.value),
            ).fetchall()
        return [one[0] for one in rows]

    def to_keep(self, lane: UUID) -> list[UUID]:
        """Give the mails of a lane that left, and of which no copy was taken in yet."""
        with self._carteggio.database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT mail FROM outbox WHERE lane = %s AND keep ORDER BY due, mail", (lane,)
            ).fetchall()
        return [one[0] for one in rows]

    def wake(self, lane: UUID, at: datetime) -> None:
        """Let a lane be woken at a moment."""
        with self._carteggio.database.pool.connection() as connection, connection.transaction():
            wake(connection, lane, at)

    def wake_all(self) -> None:
        """Wake every lane in which something is to be done: whoever was to do it may have died."""
        now = datetime.now(UTC)
        with self._carteggio.database.pool.connection() as connection, connection.transaction():
            rows = connection.execute(
                "SELECT DISTINCT lane FROM outbox WHERE (due <= %(now)s AND state = 'waiting'"
                " OR state = 'sending' OR keep) AND NOT EXISTS (SELECT FROM outbox_lane AS resting"
                " WHERE resting.lane = outbox.lane AND paused_until > %(now)s"
                " AND paused_until < %(longest)s)",
                {"now": now, "longest": now + LONGEST_REST},
            ).fetchall()
            for (lane,) in rows:
                wake(connection, lane, now)


class _Deciding:
    """Decides as `leaving` does, and keeps the state on which it was decided."""

    def __init__(self) -> None:
        self.initial = self.before = leaving.initial
        self.evolve = leaving.evolve

    def decide(self, state: Outgoing, command: OutgoingCommand) -> Sequence[object]:
        self.before = state
        return leaving.decide(state, command)


def _follow(connection: Connection[Any], changes: Sequence[Change]) -> None:
    follow(connection, changes)
    sentlooks.follow(connection, changes, datetime.now(UTC))
