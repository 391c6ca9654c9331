"""What sort of document words speak of, in the languages that customers write."""

import pytest

from domain.kinds import Kind, kind_before, kind_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sales_order", Kind.ORDER),
        ("ordine_cliente", Kind.ORDER),
        ("FattureVendita", Kind.INVOICE),
        ("Lieferschein", Kind.DELIVERY),
        ("quote", Kind.OFFER),
        ("DDT", Kind.DELIVERY),
        ("warehouse_document", None),
        ("ordine_o_fattura", None),
    ],
)
def test_the_names_that_an_erp_gives_are_known(name: str, kind: Kind | None) -> None:
    assert kind_of(name) is kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("la vostra fattura n. 12", Kind.INVOICE),
        ("Lieferschein Nummer 12", Kind.DELIVERY),
        ("notre commande 12", Kind.ORDER),
        ("zamówienie nr 12", Kind.ORDER),
        ("Angebotsnummer: 12", Kind.OFFER),
        ("conferma d'ordine n° 12", Kind.ORDER),
        ("fattura di ieri: 12", None),
        ("Re: 12", None),
        ("12", None),
    ],
)
def test_the_words_right_before_a_number_tell_its_kind(text: str, kind: Kind | None) -> None:
    found = kind_before(text, text.index("12"))
    assert (found[0] if found else None) is kind
