"""Which document a text names, where several have a number like it."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from domain.kinds import Kind
from domain.naming import NumberedDocument, is_telling, named, names_alone
from domain.numbers import parse_number, sightings, without_year

PARTY = UUID(int=1)
DAY = date(2026, 3, 1)


def document(
    name: int, number: str, kind: Kind | None = None, issued_on: date | None = None
) -> NumberedDocument:
    parsed = parse_number(number)
    assert parsed is not None
    short = without_year(parsed, issued_on.year) if issued_on else None
    return NumberedDocument(
        UUID(int=name), PARTY, (parsed,), (short,) if short else (), kind, issued_on
    )


INVOICE = document(11, "RE-2025-47011", Kind.INVOICE, date(2025, 12, 16))
ORDER = document(12, "47011", Kind.ORDER, date(2026, 1, 19))
OFFER = document(13, "PR/1151", Kind.OFFER, date(2026, 2, 12))
DATED = document(14, "1164/2026", Kind.INVOICE, date(2026, 1, 2))
ALL = (INVOICE, ORDER, OFFER, DATED)


def found(text: str, *documents: NumberedDocument, at: date = DAY) -> list[tuple[str, list[int]]]:
    seen = tuple(sightings(text))
    return [
        (sighting.snippet, [one.document.int for one in those])
        for sighting, those in named(seen, documents or ALL, at)
    ]


def test_a_number_inside_a_longer_one_names_nothing() -> None:
    assert found("Mahnung RE-2025-47011") == [("RE-2025-47011", [11])]


def test_the_word_before_a_number_tells_which_document_is_meant() -> None:
    assert found("Auftrag 47011") == [("Auftrag 47011", [12])]
    assert found("fattura 1151") == []


def test_the_day_after_a_number_is_the_day_of_issue() -> None:
    text = "abbiamo ricevuto fattura nr. 1164 del 02/01/2026 ma"
    assert found(text) == [("fattura nr. 1164 del 02/01/2026", [14])]


def test_a_year_may_be_left_out_where_the_kind_is_named() -> None:
    assert found("fattura 1164") == [("fattura 1164", [14])]
    assert found("1164 pezzi") == []


def test_a_document_of_later_is_not_meant() -> None:
    assert found("Auftrag 47011", at=date(2026, 1, 5)) == []
    assert found("Auftrag 47011", at=date(2026, 1, 15)) == [("Auftrag 47011", [12])]


def test_two_documents_that_are_named_alike_are_both_given() -> None:
    other = document(15, "47011", Kind.ORDER, date(2026, 1, 20))
    assert found("Auftrag 47011", ORDER, other) == [("Auftrag 47011", [12, 15])]


@pytest.mark.parametrize("text", ["del 2/2026", "entro il 02/03/2026", "bis 2026-03-02"])
def test_a_day_is_no_number(text: str) -> None:
    reference = document(16, "3/2026")
    assert found(text, reference) == []


REFERENCE = parse_number("C-10293")
TWO = document(17, "4711", Kind.ORDER)


@pytest.mark.parametrize(
    ("text", "telling", "alone"),
    [
        ("order 4711", True, True),
        ("Nr. 4711", True, False),
        ("Eau de Cologne 4711 ist da", False, False),
        ("C-10293 ist da", True, True),
    ],
)
def test_a_bare_number_says_little_and_a_number_word_more(
    text: str, telling: bool, alone: bool
) -> None:
    assert REFERENCE is not None
    two = replace(TWO, numbers=(*TWO.numbers, REFERENCE))
    (seen, _), *_ = named(tuple(sightings(text)), [two], DAY)
    assert (is_telling(two, seen), names_alone(two, seen)) == (telling, alone)


def test_a_month_and_its_year_say_little() -> None:
    reference, later = document(18, "12/2026"), document(19, "2026/17")
    for text, telling in (
        ("in 12/2026 chiudiamo", False),
        ("ordine 12/2026", True),
        ("grazie per 17/2026", True),
    ):
        (seen, _), *_ = named(tuple(sightings(text)), [reference, later], DAY)
        assert is_telling(reference, seen) is telling
