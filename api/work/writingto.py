"""Colleagues are written to by the company itself: once a command, by a mail that starts nothing."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from adapters.ids import uuid7
from adapters.logs import log
from api.work.alarmaudience import People, sender_for
from api.work.instance import Carteggio
from api.work.sending import Also, ToSend, send, sent_before
from domain.composing import Automatic, Composed, Sender
from domain.doubts import NO_ATTACHMENT
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, Address, Rejected


@dataclass(frozen=True, slots=True)
class Told:
    """What a colleague is told, by whom in Carteggio (`name`), and in which mailboxes it lies.

    `command` names it: under the same nothing is written twice.
    """

    name: str
    colleague: UUID
    there: Collection[UUID]
    subject: str
    text: str
    command: str | None = None


async def write_to(
    carteggio: Carteggio, people: People, told: Told, now: datetime, also: Also | None = None
) -> None:
    """Write a mail to a colleague, unless it was; what forbids it is logged, and stops nobody."""
    command = told.command
    if command and await asyncio.to_thread(sent_before, carteggio, command) is not None:
        return
    sender = await sender_for(carteggio, people, told.colleague, told.there)
    if sender is None:
        return
    who = people.known[told.colleague]
    mail = Composed(
        "",
        now,
        Sender(people.boxes[sender].address, "Carteggio"),
        to=(Address(who.address, who.name),),
        subject=told.subject,
        text=told.text,
        automatic=Automatic.GENERATED,
    )
    accepted = frozenset((NO_ATTACHMENT,))
    wanted = ToSend(mailbox=sender, mail=mail, undo=timedelta(0), acknowledged=accepted)
    actor = Actor(ActorKind.SYSTEM, told.name)
    stamp = Envelope(uuid7(), now, actor, Origin("work"), command_id=command)
    try:
        await send(carteggio, wanted, lambda _: stamp, also)
    except Rejected as refusal:
        log(told.name).warning("cannot write to a colleague", colleague=who.id, why=refusal.code)
