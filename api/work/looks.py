"""How looks into accounts went: the last one of each, and when it is tried again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from api.work.instance import Carteggio

NOT_READ: Final = "folder not read"
"""The kind of trouble where a chosen folder was not read, but all the others were."""


@dataclass(frozen=True, slots=True)
class AccountState:
    """How the last look into an account went, and when it is tried again after `failures`.

    `sent_read_at` is when a folder of sent mail was last read to its end.
    """

    tried_at: datetime
    fetched_at: datetime | None
    trouble: str
    failures: int
    next_at: datetime | None
    sent_read_at: datetime | None = None

    @property
    def is_let_in(self) -> bool:
        """Say whether the last look went well, or left out a folder at most."""
        return self.trouble in ("", NOT_READ)


def states_of(carteggio: Carteggio) -> dict[UUID, AccountState]:
    """Give how the last look into each account went."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT account, tried_at, fetched_at, trouble, failures, next_at, sent_read_at"
            " FROM account_state"
        ).fetchall()
    return {row[0]: AccountState(*row[1:]) for row in rows}


def note_state(
    carteggio: Carteggio, id: UUID, trouble: str, pause: float | None = None, *, sent: bool = False
) -> None:
    """Keep how a look went; after trouble the account is left alone for `pause` seconds.

    `sent`: it read a folder of sent mail. NOT_READ is told, and no failure.
    """
    good = trouble in ("", NOT_READ)
    with carteggio.database.pool.connection() as connection:
        connection.execute(
            "INSERT INTO account_state AS known (account, tried_at, fetched_at, trouble, failures,"
            " next_at, sent_read_at) VALUES"
            " (%(id)s, now(), CASE WHEN %(good)s THEN now() END,"
            " %(kind)s, (NOT %(good)s)::integer, now() + %(pause)s * interval '1 s',"
            " CASE WHEN %(good)s AND %(sent)s THEN now() END)"
            " ON CONFLICT (account) DO UPDATE SET tried_at = excluded.tried_at,"
            " trouble = excluded.trouble,"
            " fetched_at = coalesce(excluded.fetched_at, known.fetched_at),"
            " failures = CASE WHEN %(good)s THEN 0 ELSE known.failures + 1 END,"
            " next_at = excluded.next_at,"
            " sent_read_at = coalesce(excluded.sent_read_at, known.sent_read_at)",
            {"id": id, "kind": trouble, "good": good, "pause": pause, "sent": sent},
        )
