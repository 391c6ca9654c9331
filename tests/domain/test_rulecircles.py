"""Rules by which mail would go round are refused when the last of them is saved."""

from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID, uuid5

import pytest

from domain.conditions import All, Condition, Not, Op, Says
from domain.rulecircles import Route, refuse_circles
from domain.values import MailboxId, Rejected

EVERY = All(())
INVOICES = Says("subject", Op.CONTAINS, ("invoice",))
SPACE = UUID(int=7)


def box(name: str) -> MailboxId:
    return MailboxId(uuid5(SPACE, f"box {name}"))


def way(source: str, target: str, when: Condition = EVERY, name: str = "") -> Route:
    """Let a rule take mail of a mailbox (of every one: no name) to another."""
    named = name or f"{source}-{target}"
    return Route(uuid5(SPACE, named), named, box(source) if source else None, box(target), when)


def refusal(wanted: Route, *others: Route) -> str:
    try:
        refuse_circles([wanted], others)
    except Rejected as refused:
        return f"{refused.code} {refused.sentence}"
    return ""


@pytest.mark.parametrize("length", [2, 3, 4, 9, 40])
def test_a_circle_of_any_length_is_refused_with_the_rules_in_their_order(length: int):
    places = [str(one) for one in range(length)]
    ways = [way(*pair) for pair in pairwise([*places, "0"])]
    names = [f"“{one.name}”" for one in (ways[-1], *ways)]
    assert f"go round by {' → '.join(names)}:" in refusal(ways[-1], *ways[:-1])


def test_a_chain_and_two_ways_to_one_place_are_none():
    chain = [way(*pair) for pair in pairwise("ABCDE")]
    assert refusal(chain[-1], *chain[:-1]) == ""
    assert refusal(way("A", "C"), way("A", "B"), way("B", "C")) == ""


def test_a_rule_that_takes_mail_to_where_it_takes_it_from_is_refused():
    assert "“A-A” takes mail to where it takes it from" in refusal(way("A", "A"))


def test_rules_of_all_mail_go_round_with_any_that_takes_it_further():
    assert "“-B” → “B-C” → “-B”" in refusal(way("", "B"), way("B", "C"))
    assert "“-B” → “-C” → “-B”" in refusal(way("", "B"), way("", "C"))
    assert refusal(way("", "B"), way("A", "B")) == ""


def test_what_one_of_three_excludes_does_not_go_round():
    there, on = way("A", "B", INVOICES), way("B", "C")
    assert refusal(way("C", "A", Not(INVOICES)), there, on) == ""
    assert "“C-A” → “A-B” → “B-C” → “C-A”" in refusal(way("C", "A", INVOICES), there, on)


def test_another_way_round_is_found_where_the_first_is_excluded():
    others = [way("A", "B", INVOICES, "only invoices"), way("A", "B", name="all")]
    told = refusal(way("B", "A", Not(INVOICES)), *others)
    assert "“all”" in told
    assert "only invoices" not in told


def test_many_rules_between_many_mailboxes_are_judged_soon():
    def between(names: Sequence[str]) -> list[Route]:
        return [
            way(one, other, INVOICES, f"{one}{other}{at}")
            for one in names
            for other in names
            for at in range(3)
            if one < other
        ]

    assert refusal(way("Z", "A", Not(INVOICES)), *between("ABCDEFGHIJKLMNZ")) == ""
