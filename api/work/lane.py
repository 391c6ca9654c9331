"""A lane sends the mail of one mailbox, one after the other, over one connection.

    due ─▶ MAIL, RCPT, DATA ─▶ *begun, durable* ─▶ content ─▶ what was said, durable ─▶ its copy kept

Whoever sends holds the lane's lock. What is found as being sent when the lock is taken was left by
a process that died: nobody knows whether it left, so it is uncertain and not sent again.
"""

import asyncio
import random
import re
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event
from typing import Final
from uuid import UUID

from adapters.logs import log
from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.smtp.session import SmtpSession
from adapters.smtp.values import Phase
from api.work.attempts import Attempts, Leaving, TakenBack
from api.work.flightmarks import Marks
from api.work.flightrecords import Ahead, AtOnce, Landing, Records, Together
from api.work.flights import Flights, Pace
from api.work.instance import Carteggio
from api.work.leases import Locks
from api.work.outbox import Outbox
from api.work.outboxrows import Row
from api.work.owncopies import Copies
from api.work.patience import LATER, pause_after
from api.work.projector import where
from api.work.rates import Used
from api.work.reception import Reception
from api.work.resting import HERE, LOGIN, USED_UP, Rests, needs_somebody
from api.work.sendingways import Way, Ways
from api.work.wholly import whole
from domain.leaving import LONGEST
from domain.replies import Ground
from domain.values import Rejected

_WHY: Final = {
    Ground.LOGIN: LOGIN,
    Ground.CONNECTION: TroubleKind.LOST.value,
    Ground.SLOW_DOWN: Ground.SLOW_DOWN.value,
}
"""What concerns all mail of the lane."""
_ADDRESS: Final = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")
_LEAST_S: Final = 30.0
_ASIDE: Final = timedelta(hours=1)
_PASSED: Final = timedelta(days=1)
_AS_MUCH: Final = "as much was sent as its server takes"
_OFTEN: Final = 16
"""So often in a row a lane fails before its mail is given up: we may have been off for days."""


class _Rests(Exception):
    """The lane has to rest: why, for programs and for people."""

    def __init__(self, why: str, said: str = "", until: datetime | None = None) -> None:
        super().__init__(why)
        self.why, self.said, self.until = why, said, until


class Lane:
    """Sends what is due from one mailbox."""

    def __init__(
        self,
        carteggio: Carteggio,
        lane: UUID,
        ways: Ways,
        reception: Reception,
        locks: Locks,
        marks: Marks,
        stop: Event | None = None,
    ) -> None:
        """Hand mail over as `ways` say; `reception` takes the copies in; `stop` ends it soon."""
        self._carteggio = carteggio
        self._stop = stop or Event()
        self._outbox = Outbox(carteggio)
        self._attempts = Attempts(carteggio)
        self._flights = Flights(carteggio, lane)
        self._copies = Copies(carteggio, reception, locks, lane, self._stop)
        self._rests = Rests(carteggio.database)
        self._lane = lane
        self._ways = ways
        self._locks, self._marks = locks, marks
        self._mark = b""

    async def drain(self) -> int:
        """Send what is due; give how many mails were tried. What stands in the way puts it off.

        A lane that somebody else holds is left to him: he looks again when he has let go.
        """
        try:
            tried, ours = await self._drained()
            if ours:
                await self._copies.keep()
        finally:
            await self._copies.leave()
        return tried

    async def _drained(self) -> tuple[int, bool]:
        tried = 0
        while not self._stop.is_set():
            async with self._locks.holding(self._lane) as ours:
                if not ours:
                    return tried, False
                more, rests = await self._held()
                tried += more
            if rests or not await asyncio.to_thread(self._is_due):
                break
        return tried, True

    async def _held(self) -> tuple[int, bool]:
        """Send what is due while the lane is ours; tell whether it rests."""
        await whole(self._look_after)
        until = await asyncio.to_thread(self._rests.until, self._lane)
        if until is not None:
            await asyncio.to_thread(self._outbox.wake, self._lane, until)
            return 0, True
        counted = _Counted()
        try:
            await self._send_all(counted)
        except _Rests as rest:
            await whole(self._rest, rest)
            return counted.tried, True
        if counted.tried:
            await asyncio.to_thread(self._rests.end, self._lane)
        return counted.tried, False

    async def _send_all(self, counted: "_Counted") -> None:
        if not await asyncio.to_thread(self._is_due):
            return
        known = (await self._ways.known(self._lane))[self._lane]
        self._mark = known.mark
        try:
            way = await self._ways.of(known)
            used = await asyncio.to_thread(Used, self._carteggio.database, self._lane, way.rates)
            async with AsyncExitStack() as opened:
                await self._send_by(way, used, opened, counted)
        except Rejected as refusal:  # there is no password, no consent
            raise _Rests(refusal.code.lower(), refusal.sentence) from None
        except ServerTrouble as trouble:
            raise _Rests(trouble.kind.value, trouble.sentence) from None
        except LATER as trouble:
            raise _Rests(HERE, type(trouble).__name__) from None

    async def _send_by(
        self, way: Way, used: Used, opened: AsyncExitStack, counted: "_Counted"
    ) -> None:
        """Send one mail, then more of them together as long as the server is fast."""
        session, at_once, pace = None, AtOnce(self._attempts, used), Pace()
        ahead = await opened.enter_async_context(Ahead(self._flights))
        landing = await opened.enter_async_context(Landing())
        while not self._stop.is_set():
            self._copies.begin_beside()
            given = used, ahead, landing, pace, counted
            if session is not None and await self._fly(session, *given):
                continue
            await landing.ended()
            leaving = await self._next(used)
            if leaving is None:
                return
            if session is None:
                session = await opened.enter_async_context(SmtpSession(way.account))
            with pace.measured(lambda: 1):
                await self._send_one(session, leaving, at_once)
            counted.tried += 1

    async def _fly(
        self,
        session: SmtpSession,
        used: Used,
        ahead: Ahead,
        landing: Landing,
        pace: Pace,
        counted: "_Counted",
    ) -> bool:
        """Send some mails together; False: there are too few, or they are better sent alone."""
        before = counted.tried
        with pace.measured(lambda: counted.tried - before):
            boarded = await whole(self._flights.board, await ahead.next(pace.many), used)
            if boarded is None:
                return False
            ahead.read_on(pace.many)
            given = self._flights, self._marks, self._attempts, boarded, used, landing
            async with Together(*given) as records:
                for leaving in boarded.mails:
                    if self._stop.is_set() or pace.is_slow or datetime.now(UTC) > boarded.until:
                        break
                    with pace.each():
                        await self._send_one(session, leaving, records)
                    counted.tried += 1
        return True

    async def _next(self, used: Used) -> Leaving | None:
        """Give the next mail that may leave now; those on which we fail are put aside."""
        while not self._stop.is_set():
            due = await asyncio.to_thread(self._outbox.next_due, self._lane, datetime.now(UTC))
            if not due:
                return None
            (id,) = due
            try:
                leaving = await asyncio.to_thread(self._attempts.opened, id)
            except TakenBack:
                await asyncio.to_thread(self._outbox.mend, id)
                continue
            except LATER:
                raise
            except Exception as error:  # noqa: BLE001  what is wrong with one stops no other
                await asyncio.to_thread(self._put_aside, id, error)
                continue
            if await self._has_room(leaving, used):
                return leaving
        return None

    async def _has_room(self, leaving: Leaving, used: Used) -> bool:
        """Tell whether a mail may leave now; else the lane rests, or only a mail to too many waits.

        Others that fit pass it for a day, so that it stops none; then none does, so that it leaves.
        """
        free = used.free_at(now := datetime.now(UTC), len(leaving.left))
        if free <= now:
            return True
        passed_until = (leaving.state.due or leaving.queued.not_before) + _PASSED
        if passed_until > now:
            if (some := used.free_at(now, 1)) > now:
                raise _Rests(USED_UP, _AS_MUCH, some)
            until = min(free, passed_until)
            log("outbox").info("others pass a mail to many", mail=leaving.id, until=until)
            await asyncio.to_thread(self._outbox.set_aside, leaving.id, until)
            return False
        raise _Rests(USED_UP, _AS_MUCH, free)

    async def _send_one(self, session: SmtpSession, leaving: Leaving, records: Records) -> None:
        try:
            ground, said = await handed_over(session, leaving, records)
        except TakenBack:
            await asyncio.to_thread(self._outbox.mend, leaving.id)
            return
        except (ServerTrouble, Rejected, *LATER):
            raise
        except Exception as error:  # noqa: BLE001  what is wrong with one stops no other
            await asyncio.to_thread(self._put_aside, leaving.id, error)
            return
        if ground in _WHY:
            raise _Rests(
                _WHY[ground], _ADDRESS.sub("…", said)
            )  # its recipients are told elsewhere

    # ---- in threads: what is stored

    def _is_due(self) -> bool:
        return bool(self._outbox.next_due(self._lane, datetime.now(UTC)))

    def _look_after(self) -> None:
        """See to what a process that died left: flights, and what was being sent."""
        if mails := self._flights.left_behind():
            self._each(mails, self._flights.recover)
            self._flights.end()
        self._each(self._outbox.standing(self._lane, Row.SENDING), self._attempts.left_behind)

    def _each(self, mails: Iterable[UUID], say: Callable[[UUID], None]) -> None:
        """Say something of each; what is wrong with one stops no other."""
        for mail in mails:
            try:
                say(mail)
            except TakenBack:
                self._outbox.mend(mail)
            except LATER:
                raise
            except Exception as error:  # noqa: BLE001
                self._put_aside(mail, error)

    def _put_aside(self, mail: UUID, error: Exception) -> None:
        log("outbox").error("a mail is put aside", mail=mail, error=where(error))
        self._outbox.set_aside(mail, datetime.now(UTC) + _ASIDE)

    def _rest(self, rest: _Rests) -> None:
        """Let the lane rest until it may go on, or after trouble for longer each time."""
        until, failures = rest.until, 0
        if until is None:
            failures = self._rests.failed(self._lane)
            lot = random.random()  # noqa: S311  no secret
            seconds = max(_LEAST_S, pause_after(rest.why, failures, lot))
            until = datetime.now(UTC) + timedelta(seconds=seconds)
            log("outbox").warning("a lane rests", lane=self._lane, trouble=rest.why)
        self._rests.begin(self._lane, until, rest.why, rest.said, self._mark)
        self._outbox.wake(self._lane, until)
        if failures >= _OFTEN and not needs_somebody(rest.why):
            self._give_up_overdue(rest.why)

    def _give_up_overdue(self, why: str) -> None:
        """Say of mail that its server could not be reached for too long."""
        overdue = self._outbox.overdue(self._lane, datetime.now(UTC) - LONGEST)
        self._each(overdue, partial(self._attempts.give_up, why=why))


@dataclass(slots=True)
class _Counted:
    """How many mails were tried, also where it ends by trouble."""

    tried: int = 0


async def handed_over(
    session: SmtpSession, leaving: Leaving, records: Records
) -> tuple[Ground, str]:
    """Hand one mail over, and record what was said of it; give why it was not taken, if so."""
    offered = False

    async def tell(phase: Phase) -> None:
        nonlocal offered
        if phase is Phase.CONTENT:
            await records.begun(leaving, session.taken)
            offered = True

    try:
        outcome = await session.submit(leaving.submission, tell)
    except BaseException:
        if offered:
            await records.lost(leaving, "sending was interrupted")
        else:
            await records.interrupted(leaving)
        raise
    if offered or outcome.ground is not Ground.LOGIN:  # nothing is wrong with the mail
        await records.concluded(leaving, outcome, begun=offered)
    return outcome.ground, f"{outcome.reply.code} {outcome.reply.text}"
