"""Who is told of a wait that is at risk or too late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from api.work.dues import Asked
from projections import access, company
from projections.reader import EVERYTHING


@dataclass(frozen=True, slots=True)
class People:
    """The people of the company, and whom what waits in each mailbox concerns."""

    known: Mapping[UUID, company.ColleagueRow]
    boxes: Mapping[UUID, company.MailboxRow]
    of_mailbox: Mapping[UUID, frozenset[UUID]]

    def sees(self, colleague: UUID, mailbox: UUID) -> bool:
        """Say whether mail of the mailbox may be shown to him."""
        return colleague in self.of_mailbox.get(mailbox, ())


async def people_of(asked: Asked) -> People:
    """Give who may be told: whose own mailbox it is, and with whom it is shared."""
    known = {one.id: one for one in await company.colleagues(*asked, EVERYTHING)}
    boxes = {one.id: one for one in await company.mailboxes(*asked, EVERYTHING)}
    found: dict[UUID, set[UUID]] = {one: set() for one in boxes}
    at = {one.address_key: one.id for one in known.values()}
    for box in boxes.values():
        if box.address_key in at:
            found[box.id].add(at[box.address_key])
    for member in await access.members(*asked, EVERYTHING):
        found.setdefault(member.mailbox, set()).add(member.colleague)
    return People(known, boxes, {box: frozenset(some) for box, some in found.items()})


async def owners(people: People, mailbox: UUID) -> Sequence[UUID]:
    """Give whose it is: the person of a personal mailbox, else all people of a shared one."""
    box = people.boxes.get(mailbox)
    of_box = people.of_mailbox.get(mailbox, frozenset())
    own = [one for one in of_box if box and people.known[one].address_key == box.address_key]
    return own or sorted(of_box & people.known.keys())
