"""Waits that are at risk or too late are noticed, once each, and told in service hours.

    every second: what may have brought a moment forward? (api/work/waitdues.py)
    ─▶ whose moment has come: judged anew ─▶ message.wait_warned, message.wait_breached
    ─▶ whoever is to be told, when it is open (api/work/alarmtelling.py) ─▶ message.alarm_told

Whatever is cut off is done again, and is in the log once: the message's stream says what was
noticed. Who slept over a moment notices it later, and the event says when it held.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters.logs import log
from api.work.alarmtelling import tell
from api.work.caughtup import is_behind
from api.work.instance import Carteggio
from api.work.lookout import every_second
from api.work.patience import LATER
from api.work.projector import where
from api.work.waitdues import MODELS, SAYS, Standing, follow, next_look, service_in, standings
from domain import alarms as stream
from domain.alarms import (
    Alarm,
    Held,
    MessageWaitBreached,
    MessageWaitWarned,
    NoticeAlarms,
    Stage,
    stage_of,
)
from domain.calendars import CalendarsEvent
from domain.identity import reaction_event
from domain.inforce import Said
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind
from projections.alarms import noticed_of
from projections.calendars import said
from projections.openwaits import waits_begun_with
from projections.reader import EVERYTHING
from projections.unanswered import Waiting

NAME: Final = "alarms"
_AT_ONCE: Final = 200
_KINDS: Final[Mapping[Stage, type[Alarm]]] = {
    Stage.WARNING: MessageWaitWarned,
    Stage.BREACH: MessageWaitBreached,
}


async def run(carteggio: Carteggio, stop: Event) -> None:
    """Look every second until told to stop."""
    await every_second(NAME, carteggio, look, stop)


async def look(carteggio: Carteggio, now: datetime) -> int:
    """Notice and tell what is due at a moment; give how much was done, 0: nothing is left."""
    followed = await follow(carteggio, now)
    noticed = await notice(carteggio, now)
    return followed + noticed + await tell(carteggio, now)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look knows: the words that were said, what was noticed before, and what time it is."""

    carteggio: Carteggio
    words: Sequence[Said[CalendarsEvent]]
    before: frozenset[tuple[UUID, Stage]]
    now: datetime


async def notice(carteggio: Carteggio, now: datetime) -> int:
    """Record what holds of the waits whose moment has come; give how many those are.

    While the read models do not know yet all that may have ended a wait, nothing is noticed.
    """
    due = await asyncio.to_thread(_due, carteggio, now)
    head = await asyncio.to_thread(carteggio.journal.head)
    if not due or await asyncio.to_thread(is_behind, carteggio, MODELS, SAYS, head):
        return 0
    async with carteggio.reading() as asked:
        words = await said(*asked, EVERYTHING)
        waits = await waits_begun_with(*asked, EVERYTHING, list(due))
        found: dict[UUID, Standing] = {}
        for at, some in _by_moment(waits, now).items():
            found |= await standings(asked, some, words, at)
        before = await noticed_of(*asked, EVERYTHING, list(due))
    a_look = _Look(carteggio, words, frozenset(before), now)
    for message, moment in due.items():
        await asyncio.to_thread(_apart, a_look, message, moment, found.get(message))
    return len(due)


def _by_moment(waits: Mapping[UUID, Waiting], now: datetime) -> dict[datetime, list[Waiting]]:
    """Put waits together by the moment at which they are judged: what ended, when it did."""
    found: dict[datetime, list[Waiting]] = {}
    for one in waits.values():
        found.setdefault(now if one.until is None else min(one.until, now), []).append(one)
    return found


def _apart(a_look: _Look, message: UUID, moment: datetime, standing: Standing | None) -> None:
    """Notice what holds of one wait; what is wrong with it stops no other."""
    following: datetime | None = None
    try:
        noticed = set(a_look.before)
        if standing is not None:
            holding = _holding(a_look, standing)
            _record(a_look, standing, holding)
            noticed |= {(message, one.stage) for one in holding}
        following = next_look(standing, a_look.words, noticed, a_look.now)
    except LATER:
        raise
    except Exception as error:  # noqa: BLE001  it is told of no more, and logged
        log(NAME).error("a wait is not told of", message=message, error=where(error))
    _put_off(a_look.carteggio, message, moment, following)


def _holding(a_look: _Look, standing: Standing) -> list[Held]:
    """Give what holds by now, and held before the wait ended; and was not noticed yet."""
    until = standing.wait.until
    return [
        one
        for one in standing.coming(a_look.before)
        if one.looked_at <= a_look.now and (until is None or one.looked_at <= until)
    ]


def _record(a_look: _Look, standing: Standing, holding: Sequence[Held]) -> None:
    found = [alarm for one in holding if (alarm := _alarm(standing, one)) is not None]
    if not found:
        return
    message, carteggio = standing.wait.message, a_look.carteggio
    name = " ".join(f"{stage_of(one)} {one.clock}" for one in found)
    envelope = Envelope(
        reaction_event(message, f"alarm {name}", 1, found[0].target),
        a_look.now,
        Actor(ActorKind.SYSTEM, NAME),
        Origin("work"),
    )

    def also(connection: Connection[Any], happened: Sequence[object]) -> None:
        if standing.wait.until is None:
            _to_tell(connection, a_look, standing, happened)

    carteggio.journal.record(message, stream, NoticeAlarms(tuple(found)), envelope, also)


def _alarm(standing: Standing, one: Held) -> Alarm | None:
    judged = standing.judged
    target, calendar = judged.target, judged.calendar
    if target is None or judged.dueness.due is None:
        return None
    return _KINDS[one.stage](
        mailbox=judged.case.mailbox,
        clock=judged.clock,
        since=judged.began,
        due=judged.dueness.due,
        held=one.held,
        tell=one.tell,
        seconds=target.event.wants(judged.clock) or 0,
        target=target.stream,
        target_position=target.position,
        calendar=calendar.stream if calendar else None,
        calendar_position=calendar.position if calendar else None,
    )


def _to_tell(
    connection: Connection[Any], a_look: _Look, standing: Standing, happened: Sequence[object]
) -> None:
    """Keep that somebody is to be told, in the next service hour."""
    service = service_in(standing.judged)
    for one in happened:
        if not isinstance(one, MessageWaitWarned | MessageWaitBreached) or one.tell is None:
            continue
        at = service.next_open(max(one.tell, a_look.now))
        if at is None:
            continue
        connection.execute(
            "INSERT INTO alarm_due VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                standing.wait.message, stage_of(one).value, one.clock.value, one.mailbox,
                one.target, one.since, one.due, at,
            ),
        )  # fmt: skip


def _due(carteggio: Carteggio, now: datetime) -> dict[UUID, datetime]:
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT message, at FROM wait_due WHERE at <= %s ORDER BY at, message LIMIT %s",
            (now, _AT_ONCE),
        ).fetchall()
    return dict(rows)


def _put_off(
    carteggio: Carteggio, message: UUID, moment: datetime, following: datetime | None
) -> None:
    """Keep when to look next, unless another moment was kept meanwhile."""
    with carteggio.database.pool.connection() as connection:
        if following is None:
            connection.execute(
                "DELETE FROM wait_due WHERE message = %s AND at = %s", (message, moment)
            )
        else:
            connection.execute(
                "UPDATE wait_due SET at = %s WHERE message = %s AND at = %s",
                (following, message, moment),
            )
