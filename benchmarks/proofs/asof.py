"""What waits as of a moment of the past equals what read models tell that are filled up to it.

The labelled company, under a calendar and targets, with words of people in between: closed, taken,
handed over, snoozed, paused. At random places in the log and times of mail, the whole list and all
its groups are asked of the instance as it is, and of read models filled from the first event to
that place. By the time alone mail is told as it is known today: how often that equals read models
filled with the mail of until then is a figure, no promise, as later mail joins conversations, and
tells that an answer came back.
"""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from adapters.ids import uuid7
from adapters.journal import NewEvent
from adapters.logs import set_up_logs
from adapters.settings import Settings
from api.compose import compose
from api.work.calendars import save_calendar, set_target
from api.work.generations import create_late_indexes, create_tables, names_of
from api.work.instance import PROJECTIONS, Carteggio
from api.work.projector import fold_into
from api.work.supervising import waits
from api.work.tokens import by_operator
from benchmarks.proofs.orders import boxes
from benchmarks.proofs.promises import Promises, ask, test_data
from benchmarks.stage import Stopwatch, instance, say
from domain.attention import (
    HandedBecause,
    MessageHandedOver,
    MessageSnoozed,
    MessageTaken,
    MessageWaitPaused,
)
from domain.calendars import CalendarSaved, TargetScope, TargetSet
from domain.company import ColleagueRegistered
from domain.hours import read_week
from domain.message import CloseReason, MessageClosed, MessageReceived, MessageReopened
from domain.recorded import Recorded
from domain.values import ColleagueId
from domain.waitgroups import GroupBy, grouped
from projections.projection import Names
from projections.reader import EVERYTHING, AsOf

MOMENTS: Final = 20
WORDS: Final = 150
"""What people say after each mailbox."""
_SCRATCH: Final = 9_000
_SINCE: Final = datetime(2026, 1, 1, tzinfo=UTC)
_HOURS: Final = read_week("Mon-Fri 08:30-12:30 14:00-18:00")
CALENDAR: Final = CalendarSaved("Europe/Rome", _HOURS, "IT", "", (), (), _SINCE, "Office")
TARGETS: Final = (
    TargetSet(TargetScope(), 4 * 3600, 2 * 3600, 75, (), _SINCE),
    TargetSet(TargetScope(kind="invoice"), 40 * 3600, None, 75, (), _SINCE),
)


def main() -> None:
    data, promises, watch = test_data("asof"), Promises(), Stopwatch()
    set_up_logs("warning")
    chance = random.Random(6)
    with instance() as home:
        ask(home, "import", "directory", str(data / "company"), allowed=(0, 2))
        with compose(home, Settings()) as carteggio:
            save_calendar(carteggio, CALENDAR, by_operator())
            for target in TARGETS:
                set_target(carteggio, target, by_operator())
        for box in boxes(data):
            ask(home, *box.words, allowed=(0, 2))
            with compose(home, Settings()) as carteggio:
                say_words(carteggio, chance)
        with compose(home, Settings()) as carteggio:
            carteggio.feed.catch_up(carteggio.journal.head())
            figures = asyncio.run(compared(carteggio, chance, promises))
    promises.conclude("asof", {**figures, "seconds": round(watch.seconds)})


def everything(carteggio: Carteggio) -> list[Recorded]:
    """Give the log."""
    return list(carteggio.journal.read(0, limit=1_000_000))


def say_words(carteggio: Carteggio, chance: random.Random) -> None:
    """Let people decide on random messages."""
    log = everything(carteggio)
    mail = [one for one in log if isinstance(one.event, MessageReceived)]
    staff = [ColleagueId(x.stream) for x in log if isinstance(x.event, ColleagueRegistered)]
    words: list[Callable[[datetime], object]] = [
        lambda _: MessageClosed(chance.choice(list(CloseReason))),
        lambda _: MessageReopened(),
        lambda _: MessageTaken(uuid7(), chance.choice(staff)),
        lambda _: MessageHandedOver(uuid7(), chance.choice(staff), HandedBecause.PERSON),
        lambda at: MessageSnoozed(uuid7(), chance.choice([None, at + timedelta(days=3)])),
        lambda _: MessageWaitPaused(uuid7(), "as the supplier is asked"),
    ]
    with carteggio.journal.writing() as writing:
        for _ in range(WORDS):
            on = chance.choice(mail)
            assert isinstance(on.event, MessageReceived)
            at = on.event.received_at + timedelta(hours=chance.expovariate(1 / 30))
            envelope = replace(by_operator(), at=at)
            writing.append([NewEvent(on.stream, chance.choice(words)(at), envelope)])


async def compared(
    carteggio: Carteggio, chance: random.Random, promises: Promises
) -> dict[str, Any]:
    """Compare what is told at random moments with what is filled up to them."""
    log = everything(carteggio)
    mail = [one for one in log if isinstance(one.event, MessageReceived)]
    places = sorted(chance.sample(range(mail[0].position, log[-1].position), MOMENTS))
    lengths = []
    by_time = 0
    for number, position in enumerate(places):
        time = _time_of(chance.choice(mail))
        then = AsOf(position, time)
        until = [one for one in log if one.position <= position]
        told = await answer(carteggio, then, None)
        with filled(carteggio, until) as names:
            rebuilt = await answer(carteggio, AsOf(time=time), names)
        lengths.append(len(told[0]))
        promises.keep(
            told == rebuilt, f"as of position {position} at {time}: {_unlike(told, rebuilt)}"
        )
        with filled(carteggio, _of_until(log, time)) as names:
            rebuilt = await answer(carteggio, AsOf(time=time), names)
        told = await answer(carteggio, AsOf(time=time), None)
        by_time += told == rebuilt
        say(f"{number + 1} of {MOMENTS}: {lengths[-1]} waited; by time {len(told[0])}")
    return {
        "events": len(log),
        "moments": MOMENTS,
        "waited": [min(lengths), max(lengths)],
        "groups_each": len(GroupBy),
        "equal_by_time": by_time,
    }


def _time_of(one: Recorded) -> datetime:
    assert isinstance(one.event, MessageReceived)
    return one.event.received_at + timedelta(minutes=1)


def _of_until(log: Sequence[Recorded], time: datetime) -> list[Recorded]:
    """Leave out mail that had not come yet, and what was said later."""
    later = {
        one.stream
        for one in log
        if isinstance(one.event, MessageReceived) and one.event.received_at > time
    }
    said = ("message.received", "message.copy_found")
    return [
        one
        for one in log
        if one.stream not in later
        and not (
            one.name.startswith("message.")
            and one.name not in said
            and one.envelope.actor.id == "operator"
            and one.envelope.at > time
        )
    ]


async def answer(
    carteggio: Carteggio, as_of: AsOf, beside: Names | None
) -> tuple[list[object], dict[GroupBy, list[object]]]:
    """Give the whole list of what waits, and all groups."""
    async with carteggio.reading() as (connection, names):
        found = await waits((connection, beside or names), EVERYTHING, as_of)
    assert as_of.time is not None
    rows = sorted(found, key=lambda one: (one.since, one.message))
    groups = {by: [astuple(x) for x in grouped(rows, by, as_of.time)] for by in GroupBy}
    return [astuple(one) for one in rows], {by: [*some] for by, some in groups.items()}


def _unlike(one: tuple[list[object], Any], other: tuple[list[object], Any]) -> str:
    mine, theirs = set(map(str, one[0])), set(map(str, other[0]))
    return f"{len(mine - theirs)} and {len(theirs - mine)} waits are told otherwise, {list(mine ^ theirs)[:2]}"


@contextmanager
def filled(carteggio: Carteggio, events: Sequence[Recorded]) -> Iterator[Names]:
    """Fill all read models with these events alone, in tables of their own."""
    with carteggio.database.connect(direct=True) as connection:
        with connection.transaction():
            for projection in PROJECTIONS:
                _fill(connection, projection, events)
        try:
            yield Names({x.name: _SCRATCH for one in PROJECTIONS for x in one.tables})
        finally:
            with connection.transaction():
                for table in (x for one in PROJECTIONS for x in one.tables):
                    connection.execute(f"DROP TABLE {table.name}__g{_SCRATCH}".encode())


def _fill(connection: Connection[Any], projection: Any, events: Sequence[Recorded]) -> None:
    create_tables(connection, projection, _SCRATCH)
    heard = [one for one in events if isinstance(one.event, projection.hears)]
    names, left = names_of(projection, _SCRATCH), None
    for begin in range(0, len(heard), 1_000):
        part = heard[begin : begin + 1_000]
        left = fold_into(connection, projection, names, part, left)
    create_late_indexes(connection, projection, _SCRATCH)


if __name__ == "__main__":
    main()
