"""Who may send which mail: one decision over everything that was said, the first line that fits.

1  the company's sending is off                    refused   for everybody, programs too
2  a program, or the operator                      allowed   by scope and mailboxes of its token
3  the colleague's sending is off                  refused
4  no right on the mailbox                         refused   own, member, or a right to send
5  his permission for the kind is withdrawn        refused
6  the rule is open, or no document is presented   allowed
7  his permission reaches any document of the kind allowed
8  the document is assigned to him                 allowed
9  he is dispatcher or coordinator                 allowed
10  otherwise                                       refused

It is asked about each document that a mail presents (domain/presenting.py); one refusal is enough.
"""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from domain.classes import dataclass
from domain.sendingrules import EVERY_KIND, Ground, OfficeRole, Reach, SendingRule, SendRight
from domain.values import Rejected

RESPONSIBLE: Final = "responsible"
"""The attribute of a document that says to whom it is assigned: mail address, or ERP id."""
COLLEAGUE_ID: Final = "colleague_id"
"""The attribute of a colleague that is his ERP id."""
_SEVERAL: Final = re.compile(r"[;|,]")
_BRACKETED: Final = re.compile(r"<([^<>]*)>")


class Because(StrEnum):
    """Why somebody may send."""

    PROGRAM = "program"
    OPEN = "open"
    NO_DOCUMENT = "no_document"
    ANY_DOCUMENT = "any_document"
    ASSIGNED = "assigned"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class House:
    """What holds for the company."""

    on: bool = True
    rule: SendingRule = SendingRule.OPEN


@dataclass(frozen=True, slots=True)
class Person:
    """What holds for a colleague, the mailbox and the document, if one is presented.

    `right` is by what he may send from the mailbox; None: by nothing. `withdrawn` and `any` are his
    permission for the document's kind.
    """

    on: bool = True
    right: SendRight | None = None
    withdrawn: bool = False
    any: bool = False
    document: bool = False
    assigned: bool = False
    role: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """He may send; `on_behalf`: the mail has to name him as the one who sends it (Sender)."""

    because: Because
    on_behalf: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """He may not."""

    ground: Ground

    @property
    def code(self) -> str:
        """Give the code for programs."""
        return _CODES[self.ground]

    @property
    def sentence(self) -> str:
        """Give the sentence for people."""
        return _SENTENCES[self.ground]

    def rejected(self) -> Rejected:
        """Give what is raised."""
        return Rejected(self.code, self.sentence)


_CODES: Final[Mapping[Ground, str]] = {
    Ground.COMPANY_OFF: "DISABLED",
    Ground.COLLEAGUE_OFF: "DISABLED",
    Ground.NO_RIGHT: "FORBIDDEN",
    Ground.KIND_OFF: "FORBIDDEN",
    Ground.NOT_ASSIGNED: "FORBIDDEN",
    Ground.NOT_APPROVED: "NOT_APPROVED",
}
_SENTENCES: Final[Mapping[Ground, str]] = {
    Ground.COMPANY_OFF: "sending is switched off for the whole company; whoever manages sending "
    "switches it on (permission company on)",
    Ground.COLLEAGUE_OFF: "sending is switched off for this colleague; whoever manages sending "
    "switches it on (permission colleague)",
    Ground.NO_RIGHT: "this colleague may not send from this mailbox: share it with him as member, "
    "or give him the right to send (permission mailbox)",
    Ground.KIND_OFF: "the permission to send such documents was withdrawn from this colleague; "
    "whoever manages sending grants it (permission grant)",
    Ground.NOT_ASSIGNED: "the document is not assigned to this colleague: let who is responsible "
    "send it, or a dispatcher or coordinator, or have it assigned to him",
    Ground.NOT_APPROVED: "another colleague has to approve this mail before it leaves",
}


def may_send(house: House, person: Person | None) -> Allowed | Refused:
    """Say whether a mail may be sent, and why; `person` None is a program or the operator."""
    if not house.on:
        return Refused(Ground.COMPANY_OFF)
    if person is None:
        return Allowed(Because.PROGRAM)
    if not person.on:
        return Refused(Ground.COLLEAGUE_OFF)
    if person.right is None:
        return Refused(Ground.NO_RIGHT)
    if person.withdrawn:
        return Refused(Ground.KIND_OFF)
    because = _because(house, person)
    if because is None:
        return Refused(Ground.NOT_ASSIGNED)
    return Allowed(because, on_behalf=person.right is SendRight.ON_BEHALF)


def _because(house: House, person: Person) -> Because | None:
    if house.rule is SendingRule.OPEN:
        return Because.OPEN
    if not person.document:
        return Because.NO_DOCUMENT
    if person.any:
        return Because.ANY_DOCUMENT
    if person.assigned:
        return Because.ASSIGNED
    return Because.ROLE if person.role else None


def said_of_kind(said: Mapping[str, Reach | None], kind: str) -> Reach | None:
    """Give how far a permission reaches for a kind; the word about it wins over that about all.

    None is withdrawn. Where nobody said anything it is what is assigned. An empty kind is mail
    without a document.
    """
    return said.get(kind, said.get(EVERY_KIND, Reach.ASSIGNED))


def roles_in(text: str) -> frozenset[OfficeRole]:
    """Read the roles that master data gives a colleague, several apart by ; | or commas."""
    words = {one.strip().casefold() for one in _SEVERAL.split(text)}
    return frozenset(one for one in OfficeRole if one.value in words)


def names_one_of(responsible: str, names: Collection[str]) -> bool:
    """Tell whether who is responsible, by address or ERP id, is one of these names, case aside."""
    known = {one.strip().casefold() for one in names if one.strip()}
    return not known.isdisjoint(_named(one) for one in _SEVERAL.split(responsible))


def _named(text: str) -> str:
    bracketed = _BRACKETED.search(text)
    return (bracketed[1] if bracketed else text).strip().casefold()
