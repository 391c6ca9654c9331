"""What sort of document people speak of: an order, an invoice, a delivery note, an offer.

An ERP names its kinds as it likes (`sales_order`, `FATT`, `Lieferschein`), and people write their
own words for them; both are read as one of a few kinds, or as none.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache


class Kind(StrEnum):
    """What a document is for; customers' and suppliers' orders are both orders."""

    ORDER = "order"
    INVOICE = "invoice"
    DELIVERY = "delivery"
    OFFER = "offer"


_WORDS: Mapping[Kind, str] = {
    Kind.ORDER: (
        r"ord(?:\.|ine|ini|er|ers)?|conferma d['’]ordine|oda"
        r"|auftr(?:ag|äge|\.)?(?:s?nr|s?nummer|sbestätigung)?|best(?:\.|ellung|ellungen|ellnr|ellnummer)"
        r"|commandes?|cde|cmde|confirmation de commande"
        r"|zam(?:\.|ówieni\w+)?|zlec(?:\.|eni\w+)?|pedidos?|encomendas?"
    ),
    Kind.INVOICE: (
        r"fatt(?:\.|ura|ure)?|ft|f\.t\.|parcella|nota di credito"
        r"|rechn(?:\.|ung|ungen|ungsnr|ungsnummer)|rg|gutschrift"
        r"|fact(?:\.|ures?|uras?)|avoir|faktur\w*|fakt|fv|korekt\w*|invoices?|inv|credit note"
    ),
    Kind.DELIVERY: (
        r"d\.?d\.?t|boll[ae]|bolletta|documento di trasporto"
        r"|liefersch(?:\.|eine?|einnr|einnummer)|ls|bons? de livraison|bl|b\.l"
        r"|wz|albar[aá]n(?:es)?|delivery notes?|packing list|dn"
    ),
    Kind.OFFER: (
        r"prev(?:\.|entiv[oi])?|offert[ae]|angebot(?:e|s|snr|snummer)?|ang|kostenvoranschlag"
        r"|devis|offres?|ofert\w*|wycen\w*|presupuestos?|quot(?:e|es|ation|ations)|estimates?|rfq"
    ),
}
_NAMED = re.compile(
    "|".join(
        rf"(?P<{kind.value}>(?<![^\W_])(?:{words})(?![^\W_]))" for kind, words in _WORDS.items()
    ),
    re.IGNORECASE,
)
_BEFORE_NUMBER = re.compile(
    r"[\s.:#_/\-]*(?:(?:n(?:r|o|um(?:ero|mer)?|uméro|umer)?|nummer|number|numer|nº|n°|№)?[\s.:#°º_\-]*)?",
    re.IGNORECASE,
)
_NEAR = 48
"""So many characters before a number are looked at for a word."""


def kind_before(line: str, begin: int) -> tuple[Kind, int] | None:
    """Give the kind that the words right before a number name, and where they begin.

    `fattura n. 12`, `Ihre Rechnung 12`: nothing else stands between word and number.
    """
    start = max(0, begin - _NEAR)
    found = None
    for one in _NAMED.finditer(line, start, begin):
        if _BEFORE_NUMBER.fullmatch(line, one.end(), begin):
            found = one
    return None if found is None else (Kind(str(found.lastgroup)), found.start())


def kinds_in(text: str) -> frozenset[Kind]:
    """Give every kind that a text names."""
    return frozenset(Kind(str(one.lastgroup)) for one in _NAMED.finditer(text))


@lru_cache(maxsize=1 << 10)
def kind_of(erp_kind: str) -> Kind | None:
    """Read the ERP's name of a kind; None where it names none of these, or several."""
    words = re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", erp_kind))
    found = kinds_in(words)
    return next(iter(found)) if len(found) == 1 else None
