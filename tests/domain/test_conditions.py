"""Conditions of rules: how they are read, when they hold, and how that is explained."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.conditions import Held, Search, held
from domain.conditiontrees import DEEPEST, read_condition, refuse_vain
from domain.languages import language_of
from domain.values import Rejected
from facts import facts

ROME = {"zone": "Europe/Rome"}


def looked_for(written: str) -> Search:
    """Stand in for the patterns of adapters: what is meant here is how conditions use them."""
    if written == "[":
        raise Rejected("INVALID", "it is no pattern")
    ready = re.compile(written, re.IGNORECASE)

    def search(text: str) -> str | None:
        found = ready.search(text)
        return found.group() if found else None

    return search


def asked(tree: Any, **changed: Any) -> bool:
    return held(read_condition(tree, looked_for), facts(**changed)).holds


@pytest.mark.parametrize(
    ("field", "op", "wanted"),
    [
        ("sender.address", "is", "ADA@acme.example"),
        ("sender.domain", "ends", ".example"),
        ("sender.name", "contains", "muller"),
        ("recipient.address", "starts", "Info@"),
        ("recipient.name", "is", "boss"),
        ("subject", "contains", ["offerta", "E URGENTE"]),
        ("subject", "matches", r"ordine\s+n\. (\d+)"),
        ("text", "contains", "buongiorno, confermate"),
        ("language", "is", ["de", "it"]),
        ("attachment.name", "ends", ".pdf"),
        ("attachment.type", "is", "application/PDF"),
        ("attachment.count", "is", 1),
        ("attachment.size", "greater", 1_000_000),
        ("size", "less", 3_000_000),
        ("header.X-Spam-Flag", "is", "Maybe"),
        ("direction", "is", "inbound"),
        ("machine", "is", False),
        ("linked", "is", True),
        ("linked.document", "is", True),
        ("party.code", "is", "c1"),
        ("party.Category", "is", "a"),
        ("party.sales_manager", "exists", True),
        ("party.zone", "exists", False),
        ("party.credit", "greater", 1500),
        ("party.credit", "less", 1500.6),
        ("document.kind", "is", "order"),
        ("document.site", "is", "torino"),
        ("time.weekday", "is", ["mon", "sunday"]),
        ("time.hour", "is", 9),
        ("time.clock", "greater", "09:29"),
        ("time.clock", "less", "09:31"),
        ("time.business", "is", True),
    ],
)
def test_a_condition_holds_where_the_field_compares_to_what_is_wanted(field, op, wanted):
    assert asked({"field": field, op: wanted})
    assert not asked({"not": {"field": field, op: wanted}})


@pytest.mark.parametrize(
    ("field", "op", "wanted"),
    [
        ("sender.domain", "is", "example"),
        ("subject", "matches", r"^urgente"),
        ("attachment.count", "greater", 1),
        ("header.x-mailer", "contains", "a"),
        ("party.category", "greater", 1),
        ("party.vat", "contains", "1"),
        ("machine", "exists", True),
        ("time.weekday", "is", "tuesday"),
        ("machine.kind", "exists", True),
    ],
)
def test_what_does_not_compare_or_does_not_exist_holds_for_nothing(field, op, wanted):
    assert not asked({"field": field, op: wanted})


def test_a_day_and_an_hour_are_those_of_the_named_zone():
    at_night: dict[str, Any] = {
        "all": [{"field": "time.weekday", "is": "tue"}, {"field": "time.hour", "less": 1}]
    }
    auckland = {"all": [{**one, "zone": "Pacific/Auckland"} for one in at_night["all"]]}
    late = facts().at.replace(hour=11, minute=5)
    assert asked(auckland, at=late)
    assert not asked(at_night, at=late)
    hour = {"field": "time.hour", "is": 2, **ROME}
    for utc in (0, 1):  # the hour that the end of summer time repeats
        assert asked(hour, at=facts().at.replace(month=10, day=25, hour=utc))


def test_every_part_is_explained_with_the_words_that_decided():
    tree = {
        "all": [
            {"field": "sender.domain", "is": ["acme.example", "beta.example"]},
            {"any": [{"field": "subject", "contains": "offerta"},
                     {"field": "text", "matches": r"ordine \d+"}]},
            {"not": {"field": "machine", "is": True}},
        ]
    }  # fmt: skip
    assert held(read_condition(tree, looked_for), facts()).explanation == (
        "all of these: yes",
        "  sender.domain is “acme.example” or “beta.example”: yes (“acme.example”)",
        "  one of these: yes",
        "    subject contains “offerta”: no (“Ordine n. 1001: è urgente”)",
        "    text matches “ordine \\d+”: yes (“ordine 1001”)",
        "  not this: yes",
        "    machine: no",
    )


def test_a_long_text_is_quoted_where_it_says_what_was_looked_for():
    text = "parola " * 500 + "ORDINE 77 " + "parola " * 500
    (line,) = held(
        read_condition({"field": "text", "contains": "ordine 77"}, looked_for), facts(text=text)
    ).lines
    assert "ordine 77" in line.evidence
    assert len(line.evidence) < 130


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        ({"all": [{"field": "subjekt", "is": "x"}]}, "when.all[0].field: there is no 'subjekt'; did you mean subject?"),
        ({"any": []}, "when.any: name one condition"),
        ({"all": {}}, "when.all: a list"),
        ({"all": [], "not": {}}, "when: all stands alone; take out not"),
        ([], "when: a condition is needed"),
        ({"field": "subject"}, "when: one comparison is needed"),
        ({"field": "subject", "is": "a", "ends": "b"}, "when: one comparison is needed"),
        ({"field": "subject", "equals": "a"}, "when: there is no 'equals'"),
        ({"field": "subject", "is": 3}, "when.is: a text is needed"),
        ({"field": "subject", "is": []}, "when.is: from 1 to"),
        ({"field": "subject", "is": " "}, "when.is: a text is needed"),
        ({"field": "subject", "greater": 3}, "when.greater: subject can be compared by"),
        ({"field": "size", "greater": "3"}, "when.greater: a whole number"),
        ({"field": "size", "is": True}, "when.is: a whole number"),
        ({"field": "size", "contains": 1}, "when.contains: size can be compared by"),
        ({"field": "party.credit", "less": "low"}, "when.less: a number is needed"),
        ({"field": "party.credit", "less": 1e300}, "when.less: a number is needed that can"),
        ({"field": "machine", "is": "yes"}, "when.is: true or false"),
        ({"field": "party", "is": "x"}, "when.field: name what of the party is meant"),
        ({"field": "header.a b", "is": "x"}, "when.field: name what of the header"),
        ({"field": 3, "is": "x"}, "when.field: a field's name"),
        ({"field": "time.clock", "less": "9:30"}, "when.less: a time of day"),
        ({"field": "time.weekday", "is": "holiday"}, "when.is: a day is needed"),
        ({"field": "time.hour", "is": 1, "zone": "Rome"}, "when.zone: 'Rome' is no time zone"),
        ({"field": "subject", "is": "a", "zone": "Europe/Rome"}, "when.zone: only"),
        ({"field": "subject", "matches": ["a", "["]}, "when.matches: it is no pattern"),
        ({"field": "subject", "is": "x" * 1_001}, "when.is: 1000 letters"),
        ({"all": [{"field": "subject", "is": "x"}] * 200}, "when.all[199]: a rule has 200"),
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused_with_its_place(tree, sentence):
    with pytest.raises(Rejected) as refusal:
        read_condition(tree, looked_for)
    assert sentence in refusal.value.sentence
    assert refusal.value.code == "INVALID"


@pytest.mark.parametrize("hour", [-1, 24, 25])
def test_an_hour_that_no_day_has_is_refused_where_it_is_saved_and_can_still_be_read(hour):
    asked = {"any": [{"not": {"field": "time.hour", "is": [9, hour]}}]}
    read = read_condition(asked, looked_for)
    with pytest.raises(Rejected, match=f"{hour} is no hour of a day"):
        refuse_vain(read)
    refuse_vain(read_condition({"field": "time.hour", "greater": 0}, looked_for))


def test_conditions_stand_ten_deep_at_most():
    tree: Any = {"field": "linked", "is": True}
    for _ in range(DEEPEST - 1):
        tree = {"not": tree}
    assert not asked(tree)
    with pytest.raises(Rejected, match="10 deep"):
        asked({"not": tree})


@given(
    st.recursive(
        st.sampled_from(["sender.domain", "subject", "machine", "size", "all", "field", "any", "is"])
        | st.booleans() | st.integers() | st.none(),
        lambda below: st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["all", "any", "not", "field", "is", "zone"]), below, max_size=3),
        max_leaves=12,
    )
)  # fmt: skip
def test_whatever_a_tree_holds_it_is_a_condition_or_refused(tree):
    refused, found = "", Held(holds=False)
    try:
        found = held(read_condition(tree, looked_for), facts())
    except Rejected as refusal:
        refused = refusal.sentence
    assert refused.startswith("when") or found.lines[0].holds is found.holds


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Buongiorno, potete confermare l'ordine per favore? Grazie", "it"),
        ("Guten Tag, wann wird die Ware bei uns ankommen?", "de"),
        ("Could you please send us the invoice for our order?", "en"),
        ("Bonjour, pouvez-vous nous envoyer la facture?", "fr"),
        ("Dzień dobry, proszę o ofertę na nasz nowy projekt", "pl"),
        ("PDF 4711", ""),
        ("", ""),
    ],
)
def test_a_language_is_told_by_small_words_or_not_at_all(text, language):
    assert language_of(text) == language
