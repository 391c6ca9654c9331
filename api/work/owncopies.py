"""The copies of what we sent: taken in from the very octets, and linked as whoever sent said."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import Final
from uuid import UUID, uuid5

from adapters.logs import log
from api.work.arrivals import Arrival, Place
from api.work.instance import Carteggio
from api.work.leases import Locks
from api.work.outbox import Outbox
from api.work.outboxrows import kept
from api.work.patience import LATER
from api.work.projector import where
from api.work.reception import Reception
from api.work.told import by_outbox
from api.work.wholly import whole
from domain import message
from domain.choosing import ChooseLink
from domain.message import FolderRole
from domain.outgoing import MailQueued
from domain.recorded import Envelope

SENT: Final = "Sent"
"""Where the copies lie that we keep of what we send."""
_AT_ONCE: Final = 100
_OCTETS: Final = 3_000_000
_BESIDE_S: Final = 10.0


class Copies:
    """The copies of one lane: taken in when nothing more is due, or beside what leaves for long.

    One process at a time does it, and looks again when it has let go.
    """

    def __init__(
        self,
        carteggio: Carteggio,
        reception: Reception,
        locks: Locks,
        lane: UUID,
        stop: Event,
    ) -> None:
        self._carteggio, self._reception, self._locks = carteggio, reception, locks
        self._lane, self._stop = lane, stop
        self._beside: asyncio.Task[None] | None = None
        self._began = time.monotonic()

    def begin_beside(self) -> None:
        """Begin from time to time, and go on beside what is sent."""
        running = self._beside is not None and not self._beside.done()
        if not running and time.monotonic() - self._began > _BESIDE_S:
            self._beside = asyncio.create_task(self._kept())

    async def keep(self) -> None:
        """Take in all that is left."""
        if self._beside is not None:
            await asyncio.wait([self._beside])
        await self._kept()

    async def leave(self) -> None:
        """Leave what is not begun for later."""
        if self._beside is not None:
            self._beside.cancel()
            await asyncio.wait([self._beside])

    async def _kept(self) -> None:
        before: set[UUID] = set()
        while not self._stop.is_set():
            async with self._locks.holding(uuid5(self._lane, "copies")) as ours:
                if not ours:
                    return
                await whole(keep_copies, self._carteggio, self._reception, self._lane, self._stop)
            left = set(await asyncio.to_thread(Outbox(self._carteggio).to_keep, self._lane))
            if left <= before:
                break
            before = left
        self._began = time.monotonic()


def keep_copies(
    carteggio: Carteggio, reception: Reception, lane: UUID, stop: Event | None = None
) -> None:
    """Take in the copies of what left from a lane; what fails alone is left for a later look."""
    mails = Outbox(carteggio).to_keep(lane)
    for at in range(0, len(mails), _AT_ONCE):
        if stop is None or not stop.is_set():
            _keep_some(carteggio, reception, mails[at : at + _AT_ONCE])


def _keep_some(carteggio: Carteggio, reception: Reception, mails: Sequence[UUID]) -> None:
    there = _left(carteggio, mails)
    if erased := set(mails) - {one.mail for one in there}:
        with carteggio.database.pool.connection() as connection, connection.transaction():
            kept(connection, list(erased))
    while there:
        portion = _first(there)
        there = there[len(portion) :]
        try:
            _keep(carteggio, reception, portion)
        except LATER:
            raise
        except Exception as error:  # noqa: BLE001  what is wrong with one stops no other
            log("outbox").error("copies are kept one by one", error=where(error))
            _one_by_one(carteggio, reception, portion)


@dataclass(frozen=True, slots=True)
class _Left:
    """A mail that left, and the envelope under which it was queued."""

    mail: UUID
    queued: MailQueued
    envelope: Envelope


def _left(carteggio: Carteggio, mails: Sequence[UUID]) -> Sequence[_Left]:
    recorded = carteggio.journal.streams(mails)
    queued = {one.stream: one for one in recorded if isinstance(one.event, MailQueued)}
    return [
        _Left(id, one.event, one.envelope)
        for id, one in queued.items()
        if isinstance(one.event, MailQueued)
    ]


def _first(there: Sequence[_Left]) -> Sequence[_Left]:
    """Give what is taken in at once."""
    octets, end = 0, 0
    while (
        end < min(len(there), _AT_ONCE) and (octets := octets + there[end].queued.size) <= _OCTETS
    ):
        end += 1
    return there[: max(end, 1)]


def _one_by_one(carteggio: Carteggio, reception: Reception, portion: Sequence[_Left]) -> None:
    for one in portion:
        try:
            _keep(carteggio, reception, [one])
        except LATER:
            raise
        except Exception as error:  # noqa: BLE001
            log("outbox").error("a copy is left for later", mail=one.mail, error=where(error))


def _keep(carteggio: Carteggio, reception: Reception, portion: Sequence[_Left]) -> None:
    now = carteggio.clock()
    raws = carteggio.blobs.get_many({one.mail: one.queued.raw for one in portion})
    arrivals = [
        Arrival(
            raws[one.mail],
            Place(one.queued.mailbox, SENT, FolderRole.SENT),
            now,
            ("\\Seen",),
        )
        for one in portion
    ]
    reception.store(reception.read(arrivals))
    for one in portion:
        _link(carteggio, one)
    with carteggio.database.pool.connection() as connection, connection.transaction():
        kept(connection, [one.mail for one in portion])


def _link(carteggio: Carteggio, one: _Left) -> None:
    """Link a copy as whoever sent it said."""
    for belongs, targets in ((True, one.queued.targets), (False, one.queued.removed)):
        for kind, target in targets:
            choice = ChooseLink(kind, target, belongs=belongs)
            word = _said_by(one.envelope, by_outbox())
            carteggio.journal.record(one.queued.message, message, choice, word)


def _said_by(sender: Envelope, ours: Envelope) -> Envelope:
    """Let what whoever sent a mail said be told as his word."""
    person = sender.on_behalf_of or sender.actor
    correlation = sender.correlation
    return replace(ours, on_behalf_of=person, causation=sender.event_id, correlation=correlation)
