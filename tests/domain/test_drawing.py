"""Who of a group gets it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from domain.absence import Absence
from domain.drawing import Way, again, draw, present
from domain.values import AbsenceId, ColleagueId

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GROUP = UUID(int=99)
ANNA, BERT, CARLA, DORA, ELIO, FABIO = (ColleagueId(UUID(int=one)) for one in range(1, 7))
FOUR = (ANNA, BERT, CARLA, DORA)


def away(who: ColleagueId, substitute: ColleagueId | None = None) -> Absence:
    said = NOW - timedelta(days=1)
    return Absence(AbsenceId(uuid4()), who, said, None, substitute, said)


def there(*absences: Absence) -> list[tuple[ColleagueId, ColleagueId]]:
    return [(one.member, one.who) for one in present(FOUR, absences, NOW)]


def test_who_is_away_is_no_candidate_and_his_substitutes_substitute_is():
    assert there(away(ANNA, ELIO), away(ELIO, FABIO)) == [
        (ANNA, FABIO), (BERT, BERT), (CARLA, CARLA), (DORA, DORA),
    ]  # fmt: skip


def test_who_stands_in_has_one_chance_whether_he_is_in_the_group_or_not():
    assert there(away(ANNA, CARLA)) == [(BERT, BERT), (CARLA, CARLA), (DORA, DORA)]
    assert there(away(ANNA, ELIO), away(BERT, ELIO)) == [
        (ANNA, ELIO), (CARLA, CARLA), (DORA, DORA),
    ]  # fmt: skip


def test_of_a_group_that_is_away_nobody_is_drawn():
    nobody = present(FOUR, [away(one) for one in FOUR], NOW)
    drawn = draw(GROUP, Way.LOT, FOUR, nobody, lambda _: 0)
    assert (drawn.who, drawn.picked, again(drawn)) == (None, None, None)


def test_turns_go_round_and_pass_over_who_is_away():
    last, taken = None, []
    for absences in ([], [], [away(CARLA)], [], [], [away(BERT, ELIO)], []):
        drawn = draw(GROUP, Way.TURN, FOUR, present(FOUR, absences, NOW), lambda _: 9, last)
        assert drawn.candidate is not None
        last = drawn.candidate.member
        taken.append(drawn.who)
    assert taken == [ANNA, BERT, DORA, ANNA, BERT, CARLA, DORA]


def test_a_substitute_takes_the_turn_of_whom_he_stands_in_for():
    drawn = draw(GROUP, Way.TURN, FOUR, present(FOUR, [away(BERT, ELIO)], NOW), lambda _: 9, ANNA)
    assert drawn.who == ELIO


def test_the_least_busy_gets_it_and_equals_are_drawn_by_lot():
    busy = {ANNA: 4, BERT: 2, CARLA: 2, DORA: 3}
    candidates = present(FOUR, [], NOW, busy)
    asked: list[int] = []

    def chance(below: int) -> int:
        asked.append(below)
        return below - 1

    assert draw(GROUP, Way.LEAST_BUSY, FOUR, candidates, chance).who == CARLA
    assert asked == [2]


@given(
    st.sampled_from(Way),
    st.sets(st.sampled_from(FOUR)),
    st.integers(0, 10**6),
    st.sampled_from((None, *FOUR)),
)
def test_what_is_told_of_a_choice_gives_it_again(way, absent, ticket, last):
    absences = [away(one, ELIO) for one in absent]
    candidates = present(FOUR, absences, NOW, {ANNA: ticket % 3})
    drawn = draw(GROUP, way, FOUR, candidates, lambda below: ticket % below, last)
    assert again(drawn) == drawn.picked
    assert drawn.who not in absent
