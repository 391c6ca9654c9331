"""A party: a customer, a supplier, a lead, with the contacts through whom it writes."""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Annotated, Final, assert_never
from uuid import UUID

from domain.classes import dataclass
from domain.values import ContactId, Personal, Rejected

BY_PEOPLE: Final = "carteggio"
"""The source of what people add here; master data neither changes nor removes it by leaving it out."""


@dataclass(frozen=True, slots=True)
class PartyRegistered:
    """A party of the ERP became known. `attributes` are further columns of the source."""

    source: str
    erp_id: str
    kind: str
    language: str
    country: str
    privacy_level: int
    name: Annotated[str, Personal]
    vat_number: Annotated[str, Personal] = ""
    attributes: Annotated[tuple[tuple[str, str], ...], Personal] = ()


@dataclass(frozen=True, slots=True)
class PartyChanged:
    """A party's master data changed; the whole record as it is now."""

    kind: str
    language: str
    country: str
    privacy_level: int
    name: Annotated[str, Personal]
    vat_number: Annotated[str, Personal] = ""
    attributes: Annotated[tuple[tuple[str, str], ...], Personal] = ()


@dataclass(frozen=True, slots=True)
class ContactRegistered:
    """A party has a contact, or the contact changed; the whole record as it is now.

    `receives` names the document kinds that the contact gets. `source` is where it was added, if not
    by the party's master data.
    """

    contact: ContactId
    role: str
    privacy_level: int
    receives: tuple[str, ...]
    address: Annotated[str, Personal]
    name: Annotated[str, Personal] = ""
    attributes: Annotated[tuple[tuple[str, str], ...], Personal] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class ContactRemoved:
    """A contact is no longer in the source, or a person removed it."""

    contact: ContactId


PartyEvent = PartyRegistered | PartyChanged | ContactRegistered | ContactRemoved


@dataclass(frozen=True, slots=True)
class RegisterParty:
    """Take over a party's record as the source has it now."""

    record: PartyRegistered


@dataclass(frozen=True, slots=True)
class SetContacts:
    """Take over a party's contacts as the source has them now: all of them."""

    contacts: tuple[ContactRegistered, ...]


@dataclass(frozen=True, slots=True)
class AddParty:
    """Let a person enter a party that no master data knows, with the contact that wrote."""

    record: PartyRegistered
    contact: ContactRegistered


@dataclass(frozen=True, slots=True)
class AddContact:
    """Let a person add a contact; it stays until a person removes it."""

    contact: ContactRegistered


@dataclass(frozen=True, slots=True)
class RemoveContact:
    """Let a person remove a contact that a person added."""

    contact: ContactId


PartyCommand = RegisterParty | SetContacts | AddParty | AddContact | RemoveContact


@dataclass(frozen=True, slots=True)
class Party:
    """What decisions ask of a party."""

    record: PartyChanged | None = None
    contacts: Mapping[UUID, ContactRegistered] = field(default_factory=dict)


initial = Party()


def evolve(party: Party, event: object) -> Party:
    """Give the party after an event."""
    match event:
        case PartyRegistered():
            return replace(party, record=_record(event))
        case PartyChanged():
            return replace(party, record=event)
        case ContactRegistered():
            return replace(party, contacts={**party.contacts, event.contact: event})
        case ContactRemoved(contact):
            left = {key: value for key, value in party.contacts.items() if key != contact}
            return replace(party, contacts=left)
        case _:
            return party


def decide(party: Party, command: PartyCommand) -> list[PartyEvent]:
    """Return what changes. An empty list means that the record is as it was."""
    match command:
        case RegisterParty(record):
            if party.record is None:
                return [record]
            return [] if party.record == _record(record) else [_record(record)]
        case SetContacts(contacts):
            if party.record is None:
                raise Rejected("NOT_FOUND", "contacts need a party that is registered first")
            return _contact_changes(party, contacts)
        case AddParty(record, contact):
            if party.record is not None:
                raise Rejected("INVALID", "a party has this code already; choose another one")
            return [record, contact]
        case AddContact(contact):
            if party.record is None:
                raise Rejected("NOT_FOUND", "there is no such party")
            return [] if contact.contact in party.contacts else [contact]
        case RemoveContact(contact):
            return _removed_by_people(party, contact)
        case _ as never:
            assert_never(never)


def _contact_changes(party: Party, contacts: tuple[ContactRegistered, ...]) -> list[PartyEvent]:
    """Take over what the source says of contacts; who added them stays as it is."""
    added = {key for key, one in party.contacts.items() if one.source == BY_PEOPLE}
    now = {
        one.contact: replace(one, source=BY_PEOPLE) if one.contact in added else one
        for one in contacts
    }
    changed: list[PartyEvent] = [
        contact for key, contact in now.items() if party.contacts.get(key) != contact
    ]
    gone = [key for key in party.contacts if key not in now and key not in added]
    return changed + [ContactRemoved(ContactId(key)) for key in gone]


def _removed_by_people(party: Party, contact: ContactId) -> list[PartyEvent]:
    known = party.contacts.get(contact)
    if known is None:
        raise Rejected("NOT_FOUND", "the party has no such contact")
    if known.source != BY_PEOPLE:
        raise Rejected("INVALID", "its master data has this contact: remove it there")
    return [ContactRemoved(contact)]


def _record(registered: PartyRegistered) -> PartyChanged:
    return PartyChanged(
        kind=registered.kind,
        language=registered.language,
        country=registered.country,
        privacy_level=registered.privacy_level,
        name=registered.name,
        vat_number=registered.vat_number,
        attributes=registered.attributes,
    )
