"""Who gets a message by a rule's actions."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.absence import Absence
from domain.drawing import Way
from domain.ruleactions import Act, ActionKind, Done, Why, loops, read_actions
from domain.ruleplans import Around, planned, settled
from domain.values import AbsenceId, ColleagueId, PartyId, Rejected

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GROUP, RULE = UUID(int=99), UUID(int=98)
ANNA, BERT, CARLA = (ColleagueId(UUID(int=one)) for one in range(1, 4))
PARTY = PartyId(UUID(int=50))
DRAWN = Act(ActionKind.ASSIGN_GROUP, group=GROUP, way=Way.LOT)
MANAGER = Act(ActionKind.ASSIGN_SALES_MANAGER)


def away(who: ColleagueId, substitute: ColleagueId | None = None) -> Absence:
    said = NOW - timedelta(days=1)
    return Absence(AbsenceId(uuid4()), who, said, None, substitute, said)


def given(act: Act, **known: object) -> Done:
    around = Around(NOW, groups={GROUP: (ANNA, BERT)}, **known)  # type: ignore[arg-type]
    return settled(planned(act, around), lambda _: 0)


def test_the_sales_manager_gets_it_or_who_stands_in_for_him():
    assert given(MANAGER, parties=(PARTY,), managers=(ANNA,)).to == ANNA
    instead = given(MANAGER, managers=(ANNA,), absences=(away(ANNA, BERT), away(BERT, CARLA)))
    assert (instead.to, instead.instead_of, instead.why) == (CARLA, ANNA, Why.STANDS_IN)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({}, Why.NO_PARTY),
        ({"parties": (PARTY,)}, Why.NO_MANAGER),
        ({"managers": (ANNA, BERT)}, Why.SEVERAL_PARTIES),
        ({"managers": (ANNA,), "absences": (away(ANNA),)}, Why.NOBODY_THERE),
    ],
)
def test_without_a_sales_manager_who_is_there_nobody_gets_it_and_it_is_told_why(known, why):
    done = given(MANAGER, **known)
    assert (done.done, done.to, done.why) == (False, None, why)


def test_a_talk_that_is_somebodys_is_not_drawn_again_unless_he_is_away():
    assert given(DRAWN, owner=CARLA) == Done(DRAWN.kind, done=False, why=Why.OWNED, to=CARLA)
    assert given(DRAWN, owner=CARLA, absences=(away(CARLA),)).to == ANNA


def test_what_a_group_that_is_away_would_get_stays_with_the_mailbox():
    done = given(DRAWN, absences=(away(ANNA), away(BERT)))
    assert (done.done, done.why) == (False, Why.NOBODY_THERE)


def test_no_rule_acts_on_what_came_through_it_or_through_three():
    assert loops(RULE, [RULE])
    assert loops(RULE, [UUID(int=one) for one in range(3)])
    assert not loops(RULE, [GROUP])


def test_actions_are_read_from_data():
    acts = read_actions(
        [
            {"kind": "assign_group", "group": "Sales", "by": "turn"},
            {"kind": "forward", "to": ["a@firm.example", "b@firm.example"]},
            {"kind": "snooze", "hours": 4},
            {"kind": "stop"},
        ],
        lambda kind, text: UUID(int=len(kind) + len(text)),
    )
    assert [act.kind for act in acts] == ["assign_group", "forward", "snooze", "stop"]
    assert (acts[0].way, acts[0].group) == (Way.TURN, UUID(int=10))
    assert [one.spec for one in acts[1].to] == ["a@firm.example", "b@firm.example"]


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        ([{"kind": "explode"}], "kind: one of assign, "),
        ([{"kind": "assign"}], "to: assign needs it"),
        ([{"kind": "stop", "now": True}], "now: stop has no such part"),
        ([{"kind": "tag", "tag": "x" * 61}], "a text of 1 to 60 letters"),
        ([{"kind": "snooze", "hours": 0}], "hours: 1 to 8,784"),
        ([{"kind": "link"}], "name one party, or one document"),
        ([{"kind": "forward", "to": [7]}], "mail addresses are needed"),
        ([{"kind": "assign_group", "group": "S", "by": "dice"}], "by: one of lot, turn"),
        ([{"kind": "assign_last_answerer"}, {"kind": "assign", "to": "a@b"}], "one person's"),
    ],
)
def test_what_is_no_action_is_refused_with_its_place_and_reason(tree, sentence):
    with pytest.raises(Rejected, match="then") as refused:
        read_actions(tree, lambda _, __: GROUP)
    assert sentence in refused.value.sentence
