"""A business record of the ERP or CRM: an offer, an order, an invoice, a due date, an activity, a site.

What they are called is the ERP's business (`kind`); all of them are documents here.
"""

from dataclasses import replace
from datetime import date
from typing import Annotated, assert_never

from domain.classes import dataclass
from domain.values import DocumentId, PartyId, Personal


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document's record: `number` as the ERP writes it, `amount` as decimal text.

    `party_reference` is the other side's own number for it (a customer's order number). `part_of`
    is the document that it is a part of: the invoice of a due date, the opportunity of an activity.
    """

    kind: str
    number: str
    party: PartyId | None
    issued_on: date | None = None
    due_on: date | None = None
    amount: str = ""
    currency: str = ""
    party_reference: str = ""
    part_of: DocumentId | None = None


@dataclass(frozen=True, slots=True)
class DocumentRegistered:
    """A document of the ERP became known. `attributes` are further columns of the source.

    `title` is what it is called by, beside its number or instead of one: a site's address.
    """

    source: str
    erp_id: str
    record: DocumentRecord
    attributes: Annotated[tuple[tuple[str, str], ...], Personal] = ()
    title: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class DocumentChanged:
    """A document's record changed; the whole of it as it is now."""

    record: DocumentRecord
    attributes: Annotated[tuple[tuple[str, str], ...], Personal] = ()
    title: Annotated[str, Personal] = ""


DocumentEvent = DocumentRegistered | DocumentChanged


@dataclass(frozen=True, slots=True)
class RegisterDocument:
    """Take over a document's record as the source has it now."""

    registered: DocumentRegistered


DocumentCommand = RegisterDocument


@dataclass(frozen=True, slots=True)
class Document:
    """What decisions ask of a document."""

    now: DocumentChanged | None = None


initial = Document()


def evolve(document: Document, event: object) -> Document:
    """Give the document after an event."""
    match event:
        case DocumentRegistered():
            return replace(document, now=_changed(event))
        case DocumentChanged():
            return replace(document, now=event)
        case _:
            return document


def decide(document: Document, command: DocumentCommand) -> list[DocumentEvent]:
    """Return what changes. An empty list means that the record is as it was."""
    match command:
        case RegisterDocument(registered):
            if document.now is None:
                return [registered]
            changed = _changed(registered)
            return [] if document.now == changed else [changed]
        case _ as never:
            assert_never(never)


def _changed(registered: DocumentRegistered) -> DocumentChanged:
    return DocumentChanged(registered.record, registered.attributes, registered.title)
