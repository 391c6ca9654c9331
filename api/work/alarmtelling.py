"""Alarms whose hour has come are told: one mail a person, with all of them, and who was told is kept.

    alarm_due ─▶ does it still wait? is it open? ─▶ its owner, of a breach the escalation, too
    ─▶ a mail each, through the outbox, with alarm_mail in its transaction ─▶ message.alarm_told

Whoever is killed in between leaves mails that say of what they tell: nobody is told twice.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.rows import args_row

from adapters.ids import uuid7
from api.work.alarmaudience import People, owners, people_of
from api.work.caughtup import is_behind
from api.work.dues import Asked
from api.work.instance import Carteggio
from api.work.noticing import Notice, write
from api.work.waitdues import MODELS, SAYS, service_of
from domain import alarms as stream
from domain.alarming import Line, subject_of, text_of
from domain.alarms import MessageAlarmTold, Stage, TellAlarm
from domain.attending import Attention
from domain.calendars import Clock, TargetSet
from domain.inforce import InForce, calendar_for, in_force
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, ColleagueId, MailboxId
from projections import messages
from projections.alarms import noticed_of
from projections.attention import attention_of
from projections.calendars import said
from projections.openwaits import waits_begun_with
from projections.reader import EVERYTHING, AsOf
from projections.unanswered import Waiting

NAME: Final = "alarms"
_AT_ONCE: Final = 500
_ASLEEP: Final = timedelta(minutes=5)
_NOBODY: Final = timedelta(minutes=30)
"""After so long it is tried again to tell somebody, where nobody could be."""


@dataclass(frozen=True, slots=True)
class _Due:
    """An alarm that is to be told, as it is kept."""

    message: UUID
    stage: str
    clock: str
    mailbox: UUID
    target: UUID
    since: datetime
    due: datetime
    at: datetime
    untold_since: datetime | None

    @property
    def key(self) -> tuple[UUID, str]:
        """Give what tells it from others."""
        return self.message, self.stage


@dataclass(frozen=True, slots=True)
class _Telling:
    """Alarms that are told now, and to whom: owners, and those to whom they are escalated."""

    due: Sequence[_Due]
    people: People
    owners: Mapping[tuple[UUID, str], Sequence[UUID]]
    escalated: Mapping[tuple[UUID, str], Sequence[UUID]]
    writers: Mapping[UUID, str]

    def of(self, colleague: UUID) -> list[_Due]:
        """Give those that somebody is told."""
        return [
            one
            for one in self.due
            if colleague in (*self.owners[one.key], *self.escalated[one.key])
        ]

    @property
    def everybody(self) -> list[UUID]:
        """Give all who are told something."""
        every = [*self.owners.values(), *self.escalated.values()]
        return sorted({one for some in every for one in some} & self.people.known.keys())


class _Meanwhile(Exception):
    """Another worker told it."""


async def tell(carteggio: Carteggio, now: datetime) -> int:
    """Tell what is to be told by now; give how many alarms those are.

    An alarm whose hour was slept over waits for the next one; of what was answered nobody is told, and
    of what is snoozed once it wakes.
    """
    due = await asyncio.to_thread(_due, carteggio, now)
    head = await asyncio.to_thread(carteggio.journal.head)
    if not due or await asyncio.to_thread(is_behind, carteggio, MODELS, SAYS, head):
        return 0
    async with carteggio.reading() as asked:
        held = in_force(await said(*asked, EVERYTHING), now)
        waits = await waits_begun_with(*asked, EVERYTHING, [one.message for one in due])
        noticed = await noticed_of(*asked, EVERYTHING, list(waits))
        current = [one for one in due if _still(one, waits, noticed)]
        where = {waits[one.message].conversation for one in current}
        said_of = await attention_of(*asked, EVERYTHING, list(where), AsOf(time=now))
        later = {
            one.key: _wakes(said_of.get(waits[one.message].conversation), now)
            or _opens(held, one, now)
            for one in current
        }
        told = [one for one in current if later[one.key] == now]
        telling = await _telling(asked, held, told, waits, now)
    await asyncio.to_thread(_settle, carteggio, due, current, later, now)
    for colleague in telling.everybody:
        await _mail(carteggio, telling, colleague, now)
    for one in told:
        await asyncio.to_thread(_record, carteggio, telling, one, now)
    return len(due)


def _still(
    one: _Due, waits: Mapping[UUID, Waiting], noticed: Iterable[tuple[UUID, Stage]]
) -> bool:
    """Say whether it is to be told: it waits still, and what is told is the last that holds."""
    wait = waits.get(one.message)
    if wait is None or wait.until is not None:
        return False
    return one.stage == Stage.BREACH or (one.message, Stage.BREACH) not in noticed


def _wakes(said_of: Attention | None, now: datetime) -> datetime | None:
    """Give when to look again at what is snoozed: its clock goes on, but nobody is told of it.

    They may write before its time, and then it is to be told soon.
    """
    if said_of is None or not said_of.snoozed:
        return None
    return min(said_of.snoozed_until or datetime.max.replace(tzinfo=UTC), now + _ASLEEP)


def _opens(held: InForce, one: _Due, now: datetime) -> datetime | None:
    """Give when it may be told: now, or when it is next open."""
    calendar = calendar_for(held, MailboxId(one.mailbox))
    target = _target(held, one)
    return service_of(calendar.event if calendar else None, target).next_open(now)


def _target(held: InForce, one: _Due) -> TargetSet | None:
    return next((said.event for said in held.targets if said.stream == one.target), None)


async def _telling(
    asked: Asked,
    held: InForce,
    due: Sequence[_Due],
    waits: Mapping[UUID, Waiting],
    now: datetime,
) -> _Telling:
    people = await people_of(asked)
    whose = await owners(asked, people, {one.message: waits[one.message] for one in due}, now)
    mails = await messages.by_ids(*asked, EVERYTHING, list({one.message for one in due}))
    own, more = {}, {}
    for one in due:
        own[one.key] = whose[one.message]
        target = _target(held, one)
        late = target is not None and one.stage == Stage.BREACH
        escalated = target.escalate_to if target is not None and late else ()
        more[one.key] = [who for who in escalated if who not in own[one.key]]
    writers = {id: row.sender_name or row.sender for id, row in mails.items()}
    return _Telling(due, people, own, more, writers)


# ---- a mail


async def _mail(carteggio: Carteggio, telling: _Telling, colleague: UUID, now: datetime) -> None:
    """Write to somebody, of all that he was not written yet; who cannot be is told otherwise."""
    before = await asyncio.to_thread(_written, carteggio, colleague)
    due = [one for one in telling.of(colleague) if one.key not in before]
    if not due:
        return
    lines = [_line(carteggio, telling, colleague, one) for one in due]
    there = {one.mailbox for one in due}
    notice = Notice(None, colleague, subject_of(lines), text_of(lines), there)

    def also(connection: Connection[Any], id: UUID) -> None:
        for one in due:
            kept = connection.execute(
                "INSERT INTO alarm_mail SELECT message, stage, %s, %s FROM alarm_due"
                " WHERE message = %s AND stage = %s FOR KEY SHARE",
                (colleague, id, *one.key),
            )
            if not kept.rowcount:
                raise _Meanwhile

    try:
        await write(carteggio, telling.people, NAME, notice, now, also)
    except (_Meanwhile, UniqueViolation):  # another worker tells him, or told him
        return


def _line(carteggio: Carteggio, telling: _Telling, colleague: UUID, one: _Due) -> Line:
    zone, box = carteggio.settings.zone, telling.people.boxes.get(one.mailbox)
    sees = telling.people.sees(colleague, one.mailbox)
    return Line(
        stage=Stage(one.stage),
        clock=Clock(one.clock),
        mailbox=box.address if box else "a mailbox",
        since=one.since.astimezone(zone),
        due=one.due.astimezone(zone),
        writer=telling.writers.get(one.message, "") if sees else "",
        escalated=colleague in telling.escalated[one.key],
    )


# ---- what is kept


def _record(carteggio: Carteggio, telling: _Telling, one: _Due, now: datetime) -> None:
    """Keep who was told, and forget that it is due; if nobody could be written, it stays due.

    Where nobody is told of what waits, programs and who follows are.
    """
    mails = _mails(carteggio, one)
    if not mails and (telling.owners[one.key] or telling.escalated[one.key]):
        _untold(carteggio, one, now)
        return
    told = MessageAlarmTold(
        mailbox=MailboxId(one.mailbox),
        clock=Clock(one.clock),
        stage=Stage(one.stage),
        told=tuple(ColleagueId(who) for who in telling.owners[one.key] if who in mails),
        escalated_to=tuple(ColleagueId(who) for who in telling.escalated[one.key] if who in mails),
        mails=tuple(sorted(set(mails.values()))),
    )
    carteggio.journal.record(one.message, stream, TellAlarm(told), _envelope(now, uuid7()))
    _forget(carteggio, [one])


def _settle(
    carteggio: Carteggio,
    due: Sequence[_Due],
    current: Sequence[_Due],
    later: Mapping[tuple[UUID, str], datetime | None],
    now: datetime,
) -> None:
    """Forget what is told no more, and put off what is not to be told in this hour."""
    kept = {one.key for one in current if later[one.key] is not None}
    _forget(carteggio, [one for one in due if one.key not in kept])
    for one in current:
        if (at := later[one.key]) is not None and at > now:
            _put_off(carteggio, one, at)


def _untold(carteggio: Carteggio, one: _Due, now: datetime) -> None:
    """Try it again later, and keep since when nobody can be told of it (api/work/troubles.py)."""
    with carteggio.database.pool.connection() as connection:
        connection.execute(
            "UPDATE alarm_due SET at = %s, untold_since = coalesce(untold_since, %s)"
            " WHERE message = %s AND stage = %s",
            (now + _NOBODY, now, *one.key),
        )


def _put_off(carteggio: Carteggio, one: _Due, at: datetime) -> None:
    with carteggio.database.pool.connection() as connection:
        connection.execute(
            "UPDATE alarm_due SET at = %s WHERE message = %s AND stage = %s", (at, *one.key)
        )


def _forget(carteggio: Carteggio, some: Sequence[_Due]) -> None:
    with carteggio.database.pool.connection() as connection, connection.transaction():
        for one in some:
            where = "message = %s AND stage = %s"
            connection.execute(f"DELETE FROM alarm_due WHERE {where}", one.key)  # noqa: S608
            connection.execute(f"DELETE FROM alarm_mail WHERE {where}", one.key)  # noqa: S608


def _due(carteggio: Carteggio, now: datetime) -> list[_Due]:
    with (
        carteggio.database.pool.connection() as connection,
        connection.cursor(row_factory=args_row(_Due)) as cursor,
    ):
        return cursor.execute(
            "SELECT * FROM alarm_due WHERE at <= %s ORDER BY at, message LIMIT %s", (now, _AT_ONCE)
        ).fetchall()


def _written(carteggio: Carteggio, colleague: UUID) -> set[tuple[UUID, str]]:
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT message, stage FROM alarm_mail WHERE colleague = %s", (colleague,)
        ).fetchall()
    return {(row[0], row[1]) for row in rows}


def _mails(carteggio: Carteggio, one: _Due) -> dict[UUID, UUID]:
    """Give who was written of an alarm, each with the mail."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT colleague, mail FROM alarm_mail WHERE message = %s AND stage = %s", one.key
        ).fetchall()
    return {row[0]: row[1] for row in rows}


def _envelope(now: datetime, id: UUID) -> Envelope:
    return Envelope(id, now, Actor(ActorKind.SYSTEM, NAME), Origin("work"))
