"""Who can do something with conversations: whoever works on a mailbox in which they lie.

A mailbox that is shared with nobody is answered by programs and by whose own it is: there nothing
is remarked, as nobody's access was ever said.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from api.work.attention import staff
from api.work.instance import Carteggio
from domain.mailbox import ACTING
from domain.values import ColleagueId, Rejected
from projections import access, company, threads
from projections.letters import letters_of
from projections.reader import EVERYTHING, Reader


@dataclass(frozen=True, slots=True)
class _Receiver:
    """A colleague, on which mailboxes he works, and which are shared with anybody."""

    name: str
    works_on: frozenset[UUID]
    shared: frozenset[UUID]

    def lacks(self, boxes: Iterable[UUID]) -> list[UUID]:
        """Give the shared mailboxes on which he would have to work; none: he can read it."""
        there = set(boxes)
        return [] if there & self.works_on else sorted(there & self.shared)


async def out_of_reach(
    carteggio: Carteggio, reader: Reader, to: ColleagueId | None, messages: Sequence[UUID]
) -> Mapping[UUID, Rejected]:
    """Tell of which messages a colleague cannot read the conversations, and what to do about it.

    Only mailboxes that `reader` sees are named. None: back to their people, who see them.
    """
    if to is None:
        return {}
    async with carteggio.reading() as asked:
        whose = await threads.conversations_of(*asked, EVERYTHING, list(messages))
        mail = await letters_of(*asked, EVERYTHING, list(messages))
        boxes = {one.id: one.address for one in await company.mailboxes(*asked, EVERYTHING)}
        people = {one.id: one.name for one in await company.colleagues(*asked, EVERYTHING)}
        own = [box for box, who in (await staff(asked)).person_of.items() if who == to]
        shares = await access.members(*asked, EVERYTHING)
    acting = {one.mailbox for one in shares if one.colleague == to and one.role in ACTING}
    shared = frozenset(one.mailbox for one in shares)
    receiver = _Receiver(people.get(to, ""), frozenset(acting).union(own), shared)
    there: dict[UUID, set[UUID]] = {}
    for id in messages:
        there.setdefault(whose.get(id, id), set()).update(mail[id].mailboxes if id in mail else ())
    lacking = {conversation: receiver.lacks(some) for conversation, some in there.items()}
    seen = {box: name for box, name in boxes.items() if _sees(reader, box)}
    return {
        id: _remark(receiver, [seen[box] for box in lacks if box in seen])
        for id in messages
        if (lacks := lacking[whose.get(id, id)])
    }


def _sees(reader: Reader, box: UUID) -> bool:
    return reader.mailboxes is None or box in reader.mailboxes


def _remark(receiver: _Receiver, boxes: Sequence[str]) -> Rejected:
    where = " or ".join(boxes) or "its mailbox"
    sentence = f"{receiver.name} does not work on {where}, and so can neither read nor answer it"
    return Rejected(
        "NO_ACCESS", f"{sentence}: share it with him as member, or give it to somebody who does"
    )
