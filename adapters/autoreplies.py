"""Which mail was answered automatically, when and for whom: what limits further answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import Connection

from domain.autoreply import AN_HOUR, ONCE_IN, History

_HISTORY: Final[LiteralString] = (
    "SELECT max(at) FILTER (WHERE responder = %(responder)s AND senders && %(senders)s),"
    " count(*) FILTER (WHERE at > %(hour)s AND senders && %(senders)s),"
    " count(*) FILTER (WHERE at > %(hour)s AND mailbox = %(mailbox)s)"
    " FROM autoreply WHERE at > %(since)s AND (responder = %(responder)s OR at > %(hour)s)"
)


def hold(connection: Connection[Any], schema: str) -> None:
    """Let nobody else of the company count answers until this transaction ends."""
    key = f"{schema} autoreply"
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (key,))


def history_of(
    connection: Connection[Any],
    responder: UUID,
    mailbox: UUID,
    senders: Sequence[UUID],
    now: datetime,
) -> History:
    """Give what was answered before, to a sender who is known by these hashes."""
    asked = {
        "responder": responder,
        "mailbox": mailbox,
        "senders": list(senders),
        "since": now - ONCE_IN,
        "hour": now - AN_HOUR,
    }
    row = connection.execute(_HISTORY, asked).fetchone()
    return History(*row) if row else History()


def busy(connection: Connection[Any], since: datetime, most: int) -> list[UUID]:
    """Give the mailboxes that so many answers or more have left since then."""
    rows = connection.execute(
        "SELECT mailbox FROM autoreply WHERE at > %s GROUP BY mailbox HAVING count(*) >= %s",
        (since, most),
    ).fetchall()
    return [row[0] for row in rows]


def keep(
    connection: Connection[Any],
    message: UUID,
    responder: UUID,
    mailbox: UUID,
    senders: Sequence[UUID],
    now: datetime,
) -> None:
    """Keep that a message is answered; what limits nothing any more is forgotten."""
    connection.execute(
        "INSERT INTO autoreply VALUES (%s, %s, %s, %s, %s)",
        (message, responder, mailbox, list(senders), now),
    )
    connection.execute("DELETE FROM autoreply WHERE at <= %s", (now - ONCE_IN,))
