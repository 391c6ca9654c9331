"""What attachments of ours are called: by a pattern, or as a person wants; the same everywhere.

A pattern is like `{kind}_{number}_{customer}_{date}`; its fields are in FIELDS. Names are made by
`filenames.py`: a value that is empty leaves no separator behind, and the extension stays.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from domain.classes import dataclass
from domain.filenames import distinct, extension, extensions_for, named_by, renamed, safe_name

FIELDS: Final = ("kind", "number", "title", "customer", "customer_code", "date", "reference")
USUAL: Final = "{kind}_{number}_{customer}_{date}"
"""The pattern where a template has none, and presents a document."""

KIND_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "it": {
        "offer": "Offerta", "quote": "Preventivo", "order": "Ordine", "sales_order": "Ordine",
        "purchase_order": "Ordine", "order_confirmation": "Conferma d'ordine",
        "delivery_note": "DDT", "invoice": "Fattura", "credit_note": "Nota di credito",
        "work_report": "Rapporto di lavoro", "photo_documentation": "Documentazione fotografica",
        "reminder": "Sollecito",
    },
    "de": {
        "offer": "Angebot", "quote": "Angebot", "order": "Auftrag", "sales_order": "Auftrag",
        "purchase_order": "Bestellung", "order_confirmation": "Auftragsbestätigung",
        "delivery_note": "Lieferschein", "invoice": "Rechnung", "credit_note": "Gutschrift",
        "work_report": "Arbeitsbericht", "photo_documentation": "Fotodokumentation",
        "reminder": "Mahnung",
    },
    "en": {
        "offer": "Offer", "quote": "Quotation", "order": "Order", "sales_order": "Order",
        "purchase_order": "Purchase order", "order_confirmation": "Order confirmation",
        "delivery_note": "Delivery note", "invoice": "Invoice", "credit_note": "Credit note",
        "work_report": "Work report", "photo_documentation": "Photo documentation",
        "reminder": "Reminder",
    },
    "fr": {
        "offer": "Offre", "quote": "Devis", "order": "Commande", "sales_order": "Commande",
        "purchase_order": "Commande", "order_confirmation": "Confirmation de commande",
        "delivery_note": "Bon de livraison", "invoice": "Facture", "credit_note": "Avoir",
        "work_report": "Rapport d'intervention", "photo_documentation": "Documentation photo",
        "reminder": "Rappel",
    },
    "es": {
        "offer": "Oferta", "quote": "Presupuesto", "order": "Pedido", "sales_order": "Pedido",
        "purchase_order": "Pedido", "order_confirmation": "Confirmación de pedido",
        "delivery_note": "Albarán", "invoice": "Factura", "credit_note": "Nota de abono",
        "work_report": "Parte de trabajo", "photo_documentation": "Documentación fotográfica",
        "reminder": "Recordatorio",
    },
}  # fmt: skip
"""What documents are called in letters, by language and the ERP's word for their kind."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a name is made of; `kind` is the ERP's word."""

    kind: str = ""
    number: str = ""
    title: str = ""
    customer: str = ""
    customer_code: str = ""
    issued_on: date | None = None
    reference: str = ""

    def values(self, language: str) -> dict[str, str]:
        """Give the fields of a pattern; days are written as 2026-04-30, so that names sort."""
        return {
            "kind": kind_name(self.kind, language),
            "number": self.number,
            "title": self.title,
            "customer": self.customer,
            "customer_code": self.customer_code,
            "date": self.issued_on.isoformat() if self.issued_on else "",
            "reference": self.reference,
        }


@dataclass(frozen=True, slots=True)
class Attached:
    """A file as it comes; `wanted` is the name that a person gave it, if any."""

    name: str
    media_type: str = ""
    wanted: str = ""


def kind_name(kind: str, language: str) -> str:
    """Give what a kind of document is called in a language; else the ERP's word, readably."""
    of = KIND_NAMES.get(language.partition("-")[0].casefold(), {})
    return of.get(kind.casefold()) or " ".join(kind.replace("_", " ").split())


def attachment_names(
    pattern: str, named: Named, language: str, files: Sequence[Attached]
) -> tuple[str, ...]:
    """Name the files of a mail: the first by the pattern, unless somebody named it.

    An empty pattern leaves names as they are. Raises Rejected (OTHER_EXTENSION, EMPTY_NAME,
    UNKNOWN_FIELD, BAD_PATTERN).
    """
    names = []
    for place, file in enumerate(files):
        before = _whole(file)
        if file.wanted:
            names.append(renamed(before, file.wanted))
        elif place == 0 and pattern:
            names.append(named_by(pattern, named.values(language), extension(before)))
        else:
            names.append(safe_name(before))
    return tuple(distinct(names))


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that could name nothing."""
    if pattern:
        named_by(pattern, dict.fromkeys(FIELDS, "x"), "pdf")


def _whole(file: Attached) -> str:
    """Give the name with an extension: that of the media type where the name has none."""
    endings = extensions_for(file.media_type)
    return file.name if extension(file.name) or not endings else f"{file.name}.{endings[0]}"
