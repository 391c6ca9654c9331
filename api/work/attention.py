"""Whose conversations are at a moment: by a word, else by their mailbox; then who stands in."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.absence import Absence, stand_in
from domain.attending import Attention, Because
from domain.values import ColleagueId
from projections import company
from projections.absences import absences_between
from projections.attention import attention_of
from projections.projection import Names
from projections.reader import EVERYTHING, NOW, AsOf, Reader

Asked = tuple[AsyncConnection[TupleRow], Names]


class OwnedBecause(StrEnum):
    """Why a conversation is somebody's, or nobody's own."""

    GROUP = "group"
    TAKEN = "taken"
    HANDED_OVER = "handed_over"
    GIVEN_BACK = "given_back"
    RULE = "rule"
    ABSENCE = "absence"
    MAILBOX = "mailbox"
    SUBSTITUTE = "substitute"
    NOBODY_THERE = "nobody_there"


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose a conversation is: `owner` None: the people's of its mailbox, or nobody is there.

    `instead_of`: for whom the owner stands in, or who is away. `first`: why it was that one's.
    """

    owner: UUID | None
    because: OwnedBecause
    instead_of: UUID | None = None
    first: OwnedBecause = OwnedBecause.GROUP
    attention: Attention | None = None


@dataclass(frozen=True, slots=True)
class Staff:
    """Whose own mailboxes are whose, and who is away at a moment."""

    at: datetime
    person_of: Mapping[UUID, UUID] = field(default_factory=dict)
    """The colleague whose address, or an alias of it, a mailbox has."""
    absences: Sequence[Absence] = ()

    def person(self, mailboxes: Iterable[UUID]) -> UUID | None:
        """Give whose own mail is what lies in mailboxes; None: that of several people."""
        found = {self.person_of.get(one) for one in mailboxes}
        return found.pop() if len(found) == 1 else None

    def there_for(self, colleague: UUID) -> UUID | None:
        """Give who is there for somebody: he himself, who stands in, or nobody."""
        return stand_in(ColleagueId(colleague), self.absences, self.at).who

    def owned(self, attention: Attention | None, mailboxes: Iterable[UUID]) -> Ownership:
        """Say whose a conversation in mailboxes is."""
        owner, because = self.person(mailboxes), OwnedBecause.MAILBOX
        if attention is not None and attention.owner is not None:
            owner, because = attention.owner, OwnedBecause(attention.because.value)
        elif owner is None:
            because = OwnedBecause.GROUP
            if attention is not None and attention.because is not Because.NOTHING:
                because = OwnedBecause(attention.because.value)
        if owner is None:
            return Ownership(None, because, None, because, attention)
        there = self.there_for(owner)
        if there == owner:
            return Ownership(owner, because, None, because, attention)
        why = OwnedBecause.SUBSTITUTE if there else OwnedBecause.NOBODY_THERE
        return Ownership(there, why, owner, because, attention)


async def staff(asked: Asked, as_of: AsOf = NOW) -> Staff:
    """Give the people of the company at a moment: they are no secret."""
    at = as_of.time or datetime.now(UTC)
    boxes = await company.mailboxes(*asked, EVERYTHING)
    people = await company.colleagues(*asked, EVERYTHING)
    firm = await company.description(*asked, EVERYTHING)
    away = await absences_between(*asked, EVERYTHING, begins=at, as_of=as_of)
    whose = {one.address_key: one.id for one in people}
    aliases: Mapping[str, str] = json.loads(firm.aliases) if firm else {}
    for alias, address in aliases.items():
        if address.casefold() in whose:
            whose.setdefault(alias.casefold(), whose[address.casefold()])
    person_of = {box.id: whose[box.address_key] for box in boxes if box.address_key in whose}
    absences = [one.absence for one in away]
    if as_of.position is not None:  # what was unsaid afterwards was not known then
        absences = [replace(one, unsaid_at=None) for one in absences]
    return Staff(at, person_of, absences)


async def owners_of(
    asked: Asked,
    reader: Reader,
    conversations: Mapping[UUID, Sequence[UUID]],
    as_of: AsOf = NOW,
) -> dict[UUID, Ownership]:
    """Say whose conversations are, each given with the mailboxes in which it waits."""
    people = await staff(asked, as_of)
    found = await attention_of(*asked, reader, list(conversations), as_of)
    return {
        one: people.owned(found.get(one), mailboxes) for one, mailboxes in conversations.items()
    }
