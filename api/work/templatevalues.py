"""The values that a template is written with: of the document, its party, one contact, the sender.

Nothing of another party comes in: a document of one party is not written to another.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from adapters.localising import Amount, Day
from domain.attachmentname import Attached, Named, attachment_names, kind_name
from domain.composing import Sender
from domain.salutation import Greeted, language_of, person_of, salutation
from domain.template import TemplateSaved
from domain.values import Rejected
from projections import company, documents, merges, parties
from projections.company import ColleagueRow, CompanyRow, MailboxRow
from projections.directory import ContactRow, DocumentRow, PartyRow
from projections.projection import Names
from projections.reader import Reader

Asked = tuple[AsyncConnection[TupleRow], Names, Reader]


@dataclass(frozen=True, slots=True)
class Occasion:
    """For what a mail is written.

    `contact` is whom it greets; without it that is whoever the only address in `to` belongs to, and
    several in `to` are greeted neutrally. `sender` is who it is from, `colleague` who writes it
    (else who has that address, unless it is `by_program`: nobody signs what he did not write). `values` are free ones, `files` what is attached, the document
    itself first.
    """

    document: UUID | None = None
    party: UUID | None = None
    contact: UUID | None = None
    to: Sequence[str] = ()
    sender: Sender | None = None
    colleague: UUID | None = None
    by_program: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[Attached] = ()


@dataclass(frozen=True, slots=True)
class Records:
    """What is known of all that a mail is about; None: it is about none."""

    document: DocumentRow | None = None
    party: PartyRow | None = None
    contact: ContactRow | None = None
    company: CompanyRow | None = None
    sender: ColleagueRow | None = None
    mailbox: MailboxRow | None = None

    @property
    def language(self) -> str:
        """Give the language of the recipient: of the contact, else of the party; empty: unknown."""
        own = language_of(_attributes(self.contact.attributes)) if self.contact else ""
        return own or (self.party.language if self.party else "")

    @property
    def named(self) -> Named:
        """Give what attachments are named by."""
        paper, party = self.document, self.party
        return Named(
            kind=paper.kind if paper else "",
            number=paper.number if paper else "",
            title=paper.title if paper else "",
            customer=party.name if party else "",
            customer_code=party.erp_id if party else "",
            issued_on=paper.issued_on if paper else None,
            reference=paper.party_reference if paper else "",
        )


async def records_of(asked: Asked, mail: Occasion) -> Records:
    """Look up what a mail is about, as far as the reader sees it.

    Raises Rejected: NOT_FOUND, or INVALID where the records belong to different parties.
    """
    paper = await _document(asked, mail.document) if mail.document else None
    counted = mail.party or (paper.party if paper else None)
    whose = await _party(asked, counted) if counted else None
    await _check_same(asked, paper, mail.party)
    person = await _contact(asked, mail.contact, whose, mail.to)
    people = await company.colleagues(*asked)
    sender = None if mail.by_program else _sender(people, mail.sender, mail.colleague)
    box = await company.mailbox_by_address(*asked, mail.sender.spec) if mail.sender else None
    return Records(paper, whose, person, await company.description(*asked), sender, box)


def values_of(
    records: Records, template: TemplateSaved, language: str, mail: Occasion, names: Sequence[str]
) -> dict[str, object]:
    """Give all values by name (adapters/templating/values.py, SCHEMA), in the mail's language.

    `names` are those that the files have in the mail.
    """
    person, several = greeted(records), len(mail.to) > 1
    greeting = ""
    if template.salutation.is_auto:
        people: list[Greeted | None] = [None, None] if several else [person]
        greeting = salutation(language, people, dict(template.salutations))
    files = [{"name": name} for name in names]
    return {
        "document": _of_document(records.document, language),
        "party": _of_party(records.party),
        "contact": _of_contact(records.contact, person) if not several else {},
        "sender": _of_sender(mail.sender, records),
        "company": _of_company(records.company),
        "attachment": files[0] if files else {},
        "attachments": files,
        "values": dict(mail.values),
        "salutation": greeting,
        "language": language,
    }


def greeted(records: Records) -> Greeted | None:
    """Give whom a mail greets; a contact that is called as its party is nobody in particular."""
    one, party = records.contact, records.party
    if one is None or (party and one.name.casefold() == party.name.casefold()):
        return None
    return person_of(one.name, _attributes(one.attributes))


def names_of(
    records: Records, template: TemplateSaved, language: str, files: Sequence[Attached]
) -> tuple[str, ...]:
    """Name the files of a mail by the template's pattern, or as somebody wants."""
    return attachment_names(template.attachment_name, records.named, language, files)


# ---- looking up


async def _document(asked: Asked, id: UUID) -> DocumentRow:
    row = await documents.by_id(*asked, id)
    if row is None:
        raise Rejected("NOT_FOUND", "there is no such document")
    return row


async def _party(asked: Asked, id: UUID) -> PartyRow:
    row = await parties.by_id(*asked, id)
    if row is None:
        raise Rejected("NOT_FOUND", "there is no such party")
    return row


async def _check_same(asked: Asked, paper: DocumentRow | None, party: UUID | None) -> None:
    if paper is None or party is None or paper.party == party:
        return
    own = await merges.survivor_of(*asked, paper.party) if paper.party else None
    if own != await merges.survivor_of(*asked, party):
        raise Rejected("INVALID", "the document belongs to another party than the mail goes to")


async def _contact(
    asked: Asked, id: UUID | None, party: PartyRow | None, to: Sequence[str]
) -> ContactRow | None:
    if id is None:
        return await _at(asked, party, to[0]) if party and len(to) == 1 else None
    row = (await parties.contacts_by_ids(*asked, [id])).get(id)
    if row is None or row.removed:
        raise Rejected("NOT_FOUND", "there is no such contact")
    if party and row.party not in await _counting_as(asked, party.id):
        raise Rejected("INVALID", "the contact belongs to another party")
    return row


async def _at(asked: Asked, party: PartyRow, address: str) -> ContactRow | None:
    """Find the contact of a party, or of one that counts as it, with an address."""
    of = await parties.contacts_of(*asked, await _counting_as(asked, party.id))
    wanted = address.strip().casefold()
    every = (one for rows in of.values() for one in rows)
    return next((one for one in every if one.address_key == wanted), None)


async def _counting_as(asked: Asked, party: UUID) -> list[UUID]:
    own = await merges.survivor_of(*asked, party)
    return [party, own, *(await merges.duplicates_of(*asked, [own])).get(own, [])]


def _sender(
    people: Sequence[ColleagueRow], sender: Sender | None, colleague: UUID | None
) -> ColleagueRow | None:
    spec = sender.spec.casefold() if sender else ""
    if colleague is not None:
        return next((one for one in people if one.id == colleague), None)
    return next((one for one in people if one.address_key == spec), None) if spec else None


# ---- values


def _of_document(paper: DocumentRow | None, language: str) -> dict[str, object]:
    if paper is None:
        return {}
    return {
        "kind": paper.kind,
        "kind_name": kind_name(paper.kind, language),
        "number": paper.number,
        "title": paper.title,
        "issued_on": _day(paper.issued_on, language),
        "due_on": _day(paper.due_on, language),
        "amount": Amount.of(paper.amount, paper.currency, language) if paper.amount else "",
        "currency": paper.currency,
        "party_reference": paper.party_reference,
        "attributes": _attributes(paper.attributes),
    }


def _of_party(party: PartyRow | None) -> dict[str, object]:
    if party is None:
        return {}
    return {
        "name": party.name,
        "code": party.erp_id,
        "kind": party.kind,
        "language": party.language,
        "country": party.country,
        "vat_number": party.vat_number,
        "attributes": _attributes(party.attributes),
    }


def _of_contact(one: ContactRow | None, person: Greeted | None) -> dict[str, object]:
    if one is None:
        return {}
    return {
        "name": one.name,
        "surname": person.surname if person else "",
        "title": person.title if person else "",
        "address": one.address,
        "role": one.role,
        "attributes": _attributes(one.attributes),
    }


def _of_sender(sender: Sender | None, records: Records) -> dict[str, object]:
    """Name the person who sends; where none is known, what the mailbox is called."""
    known, box = records.sender, records.mailbox
    person = (sender.name if sender else "") or (known.name if known else "")
    return {
        "name": person or (box.name if box else ""),
        "address": (sender.spec if sender else "") or (known.address if known else ""),
        "company": (sender.company if sender else "")
        or (records.company.name if records.company else ""),
        "role": known.role if known else "",
        "attributes": _attributes(known.attributes) if known else {},
    }


def _of_company(one: CompanyRow | None) -> dict[str, object]:
    return {"name": one.name, "domain": next(iter(one.domains), "")} if one else {}


def _day(day: date | None, language: str) -> Day | None:
    return Day(day, language) if day else None


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(text)
    return found
