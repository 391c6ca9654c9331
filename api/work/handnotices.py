"""Who gets conversations, and who had them, is told by mail: one a person and order, within the company.

    message.handed_over ─▶ who had it until then? ─▶ a mail each, through the outbox

Whatever is cut off is done again: the same order and person make the same mail, and once. Who gave the
order himself is not written to, and nobody is of what a rule or an absence did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Final
from uuid import UUID

from api.work import noticing
from api.work.attention import owners_of
from api.work.instance import Carteggio
from api.work.noticing import OLDEST, Notice, Notices, write
from api.work.toldmails import ToldMails, doer_of, order_of, told_mails
from domain.attention import HandedBecause, MessageHandedOver
from domain.handing import subject_of, text_of
from domain.recorded import Recorded
from projections import threads
from projections.reader import EVERYTHING, AsOf

NAME: Final = "handnotices"


async def run(carteggio: Carteggio, stop: Event) -> None:
    """Look every second until told to stop."""
    await noticing.run(carteggio, stop, NOTICES)


async def tell(carteggio: Carteggio, now: datetime) -> int:
    """Tell of what was handed over since; give how many events there were."""
    return await noticing.tell(carteggio, now, NOTICES)


async def _tell(carteggio: Carteggio, batch: Sequence[Recorded], now: datetime) -> None:
    orders: dict[UUID, list[Recorded]] = {}
    for one in batch:
        event = one.event
        if isinstance(event, MessageHandedOver) and event.because is HandedBecause.PERSON:
            orders.setdefault(event.order, []).append(one)
    for said in orders.values():
        word = said[0].event
        if said[0].envelope.at > now - OLDEST and isinstance(word, MessageHandedOver):
            await _tell_of(carteggio, word, said, now)


@dataclass(frozen=True, slots=True)
class _Handed:
    """What one order handed over, and what is shown of it."""

    word: MessageHandedOver
    by: str
    had: Mapping[UUID, Sequence[UUID]]
    """Whose it was, each with the messages."""
    mails: ToldMails


async def _tell_of(
    carteggio: Carteggio, word: MessageHandedOver, said: Sequence[Recorded], now: datetime
) -> None:
    doer = doer_of(said[0].envelope)
    handed = await _read(carteggio, word, said, doer)
    whom = dict(handed.had)
    if word.to is not None:
        whom[word.to] = list(handed.mails.letters)
    for colleague, about in whom.items():
        if colleague in handed.mails.people.known and colleague != doer:
            await _mail(carteggio, handed, colleague, about, now)


async def _read(
    carteggio: Carteggio, word: MessageHandedOver, said: Sequence[Recorded], doer: UUID | None
) -> _Handed:
    """Read what an order handed over, and whose it was."""
    ids = [one.stream for one in said]
    async with carteggio.reading() as asked:
        mails = await told_mails(asked, carteggio.settings.zone, ids)
        of = await threads.conversations_of(*asked, EVERYTHING, ids)
        letters = mails.letters
        where = {of[id]: letters[id].mailboxes for id in ids if id in of and id in letters}
        before = await owners_of(asked, EVERYTHING, where, AsOf(said[0].position - 1))
    had: dict[UUID, list[UUID]] = {}
    for id in ids:
        owner = before[of[id]].owner if of.get(id) in before else None
        if owner is not None and owner != word.to:
            had.setdefault(owner, []).append(id)
    return _Handed(word, mails.by(doer), had, mails)


async def _mail(
    carteggio: Carteggio,
    handed: _Handed,
    colleague: UUID,
    about: Sequence[UUID],
    now: datetime,
) -> None:
    """Write to somebody, once; a note goes to the company's own domains alone."""
    word, mails = handed.word, handed.mails
    yours = colleague == word.to
    given_to = mails.people.known.get(word.to) if word.to is not None else None
    to = "you" if yours else given_to.name if given_to is not None else ""
    note = word.note if yours and mails.is_inside(colleague) else ""
    lines = mails.lines(colleague, about)
    notice = Notice(
        command=f"handover-{word.order.hex}-{colleague.hex}",
        to=colleague,
        subject=subject_of(len(lines), yours=yours),
        text=text_of(lines, handed.by, to, note),
        there=mails.there(about),
    )
    await write(carteggio, mails.people, NAME, notice, now)


NOTICES: Final = Notices(
    NAME, ("message.handed_over",), ("correspondence", "company", "access"), _tell, order_of
)
