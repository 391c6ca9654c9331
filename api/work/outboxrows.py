"""The rows of the outbox: they follow from the events of their mail, and wake its lane."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, assert_never
from uuid import UUID

from psycopg import Connection

from adapters.jobs import defer
from domain.leaving import BeginSending, CancelMail, Outgoing, OutgoingCommand, OutgoingState
from domain.values import Rejected

WAKE: Final = "wake_lane"
"""The task that lets a lane look for what is due."""


class Row(StrEnum):
    """How a mail in the outbox stands, as far as its lane asks."""

    WAITING = "waiting"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    DONE = "done"
    """It left, and only its copy is still to be taken in."""


@dataclass(frozen=True, slots=True)
class Change:
    """A mail before and after something happened; `left`: by this it left."""

    mail: UUID
    before: Outgoing
    after: Outgoing
    left: bool


def wake(connection: Connection[Any], lane: UUID, due: datetime) -> None:
    """Ask for a look into a lane when something is due; one that waits already serves as well."""
    soon = due <= datetime.now(UTC)
    once = f"{lane.hex} {'now' if soon else due.isoformat()}"
    defer(connection, WAKE, {"lane": lane.hex}, once=once, at=None if soon else due)


def follow(connection: Connection[Any], changes: Sequence[Change]) -> None:
    """Let the rows say what the events say; whatever flight they had is over."""
    rows, waiting = [], set()
    for one in changes:
        if (queued := one.after.queued) is not None:
            due, row = one.after.due or queued.not_before, _row(one.after)
            rows.append((one.mail, queued.mailbox, due, row.value, one.left))
            if row is Row.WAITING:
                waiting.add((queued.mailbox, due))
    if not rows:
        return
    connection.execute(
        "INSERT INTO outbox (mail, lane, due, state, keep) SELECT * FROM"
        " unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::text[], %s::boolean[])"
        " ON CONFLICT (mail) DO UPDATE SET due = excluded.due, state = excluded.state,"
        " keep = outbox.keep OR excluded.keep, flight = NULL, offered_at = NULL, offered = NULL",
        [list(column) for column in zip(*rows, strict=True)],
    )
    forget(connection, [row[0] for row in rows])
    for lane, due in sorted(waiting):
        wake(connection, lane, due)


def kept(connection: Connection[Any], mails: Sequence[UUID]) -> None:
    """Note that the copies of mail that left were taken in."""
    connection.execute("UPDATE outbox SET keep = false WHERE mail = ANY(%s)", (list(mails),))
    forget(connection, mails)


def forget(connection: Connection[Any], mails: Sequence[UUID]) -> None:
    """Forget mails that are done with."""
    connection.execute(
        "DELETE FROM outbox WHERE mail = ANY(%s) AND state = %s AND NOT keep",
        (list(mails), Row.DONE.value),
    )


def refuse_in_flight(connection: Connection[Any], mail: UUID, command: OutgoingCommand) -> None:
    """Refuse what a flight stands against, whose events are not recorded yet; raise Rejected.

    A leased mail is begun by nobody else, and is taken back only until its content is offered.
    """
    if not isinstance(command, CancelMail | BeginSending):
        return
    if isinstance(command, BeginSending) and command.attempt is not None:
        return
    query = "SELECT flight, offered_at FROM outbox WHERE mail = %s FOR UPDATE"
    flight, offered_at = connection.execute(query, (mail,)).fetchone() or (None, None)
    if flight is not None and isinstance(command, BeginSending):
        raise Rejected("CONFLICT", "the mail is sending: it is not to be sent now")
    if offered_at is not None:
        raise Rejected("CONFLICT", "the mail is sending: it cannot be taken back")


def is_in_flight(connection: Connection[Any], mail: UUID) -> bool:
    """Tell whether a mail is leased; if it is not, it stays so until the transaction ends."""
    query = "SELECT flight FROM outbox WHERE mail = %s FOR UPDATE"
    row = connection.execute(query, (mail,)).fetchone()
    return row is not None and row[0] is not None


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
