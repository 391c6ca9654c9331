"""What a rehearsal says would follow is what follows."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from api.work.instance import Carteggio
from api.work.mailrules import written
from api.work.rehearsing import Trial, rehearsal
from domain.mailrules import RuleSaved
from domain.ruleactions import RuleApplied
from domain.values import Rejected
from projections.mailrules import rules_now
from projections.reader import EVERYTHING
from projections.stretches import Stretch
from ruled import Firm, condition


@pytest.fixture
def firm(carteggio: Carteggio, tmp_path: Any) -> Firm:
    return Firm(carteggio, tmp_path)


def tried(
    firm: Firm, *then: Mapping[str, object], when: object = None, saved: bool = False
) -> list[Trial]:
    firm.settled()

    async def ask() -> list[Trial]:
        id, wanted = None, RuleSaved(
            0, 500, True, None, "Tried", written(when or {"all": []}), written(list(then))
        )  # fmt: skip
        if saved:
            async with firm.carteggio.reading() as asked:
                (row,) = await rules_now(*asked, EVERYTHING)
            id, wanted = row.rule, row.saved
        one = await rehearsal(firm.carteggio, id, wanted, Stretch())
        return [trial async for some in one.portions() for trial in some]

    return asyncio.run(ask())


def test_who_may_be_drawn_is_told_with_substitutes_and_nobody_is(firm):
    firm.group("sales", "anna", "bert", "carla")
    firm.away("bert", "elio")
    firm.away("carla")
    firm.arrives(firm.letters(2))
    before = firm.carteggio.journal.head()
    lot = {"kind": "assign_group", "group": "sales", "by": "lot"}
    for one in tried(firm, lot, {"kind": "tag", "tag": "new"}):
        assert one.effects == (
            "given by lot to one of Anna, Elio (standing in for Bert)",
            "tagged new",
        )
    manager = {"kind": "assign_sales_manager"}
    told = {effect for one in tried(firm, manager) for effect in one.effects}
    assert told == {"given to Elio, standing in for Bert, the party's sales manager"}
    assert firm.carteggio.journal.head() == before


def test_nobody_is_told_where_nobody_is_there(firm):
    firm.group("sales", "carla")
    firm.away("carla")
    firm.arrives(firm.letters(1, "bo@beta.example"))
    (one,) = tried(firm, {"kind": "assign_group", "group": "sales", "by": "turn"})
    assert one.effects[0].startswith("given to nobody: everybody who was meant is away")
    (one,) = tried(firm, {"kind": "assign_sales_manager"})
    assert one.effects == ("given to nobody: the party names no sales manager who is a colleague",)


def test_what_was_done_is_what_a_rehearsal_tells_word_by_word(firm):
    of_acme = {"all": [condition("party.code", "is", "C1"), condition("machine", "is", False)]}
    firm.rule({"kind": "assign", "to": "anna@firm.example"}, when=of_acme)
    firm.arrives(firm.letters(2) + firm.letters(2, "bo@beta.example"))
    trials = tried(firm, saved=True)
    applied = {
        one.stream: one.event
        for one in firm.carteggio.journal.read(0, limit=10_000, names=("message.rule_applied",))
        if isinstance(one.event, RuleApplied)
    }
    assert {one.message.id for one in trials if one.asked.applies} == set(applied)
    assert (len(trials), len(applied)) == (4, 2)
    for one in trials:
        if one.asked.applies:
            assert one.explanation == applied[one.message.id].because
            assert one.effects == applied[one.message.id].said


def test_an_action_that_cannot_be_is_refused_before_it_is_tried(firm):
    with pytest.raises(Rejected, match=r"then\[0\]"):
        tried(firm, {"kind": "assign", "to": "nobody@firm.example"})
