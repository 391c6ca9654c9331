"""Mails as colleagues are told of them: by whom, where, since when, and no more than each may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from api.ids import id_in
from api.work.alarmaudience import People, people_of
from api.work.dues import Asked
from domain.handing import Line
from domain.recorded import Envelope, Recorded
from projections import messages
from projections.letters import Letter, letters_of
from projections.reader import EVERYTHING


@dataclass(frozen=True, slots=True)
class ToldMails:
    """Mails by their ids, with the people who may be told of them."""

    zone: ZoneInfo
    people: People
    letters: Mapping[UUID, Letter]
    writers: Mapping[UUID, str]

    def lines(self, colleague: UUID, about: Sequence[UUID]) -> list[Line]:
        """Give a line for each, as somebody may see it."""
        return [self._line(colleague, id) for id in about if id in self.letters]

    def there(self, about: Sequence[UUID]) -> set[UUID]:
        """Give the mailboxes in which they lie."""
        return {box for id in about if id in self.letters for box in self.letters[id].mailboxes}

    def by(self, doer: UUID | None) -> str:
        """Give what who ordered something is called."""
        known = self.people.known.get(doer) if doer is not None else None
        return known.name if known is not None else "Carteggio"

    def _line(self, colleague: UUID, message: UUID) -> Line:
        letter, boxes = self.letters[message], self.people.boxes
        sees = any(self.people.sees(colleague, box) for box in letter.mailboxes)
        named = [boxes[box].address for box in letter.mailboxes if box in boxes]
        return Line(
            mailbox=named[0] if named else "a mailbox",
            since=letter.at.astimezone(self.zone),
            writer=self.writers.get(message, "") if sees else "",
        )


async def told_mails(asked: Asked, zone: ZoneInfo, ids: Sequence[UUID]) -> ToldMails:
    """Read what is told of mails."""
    mails = await messages.by_ids(*asked, EVERYTHING, list(ids))
    return ToldMails(
        zone=zone,
        people=await people_of(asked),
        letters=await letters_of(*asked, EVERYTHING, list(ids)),
        writers={id: row.sender_name or row.sender for id, row in mails.items()},
    )


def doer_of(envelope: Envelope) -> UUID | None:
    """Give the colleague who ordered something; None: a program, or the operator."""
    by = envelope.on_behalf_of
    return id_in(by.id.partition("_")[2]) if by is not None else None


def order_of(recorded: Recorded) -> UUID:
    """Give the order by which something was said; what is none stands for itself."""
    order = getattr(recorded.event, "order", None)
    return order if isinstance(order, UUID) else recorded.stream
