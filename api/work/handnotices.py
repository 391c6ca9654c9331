"""Who gets conversations, and who had them, is told by mail: one a person and order, within the company.

    message.handed_over ─▶ who had it until then? ─▶ a mail each, through the outbox

Whatever is cut off is done again: the same order and person make the same mail, and once. Who gave the
order himself is not written to, and nobody is of what a rule or an absence did.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from api.work.attention import owners_of
from api.work.instance import Carteggio
from api.work.noticing import Notices
from api.work.ordernotices import Ordered, by_order, ordered
from api.work.toldmails import order_of
from domain.attention import HandedBecause, MessageHandedOver
from domain.handing import Line, subject_of, text_of
from domain.recorded import Recorded
from projections import threads
from projections.reader import EVERYTHING, AsOf

NAME: Final = "handnotices"


async def _tell(carteggio: Carteggio, batch: Sequence[Recorded], now: datetime) -> None:
    people = [one for one in batch if _by_a_person(one.event)]
    for said in by_order(people, now):
        word = said[0].event
        if isinstance(word, MessageHandedOver):
            await _tell_of(carteggio, word, await ordered(carteggio, said), now)


def _by_a_person(event: object) -> bool:
    return isinstance(event, MessageHandedOver) and event.because is HandedBecause.PERSON


async def _tell_of(
    carteggio: Carteggio, word: MessageHandedOver, order: Ordered, now: datetime
) -> None:
    whom: dict[UUID, Sequence[UUID]] = dict(await _had(carteggio, word, order))
    if word.to is not None:
        whom[word.to] = list(order.mails.letters)
    given_to = order.mails.people.known.get(word.to) if word.to is not None else None
    name = given_to.name if given_to is not None else ""

    def to_others(lines: Sequence[Line], shown: str) -> tuple[str, str]:
        return subject_of(len(lines), yours=False), text_of(lines, order.by, name, shown)

    def to_you(lines: Sequence[Line], shown: str) -> tuple[str, str]:
        return subject_of(len(lines), yours=True), text_of(lines, order.by, "you", shown)

    for one in whom.items():
        yours = one[0] == word.to
        if one[0] != order.doer:
            words, note = (to_you, word.note) if yours else (to_others, "")
            await order.tell(carteggio, (NAME, "handover"), one, words, note, now)


async def _had(
    carteggio: Carteggio, word: MessageHandedOver, order: Ordered
) -> dict[UUID, list[UUID]]:
    """Give whose it was until then, each with the mails."""
    ids, letters = [one.stream for one in order.said], order.mails.letters
    async with carteggio.reading() as asked:
        of = await threads.conversations_of(*asked, EVERYTHING, ids)
        where = {of[id]: letters[id].mailboxes for id in ids if id in of and id in letters}
        before = await owners_of(asked, EVERYTHING, where, AsOf(order.said[0].position - 1))
    had: dict[UUID, list[UUID]] = {}
    for id in ids:
        owner = before[of[id]].owner if of.get(id) in before else None
        if owner is not None and owner != word.to:
            had.setdefault(owner, []).append(id)
    return had


NOTICES: Final = Notices(
    NAME, ("message.handed_over",), ("correspondence", "company", "access"), _tell, order_of
)
run, tell = NOTICES.run, NOTICES.tell
