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

from api.ids import id_in
from api.work import noticing
from api.work.alarmaudience import People, people_of
from api.work.attention import owners_of
from api.work.instance import Carteggio
from api.work.noticing import OLDEST, Notice, Notices, write
from domain.attention import HandedBecause, MessageHandedOver
from domain.handing import Line, subject_of, text_of
from domain.recorded import Recorded
from projections import company, messages, threads
from projections.letters import Letter, letters_of
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
    words: dict[UUID, MessageHandedOver] = {}
    for one in batch:
        event = one.event
        if isinstance(event, MessageHandedOver) and event.because is HandedBecause.PERSON:
            orders.setdefault(event.order, []).append(one)
            words[event.order] = event
    for order, said in orders.items():
        if said[0].envelope.at > now - OLDEST:
            await _tell_of(carteggio, words[order], said, now)


@dataclass(frozen=True, slots=True)
class _Handed:
    """What one order handed over, and what is shown of it."""

    word: MessageHandedOver
    by: str
    had: Mapping[UUID, Sequence[UUID]]
    """Whose it was, each with the messages."""
    letters: Mapping[UUID, Letter]
    writers: Mapping[UUID, str]
    people: People
    inside: frozenset[str]


async def _tell_of(
    carteggio: Carteggio, word: MessageHandedOver, said: Sequence[Recorded], now: datetime
) -> None:
    handed, doer = await _read(carteggio, word, said)
    whom = dict(handed.had)
    if word.to is not None:
        whom[word.to] = list(handed.letters)
    for colleague, about in whom.items():
        if colleague in handed.people.known and colleague != doer:
            await _mail(carteggio, handed, colleague, about, now)


async def _read(
    carteggio: Carteggio, word: MessageHandedOver, said: Sequence[Recorded]
) -> tuple[_Handed, UUID | None]:
    """Read what an order handed over, and who gave it."""
    first, by = said[0], said[0].envelope.on_behalf_of
    doer = id_in(by.id.partition("_")[2]) if by is not None else None
    ids = [one.stream for one in said]
    async with carteggio.reading() as asked:
        people = await people_of(asked)
        letters = await letters_of(*asked, EVERYTHING, ids)
        mails = await messages.by_ids(*asked, EVERYTHING, ids)
        firm = await company.description(*asked, EVERYTHING)
        of = await threads.conversations_of(*asked, EVERYTHING, ids)
        where_ = {of[id]: letters[id].mailboxes for id in ids if id in of and id in letters}
        before = await owners_of(asked, EVERYTHING, where_, AsOf(first.position - 1))
    had: dict[UUID, list[UUID]] = {}
    for id in ids:
        owner = before[of[id]].owner if of.get(id) in before else None
        if owner is not None and owner != word.to:
            had.setdefault(owner, []).append(id)
    name = people.known[doer].name if doer is not None and doer in people.known else "Carteggio"
    writers = {id: row.sender_name or row.sender for id, row in mails.items()}
    inside = frozenset(firm.domains if firm else ())
    return _Handed(word, name, had, letters, writers, people, inside), doer


async def _mail(
    carteggio: Carteggio,
    handed: _Handed,
    colleague: UUID,
    about: Sequence[UUID],
    now: datetime,
) -> None:
    """Write to somebody, once; a note goes to the company's own domains alone."""
    word, who = handed.word, handed.people.known[colleague]
    command = f"handover-{word.order.hex}-{colleague.hex}"
    yours = colleague == word.to
    given_to = handed.people.known.get(word.to) if word.to is not None else None
    to = "you" if yours else given_to.name if given_to is not None else ""
    own = who.address_key.rpartition("@")[2] in handed.inside
    lines = [_line(carteggio, handed, colleague, id) for id in about if id in handed.letters]
    text = text_of(lines, handed.by, to, word.note if own and yours else "")
    there = {box for id in about if id in handed.letters for box in handed.letters[id].mailboxes}
    notice = Notice(command, colleague, subject_of(len(lines), yours=yours), text, there)
    await write(carteggio, handed.people, NAME, notice, now)


def _line(carteggio: Carteggio, handed: _Handed, colleague: UUID, message: UUID) -> Line:
    letter, boxes = handed.letters[message], handed.people.boxes
    sees = any(handed.people.sees(colleague, box) for box in letter.mailboxes)
    named = [boxes[box].address for box in letter.mailboxes if box in boxes]
    return Line(
        mailbox=named[0] if named else "a mailbox",
        since=letter.at.astimezone(carteggio.settings.zone),
        writer=handed.writers.get(message, "") if sees else "",
    )


NOTICES: Final = Notices(
    NAME, ("message.handed_over",), ("correspondence", "company", "access"), _tell
)
