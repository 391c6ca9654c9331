"""Files of the ERP become records: which columns mean what, and when one cannot be used."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from adapters.csvfiles import BadFile, decoded
from domain.company import ColleagueRegistered, CompanyDescribed, MailboxRegistered
from domain.document import DocumentRecord, DocumentRegistered
from domain.identity import contact_id, document_id, party_id
from domain.party import ContactRegistered, PartyRegistered
from domain.values import ContactId, DocumentId, PartyId

CERTIFIED: Final = "PEC"
"""The role of the contact that a party's certified address is."""
_DATES: Final = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d")
_AMOUNT: Final = re.compile(r"-?\d+(?:\.\d+)?")
_CERTIFIED: Final = frozenset({"pec", "legalmail", "postecert", "arubapec", "pecimprese"})
_LIST: Final = re.compile(r"[;|]")
_YES: Final = frozenset({"yes", "y", "true", "1", "si", "sì", "ja", "oui", "tak", "x"})


class BadRecord(Exception):
    """A line cannot be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes records of one company's source."""

    company: str
    source: str
    key: bytes

    def party_of(self, values: Mapping[str, str]) -> PartyId:
        """Give the id of the party that a line names."""
        return party_id(self.company, self.source, _needed(values, "party_id"))

    def party(self, values: Mapping[str, str]) -> PartyRegistered:
        """Read a line of parties.csv."""
        taken = ("party_id", "kind", "name", "country", "language", "vat", "privacy_level")
        return PartyRegistered(
            source=self.source,
            erp_id=_needed(values, "party_id"),
            kind=_needed(values, "kind").casefold(),
            language=values.get("language", "").casefold(),
            country=values.get("country", "").upper(),
            privacy_level=_level(values),
            name=_needed(values, "name"),
            vat_number=values.get("vat", ""),
            attributes=_others(values, taken),
        )

    def contact(self, values: Mapping[str, str]) -> ContactRegistered:
        """Read a line of contacts.csv."""
        taken = ("party_id", "name", "role", "email", "privacy_level", "receives")
        address = _address(values, "email")
        return ContactRegistered(
            contact=self._contact_id(values, address),
            role=values.get("role", ""),
            privacy_level=_level(values),
            receives=_list(values.get("receives", "")),
            address=address,
            name=values.get("name", ""),
            attributes=_others(values, taken),
        )

    def certified_contact(self, values: Mapping[str, str]) -> ContactRegistered | None:
        """Read the certified address (PEC) that a line of parties.csv may give: it is a contact."""
        if not values.get("pec"):
            return None
        address = _address(values, "pec")
        return ContactRegistered(
            contact=self._contact_id(values, address),
            role=CERTIFIED,
            privacy_level=_level(values),
            receives=(),
            address=address,
            name=values.get("name", ""),
        )

    def document(self, values: Mapping[str, str]) -> tuple[DocumentId, DocumentRegistered]:
        """Read a line of documents.csv."""
        taken = (
            "doc_id", "type", "number", "party_id", "date", "due_date", "amount", "currency",
            "customer_ref", "title", "part_of",
        )  # fmt: skip
        erp_id = _needed(values, "doc_id")
        record = DocumentRecord(
            kind=_needed(values, "type").casefold(),
            number=values.get("number", ""),
            party=self.party_of(values) if values.get("party_id") else None,
            issued_on=_date(values, "date"),
            due_on=_date(values, "due_date"),
            amount=_amount(values.get("amount", "")),
            currency=values.get("currency", "").upper(),
            party_reference=values.get("customer_ref", ""),
            part_of=self._document_id(values.get("part_of", ""), erp_id),
        )
        title = values.get("title", "")
        if not record.number and not title:
            raise BadRecord("number is empty; a record without one needs a title")
        others = _others(values, taken)
        registered = DocumentRegistered(self.source, erp_id, record, others, title)
        return document_id(self.company, self.source, erp_id), registered

    def mailbox(self, values: Mapping[str, str]) -> MailboxRegistered:
        """Read a line of mailboxes.csv; `certified` or `pec` may say that it is a PEC mailbox."""
        address = _address(values, "address")
        said = values.get("certified") or values.get("pec", "")
        certified = said.casefold() in _YES if said else is_certified(address)
        return MailboxRegistered(certified, address, values.get("name", ""))

    def colleague(self, values: Mapping[str, str]) -> ColleagueRegistered:
        """Read a line of colleagues.csv."""
        return ColleagueRegistered(
            role=values.get("role", ""),
            collected=values.get("mailbox_collected", "").casefold() in _YES,
            address=_address(values, "email"),
            name=values.get("name", ""),
            attributes=_others(values, ("name", "email", "role", "mailbox_collected")),
        )

    def _document_id(self, whole: str, part: str) -> DocumentId | None:
        if whole == part:
            raise BadRecord("part_of names the record itself")
        return document_id(self.company, self.source, whole) if whole else None

    def _contact_id(self, values: Mapping[str, str], address: str) -> ContactId:
        return contact_id(self.key, self.party_of(values), address)


def description(path: Path) -> CompanyDescribed:
    """Read company.json: name, own domains, aliases and distribution lists."""
    try:
        said = json.loads(decoded(path.read_bytes()))
        return CompanyDescribed(
            name=_text(said["name"]),
            domains=tuple(_text(one).casefold() for one in _listed(said["domains"])),
            aliases=tuple(
                (_text(alias), _text(address))
                for alias, address in sorted(said.get("aliases", {}).items())
            ),
            lists=tuple(
                (_text(name), tuple(map(_text, _listed(members))))
                for name, members in sorted(said.get("distribution_lists", {}).items())
            ),
        )
    except OSError as trouble:
        raise BadFile(f"it cannot be read: {trouble.strerror or trouble}") from trouble
    except json.JSONDecodeError as trouble:
        raise BadFile(f"it is no JSON: {trouble}") from trouble
    except KeyError as missing:
        raise BadFile(f"{missing} is missing; name and domains are needed") from None
    except (TypeError, AttributeError, ValueError):
        raise BadFile("it has another form than name, domains, aliases, …") from None


def is_address(text: str) -> bool:
    """Tell whether a text can be a mail address."""
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and len(text.split()) == 1 and "@" not in local


def is_certified(address: str) -> bool:
    """Guess that a mailbox is certified (PEC) by its domain; the directory may say otherwise."""
    return not _CERTIFIED.isdisjoint(address.casefold().rpartition("@")[2].split("."))


def _needed(values: Mapping[str, str], column: str) -> str:
    value = values.get(column, "")
    if not value:
        raise BadRecord(f"{column} is empty")
    return value


def _address(values: Mapping[str, str], column: str) -> str:
    address = _needed(values, column)
    if not is_address(address):
        raise BadRecord(f"{column} is no mail address")
    return address


def _level(values: Mapping[str, str]) -> int:
    text = values.get("privacy_level", "") or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise BadRecord("privacy_level is no whole number")
    return int(text)


def _list(text: str) -> tuple[str, ...]:
    found = (one.strip().casefold() for one in _LIST.split(text))
    return tuple(dict.fromkeys(one for one in found if one))


def _date(values: Mapping[str, str], column: str) -> date | None:
    text = values.get(column, "")
    if not text:
        return None
    for form in _DATES:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  a day, not a moment
        except ValueError:
            continue
    raise BadRecord(f"{column} is no date; one looks like 2026-04-30")


def _amount(text: str) -> str:
    """Write an amount as decimal text; of dots and commas the last one parts the decimals."""
    plain = text.replace(" ", "").replace("'", "")
    if plain.rfind(",") > plain.rfind("."):
        plain = plain.replace(".", "").replace(",", ".")
    elif "," in plain:
        plain = plain.replace(",", "")
    if plain and not _AMOUNT.fullmatch(plain):
        raise BadRecord("amount is no number; one looks like 1234.56")
    return plain


def _others(values: Mapping[str, str], taken: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    left = ((name, value) for name, value in values.items() if name and name not in taken)
    return tuple(sorted((name, value) for name, value in left if value))


def _listed(value: object) -> list[object]:
    """Take a list; a text would be taken for a list of letters."""
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(value)
    return value.strip()
