"""What was not fetched: noted with its reason, tried again later and rarely, or when it is asked for.

A message above the size that is fetched is known by its header, if that has a Message-ID, and waits
until somebody wants it, or the size is raised. One that the server does not give, or that cannot be
stored, is tried after an hour, then less and less often, once a week in the end.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters.database import Database
from adapters.imap.values import Fetched, Oversize, Unfetchable
from api.work.arrivals import EXCLUDED, NOT_STORED
from api.work.marking import Folder
from domain.values import Rejected

TOO_LARGE: Final = "too large"
NOT_GIVEN: Final = "not given"
TRIED_AGAIN: Final = [NOT_GIVEN, NOT_STORED]
_REASONS: Final = {Fetched: EXCLUDED, Oversize: TOO_LARGE, Unfetchable: NOT_GIVEN}
_FIRST_H: Final = 1
_LAST_H: Final = 7 * 24


@dataclass(frozen=True, slots=True)
class Leftover:
    """A message on a server that was not fetched; `message` is the one whose header is known."""

    account: UUID
    folder: UUID
    uid_validity: int
    uid: int
    size: int | None
    reason: str
    message: UUID | None
    tries: int
    noted_at: datetime
    next_at: datetime
    wanted_at: datetime | None


class Leftovers:
    """What was not fetched of one company's accounts."""

    def __init__(self, database: Database, largest: int) -> None:
        """Know up to which size messages are fetched without being asked for."""
        self._database = database
        self._largest = largest

    def due(self, account: UUID, there: Folder) -> list[tuple[int, int | None, bool]]:
        """Give what is to be tried now: the UID, the size if it is known, whether it is wanted."""
        with self._database.pool.connection() as connection:
            return connection.execute(
                "SELECT uid, size, wanted_at IS NOT NULL FROM not_fetched WHERE account = %s"
                " AND folder = %s AND uid_validity = %s AND (wanted_at IS NOT NULL"
                " OR reason = ANY(%s) AND next_at <= clock_timestamp()"
                " OR reason = %s AND size <= %s) ORDER BY uid",
                (account, there.key, there.uid_validity, TRIED_AGAIN, TOO_LARGE, self._largest),
            ).fetchall()

    def uids(self, account: UUID, there: Folder) -> set[int]:
        """Give what was not fetched of a folder."""
        with self._database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT uid FROM not_fetched"
                " WHERE account = %s AND folder = %s AND uid_validity = %s",
                (account, there.key, there.uid_validity),
            )
            return {row[0] for row in rows}

    def forget(self, account: UUID, there: Folder, uids: Collection[int]) -> None:
        """Forget what is no longer on the server."""
        if uids:
            with self._database.pool.connection() as connection:
                come(connection, account, there, uids)

    def forget_earlier(self, account: UUID, there: Folder) -> None:
        """Forget what was noted in other numberings of a folder."""
        with self._database.pool.connection() as connection:
            connection.execute(
                "DELETE FROM not_fetched"
                " WHERE account = %s AND folder = %s AND uid_validity <> %s",
                (account, there.key, there.uid_validity),
            )


def leave(
    connection: Connection[Any],
    account: UUID,
    there: Folder,
    item: Fetched | Oversize | Unfetchable,
    message: UUID | None = None,
    *,
    reason: str = "",
) -> None:
    """Note a message that was not taken in, or that it was tried in vain once more.

    What was fetched and is left is what the do-not-capture list keeps out, if no other reason is
    given.
    """
    size = item.size if isinstance(item, Oversize) else None
    reason = reason or _REASONS[type(item)]
    connection.execute(
        "INSERT INTO not_fetched AS known (account, folder, uid_validity, uid, size, reason,"
        " message, next_at) VALUES (%(account)s, %(folder)s, %(numbering)s, %(uid)s, %(size)s,"
        " %(reason)s, %(message)s, clock_timestamp() + %(first)s * interval '1 hour')"
        " ON CONFLICT (account, folder, uid_validity, uid) DO UPDATE SET"
        " size = coalesce(excluded.size, known.size), reason = excluded.reason,"
        " message = coalesce(excluded.message, known.message), wanted_at = NULL,"
        " tries = known.tries + 1, next_at = clock_timestamp()"
        " + least(%(first)s * 4 ^ least(known.tries, 10), %(last)s) * interval '1 hour'",
        {
            "account": account, "folder": there.key, "numbering": there.uid_validity,
            "uid": item.uid, "size": size, "reason": reason, "message": message,
            "first": _FIRST_H, "last": _LAST_H,
        },
    )  # fmt: skip


def come(connection: Connection[Any], account: UUID, there: Folder, uids: Collection[int]) -> None:
    """Take away what came after all, in the transaction of what was recorded of it."""
    connection.execute(
        "DELETE FROM not_fetched WHERE account = %s AND folder = %s AND uid_validity = %s"
        " AND uid = ANY(%b)",
        (account, there.key, there.uid_validity, list(uids)),
    )


def leftovers_of(database: Database, accounts: Sequence[UUID]) -> list[Leftover]:
    """Give what was not fetched of some accounts."""
    with database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT account, folder, uid_validity, uid, size, reason, message, tries, noted_at,"
            " next_at, wanted_at FROM not_fetched WHERE account = ANY(%b)"
            " ORDER BY account, noted_at, uid",
            (list(accounts),),
        )
        return [Leftover(*row) for row in rows]


def want(database: Database, messages: Collection[UUID], most: int) -> set[UUID]:
    """Ask for messages of which only the header was fetched; give those that come at the next look.

    Raises Rejected(TOO_LARGE) for one of more than `most` octets.
    """
    with database.pool.connection() as connection, connection.transaction():
        rows = connection.execute(
            "SELECT message, max(size) FROM not_fetched WHERE message = ANY(%b) GROUP BY message",
            (list(messages),),
        ).fetchall()
        if any(size > most for _, size in rows):
            sentence = f"it is larger than max_message_bytes ({most:,} octets)"
            raise Rejected("TOO_LARGE", f"{sentence}; raise that setting, and ask again")
        found = {message for message, _ in rows}
        connection.execute(
            "UPDATE not_fetched SET wanted_at = coalesce(wanted_at, clock_timestamp())"
            " WHERE message = ANY(%b)",
            (list(found),),
        )
    return found


def want_all(database: Database, account: UUID, most: int) -> int:
    """Ask for all of an account that was too large, up to `most` octets; give how many come."""
    with database.pool.connection() as connection:
        return connection.execute(
            "UPDATE not_fetched SET wanted_at = coalesce(wanted_at, clock_timestamp())"
            " WHERE account = %s AND reason = %s AND size <= %s",
            (account, TOO_LARGE, most),
        ).rowcount
