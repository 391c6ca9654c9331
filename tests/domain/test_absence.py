"""Absences: entered, changed, cancelled; and who stands in, at any moment."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import absence
from domain.absence import (
    LONGEST,
    Absence,
    AbsenceCancelled,
    AbsenceChanged,
    AbsenceEntered,
    Away,
    CancelAbsence,
    SetAbsence,
    days,
    stand_in,
    standing_in,
)
from domain.company import ColleagueRegistered
from domain.values import AbsenceId, ColleagueId, TemplateId
from events import example, stream
from given import Story

ONE = AbsenceId(stream("one"))
ANNA, CARLO, DORA = (ColleagueId(stream(name)) for name in ("anna", "carlo", "dora"))
ROME = ZoneInfo("Europe/Rome")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = Away(MONDAY, MONDAY + timedelta(days=5), "Europe/Rome", whole_days=True, substitute=CARLO)
ITALIAN = (("it", "Sono assente."),)


def anna() -> Story:
    story = Story(absence.initial, absence.evolve, absence.decide)
    return story.given(example(ColleagueRegistered))


def away(
    who: ColleagueId, substitute: ColleagueId | None, *, begins: int = 0, said: int = -9
) -> Absence:
    id, hours = AbsenceId(stream(f"{who}{substitute}{begins}{said}")), timedelta(hours=1)
    end = MONDAY + begins * hours + timedelta(days=5)
    return Absence(id, who, MONDAY + begins * hours, end, substitute, MONDAY + said * hours)


def test_an_absence_is_entered_changed_and_cancelled():
    entered = AbsenceEntered(ONE, WEEK)
    longer = replace(WEEK, ends=None, answers=True)
    changed = AbsenceChanged(ONE, longer, ITALIAN)
    anna().when(SetAbsence(ONE, ANNA, WEEK)).then(entered)
    anna().given(entered).when(SetAbsence(ONE, ANNA, WEEK)).then_nothing()
    said = SetAbsence(ONE, ANNA, longer, ((" IT ", " Sono assente.\n"),))
    anna().given(entered).when(said).then(changed)
    anna().given(entered, changed).when(said).then_nothing()
    over = anna().given(entered, changed, AbsenceCancelled(ONE))
    anna().given(entered).when(CancelAbsence(ONE)).then(AbsenceCancelled(ONE))
    over.when(CancelAbsence(ONE)).then_nothing()
    over.when(said).then_refused("NOT_FOUND")


@pytest.mark.parametrize(
    ("wrong", "texts"),
    [
        (replace(WEEK, ends=WEEK.begins), ()),
        (replace(WEEK, ends=MONDAY + timedelta(days=2000)), ()),
        (replace(WEEK, substitute=ANNA), ()),
        (replace(WEEK, answers=True), ()),
        (WEEK, (("italiano", "Sono assente."),)),
        (WEEK, (("it", " "),)),
        (WEEK, (("it", "x" * (LONGEST + 1)),)),
        (WEEK, (("it", "a"), ("IT", "b"))),
    ],
)
def test_what_cannot_be_is_refused(wrong, texts):
    anna().when(SetAbsence(ONE, ANNA, wrong, texts)).then_refused("INVALID")


def test_a_template_answers_without_texts_and_nobody_unknown_is_away():
    by_template = replace(WEEK, answers=True, template=TemplateId(stream("template")))
    anna().when(SetAbsence(ONE, ANNA, by_template)).then(AbsenceEntered(ONE, by_template))
    anna().when(CancelAbsence(ONE)).then_refused("NOT_FOUND")
    nobody = Story(absence.initial, absence.evolve, absence.decide)
    nobody.when(SetAbsence(ONE, ANNA, WEEK)).then_refused("NOT_FOUND")


def test_whole_days_are_those_of_the_zone_also_when_the_clock_changes():
    begins, ends = days(date(2026, 3, 28), date(2026, 3, 29), ROME)
    assert (begins, ends) == (
        datetime(2026, 3, 27, 23, tzinfo=UTC),
        datetime(2026, 3, 29, 22, tzinfo=UTC),
    )


def test_substitutes_are_followed_and_circles_lead_to_nobody():
    chain = [away(ANNA, CARLO), away(CARLO, DORA)]
    assert standing_in(ANNA, chain, MONDAY) == DORA
    assert standing_in(DORA, chain, MONDAY) == DORA
    assert standing_in(ANNA, [*chain, away(DORA, None)], MONDAY) is None
    found = stand_in(ANNA, [*chain, away(DORA, ANNA)], MONDAY)
    assert (found.who, found.circle, len(found.by)) == (None, True, 3)


def test_an_absence_counts_from_its_beginning_until_before_its_end_as_it_was_said_then():
    week = away(ANNA, CARLO)
    at = {-1: ANNA, 0: CARLO, 5 * 24 - 1: CARLO, 5 * 24: ANNA}
    for hours, who in at.items():
        assert standing_in(ANNA, [week], MONDAY + timedelta(hours=hours)) == who
    late = away(ANNA, CARLO, said=3)
    cancelled = replace(late, unsaid_at=MONDAY + timedelta(hours=5))
    told = [standing_in(ANNA, [cancelled], MONDAY + timedelta(hours=at)) for at in range(2, 6)]
    assert told == [ANNA, CARLO, CARLO, ANNA]


def test_of_several_absences_the_last_said_that_names_a_substitute_counts():
    course, newer = away(ANNA, None, said=-1), away(ANNA, DORA, said=-2)
    assert standing_in(ANNA, [away(ANNA, CARLO), course], MONDAY) == CARLO
    assert standing_in(ANNA, [newer, away(ANNA, CARLO), course], MONDAY) == DORA


PEOPLE = st.sampled_from([ANNA, CARLO, DORA])


@given(st.lists(st.builds(away, PEOPLE, st.none() | PEOPLE), max_size=6), PEOPLE)
def test_who_stands_in_is_never_away_himself(absences, who):
    there = standing_in(who, absences, MONDAY)
    assert there is None or not any(one.colleague == there for one in absences)
