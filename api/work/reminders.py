"""Reminders of what waits: ordered for up to 500 conversations, and one mail to each colleague.

    conversations ─▶ whose waits are they? ─▶ message.reminded on each, all in one transaction
    message.reminded ─▶ by colleague ─▶ a mail each that lists them, through the outbox

Whatever is cut off is done again: the same order and person make the same mail, and once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event
from typing import Final
from uuid import UUID

from api.work import noticing
from api.work.alarmaudience import owners, people_of
from api.work.handover import Done, order_id, say
from api.work.instance import Carteggio
from api.work.noticing import OLDEST, Notice, Notices, write
from api.work.toldmails import ToldMails, doer_of, order_of, told_mails
from domain import reminding
from domain.handing import reminder_subject, reminder_text
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


async def run(carteggio: Carteggio, stop: Event) -> None:
    """Look every second until told to stop."""
    await noticing.run(carteggio, stop, NOTICES)


async def tell(carteggio: Carteggio, now: datetime) -> int:
    """Write what was ordered since; give how many events there were."""
    return await noticing.tell(carteggio, now, NOTICES)


async def _tell(carteggio: Carteggio, batch: Sequence[Recorded], now: datetime) -> None:
    orders: dict[UUID, list[Recorded]] = {}
    for one in batch:
        if isinstance(one.event, MessageReminded) and one.envelope.at > now - OLDEST:
            orders.setdefault(one.event.order, []).append(one)
    for said in orders.values():
        await _tell_of(carteggio, said, now)


async def _tell_of(carteggio: Carteggio, said: Sequence[Recorded], now: datetime) -> None:
    async with carteggio.reading() as asked:
        mails = await told_mails(asked, carteggio.settings.zone, [one.stream for one in said])
    of: dict[UUID, list[UUID]] = {}
    for one in said:
        for who in one.event.to if isinstance(one.event, MessageReminded) else ():
            of.setdefault(who, []).append(one.stream)
    by = mails.by(doer_of(said[0].envelope))
    for colleague, about in of.items():
        if colleague in mails.people.known:
            notice = _notice(mails, said[0], colleague, about, by)
            await write(carteggio, mails.people, NAME, notice, now)


def _notice(
    mails: ToldMails, first: Recorded, colleague: UUID, about: Sequence[UUID], by: str
) -> Notice:
    """Say it; a note goes to the company's own domains alone."""
    word, lines = first.event, mails.lines(colleague, about)
    note = word.note if isinstance(word, MessageReminded) and mails.is_inside(colleague) else ""
    return Notice(
        command=f"reminder-{order_of(first).hex}-{colleague.hex}",
        to=colleague,
        subject=reminder_subject(len(lines)),
        text=reminder_text(lines, by, note),
        there=mails.there(about),
    )


NOTICES: Final = Notices(
    NAME, ("message.reminded",), ("correspondence", "company", "access"), _tell, order_of
)
