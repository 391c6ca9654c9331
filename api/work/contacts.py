"""Whom people add to master data: a contact of a known party, or a party that nobody knew."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from api.work.addressing import check_not_ours
from api.work.instance import Carteggio
from api.work.records import is_address
from domain import party as stream
from domain.identity import contact_id, party_id
from domain.party import (
    BY_PEOPLE,
    AddContact,
    AddParty,
    ContactRegistered,
    PartyRegistered,
    RemoveContact,
)
from domain.recorded import Envelope
from domain.values import ContactId, PartyId, Rejected

LONGEST = 500
"""So many characters a name or a role may have."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is added, as people type it."""

    address: str
    name: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class NewParty:
    """A party that a person enters; without a `code` it is given one."""

    name: str
    kind: str = "lead"
    code: str = ""
    language: str = ""
    country: str = ""
    vat_number: str = ""


def add_contact(
    carteggio: Carteggio, party: UUID, person: Person, envelope: Envelope
) -> int | None:
    """Give a known party a contact; what he wrote before is matched anew."""
    order = AddContact(_contact(carteggio, PartyId(party), person))
    return carteggio.journal.record(party, stream, order, envelope)


def add_party(
    carteggio: Carteggio, new: NewParty, person: Person, envelope: Envelope
) -> tuple[PartyId, int | None]:
    """Enter a party with its first contact; give its id, the same for the same command."""
    if not new.name.strip():
        raise Rejected("INVALID", "name: a party needs one")
    code = new.code.strip() or _code(envelope)
    id = new_id(carteggio, new, envelope)
    record = PartyRegistered(
        source=BY_PEOPLE,
        erp_id=_short(code, "code"),
        kind=_short(new.kind, "kind").casefold() or "lead",
        language=_short(new.language, "language").casefold(),
        country=_short(new.country, "country").upper(),
        privacy_level=0,
        name=_short(new.name, "name"),
        vat_number=_short(new.vat_number, "vatNumber"),
    )
    order = AddParty(record, _contact(carteggio, id, person))
    return id, carteggio.journal.record(id, stream, order, envelope)


def new_id(carteggio: Carteggio, new: NewParty, envelope: Envelope) -> PartyId:
    """Give the id that a party gets which a person enters."""
    return party_id(carteggio.company, BY_PEOPLE, new.code.strip() or _code(envelope))


def remove_contact(
    carteggio: Carteggio, party: UUID, contact: UUID, envelope: Envelope
) -> int | None:
    """Remove a contact that a person added."""
    order = RemoveContact(ContactId(contact))
    return carteggio.journal.record(party, stream, order, envelope)


def _contact(carteggio: Carteggio, party: PartyId, person: Person) -> ContactRegistered:
    address = person.address.strip()
    if not is_address(address) or len(address) > LONGEST:
        raise Rejected("INVALID", "address: this is no mail address")
    check_not_ours(carteggio, address)
    return ContactRegistered(
        contact=contact_id(carteggio.identity_key, party, address),
        role=_short(person.role, "role"),
        privacy_level=0,
        receives=(),
        address=address,
        name=_short(person.name, "name"),
        source=BY_PEOPLE,
    )


def _code(envelope: Envelope) -> str:
    named = envelope.command_id or envelope.event_id.hex
    return f"N-{uuid5(NAMESPACE_URL, f'party:{named}').hex[:12]}"


def _short(text: str, field: str) -> str:
    clean = text.strip()
    if len(clean) > LONGEST:
        raise Rejected("INVALID", f"{field}: {LONGEST} characters is the most")
    return clean
