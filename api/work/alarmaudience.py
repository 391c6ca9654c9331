"""Who is told of a wait that is at risk or too late."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.work.attention import owners_of
from api.work.dues import Asked
from api.work.instance import Carteggio
from api.work.sendingside import sendings_of
from domain.values import MailboxId
from projections import access, company
from projections.alerted import alerted_of
from projections.reader import EVERYTHING, AsOf
from projections.unanswered import Waiting


@dataclass(frozen=True, slots=True)
class People:
    """The people of the company, who sees each mailbox, and who is alerted of what waits there."""

    known: Mapping[UUID, company.ColleagueRow]
    boxes: Mapping[UUID, company.MailboxRow]
    seen_by: Mapping[UUID, Collection[UUID]]
    alerted: Mapping[UUID, Sequence[UUID]]
    inside: Collection[str]
    """The company's domains."""

    def sees(self, colleague: UUID, mailbox: UUID) -> bool:
        """Say whether mail of the mailbox may be shown to him."""
        return colleague in self.seen_by.get(mailbox, ())

    def is_inside(self, colleague: UUID) -> bool:
        """Tell whether his address is one of the company's own domains: notes go nowhere else."""
        return self.known[colleague].address_key.rpartition("@")[2] in self.inside


async def people_of(asked: Asked) -> People:
    """Give who may be told."""
    known = {one.id: one for one in await company.colleagues(*asked, EVERYTHING)}
    boxes = {one.id: one for one in await company.mailboxes(*asked, EVERYTHING)}
    alerted = await alerted_of(*asked, EVERYTHING, list(boxes))
    seen = {box: set(some) for box, some in alerted.items()}
    for member in await access.members(*asked, EVERYTHING):
        seen.setdefault(member.mailbox, set()).add(member.colleague)
    firm = await company.description(*asked, EVERYTHING)
    return People(known, boxes, seen, alerted, frozenset(firm.domains if firm else ()))


async def owners(
    asked: Asked, people: People, waits: Mapping[UUID, Waiting], now: datetime
) -> dict[UUID, Sequence[UUID]]:
    """Give whose waits are, by their messages: the owner, or who stands in for him.

    Where it is nobody's own, or nobody is there for him, all who are alerted of its mailboxes.
    """
    where = {one.conversation: one.mailboxes for one in waits.values()}
    whose = await owners_of(asked, EVERYTHING, where, AsOf(time=now))
    found: dict[UUID, Sequence[UUID]] = {}
    for id, one in waits.items():
        owner = whose[one.conversation].owner
        everybody = {who for box in one.mailboxes for who in people.alerted.get(box, ())}
        found[id] = sorted(everybody) if owner is None else [owner]
    return found


async def sender_for(
    carteggio: Carteggio, people: People, colleague: UUID, there: Collection[UUID]
) -> MailboxId | None:
    """Give from where somebody is written to: where it waits, else from any mailbox that sends."""
    boxes = people.boxes
    sides = [one.mailbox for one in await sendings_of(carteggio) if one.mailbox in boxes]
    sides = [one for one in sides if not boxes[one].certified]
    whose = people.known[colleague].address_key
    first = [one for one in sides if one in there]
    others = [one for one in sides if boxes[one].address_key != whose]
    return next(iter((*first, *others, *sides)), None)
