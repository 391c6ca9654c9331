"""Colleagues are told by mail of what happens among them: once, from Carteggio, within the company.

    an event ─▶ whom does it concern? ─▶ a mail each, through the outbox, under an id of its own

Whatever is cut off is done again: the same event and person make the same mail, and once. Each mail is
marked as a program's (RFC 3834), so that no rule and no automatic answer replies to it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Final
from uuid import UUID

from adapters.ids import uuid7
from adapters.logs import log
from api.work.alarmaudience import People, sender_for
from api.work.instance import Carteggio
from api.work.lookout import Lookout, every_second
from api.work.sending import Also, ToSend, send, sent_before
from domain.composing import Automatic, Composed, Sender
from domain.doubts import NO_ATTACHMENT
from domain.recorded import Envelope, Origin, Recorded
from domain.values import Actor, ActorKind, Address, Rejected

OLDEST: Final = timedelta(days=1)
"""Of what happened before nobody is told any more."""
_AT_ONCE: Final = 2_000

TellOf = Callable[[Carteggio, Sequence[Recorded], datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Notices:
    """What is told: under which name, of which events, by read models that know them, and how.

    `whole`: what belongs together is told of at once.
    """

    name: str
    events: tuple[str, ...]
    models: Sequence[str]
    tell_of: TellOf
    whole: Callable[[Recorded], object] | None = None

    async def run(self, carteggio: Carteggio, stop: Event) -> None:
        """Look every second until told to stop."""
        await every_second(self.name, carteggio, self.tell, stop)

    async def tell(self, carteggio: Carteggio, now: datetime) -> int:
        """Tell of what happened since; give how many events there were."""
        lookout = Lookout(self.name, self.events, self.models, self.events, _AT_ONCE, self.whole)

        async def of(batch: Sequence[Recorded]) -> None:
            await self.tell_of(carteggio, batch, now)

        return await lookout.next(carteggio, of)


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail to a colleague; `command` is an id under which it is written once, ever, if there is one."""

    command: str | None
    to: UUID
    subject: str
    text: str
    there: Collection[UUID]
    """The mailboxes that it is about: it comes from one of them that sends, if there is any."""


async def write(
    carteggio: Carteggio,
    people: People,
    name: str,
    notice: Notice,
    now: datetime,
    also: Also | None = None,
) -> None:
    """Write a notice, unless it was; who cannot be written to is told otherwise."""
    who, command = people.known[notice.to], notice.command
    sender = await sender_for(carteggio, people, notice.to, notice.there)
    if command and await asyncio.to_thread(sent_before, carteggio, command) is not None:
        return
    if sender is None:
        return
    mail = Composed(
        "",
        now,
        Sender(people.boxes[sender].address, "Carteggio"),
        to=(Address(who.address, who.name),),
        subject=notice.subject,
        text=notice.text,
        automatic=Automatic.GENERATED,
    )
    accepted = frozenset((NO_ATTACHMENT,))
    wanted = ToSend(mailbox=sender, mail=mail, undo=timedelta(0), acknowledged=accepted)
    actor = Actor(ActorKind.SYSTEM, name)
    stamp = Envelope(uuid7(), now, actor, Origin("work"), command_id=command)
    try:
        await send(carteggio, wanted, lambda _: stamp, also)
    except Rejected as refusal:
        log(name).warning("cannot tell a colleague", colleague=notice.to, why=refusal.code)
