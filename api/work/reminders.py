"""Reminders of what waits: ordered for up to 500 conversations, and one mail to each colleague.

    conversations ─▶ whose waits are they? ─▶ message.reminded on each, all in one transaction
    message.reminded ─▶ by colleague ─▶ a mail each that lists them, through the outbox

Whatever is cut off is done again: the same order and person make the same mail, and once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from api.work.alarmaudience import owners, people_of
from api.work.handover import Done, order_id, say
from api.work.instance import Carteggio
from api.work.noticing import Notices
from api.work.ordernotices import by_order, ordered
from api.work.toldmails import order_of
from domain import reminding
from domain.handing import Line, reminder_subject, reminder_text
from domain.recorded import Envelope, Recorded
from domain.reminding import MessageReminded, Remind
from domain.values import ColleagueId, Rejected
from projections.openwaits import waits_beside
from projections.reader import Reader
from projections.unanswered import Waiting

NAME: Final = "reminders"


# ---- ordered


@dataclass(frozen=True, slots=True)
class Word:
    """What a supervisor says beside whom it concerns; `again`: also to who was told of late."""

    note: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Concerned:
    """The waits of conversations by the messages they began with, and who is reminded of each."""

    waits: Mapping[UUID, Waiting]
    to: Mapping[UUID, tuple[ColleagueId, ...]]

    @property
    def waiting(self) -> set[UUID]:
        """Give the conversations that wait at all."""
        return {one.conversation for one in self.waits.values()}


NOT_WAITING: Final = Rejected("NOT_WAITING", "it does not wait for an answer")
_NOBODY: Final = Rejected(
    "NOBODY_TO_REMIND", "nobody is told of what waits in its mailbox: hand it over to somebody"
)


async def concerned(
    carteggio: Carteggio,
    reader: Reader,
    messages: Collection[UUID],
    doer: UUID | None,
    now: datetime,
) -> Concerned:
    """Find who has the conversations of messages in hand, or is told of what waits there.

    Nobody reminds himself, unless it is his alone.
    """
    async with carteggio.reading() as asked:
        found = await waits_beside(*asked, reader, list(messages))
        waits = {one.message: one for one in found}
        whose = await owners(asked, await people_of(asked), waits, now)
    others = {id: [one for one in some if one != doer] or some for id, some in whose.items()}
    to = {id: tuple(ColleagueId(one) for one in some) for id, some in others.items()}
    return Concerned(waits, to)


def remind(carteggio: Carteggio, of: Concerned, word: Word, stamp: Envelope) -> Done:
    """Remind them, all by one order; what is refused is told by the message, and stops no other."""
    order = order_id(stamp)
    orders = {
        id: Remind(order, stamp.at, of.to[id], word.note, word.again)
        for id in of.waits
        if of.to[id]
    }
    done = say(carteggio, reminding, orders, stamp)
    nobody = dict.fromkeys((id for id in of.waits if not of.to[id]), _NOBODY)
    return replace(done, refused={**done.refused, **nobody})


def reminded_by(carteggio: Carteggio, order: UUID, of: Concerned) -> list[UUID]:
    """Give the colleagues who were reminded of waits by an order."""
    events = (one.event for one in carteggio.journal.streams(of.waits))
    words = [one for one in events if isinstance(one, MessageReminded) and one.order == order]
    return sorted({who for one in words for who in one.to})


# ---- told


async def _tell(carteggio: Carteggio, batch: Sequence[Recorded], now: datetime) -> None:
    for said in by_order(batch, now):
        order, of, note = await ordered(carteggio, said), _whom(said), _note(said[0].event)

        def words(lines: Sequence[Line], shown: str, by: str = order.by) -> tuple[str, str]:
            return reminder_subject(len(lines)), reminder_text(lines, by, shown)

        for whom in of.items():
            await order.tell(carteggio, (NAME, "reminder"), whom, words, note, now)


def _whom(said: Sequence[Recorded]) -> dict[UUID, list[UUID]]:
    """Give who is reminded, each with the mails."""
    of: dict[UUID, list[UUID]] = {}
    for one in said:
        for who in one.event.to if isinstance(one.event, MessageReminded) else ():
            of.setdefault(who, []).append(one.stream)
    return of


def _note(word: object) -> str:
    return word.note if isinstance(word, MessageReminded) else ""


NOTICES: Final = Notices(
    NAME, ("message.reminded",), ("correspondence", "company", "access"), _tell, order_of
)
run, tell = NOTICES.run, NOTICES.tell
