"""The outbox: mail is queued with its octets, taken back, or resolved; its lane is woken for it.

    queue ─▶ one transaction {event, blob, row, job} ─▶ the job wakes the lane ─▶ api/work/lanes …

A lane is the mailbox that mail leaves from: its mail leaves one after the other. A row follows from
the events of its mail, in their transaction, and says when it is due.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, assert_never
from uuid import UUID

from psycopg import Connection

from adapters.jobs import defer
from api.work import sentlooks
from api.work.instance import Carteggio
from api.work.resting import LONGEST_REST
from domain import leaving
from domain.leaving import (
    CancelMail,
    Outgoing,
    OutgoingCommand,
    OutgoingState,
    QueueMail,
    ResolveSending,
)
from domain.outgoing import MailAccepted, MailQueued, MailResolved, Resolution
from domain.recorded import Envelope
from domain.values import BlobName, Rejected

WAKE: Final = "wake_lane"
"""The task that lets a lane look for what is due."""


Also = Callable[[Connection[Any]], None]
"""Writes what belongs to an event, in its transaction."""


class Row(StrEnum):
    """How a mail in the outbox stands, as far as its lane asks."""

    WAITING = "waiting"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    DONE = "done"
    """It left, and only its copy is still to be taken in."""


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

        def follow(connection: Connection[Any], happened: Sequence[object]) -> None:
            if also is not None:
                also(connection)
            before = state = deciding.before
            for event in happened:
                state = leaving.evolve(state, event)
            left = any(map(_left, happened))
            _follow(connection, mail, state, left=left)
            sentlooks.follow(connection, mail, before, state, datetime.now(UTC))
            if state.queued is not None and any(isinstance(x, MailResolved) for x in happened):
                wake(connection, state.queued.mailbox, datetime.now(UTC))

        return self._carteggio.journal.record(mail, deciding, command, envelope, follow)

    def state(self, mail: UUID) -> Outgoing:
        """Give how a mail stands."""
        state = leaving.initial
        for recorded in self._carteggio.journal.stream(mail):
            state = leaving.evolve(state, recorded.event)
        return state

    def next_due(self, lane: UUID, now: datetime) -> UUID | None:
        """Give the mail of a lane that has been due for longest."""
        with self._carteggio.database.pool.connection() as connection:
            row = connection.execute(
                "SELECT mail FROM outbox WHERE lane = %s AND state = 'waiting' AND due <= %s"
                " ORDER BY due, mail LIMIT 1",
                (lane, now),
            ).fetchone()
        return None if row is None else UUID(str(row[0]))

    def set_aside(self, mail: UUID, until: datetime) -> None:
        """Let a mail wait on which we fail ourselves, so that it stops no other."""
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
        """Let the row of a mail say again what its events say; one that was erased has none."""
        state = self.state(mail)
        with self._carteggio.database.pool.connection() as connection, connection.transaction():
            _follow(connection, mail, state, left=False)
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


def wake(connection: Connection[Any], lane: UUID, due: datetime) -> None:
    """Ask for a look into a lane when something is due; one that waits already serves as well."""
    soon = due <= datetime.now(UTC)
    once = f"{lane.hex} {'now' if soon else due.isoformat()}"
    defer(connection, WAKE, {"lane": lane.hex}, once=once, at=None if soon else due)


def kept(connection: Connection[Any], mails: Sequence[UUID]) -> None:
    """Note that the copies of mail that left were taken in."""
    connection.execute("UPDATE outbox SET keep = false WHERE mail = ANY(%s)", (list(mails),))
    _forget(connection, mails)


def _follow(connection: Connection[Any], mail: UUID, state: Outgoing, *, left: bool) -> None:
    """Let the row say what the events say."""
    queued, row = state.queued, _row(state)
    if queued is None:
        return
    due = state.due or queued.not_before
    connection.execute(
        "INSERT INTO outbox (mail, lane, due, state, keep) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (mail) DO UPDATE SET due = excluded.due, state = excluded.state,"
        " keep = outbox.keep OR excluded.keep",
        (mail, queued.mailbox, due, row.value, left),
    )
    _forget(connection, [mail])
    if row is Row.WAITING:
        wake(connection, queued.mailbox, due)


def _forget(connection: Connection[Any], mails: Sequence[UUID]) -> None:
    connection.execute(
        "DELETE FROM outbox WHERE mail = ANY(%s) AND state = %s AND NOT keep",
        (list(mails), Row.DONE.value),
    )


def _left(event: object) -> bool:
    """Tell whether a mail left by this."""
    if isinstance(event, MailResolved):
        return event.resolution is Resolution.SENT
    return isinstance(event, MailAccepted)


def _row(state: Outgoing) -> Row:
    match state.state:
        case OutgoingState.QUEUED | OutgoingState.DEFERRED:
            return Row.WAITING
        case OutgoingState.SENDING:
            return Row.SENDING
        case OutgoingState.UNCERTAIN:
            return Row.UNCERTAIN
        case OutgoingState.ACCEPTED | OutgoingState.REFUSED | OutgoingState.CANCELLED:
            return Row.DONE
        case _ as never:
            assert_never(never)
