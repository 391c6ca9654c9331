"""Warnings and breaches: once each, at the right moment, and told when it is open."""

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from alarmed import ANNA, FIRM, INFO, JANUARY, ROME, SERVICE, TARGET, Alarmed, moment
from api.work.answers import unanswered_lines
from api.work.calendars import checked_target, set_target
from api.work.instance import Carteggio
from api.work.recomputing import Difference, difference
from api.work.tokens import by_operator
from domain import message as mail
from domain.alarms import MessageWaitBreached, MessageWaitWarned
from domain.calendars import TargetScope, TargetSet, UpdateMode
from domain.hours import read_week
from domain.message import CloseMessage, CloseReason
from instances import events_of
from projections.reader import EVERYTHING

ALL_DAY = replace(FIRM, week=read_week("every day 00:00-24:00"), country="")


@pytest.fixture
def firm(carteggio: Carteggio, tmp_path: Path) -> Alarmed:
    return Alarmed(carteggio, tmp_path)


def noticed(firm: Alarmed) -> list[MessageWaitWarned | MessageWaitBreached]:
    return events_of(firm.carteggio, "message.wait_warned", "message.wait_breached")


def shown(at: datetime | None) -> str:
    return f"{at.astimezone(ROME):%m-%d %H:%M}" if at else ""


def test_a_wait_is_warned_and_breached_once_each_and_the_event_says_by_what(firm: Alarmed):
    firm.begin().arrives("2026-03-02T09:00")
    assert firm.look("2026-03-02T11:59") == []
    assert firm.look("2026-03-02T12:00") == ["warning"]
    assert firm.look("2026-03-02T13:00") == ["warning"]
    assert len(noticed(firm)) == 1
    assert firm.look("2026-03-02T14:30") == ["warning", "breach"]
    assert firm.look("2026-03-05T14:30") == ["warning", "breach"]
    warned, breached = noticed(firm)
    assert [shown(one) for one in (warned.since, warned.held, warned.due)] == [
        "03-02 09:00",
        "03-02 12:00",
        "03-02 13:00",
    ]
    assert [shown(one) for one in (breached.held, breached.tell)] == ["03-02 13:00", "03-02 14:00"]
    assert (breached.seconds, breached.mailbox) == (14_400, firm.box(INFO))
    assert breached.calendar_position is not None
    assert breached.target_position > breached.calendar_position


def test_what_was_answered_before_is_never_warned(firm: Alarmed):
    question = firm.begin().arrives("2026-03-02T09:00")
    assert firm.look("2026-03-02T09:30") == []
    firm.answers("2026-03-02T11:30", question)
    assert firm.look("2026-03-04T09:00") == []
    assert noticed(firm) == []


def test_who_slept_over_the_moment_notices_later_what_held_until_it_was_answered(firm: Alarmed):
    question = firm.begin().arrives("2026-03-02T09:00")
    firm.look("2026-03-02T09:30")
    firm.answers("2026-03-02T12:30", question)
    assert firm.look("2026-03-04T09:00") == ["warning"]
    (recorded,) = firm.carteggio.journal.read(0, names=["message.wait_warned"])
    assert recorded.envelope.at == moment("2026-03-04T09:00")
    assert events_of(firm.carteggio, "message.alarm_told") == []


def test_what_the_night_brings_is_told_in_the_morning_and_only_the_worst_of_it(firm: Alarmed):
    night = replace(TARGET, first=7_200, alarms=read_week("Mon-Fri 09:00-18:00"))
    firm.begin(ALL_DAY, night).arrives("2026-03-02T22:00")
    assert firm.look("2026-03-03T01:00") == []
    assert len(noticed(firm)) == 2
    assert events_of(firm.carteggio, "message.alarm_told") == []
    assert firm.look("2026-03-03T09:05") == ["breach"]
    (told,) = events_of(firm.carteggio, "message.alarm_told")
    assert told.stage == "breach"


@pytest.mark.parametrize(
    ("calendar", "seconds", "at", "due"),
    [
        (FIRM, 1_800, "2026-03-02T13:10", "03-02 14:30"),
        (FIRM, 14_400, "2026-04-03T17:00", "04-07 12:00"),
        (ALL_DAY, 14_400, "2026-03-29T01:00+01:00", "03-29 06:00"),
        (ALL_DAY, 14_400, "2026-10-25T01:00+02:00", "10-25 04:00"),
    ],
    ids=["the lunch break", "Easter Monday", "a night of 23 hours", "a night of 25 hours"],
)
def test_it_is_late_in_business_time(firm: Alarmed, calendar, seconds, at, due):
    firm.begin(calendar, replace(TARGET, first=seconds)).arrives(at)
    firm.look("2026-11-01T12:00")
    assert [shown(one.due) for one in noticed(firm)] == [due, due]


def test_another_target_brings_the_moment_forward_and_what_was_noticed_stays(firm: Alarmed):
    firm.begin().arrives("2026-03-02T09:00", SERVICE)
    assert firm.look("2026-03-02T09:10") == []
    own = TargetSet(
        TargetScope(firm.box(SERVICE)), 1_800, None, 75, (), moment("2026-03-02T09:20")
    )
    set_target(firm.carteggio, own, by_operator())
    assert firm.look("2026-03-02T09:25") == ["warning"]
    (warned,) = noticed(firm)
    assert (shown(warned.held), warned.seconds) == ("03-02 09:22", 1_800)
    set_target(firm.carteggio, replace(own, first=36_000), by_operator())
    firm.look("2026-03-02T12:00")
    assert noticed(firm) == [warned]


def test_what_another_target_would_change_is_told_and_nothing_is_saved(firm: Alarmed):
    firm.begin().arrives("2026-03-02T09:00", SERVICE)
    firm.arrives("2026-03-02T09:30", ANNA)
    firm.caught_up()
    scope = TargetScope(firm.box(SERVICE))
    wanted = TargetSet(scope, 1_800, None, 75, (), JANUARY)
    stream, event = checked_target(firm.carteggio, wanted)

    async def asked() -> Difference:
        async with firm.carteggio.reading() as asking:
            at = moment("2026-03-02T10:00")
            return await difference(asking, EVERYTHING, stream, event, at)

    found = asyncio.run(asked())
    assert (found.waits, found.changed, found.breached, found.relieved) == (2, 1, 1, 0)
    (moved,) = found.moved
    assert [shown(moved.before.due), shown(moved.after.due)] == ["03-02 13:00", "03-02 09:30"]
    assert asyncio.run(asked()) == found


def test_the_next_answer_may_be_wanted_from_the_last_one_on(firm: Alarmed):
    between = replace(TARGET, mode=UpdateMode.BETWEEN_ANSWERS, since=JANUARY)
    question = firm.begin(target=between).arrives("2026-03-02T09:00", ANNA)
    reply = firm.answers("2026-03-02T10:00", question, ANNA)
    firm.arrives("2026-03-02T11:30", ANNA, reply)
    firm.look("2026-03-02T12:30")
    (breached,) = [one for one in noticed(firm) if isinstance(one, MessageWaitBreached)]
    assert [shown(one) for one in (breached.since, breached.due)] == ["03-02 10:00", "03-02 12:00"]


def test_a_matter_is_to_be_solved_in_time_though_each_answer_was_until_somebody_closes_it(
    firm: Alarmed,
):
    first = firm.begin(target=replace(TARGET, solution=43_200)).arrives("2026-03-02T09:00")
    firm.answers("2026-03-02T10:00", first)
    again = firm.arrives("2026-03-03T12:30", answers=first)
    assert firm.look("2026-03-03T12:55") == ["warning"]
    assert firm.look("2026-03-03T14:05") == ["warning", "breach"]
    warned, breached = noticed(firm)
    assert [shown(one) for one in (breached.since, breached.due)] == ["03-02 09:00", "03-03 13:00"]
    assert (warned.clock, breached.clock, breached.seconds) == ("solution", "solution", 43_200)
    (late,) = [
        one.stream for one in firm.carteggio.journal.read(0, names=["message.wait_breached"])
    ]
    stamp = replace(by_operator(), at=moment("2026-03-03T14:30"))
    firm.carteggio.journal.record(late, mail, CloseMessage(CloseReason.DELEGATED), stamp)
    firm.arrives("2026-03-04T09:00", answers=again)
    firm.look("2026-03-04T10:00")
    (line,), _ = asyncio.run(unanswered_lines(firm.carteggio, moment("2026-03-04T10:00"), 10))
    assert shown(line.due) == "03-04 11:00"
