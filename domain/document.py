"""A business document of the ERP: an offer, an order, a delivery note, an invoice."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, assert_never

from domain.values import PartyId, Personal


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document's record: `number` as the ERP writes it, `amount` as decimal text.

    `party_reference` is the other side's own number for it (a customer's order number).
    """

    kind: str
    number: str
    party: PartyId | None
    issued_on: date | None = None
    due_on: date | None = None
    amount: str = ""
    currency: str = ""
    party_reference: str = ""


@dataclass(frozen=True, slots=True)
class DocumentRegistered:
    """A document of the ERP became known. `attributes` are further columns of the source."""

    source: str
    erp_id: str
    record: DocumentRecord
    attributes: Annotated[tuple[tuple[str, str], ...], Personal] = ()


@dataclass(frozen=True, slots=True)
class DocumentChanged:
    """A document's record changed; the whole of it as it is now."""

    record: DocumentRecord
    attributes: Annotated[tuple[tuple[str, str], ...], Personal] = ()


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
        case DocumentRegistered(record=record, attributes=attributes):
            return replace(document, now=DocumentChanged(record, attributes))
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
            changed = DocumentChanged(registered.record, registered.attributes)
            return [] if document.now == changed else [changed]
        case _ as never:
            assert_never(never)
