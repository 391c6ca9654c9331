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
from adapters.matching import Lookups
from api.work.alarmaudience import People, sender_for
from api.work.caughtup import is_behind
from api.work.instance import Carteggio
from api.work.patience import LATER
from api.work.projector import where
from api.work.sending import ToSend, send, sent_before
from domain.composing import Automatic, Composed, Sender
from domain.doubts import NO_ATTACHMENT
from domain.recorded import Envelope, Origin, Recorded
from domain.values import Actor, ActorKind, Address, Rejected

OLDEST: Final = timedelta(days=1)
"""Of what happened before nobody is told any more."""
_EVERY_S: Final = 1
_AT_ONCE: Final = 2_000

TellOf = Callable[[Carteggio, Sequence[Recorded], datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Notices:
    """What is told: under which name, of which events, by read models that know them, and how."""

    name: str
    events: Sequence[str]
    models: Sequence[str]
    tell_of: TellOf


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail to a colleague; `command` is an id under which it is written once, ever."""

    command: str
    to: UUID
    subject: str
    text: str
    there: Collection[UUID]
    """The mailboxes that it is about: it comes from one of them that sends, if there is any."""


async def run(carteggio: Carteggio, stop: Event, notices: Notices) -> None:
    """Look every second until told to stop."""
    while not stop.is_set():
        try:
            while await tell(carteggio, carteggio.clock(), notices) and not stop.is_set():
                pass
        except LATER as trouble:
            log(notices.name).warning("waits, tries again", trouble=type(trouble).__name__)
        except Exception as error:  # noqa: BLE001  mail is fetched whatever happens here
            log(notices.name).error("fails and tries again", error=where(error))
        await asyncio.sleep(_EVERY_S)


async def tell(carteggio: Carteggio, now: datetime, notices: Notices) -> int:
    """Tell of what happened since; give how many events there were."""
    batch, upto = await asyncio.to_thread(_next, carteggio, notices)
    if await asyncio.to_thread(is_behind, carteggio, notices.models, notices.events, upto):
        return 0
    if batch:
        await notices.tell_of(carteggio, batch, now)
    await asyncio.to_thread(_move, carteggio, notices, upto)
    return len(batch)


async def write(
    carteggio: Carteggio, people: People, name: str, notice: Notice, now: datetime
) -> None:
    """Write a notice, unless it was; who cannot be written to is told otherwise."""
    who = people.known[notice.to]
    sender = await sender_for(carteggio, people, notice.to, notice.there)
    before = await asyncio.to_thread(sent_before, carteggio, notice.command)
    if sender is None or before is not None:
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
    stamp = Envelope(uuid7(), now, actor, Origin("work"), command_id=notice.command)
    try:
        await send(carteggio, wanted, lambda _: stamp)
    except Rejected as refusal:
        log(name).warning("cannot tell a colleague", colleague=notice.to, why=refusal.code)


def _next(carteggio: Carteggio, notices: Notices) -> tuple[list[Recorded], int]:
    head = carteggio.journal.head()
    with carteggio.database.pool.connection() as connection:
        after = Lookups(connection).position(notices.name)
    batch = carteggio.journal.read(after, upto=head, limit=_AT_ONCE, names=notices.events)
    return batch, batch[-1].position if len(batch) == _AT_ONCE else head


def _move(carteggio: Carteggio, notices: Notices, upto: int) -> None:
    with carteggio.database.pool.connection() as connection:
        lookups = Lookups(connection)
        if lookups.position(notices.name) < upto:
            lookups.move(notices.name, upto)
