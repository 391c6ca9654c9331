"""Reminders: not twice within a working day, unless it is asked for."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.reminding import QUIET, MessageReminded, Remind, Reminded, decide, evolve
from domain.values import ColleagueId, Rejected

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANNA, CARLO = ColleagueId(UUID(int=1)), ColleagueId(UUID(int=2))


def order(number: int, *to: ColleagueId, after: timedelta = timedelta(0), again: bool = False):
    return Remind(UUID(int=100 + number), NOON + after, to, "please", again)


def after(*commands: Remind) -> Reminded:
    state = Reminded(known=True)
    for command in commands:
        for event in decide(state, command):
            state = evolve(state, event)
    return state


def test_who_was_reminded_of_late_is_left_alone_and_who_was_not_is_reminded() -> None:
    both = order(2, ANNA, CARLO, after=timedelta(hours=1))
    (told,) = decide(after(order(1, ANNA)), both)
    assert told == MessageReminded(both.order, (CARLO,), both.now + QUIET, "please")


def test_he_is_reminded_again_when_it_is_asked_for_or_a_working_day_has_passed() -> None:
    before = after(order(1, ANNA))
    with pytest.raises(Rejected, match="again from 2026-03-03 00:00 UTC"):
        decide(before, order(2, ANNA, after=QUIET - timedelta(seconds=1)))
    assert decide(before, order(2, ANNA, again=True))
    assert decide(before, order(2, ANNA, after=QUIET))


def test_the_same_order_reminds_once_and_of_no_mail_that_is_not_there() -> None:
    assert decide(after(order(1, ANNA)), order(1, ANNA, again=True)) == []
    with pytest.raises(Rejected, match="no such message"):
        decide(Reminded(), order(1, ANNA))
