"""Rules: versions are saved and retired; in their order they are asked, until one stops."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain import mailrules
from domain.conditions import All, Op, Says
from domain.mailrules import (
    STOP,
    OrderRule,
    RetireRule,
    Rule,
    RuleRetired,
    RuleSaved,
    SaveRule,
    asked,
    holds_for,
)
from facts import INFO, SERVICE, facts
from given import Story

FIRST = RuleSaved(1, 10, enabled=True, mailbox=None, name="Orders", when="{}", then="[]")
SECOND = replace(FIRST, version=2, enabled=False)


def rule() -> Story:
    return Story(mailrules.initial, mailrules.evolve, mailrules.decide)


def test_each_save_that_says_something_else_is_a_version():
    rule().when(SaveRule(replace(FIRST, version=0, name=" Orders "))).then(FIRST)
    rule().given(FIRST).when(SaveRule(replace(FIRST, note="again"))).then_nothing()
    rule().given(FIRST).when(SaveRule(replace(SECOND, version=7))).then(SECOND)
    rule().given(FIRST, SECOND).when(OrderRule(20)).then(replace(SECOND, version=3, order=20))
    rule().given(FIRST).when(OrderRule(10)).then_nothing()
    elsewhere = SaveRule(replace(FIRST, order=99), keeps_place=True)
    rule().given(FIRST).when(elsewhere).then_nothing()
    rule().when(elsewhere).then(replace(FIRST, order=99))


def test_a_later_version_is_not_overwritten_and_a_retired_rule_stays_so():
    rule().given(FIRST, SECOND).when(SaveRule(FIRST, based_on=1)).then_refused("CONFLICT")
    rule().given(FIRST).when(RetireRule("old")).then(RuleRetired("old"))
    gone = rule().given(FIRST, RuleRetired())
    gone.when(RetireRule()).then_nothing()
    gone.when(SaveRule(SECOND)).then_refused("CONFLICT")
    gone.when(OrderRule(1)).then_refused("NOT_FOUND")
    rule().when(RetireRule()).then_refused("NOT_FOUND")


@pytest.mark.parametrize(
    "changed",
    [{"name": " "}, {"name": "x" * 121}, {"order": -1}, {"order": 1_000_001},
     {"when": "x" * 200_001}, {"then": "x" * 200_001}, {"note": "x" * 2_001}],
)  # fmt: skip
def test_what_is_no_rule_is_refused(changed):
    rule().when(SaveRule(replace(FIRST, **changed))).then_refused("INVALID")


def ready(number: int, condition: Any, *kinds: str, mailbox: Any = None) -> Rule:
    then = tuple({"kind": kind} for kind in kinds)
    return Rule(UUID(int=number), 1, number, mailbox, f"rule {number}", condition, then)


EVERY = All(())
ORDERS = Says("subject", Op.CONTAINS, ("ordine",))
OFFERS = Says("subject", Op.CONTAINS, ("offerta",))


def test_a_rule_that_stops_prevents_later_ones_and_they_still_tell_whether_they_held():
    rules = [
        ready(1, OFFERS, STOP), ready(2, ORDERS, "assign"), ready(3, ORDERS, "assign", STOP),
        ready(4, EVERY, STOP), ready(5, OFFERS, "assign"),
    ]  # fmt: skip
    found = asked(rules, facts())
    assert [one.held.holds for one in found] == [False, True, True, True, False]
    assert [one.applies for one in found] == [False, True, True, False, False]
    stopped = [one.prevented_by.order if one.prevented_by else None for one in found]
    assert stopped == [None, None, None, 3, 3]


def test_a_rule_is_about_mail_of_its_mailbox_that_comes_in_unless_it_names_the_direction():
    theirs = ready(1, EVERY, "assign", mailbox=SERVICE)
    assert holds_for(theirs, facts()).explanation == ("it came to the rule's mailbox: no",)
    assert holds_for(theirs, facts(mailboxes=(INFO, SERVICE))).holds
    ours = facts(direction="outbound")
    assert holds_for(ready(2, EVERY, "tag"), ours).explanation == (
        "it came in: no (it is outbound)",
    )
    assert holds_for(ready(3, Says("direction", Op.IS, ("outbound",)), "tag"), ours).holds


def test_business_hours_are_those_of_the_rules_mailbox():
    open_ = Says("time.business", Op.IS, (True,))
    both = facts(mailboxes=(INFO, SERVICE), open=(SERVICE,))
    assert holds_for(ready(1, open_, "tag"), both).holds
    assert holds_for(ready(1, open_, "tag", mailbox=SERVICE), both).holds
    assert not holds_for(ready(1, open_, "tag", mailbox=INFO), both).holds
