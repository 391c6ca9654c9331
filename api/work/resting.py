"""Lanes that rest: since when nothing leaves, why, until when, and what to do about it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from adapters.database import Database
from adapters.mailservers import TroubleKind
from domain.replies import Ground

NO_SERVER: Final = "no server"
"""Nothing says by which server the mailbox sends."""
USED_UP: Final = "used up"
"""It has sent as much as its server takes in this time: it goes on by itself."""
HERE: Final = "local"
"""The trouble is ours: the database, the disk."""
LOGIN: Final = TroubleKind.LOGIN_REFUSED.value
LONGEST_REST: Final = timedelta(hours=27)
"""No lane rests for longer: what says so was written while the clock was wrong."""
_OF_A_PERSON: Final = (LOGIN, "no_password", "no_login", "needs_consent", "client_refused")

_NOW: Final = "SELECT lane, failures, paused_until, why, said, mark FROM outbox_lane"


@dataclass(frozen=True, slots=True)
class Rest:
    """A lane that rests after `failures` in a row; `why` is for programs, `said` the sentence.

    `mark` stands for what it sent by when it began to rest.
    """

    lane: UUID
    failures: int
    until: datetime
    why: str
    said: str
    mark: bytes

    def to_do(self, address: str) -> str:
        """Say what to do about it; empty: it goes on by itself."""
        if self.why == NO_SERVER:
            return f"say by which server it sends: carteggio account sending {address} --host …"
        if self.why == "needs_consent":
            return f"let it in anew: carteggio account consent {address}"
        if self.needs_somebody:
            return f"give the right login: carteggio account sending {address}"
        if self.why in (USED_UP, HERE, Ground.SLOW_DOWN.value):
            return ""
        return f"see what is wrong: carteggio account test {address}"

    @property
    def needs_somebody(self) -> bool:
        """Say whether it does not go on by itself: nothing is wrong with its mail."""
        return needs_somebody(self.why)


def needs_somebody(why: str) -> bool:
    """Say whether a lane that rests for this does not go on by itself."""
    return why == NO_SERVER or why in _OF_A_PERSON


class Rests:
    """Keeps which lanes of a company rest, for all that work."""

    def __init__(self, database: Database) -> None:
        """Write to its database."""
        self._database = database

    def until(self, lane: UUID) -> datetime | None:
        """Give until when a lane rests; None if it does not."""
        with self._database.pool.connection() as connection:
            row = connection.execute(
                "SELECT paused_until FROM outbox_lane"
                " WHERE lane = %s AND paused_until > %s AND paused_until < %s",
                (lane, now := datetime.now(UTC), now + LONGEST_REST),
            ).fetchone()
        return row[0] if row else None

    def now(self) -> list[Rest]:
        """Give the lanes that rest now, and that have something to send."""
        query = (
            f"{_NOW} WHERE paused_until > %s AND paused_until < %s"
            " AND EXISTS (SELECT FROM outbox WHERE outbox.lane = outbox_lane.lane)"
            " ORDER BY paused_until"
        )
        with self._database.pool.connection() as connection:
            now = datetime.now(UTC)
            rows = connection.execute(query, (now, now + LONGEST_REST)).fetchall()
        return [Rest(*row) for row in rows]

    def failed(self, lane: UUID) -> int:
        """Count one more failure of a lane, and give how many in a row there are."""
        with self._database.pool.connection() as connection:
            row = connection.execute(
                "INSERT INTO outbox_lane (lane, failures) VALUES (%s, 1) ON CONFLICT (lane)"
                " DO UPDATE SET failures = outbox_lane.failures + 1 RETURNING failures",
                (lane,),
            ).fetchone()
        return int(row[0]) if row else 1

    def begin(self, lane: UUID, until: datetime, why: str, said: str, mark: bytes) -> None:
        """Let a lane rest until then."""
        with self._database.pool.connection() as connection:
            connection.execute(
                "INSERT INTO outbox_lane (lane, failures, paused_until, why, said, mark)"
                " VALUES (%s, 0, %s, %s, %s, %s) ON CONFLICT (lane) DO UPDATE SET"
                " paused_until = excluded.paused_until, why = excluded.why,"
                " said = excluded.said, mark = excluded.mark",
                (lane, until, why, said, mark),
            )

    def end(self, lane: UUID) -> None:
        """Forget the failures of a lane: it goes on."""
        with self._database.pool.connection() as connection:
            connection.execute("DELETE FROM outbox_lane WHERE lane = %s", (lane,))
