"""Document numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.numbers import Number, parse_number, same, sightings


def seen_in(text: str, written: str) -> list[str]:
    number = parse_number(written)
    assert number is not None
    return [one.snippet for one in sightings(text) if same(number, one.number)]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("2026/1234", "Vs. ordine n. 2026-1234 del 3 marzo"),
        ("2026/1234", "ordine 1234/2026"),
        ("1128/A", "fattura 1128/A"),
        ("FV/2026/03/118", "faktura FV 118/03/2026"),
        ("RE-2026-00412", "Rechnung RE 2026-412"),
        ("C-10293", "commande C10293"),
        ("4711", "Auftrag 4711, bitte"),
        ("0098/26", "order 98/2026"),
    ],
)
def test_a_number_is_known_with_other_separators_order_and_zeros(written: str, text: str) -> None:
    assert seen_in(text, written)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("2026/1234", "tel. 02 1234 2026 77"),
        ("47", "47 Stück"),
        ("2026/1234", "2026 Stück, 1234 Paletten"),
        ("4711", "47110 und 14711"),
        ("1128/25", "1128/24"),
    ],
)
def test_other_numbers_are_not_taken_for_it(written: str, text: str) -> None:
    assert seen_in(text, written) == []


def test_a_text_without_digits_is_no_number() -> None:
    assert parse_number("senza numero") is None
    assert list(sightings("nessun numero qui")) == []


def test_a_short_lone_group_needs_its_letters() -> None:
    twelve = parse_number("B-12")
    assert twelve is not None
    assert same(twelve, Number(("12",), ("b",)))
    assert not same(twelve, Number(("12",), ("pz",)))


@given(st.text(max_size=120))
def test_every_sighting_stands_verbatim_in_the_text(text: str) -> None:
    assert all(one.snippet in text for one in sightings(text))
