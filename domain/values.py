"""The words that every part of Carteggio shares: ids, addresses, actors, and the refusal."""

from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.classes import dataclass

MessageId = NewType("MessageId", UUID)
MailboxId = NewType("MailboxId", UUID)
PartyId = NewType("PartyId", UUID)
ContactId = NewType("ContactId", UUID)
DocumentId = NewType("DocumentId", UUID)
ColleagueId = NewType("ColleagueId", UUID)
TemplateId = NewType("TemplateId", UUID)
NoteId = NewType("NoteId", UUID)
AbsenceId = NewType("AbsenceId", UUID)
BlobName = NewType("BlobName", str)
"""Where a sealed blob lies: a keyed name that tells nothing about what it holds."""


class Personal:
    """Marks a field that is sealed under its stream's key: `Annotated[str, Personal]`."""


@dataclass(frozen=True, slots=True)
class Address:
    """A mail address (RFC 5322 3.4): `spec` is local@domain as written, `name` the display name."""

    spec: str
    name: str = ""

    @property
    def key(self) -> str:
        """Give the form in which addresses are compared: without case.

        RFC 5321 2.4 lets the local part depend on case; no provider in use does.
        """
        return self.spec.casefold()

    @property
    def domain(self) -> str:
        """Give what follows the last @, without case; empty if there is none."""
        return self.key.rpartition("@")[2] if "@" in self.spec else ""


class ActorKind(StrEnum):
    """Who can make something happen."""

    USER = "user"
    CLIENT = "client"
    RULE = "rule"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made it happen; `id` names a token, a rule with its version, or a part of the system."""

    kind: ActorKind
    id: str


class Rejected(Exception):
    """What is asked cannot be: a code for programs, a sentence for people."""

    def __init__(self, code: str, sentence: str) -> None:
        """Say no with a stable `code` and a `sentence` that says what to do."""
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
