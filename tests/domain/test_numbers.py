"""Document numbers as people write them."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.naming import NumberedDocument, named
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


TRAPS = [
    ("FV/2026/03/18", "entro il 2026/03/18 grazie"),
    ("FV/2026/03/18", "entro il 2026.03.18"),
    ("FV/2026/03/18", "Termin am 18. 3. 2026"),
    ("FV/2026/03/18", "on 2026-3-18 thanks"),
    ("FV/2026/03/18", "am 18.03.2026, 2026-03-18T10:00:00"),
    ("FV/2026/03/18", "scan_2026_03_18.pdf"),
    ("FV/2026/03/18", "WZ/2026/03/18"),
    ("FV/2026/03/18", "PZ/2026/03/18"),
    ("FV/2026/03/118", "PZ/2026/03/118"),
    ("552/A", "ddt 552/B"),
    ("5520/A", "5520/B"),
    ("18/2026", "18-Mar-2026"),
    ("4711", "Totale 4711,00 EUR"),
    ("4711", "Total EUR 4711.50"),
    ("4711", "€ 4711"),
    ("4711", "EUR4711"),
    ("4711", "zapłacono 4711 zł"),
    ("4711", "Tel. +39 0444 4711"),
    ("4711", "0444/4711"),
    ("4711", "Tel.-Nr. 4711"),
    ("4711", "+4711 und +49 4711"),
    ("4711", "Kunden-Nr. 4711"),
    ("4711", "codice cliente 4711"),
    ("4711", "int. 0444-123 4711"),
    ("77001234", "Tel.: 77001234"),
    ("4711", "4711 pezzi"),
    ("4711", "4711 Stück"),
    ("4711", "4711 szt."),
    ("000123", "order 123 kg of sand"),
    ("4711", "Via Roma 12, 4711 Villach"),
    ("36100", "via Roma 5, 36100 Vicenza"),
    ("36100", "CAP 36100"),
    ("4711", "P.IVA 04711"),
    ("4711", "USt-IdNr. DE4711"),
    ("4711", "IBAN IT60 X054 4711 1010"),
    ("4711", "DE12 4711 0000"),
    ("4711", "https://shop.example/item/4711?x=1"),
    ("4711", "bernd.4711@x.example"),
    ("4711", "IMG_20260318_4711.jpg"),
    ("2026", "Nel 2026 faremo"),
    ("2026", "order 2026/9999"),
]
NAMED = [
    ("FV/2026/03/18", "FV/2026/03/18"),
    ("FV/2026/03/18", "faktura FV 18/03/2026"),
    ("FV/2026/03/18", "fattura 18/3/2026"),
    ("FV/2026/03/118", "Rechnung 2026/03/118"),
    ("FV/2026/03/118", "invoice no. FV-118-03-2026"),
    ("ORD 2026/118", "ORDER/2026/118"),
    ("4711", "ordine 4711"),
    ("4711", "n. 4711"),
    ("4711", "Ihre Nr. 4711 vom 18.03.2026"),
    ("4711", "zamówienie nr 4711 na 12 szt."),
    ("4711", "commande n° 4711, 4712"),
    ("4711", "Bestellung４７１１.pdf"),
    ("4711", "order #4711: 4711 pcs"),
    ("C-10293", "our ref c10293"),
    ("C-10293", "Ihr Zeichen C 10293"),
    ("552/A", "bolla 552 / A"),
    ("552/A", "Lieferschein 552A"),
    ("2026/1234", "Ordine_2026-1234_20260318.pdf"),
    ("2026/1234", "order 2026\u20111234"),
    ("2026/1234", "order 2026\u20131234"),
    ("2026/1234", "order 2026\u22121234"),
    ("2026/1234", "order\u00a0２０２６／１２３４"),
    ("2026/1234", "zamówienie 1234/26"),
    ("4711", "please ship order 4711 to Berlin"),
    ("4711", "zamówienie 4711 w załączniku"),
    ("4711", "Rechnung 4711 bar bezahlt"),
    ("4711", "DDT 4711 colli 3"),
    ("4711", "Rechnung 4711 EUR 500,00"),
    ("PO-77120", "customer PO-77120"),
    ("2026/1234", "ordini 2026/1233 + 2026/1234"),
    ("2026/1234", "2026/1233 500,00 EUR 2026/1234 300,00 EUR"),
]


def meant_in(text: str, written: str) -> list[str]:
    number = parse_number(written)
    assert number is not None
    document = NumberedDocument(UUID(int=1), UUID(int=2), (number,))
    return [seen.snippet for seen, _ in named(tuple(sightings(text)), [document], None)]


@pytest.mark.parametrize(("written", "text"), TRAPS)
def test_what_reads_as_something_else_is_no_document(written: str, text: str) -> None:
    assert meant_in(text, written) == []


@pytest.mark.parametrize(("written", "text"), NAMED)
def test_words_letters_and_groups_tell_a_document_in_every_language(
    written: str, text: str
) -> None:
    assert meant_in(text, written)


@given(st.text("２０٢٦／–‑12/- A\u00a0\n²ﬁ", max_size=40))
def test_evidence_is_verbatim_at_its_place_whatever_the_characters(text: str) -> None:
    assert all(text[: one.end].endswith(one.snippet) for one in sightings(text))
