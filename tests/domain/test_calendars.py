"""Calendars and targets: what is said, what may not be, and what holds at a moment."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from domain import calendars
from domain.businesstime import BusinessTime
from domain.calendars import (
    CalendarRetired,
    CalendarSaved,
    Clock,
    RetireCalendar,
    SaveCalendar,
    SetTarget,
    TargetScope,
    TargetSet,
    TargetWithdrawn,
    WithdrawTarget,
)
from domain.dueness import Standing, Wanted, dueness
from domain.inforce import Case, Said, calendar_for, in_force, target_for
from domain.values import MailboxId, Rejected

INFO, SERVICE = MailboxId(UUID(int=1)), MailboxId(UUID(int=2))
OFFICE = ((540, 780), (840, 1080))
FIRM = CalendarSaved(
    "Europe/Rome", (*[OFFICE] * 5, (), ()), "IT", "", (), (), since=None, name="Firm"
)
WANTED = TargetSet(TargetScope(), 14_400, 7_200, 75, (), since=None)
MARCH = datetime(2026, 3, 2, 8, tzinfo=UTC)


def after(*events: object) -> calendars.Word:
    word = calendars.initial
    for event in events:
        word = calendars.evolve(word, event)
    return word


def test_what_is_said_already_is_not_said_again_and_what_ended_may_begin_again() -> None:
    assert calendars.decide(after(), SaveCalendar(FIRM)) == [FIRM]
    assert calendars.decide(after(replace(FIRM, reason="moved")), SaveCalendar(FIRM)) == []
    planned = replace(FIRM, since=MARCH)
    assert calendars.decide(after(FIRM), SaveCalendar(planned)) == [planned]
    retired, gone = CalendarRetired(None), TargetWithdrawn(None)
    assert calendars.decide(after(FIRM), RetireCalendar(retired)) == [retired]
    assert calendars.decide(after(FIRM, retired), RetireCalendar(retired)) == []
    assert calendars.decide(after(FIRM, retired), SaveCalendar(FIRM)) == [FIRM]
    assert calendars.decide(after(WANTED), SetTarget(WANTED)) == []
    assert calendars.decide(after(WANTED), WithdrawTarget(gone)) == [gone]
    for command in (RetireCalendar(retired), WithdrawTarget(gone)):
        with pytest.raises(Rejected, match="there is no such"):
            calendars.decide(after(), command)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"name": " "}, "name"),
        ({"zone": "Europe/Rom"}, "zone"),
        ({"zone": "../etc/passwd"}, "zone"),
        ({"week": (OFFICE,)}, "seven days"),
        ({"week": (((540, 780), (700, 900)), *[()] * 6)}, "overlap"),
        ({"week": (((1500, 1600),), *[()] * 6)}, "begins on its day"),
        ({"week": (((0, 1441),), *[()] * 6)}, "a day at most"),
        ({"week": ((),) * 7}, "never be open"),
        ({"name": "\u202e\u2066"}, "name"),
        ({"country": "", "region": "BZ"}, "country"),
        ({"exceptions": ((date(2026, 8, 14), ()),) * 2}, "each date once"),
    ],
)
def test_what_cannot_be_a_calendar_is_refused(changed, why) -> None:
    with pytest.raises(Rejected, match=why):
        calendars.decide(after(), SaveCalendar(replace(FIRM, **changed)))


def test_an_office_may_open_on_exceptional_days_alone_and_its_name_reads_as_it_is_written() -> (
    None
):
    fair = replace(FIRM, week=((),) * 7, exceptions=((date(2026, 8, 14), OFFICE),))
    assert calendars.decide(after(), SaveCalendar(fair)) == [fair]
    turned = replace(FIRM, name=" Fi\u202erm ")
    assert calendars.decide(after(), SaveCalendar(turned)) == [FIRM]
    assert calendars.decide(after(FIRM), SaveCalendar(turned)) == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"first": None, "next": None}, "or a solution"),
        ({"solution": 0}, "longer than nothing"),
        ({"first": 0}, "longer than nothing"),
        ({"risk": 0}, "percent"),
        ({"alarms": (OFFICE,)}, "seven days"),
        ({"scope": TargetScope(kind="x" * 200)}, "letters at most"),
    ],
)
def test_what_cannot_be_a_target_is_refused(changed, why) -> None:
    with pytest.raises(Rejected, match=why):
        calendars.decide(after(), SetTarget(replace(WANTED, **changed)))


def said(stream: int, position: int, event, since: datetime = MARCH):
    return Said(UUID(int=stream), position, since, event)


def test_the_word_said_last_holds_from_its_moment_on_and_history_stays() -> None:
    april, may = MARCH + timedelta(days=30), MARCH + timedelta(days=60)
    summer = replace(FIRM, week=(*[((480, 840),)] * 5, (), ()))
    words = [
        said(1, 1, FIRM),
        said(1, 2, summer, april),
        said(1, 3, CalendarRetired(None), may),
    ]
    for at, held in ((MARCH, FIRM), (april, summer), (april - timedelta(seconds=1), FIRM)):
        found = calendar_for(in_force(words, at), INFO)
        assert found is not None
        assert found.event == held
    assert calendar_for(in_force(words, may), INFO) is None
    assert calendar_for(in_force(words, MARCH - timedelta(seconds=1)), INFO) is None
    corrected = [*words, said(1, 4, FIRM, MARCH)]
    assert calendar_for(in_force(corrected, may), INFO) == corrected[-1]


def test_a_calendar_that_names_the_mailbox_comes_before_the_common_one() -> None:
    service = replace(FIRM, mailboxes=(SERVICE,))
    now = in_force([said(1, 5, FIRM), said(2, 1, service), said(3, 2, service)], MARCH)
    assert [
        one.stream.int for one in (calendar_for(now, box) for box in (INFO, SERVICE)) if one
    ] == [1, 3]


def test_targets_come_by_priority_mailbox_category_and_kind_and_fill_each_others_gaps() -> None:
    scopes = [
        TargetScope(), TargetScope(kind="order"), TargetScope(category="key"), TargetScope(SERVICE),
        TargetScope(SERVICE, kind="order"), TargetScope(priority="high"),
    ]  # fmt: skip
    words = [
        said(one, one, replace(WANTED, scope=scope, first=one * 60 + 60, next=None if one else 30))
        for one, scope in enumerate(scopes)
    ]
    now = in_force(words, MARCH)

    def first(**about) -> int:
        found = target_for(now, Case(**{"mailbox": INFO, **about}), Clock.FIRST_ANSWER)
        assert found is not None
        return found.stream.int

    order, key, high = frozenset({"order"}), frozenset({"key"}), frozenset({"high", "low"})
    assert [first(), first(kinds=order), first(kinds=order, categories=key)] == [0, 1, 2]
    assert first(mailbox=SERVICE, categories=key) == 3
    assert first(mailbox=SERVICE, kinds=order) == 4
    assert first(mailbox=SERVICE, kinds=order, priorities=high) == 5
    assert target_for(now, Case(SERVICE, key, order, high), Clock.NEXT_ANSWER) == words[0]
    assert target_for(in_force([], MARCH), Case(INFO), Clock.FIRST_ANSWER) is None


def test_a_wait_is_on_track_then_at_risk_then_breached_and_never_without_a_target() -> None:
    time, four = BusinessTime(FIRM.opening), timedelta(hours=4)
    standings = [Standing.ON_TRACK, Standing.AT_RISK, Standing.AT_RISK, Standing.BREACHED]
    for late, standing in zip((2, 3, 4, 4.1), standings, strict=True):
        found = dueness(time, MARCH, MARCH + timedelta(hours=late), Wanted(four, 75))
        assert (found.standing, found.due) == (standing, MARCH + four)
    assert dueness(time, MARCH, MARCH + 2 * four).standing is Standing.NONE
