"""Whom the company deals with, and about what: parties, their contacts, documents of the ERP."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import field
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from domain.document import DocumentChanged, DocumentRegistered
from domain.party import ContactRegistered, ContactRemoved, PartyChanged, PartyRegistered
from domain.recorded import Recorded
from projections.projection import Names, Projection, Rows, Table
from projections.reader import text_key


@dataclass(slots=True)
class PartyRow:
    """A party; `attributes` is a JSON object of the source's further columns."""

    id: UUID
    source: str
    erp_id: str
    kind: str
    name: str
    name_key: str
    vat_number: str
    vat_key: str
    language: str
    country: str
    privacy_level: int
    attributes: str
    position: int


@dataclass(slots=True)
class ContactRow:
    """A contact of a party; a removed one is kept, as old mail was matched by it.

    `source` is where it was added, if not by the party's master data.
    """

    id: UUID
    party: UUID
    address: str
    address_key: str
    name: str
    role: str
    privacy_level: int
    receives: list[str]
    attributes: str
    source: str
    removed: bool
    position: int


@dataclass(slots=True)
class DocumentRow:
    """A document of the ERP; `amount` is decimal text, as the ERP gave it; `part_of` another one.

    `issued_key` is `issued_on`, or the first of all days: a key for paging knows no null.
    """

    id: UUID
    source: str
    erp_id: str
    kind: str
    number: str
    number_key: str
    party: UUID | None
    issued_on: date | None
    issued_key: date
    due_on: date | None
    amount: str
    currency: str
    party_reference: str
    part_of: UUID | None
    title: str
    title_key: str
    attributes: str
    position: int

    @property
    def called(self) -> str:
        """Give what people call it: its number, else its title."""
        return self.number or self.title


PARTY = Table(
    "party",
    PartyRow,
    key=("id",),
    late=(
        '(name_key COLLATE "C", id)',
        "(hashtextextended(erp_id, 0))",
        "(vat_key) WHERE vat_key <> ''",
    ),
)
CONTACT = Table(
    "contact",
    ContactRow,
    key=("id",),
    late=("(party)", "(hashtextextended(address_key, 0))"),
)
DOCUMENT = Table(
    "document",
    DocumentRow,
    key=("id",),
    late=(
        "(issued_key DESC, id DESC)",
        "(party, issued_key DESC, id DESC)",
        "(hashtextextended(erp_id, 0))",
        '(number_key COLLATE "C")',
        "(title_key COLLATE \"C\") WHERE title_key <> ''",
        "(part_of, issued_key DESC, id DESC) WHERE part_of IS NOT NULL",
    ),
)
HEARS = (
    PartyRegistered, PartyChanged, ContactRegistered, ContactRemoved,
    DocumentRegistered, DocumentChanged,
)  # fmt: skip


@dataclass(slots=True)
class State:
    """What a batch touches."""

    parties: Rows[PartyRow] = field(default_factory=lambda: Rows(PARTY))
    contacts: Rows[ContactRow] = field(default_factory=lambda: Rows(CONTACT))
    documents: Rows[DocumentRow] = field(default_factory=lambda: Rows(DOCUMENT))


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the records that the batch changes."""
    state = State()
    parties, contacts, documents = set(), set(), set()
    for recorded in batch:
        match recorded.event:
            case PartyRegistered() | PartyChanged():
                parties.add(recorded.stream)
            case DocumentRegistered() | DocumentChanged():
                documents.add(recorded.stream)
            case ContactRegistered() | ContactRemoved() as event:
                contacts.add(event.contact)
    _fetch(state.parties, connection, names, parties)
    _fetch(state.contacts, connection, names, contacts)
    _fetch(state.documents, connection, names, documents)
    return state


def _fetch(
    rows: Rows[Any], connection: Connection[TupleRow], names: Names, ids: Collection[UUID]
) -> None:
    if ids:
        rows.fetch(connection, names, "id = ANY(%b)", list(ids))


def fold(state: State, recorded: Recorded) -> None:
    """Take over a record as its source has it."""
    own, event = recorded.stream, recorded.event
    match event:
        case PartyRegistered():
            row = _party(recorded, event, event.source, event.erp_id)
            state.parties.put(row)
        case PartyChanged():
            before = state.parties.get(own)
            if before is not None:
                state.parties.put(_party(recorded, event, before.source, before.erp_id))
        case ContactRegistered():
            state.contacts.put(_contact(recorded, event))
        case ContactRemoved(contact):
            gone = state.contacts.get(contact)
            if gone is not None:
                gone.removed, gone.position = True, recorded.position
                state.contacts.put(gone)
        case DocumentRegistered() | DocumentChanged():
            _document_changed(state, recorded, event)
        case _:
            return


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    for rows in (state.parties, state.contacts, state.documents):
        rows.flush(connection, names)


def json_object(pairs: Iterable[tuple[str, object]]) -> str:
    """Write pairs as a JSON object."""
    return json.dumps(dict(pairs), ensure_ascii=False, separators=(",", ":"))


def vat_key(vat_number: str) -> str:
    """Give the form in which VAT numbers are compared: letters and digits only."""
    return "".join(filter(str.isalnum, vat_number.upper()))[:100]


def number_key(number: str) -> str:
    """Give the form in which document numbers are looked up: no case, no spaces."""
    return "".join(number.casefold().split())[:200]


def _party(
    recorded: Recorded, event: PartyRegistered | PartyChanged, source: str, erp_id: str
) -> PartyRow:
    return PartyRow(
        id=recorded.stream,
        source=source,
        erp_id=erp_id,
        kind=event.kind,
        name=event.name,
        name_key=text_key(event.name),
        vat_number=event.vat_number,
        vat_key=vat_key(event.vat_number),
        language=event.language,
        country=event.country,
        privacy_level=event.privacy_level,
        attributes=json_object(event.attributes),
        position=recorded.position,
    )


def _contact(recorded: Recorded, event: ContactRegistered) -> ContactRow:
    return ContactRow(
        id=event.contact,
        party=recorded.stream,
        address=event.address,
        address_key=event.address.casefold(),
        name=event.name,
        role=event.role,
        privacy_level=event.privacy_level,
        receives=list(event.receives),
        attributes=json_object(event.attributes),
        source=event.source,
        removed=False,
        position=recorded.position,
    )


def _document_changed(
    state: State, recorded: Recorded, event: DocumentRegistered | DocumentChanged
) -> None:
    if isinstance(event, DocumentRegistered):
        source, erp_id = event.source, event.erp_id
    else:
        before = state.documents.get(recorded.stream)
        if before is None:
            return
        source, erp_id = before.source, before.erp_id
    state.documents.put(_document(recorded, event, source, erp_id))


def _document(
    recorded: Recorded, event: DocumentRegistered | DocumentChanged, source: str, erp_id: str
) -> DocumentRow:
    record = event.record
    return DocumentRow(
        id=recorded.stream,
        source=source,
        erp_id=erp_id,
        kind=record.kind,
        number=record.number,
        number_key=number_key(record.number),
        party=record.party,
        issued_on=record.issued_on,
        issued_key=record.issued_on or date.min,
        due_on=record.due_on,
        amount=record.amount,
        currency=record.currency,
        party_reference=record.party_reference,
        part_of=record.part_of,
        title=event.title,
        title_key=text_key(event.title),
        attributes=json_object(event.attributes),
        position=recorded.position,
    )


directory = Projection(
    "directory",
    version=3,
    tables=(PARTY, CONTACT, DOCUMENT),
    hears=HEARS,
    load=load,
    fold=fold,
    flush=flush,
)
