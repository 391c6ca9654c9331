"""A lane sends the mail of one mailbox, one after the other, over one connection.

    due ─▶ MAIL, RCPT, DATA ─▶ *begun, durable* ─▶ content ─▶ what was said, durable ─▶ its copy kept

Whoever sends holds the lane's lock. What is found as being sent when the lock is taken was left by
a process that died: nobody knows whether it left, so it is uncertain and not sent again.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from adapters.ids import uuid7
from adapters.logs import log
from adapters.mailservers import ServerTrouble
from adapters.smtp.session import SmtpSession
from adapters.smtp.values import Outcome, Phase, SmtpAccount, Submission
from api.work.arrivals import Arrival, Place
from api.work.instance import Carteggio
from api.work.outbox import Outbox, Row, kept
from api.work.reception import Reception
from domain import message
from domain.choosing import ChooseLink
from domain.leaving import LONGEST, BeginSending, Conclude, LoseSight, Outgoing
from domain.message import FolderRole
from domain.outgoing import MailQueued, Result, Said
from domain.recorded import Envelope, Origin
from domain.replies import Fate, Ground
from domain.values import Actor, ActorKind, Rejected

SENT: Final = "Sent"
"""Where the copies lie that we keep of what we send."""
_OF_THE_LANE: Final = (Ground.CONNECTION, Ground.LOGIN)
"""What is wrong with none of the mail: all of it waits, and nothing is said of any."""
_PAUSES: Final = tuple(timedelta(minutes=one) for one in (1, 2, 5, 15, 30))
_SAID: Final = {
    Fate.ACCEPTED: Said.ACCEPTED,
    Fate.DEFERRED: Said.DEFERRED,
    Fate.REFUSED: Said.REFUSED,
}


@dataclass(frozen=True, slots=True)
class _Leaving:
    """A mail that is to be sent now, to whom it has not gone yet."""

    id: UUID
    state: Outgoing
    queued: MailQueued
    raw: bytes

    @property
    def left(self) -> list[int]:
        return sorted(self.state.left)

    def places(self, addresses: frozenset[str]) -> frozenset[int]:
        """Give where these stand among the recipients."""
        people = self.queued.recipients
        return frozenset(one for one in self.left if people[one].address.spec in addresses)

    @property
    def submission(self) -> Submission:
        people = [self.queued.recipients[one].address.spec for one in self.left]
        utf8 = not all(one.isascii() for one in (*people, self.queued.sender.spec))
        header = self.raw.partition(b"\r\n\r\n")[0]
        return Submission(
            sender=self.queued.sender.spec,
            recipients=tuple(people),
            raw=self.raw,
            envid=self.id.hex,
            wants_utf8=utf8 or not header.isascii(),
        )


class Lane:
    """Sends what is due from one mailbox."""

    def __init__(
        self, carteggio: Carteggio, lane: UUID, account: SmtpAccount, reception: Reception
    ) -> None:
        """Hand mail over as `account` says; `reception` takes the copies in."""
        self._carteggio = carteggio
        self._outbox = Outbox(carteggio)
        self._lane = lane
        self._account = account
        self._reception = reception

    async def drain(self) -> int:
        """Send what is due; give how many mails were tried. What stands in the way puts it off."""
        async with self._alone():
            await asyncio.to_thread(self._look_after)
            until = await asyncio.to_thread(self._outbox.paused, self._lane)
            if until is not None:
                await asyncio.to_thread(self._outbox.put_off, self._lane, until)
                return 0
            return await self._send_all()

    async def _send_all(self) -> int:
        tried = 0
        async with AsyncExitStack() as opened:
            session: SmtpSession | None = None
            while (leaving := await asyncio.to_thread(self._next)) is not None:
                try:
                    if session is None:
                        session = await opened.enter_async_context(SmtpSession(self._account))
                    ground = await self._send(session, leaving)
                except ServerTrouble as trouble:
                    await asyncio.to_thread(self._pause, trouble.kind)
                    return tried
                tried += 1
                if ground in (*_OF_THE_LANE, Ground.SLOW_DOWN):
                    await asyncio.to_thread(self._pause, ground.value)
                    return tried
        if tried:
            await asyncio.to_thread(self._outbox.goes_on, self._lane)
        return tried

    async def _send(self, session: SmtpSession, leaving: _Leaving) -> Ground:
        """Hand one mail over, and record what was said of it; give why it was not taken, if so."""
        begun = False

        async def tell(phase: Phase) -> None:
            nonlocal begun
            if phase is Phase.CONTENT:
                begin = BeginSending(datetime.now(UTC), leaving.places(session.taken))
                await asyncio.to_thread(self._record, leaving.id, begin)
                begun = True

        try:
            outcome = await session.submit(leaving.submission, tell)
        except Rejected:
            return Ground.NONE  # somebody took it back in this very moment
        except BaseException:
            if begun:
                lost = LoseSight(leaving.state.attempt + 1, "sending was interrupted")
                await asyncio.to_thread(self._record, leaving.id, lost)
            raise
        if not begun and outcome.ground in _OF_THE_LANE:
            return outcome.ground
        await asyncio.to_thread(self._concluded, leaving, outcome)
        return outcome.ground

    # ---- in threads: what is stored

    def _next(self) -> _Leaving | None:
        id = self._outbox.next_due(self._lane, datetime.now(UTC))
        if id is None:
            return None
        state = self._outbox.state(id)
        if state.queued is None:
            raise LookupError(id)
        return _Leaving(id, state, state.queued, self._carteggio.blobs.get(state.queued.raw, id))

    def _concluded(self, leaving: _Leaving, outcome: Outcome) -> None:
        attempt = leaving.state.attempt + 1
        if outcome.fate is Fate.UNCERTAIN:
            self._record(leaving.id, LoseSight(attempt, outcome.reply.text))
            return
        told = dict(zip(leaving.left, outcome.recipients, strict=True))
        command = Conclude(
            attempt=attempt,
            at=datetime.now(UTC),
            results={
                place: Result(place, _SAID[one.fate], one.reply.code, one.reply.enhanced)
                for place, one in told.items()
            },
            texts={place: one.reply.text for place, one in told.items()},
            reply=outcome.reply.text,
            known_as=outcome.named,
            spread=random.random(),  # noqa: S311  no secret
        )
        self._record(leaving.id, command)
        if Fate.ACCEPTED in {one.fate for one in told.values()}:
            self._keep(leaving.id)

    def _look_after(self) -> None:
        """See to what a process that died left: what was being sent, and copies not taken in."""
        for mail in self._outbox.standing(self._lane, Row.SENDING):
            attempt = self._outbox.state(mail).attempt
            self._record(mail, LoseSight(attempt, "the process that sent it ended"))
        for mail in self._outbox.to_keep(self._lane):
            self._keep(mail)

    def _keep(self, mail: UUID) -> None:
        """Take the copy of a mail that left in, linked as whoever sent it said."""
        recorded = next(iter(self._carteggio.journal.stream(mail)), None)
        if recorded is None or not isinstance(recorded.event, MailQueued):
            return
        queued = recorded.event
        raw = self._carteggio.blobs.get(queued.raw, mail)
        place = Place(queued.mailbox, SENT, FolderRole.SENT)
        arrival = Arrival(raw, place, datetime.now(UTC), ("\\Seen",))
        self._reception.store(self._reception.read([arrival]))
        for belongs, targets in ((True, queued.targets), (False, queued.removed)):
            for kind, target in targets:
                choice = ChooseLink(kind, target, belongs=belongs)
                word = _said_by(recorded.envelope, self._envelope())
                self._carteggio.journal.record(queued.message, message, choice, word)
        with self._carteggio.database.pool.connection() as connection, connection.transaction():
            kept(connection, mail)

    def _record(self, mail: UUID, command: BeginSending | Conclude | LoseSight) -> None:
        self._outbox.record(mail, command, self._envelope())

    def _envelope(self) -> Envelope:
        return Envelope(
            uuid7(), datetime.now(UTC), Actor(ActorKind.SYSTEM, "outbox"), Origin("smtp")
        )

    def _pause(self, why: str) -> None:
        """Let the lane rest, for longer each time."""
        for mail in self._outbox.overdue(self._lane, datetime.now(UTC) - LONGEST):
            self._give_up(mail, why)
        failures = self._outbox.failed(self._lane)
        until = datetime.now(UTC) + _PAUSES[min(failures, len(_PAUSES)) - 1]
        self._outbox.pause(self._lane, until)
        self._outbox.put_off(self._lane, until)
        log("outbox").warning("a lane rests", lane=self._lane, trouble=why, failures=failures)

    def _give_up(self, mail: UUID, why: str) -> None:
        """Say of a mail that its server could not be reached for too long."""
        state, now = self._outbox.state(mail), datetime.now(UTC)
        results = {place: Result(place, Said.DEFERRED) for place in state.left}
        self._record(mail, Conclude(state.attempt + 1, now, results, {}, why))

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Hold the lane's lock, on a connection of its own: it is free when the process dies."""
        key = f"{self._carteggio.database.schema} lane {self._lane.hex}"
        connection = await self._carteggio.database.connect_async(direct=True)
        async with connection:
            await connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (key,))
            yield


def _said_by(sender: Envelope, ours: Envelope) -> Envelope:
    """Let what whoever sent a mail said be told as his word."""
    person = sender.on_behalf_of or sender.actor
    correlation = sender.correlation
    return replace(ours, on_behalf_of=person, causation=sender.event_id, correlation=correlation)
