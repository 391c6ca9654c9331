"""What is wrong with what leaves, and what to do about each; nothing here asks a server.

Mailboxes that rest, mail that is stuck, receipts that do not come, copies that are not filed,
colleagues and programs that are not told, jobs that failed.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, LiteralString
from uuid import UUID

import psycopg

from adapters.jobs import failed_since
from api.work.delivering import LONGEST
from api.work.instance import Carteggio
from api.work.queued import is_aside
from api.work.resting import Rests
from api.work.webhooks import Standing, standing
from domain import leaving
from domain.leaving import Outgoing
from domain.missing import AFTER, Level, level_of
from domain.webhook import PauseReason
from projections.delivered import receipts_missing
from projections.deliveryrows import DeliveryRow
from projections.reader import EVERYTHING

Trouble = tuple[str, str, str]
"""Of what, what is wrong, what to do."""

_LATE: Final = timedelta(minutes=10)
"""Mail that is due for so long, and whose lane does not rest, is sent by nobody."""
_ASIDE: Final = timedelta(hours=1)
_MOST: Final = 1_000
_NAMED: Final = 3
_UNFILED: Final = 3
"""So often a copy fails before it is told."""
_TOLD: Final = timedelta(days=30)
"""Receipts that are missing for longer are told by the mail alone: nothing comes any more."""
_JOBS_TOLD: Final = timedelta(days=7)
_PAUSED: Final = {
    PauseReason.ORDERED: "it is paused, and told nothing",
    PauseReason.GONE: "it is paused: it said that it is gone (410)",
    PauseReason.FAILING: f"it is paused: it took nothing for {LONGEST.days} days",
}
_COUNTS: Final[LiteralString] = """
SELECT lane, count(*) FILTER (WHERE state = 'waiting'),
    count(*) FILTER (WHERE state = 'waiting' AND due < %s),
    count(*) FILTER (WHERE state = 'uncertain'),
    count(*) FILTER (WHERE state = 'sending')
FROM outbox GROUP BY lane
"""
_IS_FREE: Final[LiteralString] = """
SELECT pg_try_advisory_lock(hashtextextended(%(key)s, 0))
    AND pg_advisory_unlock(hashtextextended(%(key)s, 0))
"""


def troubles(
    carteggio: Carteggio, addresses: Mapping[UUID, str], now: datetime
) -> Iterator[Trouble]:
    """Tell all that is wrong with what leaves; `addresses` are those of the mailboxes."""
    yield from _of_lanes(carteggio, addresses, now)
    yield from _aside(carteggio, addresses, now)
    yield from _unfiled(carteggio, addresses)
    with suppress(LookupError, psycopg.Error):  # the read model is not there: told elsewhere
        yield from _receipts(asyncio.run(_missing(carteggio, now)), addresses, now)
    yield from _untold(carteggio, addresses)
    for one in standing(carteggio):
        yield from _webhook(carteggio, one)
    yield from _jobs(carteggio, now)


def _of_lanes(
    carteggio: Carteggio, addresses: Mapping[UUID, str], now: datetime
) -> Iterator[Trouble]:
    resting, counts = Rests(carteggio.database).now(), _counts(carteggio, now)
    for one in resting:
        address = addresses.get(one.lane, str(one.lane))
        if do := one.to_do(address):
            waiting = counts[one.lane][0] if one.lane in counts else 0
            said = f"{waiting:,} mails wait, tried again at {_at(carteggio, one.until)}: {one.why}"
            yield f"sending of {address}", f"{said}: {one.said}".rstrip(": "), do
    lanes = {one.lane for one in resting}
    late = sum(row[1] for lane, row in counts.items() if lane not in lanes)
    if late:
        said = f"{late:,} mails are due for {_LATE.seconds // 60} minutes, and nobody sends them"
        yield "outbox", said, "run: carteggio work"
    if left := sum(row[3] for lane, row in counts.items() if row[3] and _is_free(carteggio, lane)):
        said = f"{left:,} mails were being sent when their process died"
        yield "outbox", said, "run: carteggio work; it finds out which of them left"
    if unclear := sum(row[2] for row in counts.values()):
        said = f"of {unclear:,} mails nobody knows whether they left"
        yield "outbox", said, "run: carteggio outbox list --state uncertain"


def _counts(carteggio: Carteggio, now: datetime) -> dict[UUID, tuple[int, int, int, int]]:
    """Count by lane what waits, what of it is due for long, what is uncertain, what is being sent."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(_COUNTS, (now - _LATE,)).fetchall()
    return {lane: (waits, late, unclear, sent) for lane, waits, late, unclear, sent in rows}


def _is_free(carteggio: Carteggio, lane: UUID) -> bool:
    """Tell whether nobody empties a lane: its lock is as api/work/leases.py takes it."""
    with carteggio.database.connect(direct=True) as connection:
        key = f"{carteggio.database.schema} {lane}"
        row = connection.execute(_IS_FREE, {"key": key}).fetchone()
    return row is not None and bool(row[0])


def _aside(
    carteggio: Carteggio, addresses: Mapping[UUID, str], now: datetime
) -> Iterator[Trouble]:
    """Tell of mail on which we fail ourselves: it waits for an hour each time."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT mail, lane, due FROM outbox WHERE state = 'waiting' AND due > %s"
            " AND due <= %s ORDER BY lane, due LIMIT %s",
            (now, now + _ASIDE, _MOST),
        ).fetchall()
    states: dict[UUID, Outgoing] = defaultdict(lambda: leaving.initial)
    for one in carteggio.journal.streams([row[0] for row in rows]):
        states[one.stream] = leaving.evolve(states[one.stream], one.event)
    for lane, each in groupby(rows, key=lambda row: row[1]):
        count = sum(is_aside(states[mail], due) for mail, _, due in each)
        if count:
            address = addresses.get(lane, str(lane))
            said = f"{count:,} mails cannot be sent from here, and are tried every hour"
            do = f"see the log, mend it, then: carteggio outbox retry --mailbox {address}"
            yield f"sending of {address}", said, do


def _unfiled(carteggio: Carteggio, addresses: Mapping[UUID, str]) -> Iterator[Trouble]:
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT lane, count(*), min(since) FROM sent_look"
            " WHERE what = 'copy' AND failures >= %s GROUP BY lane",
            (_UNFILED,),
        ).fetchall()
    for lane, count, since in rows:
        address = addresses.get(lane, str(lane))
        said = f"{count:,} copies are not filed in its folder of sent mail, the first since"
        do = f"see what is wrong: carteggio account test {address}"
        yield f"sent mail of {address}", f"{said} {_at(carteggio, since)}", do


def _untold(carteggio: Carteggio, addresses: Mapping[UUID, str]) -> Iterator[Trouble]:
    """Tell of waits that are at risk or too late, of which nobody could be written to."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT mailbox, count(*), min(untold_since) FROM alarm_due"
            " WHERE untold_since IS NOT NULL GROUP BY mailbox ORDER BY mailbox"
        ).fetchall()
    for box, count, since in rows:
        said = f"of {count:,} alarms nobody could be told, of the first since"
        do = "see that a mailbox sends: carteggio account sending-list; the log tells more"
        yield f"alarms of {addresses.get(box, str(box))}", f"{said} {_at(carteggio, since)}", do


async def _missing(carteggio: Carteggio, now: datetime) -> list[DeliveryRow]:
    async with carteggio.reading() as asked:
        until = now - AFTER[Level.WARNING]
        return await receipts_missing(*asked, EVERYTHING, now - _TOLD, until)


def _receipts(
    rows: Sequence[DeliveryRow], addresses: Mapping[UUID, str], now: datetime
) -> Iterator[Trouble]:
    late: dict[tuple[UUID, Level], list[DeliveryRow]] = defaultdict(list)
    for row in rows:
        if row.waits_since is not None and (level := level_of(row.waits_since, now)):
            late[row.mailbox, level].append(row)
    for (box, level), each in late.items():
        people = ", ".join(dict.fromkeys(one.address for one in each[:_NAMED]))
        more = ", …" if len(each) > _NAMED else ""
        hours = AFTER[level] // timedelta(hours=1)
        mails = len({one.mail for one in each})
        said = f"{mails:,} mails have no receipt after {hours} hours, for {people}{more}"
        do = "ask its provider what became of them; see: carteggio deliveries"
        yield f"certified mail of {addresses.get(box, str(box))}", said, do


def _webhook(carteggio: Carteggio, one: Standing) -> Iterator[Trouble]:
    part, name = f"webhook {one.now.name}", one.now.name
    if one.paused is not None:
        yield part, _PAUSED[one.paused], f"mend it, then: carteggio webhook resume {name}"
    elif one.row.failing_since is not None and one.row.failures:
        since = _at(carteggio, one.row.failing_since)
        said = f"it takes nothing since {since}, tried {one.row.failures:,} times"
        yield part, said, f"see why: carteggio webhook log {name}"


def _jobs(carteggio: Carteggio, now: datetime) -> Iterator[Trouble]:
    with carteggio.database.pool.connection() as connection:
        failed = failed_since(connection, now - _JOBS_TOLD)
    for task, count, last in failed:
        said = f"{count:,} failed for good, the last at {_at(carteggio, last)}"
        do = "see the log; what they were to do is looked for again: carteggio work"
        yield f"jobs {task}", said, do


def _at(carteggio: Carteggio, moment: datetime) -> str:
    return f"{moment.astimezone(carteggio.settings.zone):%Y-%m-%d %H:%M}"
