"""What is still to be looked for where sent mail lies, once a mail left, or may have left.

A row follows from the events of its mail, in their transaction (api/work/outbox.py), and goes when
it is settled: a process that dies in between leaves it due.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import Connection

from adapters.database import Database
from adapters.jobs import defer
from adapters.matching import ref
from api.work.outboxrows import Change
from domain.leaving import Outgoing, OutgoingState
from domain.outgoing import Said

LOOK: Final = "look_after"
"""The task that does what is due for the mail of a lane that left, or may have left."""
_AT_ONCE: Final = 200
_HASTEN: Final[LiteralString] = """
UPDATE sent_look SET due = %(now)s, named = counted.named
FROM (
    SELECT look.mail,
        (SELECT count(*) FROM matching_naming AS naming WHERE naming.ref = look.ref)
        + (SELECT count(*) FROM matching_known AS known WHERE known.ref = look.ref) AS named
    FROM sent_look AS look WHERE look.what = 'sight'
) AS counted
WHERE sent_look.mail = counted.mail AND sent_look.what = 'sight'
    AND sent_look.named <> counted.named
"""


class What(StrEnum):
    """What is looked for."""

    COPY = "copy"
    """The copy that is to lie in the folder of sent mail."""
    SIGHT = "sight"
    """Whether the mail left at all."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look that is due: how often it was tried before, and failed in a row."""

    mail: UUID
    what: What
    lane: UUID
    since: datetime
    tries: int
    failures: int


def follow(connection: Connection[Any], changes: Sequence[Change], now: datetime) -> None:
    """Let the looks for mails be those that their states ask for."""
    there = [one for one in changes if one.after.queued is not None]
    unclear = [one for one in there if _unclear(one.after) and not _unclear(one.before)]
    if unclear:
        _add(connection, unclear, What.SIGHT, now)
        query = (
            "UPDATE sent_look SET ref = new.ref FROM unnest(%s::uuid[], %s::uuid[]) AS new (mail, ref)"
            " WHERE sent_look.mail = new.mail AND what = 'sight'"
        )
        refs = [ref(one.after.queued.message_id) for one in unclear if one.after.queued]
        connection.execute(query, ([one.mail for one in unclear], refs))
    if clear := [one.mail for one in there if _unclear(one.before) and not _unclear(one.after)]:
        done(connection, clear, What.SIGHT)
    left = [one for one in there if _somebody(one.after) and not _somebody(one.before)]
    if left:
        _add(connection, left, What.COPY, now)


def due(database: Database, lane: UUID) -> list[Look]:
    """Give what is due for a lane, in order; not all where it is much."""
    query: LiteralString = (
        "SELECT mail, what, lane, since, tries, failures FROM sent_look"
        " WHERE lane = %s AND due <= %s ORDER BY due, mail LIMIT %s"
    )
    with database.pool.connection() as connection:
        rows = connection.execute(query, (lane, datetime.now(UTC), _AT_ONCE)).fetchall()
    return [Look(row[0], What(row[1]), *row[2:]) for row in rows]


def ask_for_next(database: Database, lane: UUID) -> None:
    """Ask for a job when the next look of a lane is due, if there is one."""
    with database.pool.connection() as connection, connection.transaction():
        query = "SELECT min(due) FROM sent_look WHERE lane = %s"
        row = connection.execute(query, (lane,)).fetchone()
        if row is not None and row[0] is not None:
            _ask(connection, lane, row[0])


def hasten(database: Database) -> None:
    """Let looks be due for mail that more captured messages name, or are, than when it was looked."""
    with database.pool.connection() as connection:
        connection.execute(_HASTEN, {"now": datetime.now(UTC)})


def ask_for_due(database: Database) -> None:
    """Ask for a job for every lane with a look that is due: whoever was to do it may have died."""
    now = datetime.now(UTC)
    with database.pool.connection() as connection, connection.transaction():
        query = "SELECT DISTINCT lane FROM sent_look WHERE due <= %s"
        for (lane,) in connection.execute(query, (now,)).fetchall():
            _ask(connection, lane, now)


def put_off(database: Database, look: Look, until: datetime, *, failed: bool = False) -> None:
    """Let it be looked again later."""
    with database.pool.connection() as connection:
        connection.execute(
            "UPDATE sent_look SET due = %s, tries = tries + %s,"
            " failures = CASE WHEN %s THEN failures + 1 ELSE 0 END WHERE mail = %s AND what = %s",
            (until, int(not failed), failed, look.mail, look.what.value),
        )


def done(connection: Connection[Any], mails: Sequence[UUID], what: What) -> None:
    """Look for it no more, of these mails."""
    query = "DELETE FROM sent_look WHERE mail = ANY(%s) AND what = %s"
    connection.execute(query, (list(mails), what.value))


def _add(
    connection: Connection[Any], changes: Sequence[Change], what: What, now: datetime
) -> None:
    lanes = [one.after.queued.mailbox for one in changes if one.after.queued]
    connection.execute(
        "INSERT INTO sent_look (mail, what, lane, since, due)"
        " SELECT mail, %s, lane, %s, %s FROM unnest(%s::uuid[], %s::uuid[]) AS new (mail, lane)"
        " ON CONFLICT (mail, what) DO UPDATE SET due = excluded.due, tries = 0, failures = 0",
        (what.value, now, now, [one.mail for one in changes], lanes),
    )


def _ask(connection: Connection[Any], lane: UUID, due: datetime) -> None:
    soon = due <= datetime.now(UTC)
    once = f"{lane.hex} sent {'now' if soon else due.isoformat()}"
    defer(connection, LOOK, {"lane": lane.hex}, once=once, at=None if soon else due)


def _unclear(mail: Outgoing) -> bool:
    return mail.state is OutgoingState.UNCERTAIN


def _somebody(mail: Outgoing) -> bool:
    return Said.ACCEPTED in mail.said.values()
