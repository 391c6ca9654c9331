"""What speaks against a PEC before it is sent: what a provider would refuse (RFC 6109)."""

import pytest

from composed import MARCO, composed
from domain.certifying import objections_to_certified
from domain.composing import Mass
from domain.values import Address

ANNA = "anna@ditta.example"
OTHER = Address("ufficio@altra.example")


def told(sender=ANNA, size=1_000_000, known=None, **given):
    found = objections_to_certified(composed(**given, certified=True), sender, size, known or {})
    return {(one.field, one.code, one.blocks) for one in found}


def test_nothing_speaks_against_a_sound_one_whatever_the_case_of_its_sender():
    assert told(sender="Anna@Ditta.example", cc=(OTHER,), reply_to=(Address(ANNA),)) == set()


@pytest.mark.parametrize(
    ("given", "told_of"),
    [
        ({"sender": "bounce+a1@ditta.example"}, ("sender", "CERTIFIED_SENDER", True)),
        ({"sender": "info@ditta.example"}, ("sender", "CERTIFIED_SENDER", True)),
        (
            {"reply_to": (Address("anna+token@ditta.example"),)},
            ("reply_to[0]", "CERTIFIED_REPLY_TO", True),
        ),
        ({"mass": Mass("https://ditta.example/u/1")}, ("mass", "CERTIFIED_MASS", True)),
    ],
)
def test_what_a_provider_refuses_or_loses_blocks(given, told_of):
    assert told(**given) == {told_of}


def test_size_counts_for_every_recipient():
    several = {"to": (MARCO, OTHER), "cc": (Address("c@terza.example"),)}
    assert told(size=10_000_000, **several) == set()
    assert told(size=10_000_001, **several) == {("files", "CERTIFIED_TOO_LARGE", True)}


def test_a_recipient_known_as_ordinary_is_asked_about_and_an_unknown_one_is_not():
    known = {OTHER.key: False, MARCO.key: True}
    assert told(to=(MARCO, OTHER, Address("x@y.example")), known=known) == {
        ("to[1]", "NOT_PEC", False)
    }
