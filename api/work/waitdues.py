"""When next to look at what waits: kept for each wait, and moved by what may bring it forward.

    mail, links, pauses ─▶ waits of their conversations ┐
    parties, documents  ─▶ waits about them             ├─▶ judged ─▶ the next moment: wait_due
    calendars, targets  ─▶ all that waits               ┘

What puts a moment off is not looked for: the wait is judged anew when its moment comes.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from adapters.daysoff import business_time
from api.work.caughtup import is_behind
from api.work.dues import Asked, Judged, judging_of, time_of
from api.work.instance import Carteggio
from api.work.lookout import Lookout
from domain.alarms import Held, Stage, stages
from domain.businesstime import BusinessTime, Opening
from domain.calendars import CalendarSaved, CalendarsEvent, TargetSet
from domain.inforce import Said
from domain.recorded import Recorded
from projections.alarms import noticed_of
from projections.calendars import said
from projections.openwaits import waits_about, waits_beside
from projections.reader import EVERYTHING, Page
from projections.trailnames import regrouped
from projections.unanswered import Waiting
from projections.waits import LONGEST_WAIT_FIRST, waiting_in

NAME: Final = "alarms"
_AT_ONCE: Final = 500
_OF_MAIL: Final = (
    "message.received", "message.copy_found", "message.completed", "message.classified",
    "message.threaded", "message.set_apart", "message.closed", "message.reopened",
    "message.reread", "message.linked", "message.unlinked", "message.link_confirmed",
    "message.link_moved", "message.link_rejected", "message.link_choice_withdrawn",
    "message.wait_paused", "message.wait_continued", "message.attention_undone",
    "conversation.regrouped", "conversation.regrouping_undone",
)  # fmt: skip
_OF_OTHERS: Final = ("party.changed", "party.merged", "party.merge_undone", "document.changed")
_OF_ALL: Final = ("calendar.saved", "calendar.retired", "target.set", "target.withdrawn")
SAYS: Final = (*_OF_MAIL, *_OF_OTHERS, *_OF_ALL)
"""What may change when a wait is due."""
MODELS: Final = ("correspondence", "calendars", "history", "directory", "merges")


@dataclass(frozen=True, slots=True)
class Standing:
    """A wait as it is judged, and what will hold of it, in order."""

    wait: Waiting
    judged: Judged
    stages: tuple[Held, ...]

    def coming(self, noticed: Collection[tuple[UUID, Stage]]) -> list[Held]:
        """Give what was not noticed yet."""
        return [one for one in self.stages if (self.wait.message, one.stage) not in noticed]


async def follow(carteggio: Carteggio, now: datetime) -> int:
    """Move the moments that the next events may bring forward; give how many events there were.

    While the read models do not know of them yet, nothing is done.
    """
    batch, after, head = await asyncio.to_thread(_next, carteggio)
    upto = batch[-1].position if len(batch) == _AT_ONCE else head
    if upto == after:
        return 0
    if batch or after == 0:
        if await asyncio.to_thread(is_behind, carteggio, MODELS, SAYS, upto):
            return 0
        await _plan(carteggio, batch, now)
    await asyncio.to_thread(_LOOKOUT.move, carteggio, upto)
    return len(batch)


async def standings(
    asked: Asked, waits: Sequence[Waiting], words: Sequence[Said[CalendarsEvent]], at: datetime
) -> dict[UUID, Standing]:
    """Judge waits at a moment, by their messages, with what will hold of them."""
    judging = await judging_of(asked, EVERYTHING, waits, words=words)
    judged = judging.judged(words, at)
    return {
        one.message: Standing(one, judged[one.message], _stages(judged[one.message]))
        for one in waits
    }


def next_look(
    standing: Standing | None,
    words: Iterable[Said[CalendarsEvent]],
    noticed: Collection[tuple[UUID, Stage]],
    now: datetime,
) -> datetime | None:
    """Give when next something may hold of a wait: a stage, or another word; None: never."""
    if standing is None or standing.wait.until is not None:
        return None
    stages_ = [one.looked_at for one in standing.coming(noticed)]
    return min([*stages_, *(one.since for one in words if one.since > now)], default=None)


def service_in(judged: Judged) -> BusinessTime:
    """Give the hours in which alarms of a wait are told."""
    calendar, target = judged.calendar, judged.target
    return service_of(calendar.event if calendar else None, target.event if target else None)


def service_of(calendar: CalendarSaved | None, target: TargetSet | None) -> BusinessTime:
    """Give the hours in which alarms are told: the target's own, else those in which it is open.

    On holidays and days that the calendar closes, nobody is told in either.
    """
    if target is None or not target.alarms:
        return time_of(calendar)
    if calendar is None:
        return business_time(Opening("UTC", target.alarms), "", "")
    closed = tuple(one for one in calendar.exceptions if not one[1])
    opening = Opening(calendar.zone, target.alarms, closed)
    return business_time(opening, calendar.country, calendar.region)


def _stages(judged: Judged) -> tuple[Held, ...]:
    if judged.target is None:
        return ()
    calendar = judged.calendar
    since = max(one.since for one in (judged.target, calendar) if one is not None)
    found = judged.dueness
    return tuple(stages(found.warns, found.due, since, service_in(judged)))


async def _plan(carteggio: Carteggio, batch: Sequence[Recorded], now: datetime) -> None:
    """Keep the next moments of the waits that a batch touches; of all, where that is not known."""
    async with carteggio.reading() as asked:
        words = await said(*asked, EVERYTHING)
        if not any(isinstance(one.event, TargetSet) for one in words):
            return
        if batch and not any(one.name in _OF_ALL for one in batch):
            await _keep(carteggio, asked, words, await _touched(asked, batch), now)
            return
        page = Page(first=_AT_ONCE, counted=False)
        while True:
            found = await waiting_in(*asked, EVERYTHING, page)
            await _keep(carteggio, asked, words, found.rows, now)
            if not found.has_next:
                return
            page = Page(_AT_ONCE, LONGEST_WAIT_FIRST.key(found.rows[-1]), counted=False)


async def _touched(asked: Asked, batch: Sequence[Recorded]) -> list[Waiting]:
    of_mail = {one.stream for one in batch if one.name in _OF_MAIL}
    of_mail |= {message for one in batch for message in regrouped(one.event)}
    others = {one.stream for one in batch if one.name in _OF_OTHERS}
    waits = await waits_beside(*asked, EVERYTHING, list(of_mail)) if of_mail else []
    waits += await waits_about(*asked, EVERYTHING, list(others)) if others else []
    return list({one.message: one for one in waits}.values())


async def _keep(
    carteggio: Carteggio,
    asked: Asked,
    words: Sequence[Said[CalendarsEvent]],
    waits: Sequence[Waiting],
    now: datetime,
) -> None:
    if not waits:
        return
    found = await standings(asked, waits, words, now)
    noticed = await noticed_of(*asked, EVERYTHING, list(found))
    moments = {id: next_look(one, words, noticed, now) for id, one in found.items()}
    await asyncio.to_thread(_write, carteggio, moments)


def _write(carteggio: Carteggio, moments: Mapping[UUID, datetime | None]) -> None:
    ids, times = list(moments), list(moments.values())
    with carteggio.database.pool.connection() as connection:
        connection.execute(
            "WITH given AS (SELECT * FROM unnest(%s::uuid[], %s::timestamptz[]) AS g (id, at)),"
            " gone AS (DELETE FROM wait_due USING given"
            " WHERE wait_due.message = given.id AND given.at IS NULL)"
            " INSERT INTO wait_due SELECT id, at FROM given WHERE at IS NOT NULL ORDER BY id"
            " ON CONFLICT (message) DO UPDATE SET at = excluded.at",
            (ids, times),
        )


_LOOKOUT: Final = Lookout(NAME, SAYS, MODELS, SAYS, _AT_ONCE)


def _next(carteggio: Carteggio) -> tuple[list[Recorded], int, int]:
    head, after = carteggio.journal.head(), _LOOKOUT.reached(carteggio)
    if after == 0:  # all that waits is looked at once, and what comes from then on
        return [], after, head
    return carteggio.journal.read(after, upto=head, limit=_AT_ONCE, names=SAYS), after, head
