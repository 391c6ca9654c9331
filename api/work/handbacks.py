"""A conversation of who is away returns to the people of its mailbox when they write again.

    message.classified ─▶ is it somebody's who is away, and for whom nobody stands in? ─▶ hand_over

Whatever is cut off is done again: the same message makes the same order, and once.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from threading import Event
from typing import Final
from uuid import UUID

from adapters.ids import uuid7
from adapters.logs import log
from api.work.attention import OwnedBecause, Staff, staff
from api.work.handover import hand_over
from api.work.instance import Carteggio
from api.work.lookout import Lookout, every_second
from api.work.patience import LATER
from api.work.projector import where
from domain.attending import Attention
from domain.attention import HandedBecause
from domain.message import Direction, MessageClassified
from domain.recorded import Envelope, Origin, Recorded
from domain.values import Actor, ActorKind
from projections import threads
from projections.attention import asked_in, attention_of
from projections.letters import Letter, letters_of
from projections.reader import EVERYTHING, AsOf

NAME: Final = "handbacks"
_SAYS: Final = (
    "message.classified", "message.taken", "message.handed_over", "message.attention_undone",
    "conversation.regrouped", "absence.entered", "absence.changed", "absence.cancelled",
)  # fmt: skip


_LOOKOUT: Final = Lookout(
    NAME, ("message.classified",), ("correspondence", "absences", "company"), _SAYS
)


async def run(carteggio: Carteggio, stop: Event) -> None:
    """Look every second until told to stop."""
    await every_second(NAME, carteggio, give_back, stop)


async def give_back(carteggio: Carteggio, now: datetime) -> int:
    """Look at the next mail that was classified; give how many events there were.

    While the read models do not know yet what follows from them, nothing is decided.
    """

    async def what_returns(batch: Sequence[Recorded]) -> None:
        wrote = {one.stream for one in batch if _is_theirs(one.event)}
        for conversation, message in (await _absent(carteggio, wrote, now)).items():
            await asyncio.to_thread(_apart, carteggio, conversation, message, now)

    return await _LOOKOUT.next(carteggio, what_returns)


def _is_theirs(event: object) -> bool:
    inbound = isinstance(event, MessageClassified) and event.direction is Direction.INBOUND
    return inbound and isinstance(event, MessageClassified) and not event.automatic


async def _absent(
    carteggio: Carteggio, wrote: Collection[UUID], now: datetime
) -> Mapping[UUID, UUID]:
    """Give the conversations that return, each with the message with which it does."""
    if not wrote:
        return {}
    async with carteggio.reading() as asked:
        of = await threads.conversations_of(*asked, EVERYTHING, list(wrote))
        said = await attention_of(*asked, EVERYTHING, list(set(of.values())), AsOf(time=now))
        if not any(one.owner for one in said.values()):
            return {}
        people = await staff(asked, AsOf(time=now))
        boxes = await asked_in(*asked, EVERYTHING, list(said))
        mail = await letters_of(*asked, EVERYTHING, list(wrote))
    return {
        conversation: message
        for message, conversation in of.items()
        if conversation in said
        and _returns(said[conversation], boxes.get(conversation, ()), mail.get(message), people)
    }


def _returns(said: Attention, boxes: Collection[UUID], mail: Letter | None, people: Staff) -> bool:
    """Tell whether it is somebody's who is away, unless it would be his again, or is old mail."""
    if mail is None or mail.archived or said.owner is None or said.owned_at is None:
        return False
    if mail.at < said.owned_at or people.person(boxes) == said.owner:
        return False
    return people.owned(said, boxes).because is OwnedBecause.NOBODY_THERE


def _apart(carteggio: Carteggio, conversation: UUID, message: UUID, now: datetime) -> None:
    """Give one back; what is wrong with it stops no other."""
    actor = Actor(ActorKind.SYSTEM, NAME)
    command = f"handback-{message.hex}"
    stamp = Envelope(uuid7(), now, actor, Origin("work"), command_id=command)
    try:
        hand_over(carteggio, [message], None, stamp, because=HandedBecause.ABSENCE)
    except LATER:
        raise
    except Exception as error:  # noqa: BLE001  it stays with who is away, and is logged
        log(NAME).error("is not given back", conversation=conversation, error=where(error))
