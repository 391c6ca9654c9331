"""What a person newly wrote stands before the quoted history."""

import pytest

from domain.wording import below, new_text, spoken


@pytest.mark.parametrize(
    "leads_in",
    [
        "On Mon, 3 March 2026, Anna wrote:",
        "Il giorno lun 3 mar 2026 alle ore 10:00 Anna\n<anna@customer.example> ha scritto:",
        "Am 03.03.2026 schrieb Anna:",
        "Le 3 mars 2026 à 10:00, Anna a écrit :",
        "W dniu 03.03.2026 o 10:00, Anna napisał(a):",
        "From: Anna\nSent: Monday\nTo: Bruno\nSubject: Order",
    ],
)
def test_the_quoted_history_is_folded_away(leads_in: str):
    assert new_text(f"We ship today.\n\n{leads_in}\n> Where is it?\n") == "We ship today."


def test_a_lead_in_may_be_as_long_as_addresses_are():
    long = f"On {'x' * 330} wrote:"
    assert new_text(f"Yes.\n{long}\nWhere is it?") == "Yes."
    longer = f"On {'x' * 400} wrote:"
    assert longer in new_text(f"Yes.\n{longer}\nWhere is it?")


def test_a_text_that_is_all_quoted_is_kept():
    assert new_text("> Where is it?\n> Anna") == "> Where is it?\n> Anna"


def test_what_is_said_ends_before_the_signature():
    assert spoken("We ship today.\n\nKind regards\nBruno\n-- \nBruno, Sales") == "We ship today."


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (
            "Grazie.\n\nIl 3 marzo 2026 Anna ha scritto:\n> ordine 12",
            "Il 3 marzo 2026 Anna ha scritto:\n> ordine 12",
        ),
        ("Hi,\n> your order?\nyes, 2026/1234", "> your order?\nyes, 2026/1234"),
        ("Nothing is quoted.", ""),
        ("> only\n> quoted", ""),
    ],
)
def test_what_stands_below_the_new_text_is_told_apart_from_it(text: str, rest: str) -> None:
    assert below(text) == rest
