"""Who the company is, and whom it deals with: parties, contacts, documents, colleagues."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from projections.projection import Table


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
    """A contact of a party; a removed one is kept, as old mail was matched by it."""

    id: UUID
    party: UUID
    address: str
    address_key: str
    name: str
    role: str
    privacy_level: int
    receives: list[str]
    attributes: str
    removed: bool
    position: int


@dataclass(slots=True)
class DocumentRow:
    """A document of the ERP; `amount` is decimal text, as the ERP gave it."""

    id: UUID
    source: str
    erp_id: str
    kind: str
    number: str
    number_key: str
    party: UUID | None
    issued_on: date | None
    due_on: date | None
    amount: str
    currency: str
    party_reference: str
    attributes: str
    position: int


@dataclass(slots=True)
class ColleagueRow:
    """A person of the company."""

    id: UUID
    address: str
    address_key: str
    name: str
    role: str
    collected: bool
    attributes: str


@dataclass(slots=True)
class MailboxRow:
    """A mailbox whose mail is collected."""

    id: UUID
    address: str
    address_key: str
    name: str
    certified: bool


@dataclass(slots=True)
class CompanyRow:
    """The company itself; `aliases` and `lists` are JSON objects."""

    id: UUID
    name: str
    domains: list[str]
    aliases: str
    lists: str


@dataclass(slots=True)
class AccountRow:
    """Where a mailbox is fetched from; the secret lies elsewhere."""

    id: UUID
    mailbox: UUID
    protocol: str
    host: str
    port: int
    security: str
    user_name: str
    ca_file: str
    folders: list[str]
    paused: bool


PARTY = Table(
    "party",
    PartyRow,
    key=("id",),
    indexes=(
        "(name_key, id)",
        "(kind, name_key, id)",
        "(hashtextextended(erp_id, 0))",
        "(hashtextextended(vat_key, 0)) WHERE vat_key <> ''",
    ),
)
CONTACT = Table(
    "contact",
    ContactRow,
    key=("id",),
    indexes=("(party)", "(hashtextextended(address_key, 0))"),
)
DOCUMENT = Table(
    "document",
    DocumentRow,
    key=("id",),
    indexes=(
        "(party, issued_on DESC, id DESC)",
        "(hashtextextended(erp_id, 0))",
        "(hashtextextended(number_key, 0))",
    ),
)
COLLEAGUE = Table("colleague", ColleagueRow, key=("id",))
MAILBOX = Table("mailbox", MailboxRow, key=("id",))
COMPANY = Table("company", CompanyRow, key=("id",))
ACCOUNT = Table("account", AccountRow, key=("id",))
TABLES = (PARTY, CONTACT, DOCUMENT, COLLEAGUE, MAILBOX, COMPANY, ACCOUNT)
