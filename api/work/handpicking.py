"""Of which conversations something is said at the command line: by their names, or by what waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from api.ids import id_in
from api.work.handover import MOST
from api.work.instance import Carteggio
from api.work.supervising import Asked, waits
from api.work.waitinglines import Question
from domain.values import Rejected
from projections import messages, threads
from projections.attention import said_on
from projections.mail import MessageRow
from projections.reader import EVERYTHING, NOW


@dataclass(frozen=True, slots=True)
class Shown:
    """A conversation, as people know it again: by the message on which the word is said."""

    id: UUID
    at: datetime
    writer: str
    subject: str
    message: UUID


@dataclass(frozen=True, slots=True)
class Picked:
    """The messages on which it is said, their conversations, and what was not found."""

    messages: Sequence[UUID] = ()
    shown: Sequence[Shown] = ()
    refused: Sequence[Rejected] = field(default=())


async def picked_by_name(carteggio: Carteggio, named: Sequence[str]) -> Picked:
    """Find conversations by their ids, or by messages of theirs; what is not found is told."""
    found: dict[UUID, None] = {}
    refused: list[Rejected] = []
    async with carteggio.finding() as finder:
        asked = finder.connection, finder.names
        for text in dict.fromkeys(named):
            id = id_in(text)
            try:
                id = id or (await finder.anything(text)).id
            except Rejected as refusal:
                refused.append(refusal)
                continue
            of = await threads.conversations_of(*asked, EVERYTHING, [id])
            if id in of:
                found[of[id]] = None
            else:
                refused.append(Rejected("NOT_FOUND", f"there is no conversation {text!r}"))
        return await _picked(asked, list(found), refused)


async def picked_of_waits(carteggio: Carteggio, wanted: Question) -> Picked:
    """Find the conversations that wait and are asked for."""
    async with carteggio.reading() as asked:
        found = await waits(asked, EVERYTHING, NOW, wanted.within, wanted.wanted)
        ids = dict.fromkeys(one.conversation for one in sorted(found, key=lambda one: one.since))
        return await _picked(asked, list(ids), [])


async def _picked(asked: Asked, ids: Sequence[UUID], refused: Sequence[Rejected]) -> Picked:
    if len(ids) > MOST:
        sentence = f"these are {len(ids)} conversations; {MOST} are the most in one order"
        raise Rejected("LIMIT_EXCEEDED", f"{sentence}: choose fewer")
    on = await said_on(*asked, EVERYTHING, ids)
    rows = await messages.by_ids(*asked, EVERYTHING, [on[one][0] for one in ids if one in on])
    shown = [_shown(one, rows, on[one][0]) for one in ids if one in on and on[one][0] in rows]
    return Picked([id for one in ids for id in on.get(one, ())], shown, refused)


def _shown(id: UUID, rows: Mapping[UUID, MessageRow], message: UUID) -> Shown:
    row = rows[message]
    return Shown(id, row.received_at, row.sender_name or row.sender, row.subject, message)
