"""Rules as files: read with the place of what is wrong, written so that they say the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rulefiles import MOST_OCTETS, RuleFile, read_rule, written_rule
from domain.values import Rejected

OFFERS = """name = "Offers"
mailbox = "info@firm.example"
order = 10
enabled = false
note = "for Anna"

[when]
all = [
  { field = "subject", contains = ["offerta", "preventivo"] },
  { any = [
    { field = "text", matches = "prezz[oi] \\\\d+" },
    { not = { field = "machine", is = true } },
  ] },
]

[[then]]
kind = "assign"
to = "rossi@firm.example"

[[then]]
kind = "stop"
"""

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    names | st.booleans() | st.integers(-(2**60), 2**60),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(names, below, max_size=3),
    max_leaves=8,
)


def test_a_rule_is_read_from_toml_or_json_and_written_as_it_was():
    one = read_rule(OFFERS.encode())
    assert (one.name, one.mailbox, one.order, one.enabled) == (
        "Offers", "info@firm.example", 10, False,
    )  # fmt: skip
    assert written_rule(one) == OFFERS
    least = {"name": "Least", "when": {"all": []}, "then": [{"kind": "stop"}]}
    assert read_rule(json.dumps(least).encode(), is_json=True) == RuleFile(**least)  # type: ignore[arg-type]


@given(
    st.dictionaries(names, values, max_size=3),
    st.lists(st.dictionaries(names, values, max_size=3), min_size=1, max_size=2),
)
def test_what_is_written_is_read_again(when, then):
    one = RuleFile("é “x”\n\x7f", when, then, order=3)
    assert read_rule(written_rule(one).encode()) == one


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('name = "x', "it is no TOML: Unterminated string"),
        ("a = 1", "a is no part of a rule"),
        ('name = "x"\nwhen = {}', "then is missing"),
        ("name = 3\nwhen = {}\nthen = []", "name: a text in quotes"),
        ('name = "x"\norder = true\nwhen = {}\nthen = []', "order: a whole number"),
        ('name = "x"\nenabled = "no"\nwhen = {}\nthen = []', "enabled: true or false"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_with_its_place(text, why):
    with pytest.raises(Rejected, match=why):
        read_rule(text.encode())


def test_octets_that_are_no_file_of_a_rule_are_refused():
    for octets in (b"\xff", b" " * (MOST_OCTETS + 1)):
        with pytest.raises(Rejected):
            read_rule(octets)
    for text in ("[]", "{", "[" * 100_000):
        with pytest.raises(Rejected):
            read_rule(text.encode(), is_json=True)
