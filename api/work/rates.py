"""How much a server takes of a lane: mails a minute, recipients a day, shared by all that work.

What was used lies in the database, in short slots; never more than the limit is used in any minute
or any day. Whoever holds the lane counts, in the transaction that says that a mail is being sent, or may be.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import starmap
from threading import Lock
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters.database import Database
from domain.sendingside import Rates


@dataclass(frozen=True, slots=True)
class _Per:
    """A time in which so much may be used, and the slots in which it is counted."""

    name: str
    slot: timedelta
    slots: int

    @property
    def span(self) -> timedelta:
        """Give how long a slot counts: any time of this length lies within so many slots."""
        return self.slot * (self.slots + 1)

    def slot_of(self, moment: datetime) -> datetime:
        seconds = self.slot.total_seconds()
        return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


MINUTE: Final = _Per("minute", timedelta(seconds=2), 30)
_AGO: Final = timedelta(seconds=10)
DAY: Final = _Per("day", timedelta(hours=1), 24)


class Used:
    """What one lane has used, known by whoever holds it."""

    def __init__(self, database: Database, lane: UUID, rates: Rates) -> None:
        """Read what was used; forget what does not count any more."""
        self._lane = lane
        self._limits = {MINUTE: rates.mails_per_minute, DAY: rates.recipients_per_day}
        self._slots: dict[_Per, dict[datetime, int]] = {MINUTE: {}, DAY: {}}
        self._counted: set[tuple[_Per, datetime]] = set()
        self._writing = Lock()
        now = datetime.now(UTC)
        with database.pool.connection() as connection:
            connection.execute(
                "DELETE FROM outbox_used WHERE lane = %s AND"
                " slot < CASE per WHEN 'minute' THEN %s ELSE %s END",
                (lane, now - MINUTE.span, now - DAY.span),
            )
            rows = connection.execute(
                "SELECT per, slot, used FROM outbox_used WHERE lane = %s", (lane,)
            ).fetchall()
        for per, slot, used in rows:
            self._slots[MINUTE if per == MINUTE.name else DAY][slot] = used

    def free_at(self, now: datetime, recipients: int) -> datetime:
        """Give when a mail to so many may leave: `now`, or later.

        One to more than ever may go leaves when nothing else counts.
        """
        more = {MINUTE: 1, DAY: recipients}
        return max(starmap(self._free_at, ((per, now, more[per]) for per in (MINUTE, DAY))))

    def _free_at(self, per: _Per, now: datetime, more: int) -> datetime:
        limit = self._limits[per]
        if limit is None:
            return now
        ahead = now + per.slot  # what lies further ahead was counted by a clock that was wrong
        there = self._slots[per].items()
        slots = {at: one for at, one in there if at <= ahead and at + per.span > now}
        self._slots[per] = slots
        total, free = sum(slots.values()), now
        for at, one in sorted(slots.items()):
            if total + more <= limit:
                break
            total, free = total - one, at + per.span
        return free

    def count(self, at: datetime, recipients: int, mails: int = 1) -> None:
        """Count mail that leaves at a moment, for `write`; less than none: it does not."""
        for per, more in ((MINUTE, mails), (DAY, recipients)):
            slot = per.slot_of(at)
            self._slots[per][slot] = self._slots[per].get(slot, 0) + more
            self._counted = {
                (other, one) for other, one in self._counted if other != per or one + _AGO > slot
            } | {(per, slot)}

    def write(self, connection: Connection[Any]) -> None:
        """Write what was counted last; whoever holds the lane is the only one that writes.

        Of two that write at a time the later one commits later, as its rows wait for the first.
        """
        with self._writing:
            rows = [(per.name, at, self._slots[per].get(at, 0)) for per, at in self._counted]
            connection.execute(
                "INSERT INTO outbox_used (lane, per, slot, used)"
                " SELECT %s, * FROM unnest(%s::text[], %s::timestamptz[], %s::integer[])"
                " ON CONFLICT (lane, per, slot) DO UPDATE SET used = excluded.used",
                (self._lane, *map(list, zip(*sorted(rows), strict=True))),
            )
