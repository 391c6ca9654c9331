"""What is recorded of mails while they leave: of each at once, or of a flight together.

Both are told the same: *begun* before the content is offered, then *concluded*, or *lost* where it
was offered and nobody knows, or *interrupted* where it was not.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Protocol, Self
from uuid import UUID

from adapters.smtp.values import Outcome
from adapters.statements import ended
from api.work.attempts import Attempts, Leaving, TakenBack, concluding
from api.work.flightmarks import Marks
from api.work.flights import Answer, Boarded, Flights, answer_of
from api.work.patience import LATER
from api.work.rates import Used
from api.work.told import Told
from api.work.wholly import whole
from domain.leaving import BeginSending, Conclude, LoseSight, OutgoingCommand

_MOMENT_S: Final = 0.25
"""So long what was answered is recorded together with what is answered next."""

_SOON_S: Final = 0.01
"""So long an answer waits for the next mail's mark."""


class Ahead:
    """Reads the mails of the next flight while one is under way; a lease tells what is stale."""

    def __init__(self, flights: Flights) -> None:
        self._flights = flights
        self._reading: asyncio.Task[list[Leaving]] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._reading is not None:
            await asyncio.wait([self._reading])
            self._reading.exception()  # it is not asked for any more

    def read_on(self, most: int) -> None:
        """Begin to read what leaves after what is leased."""
        self._reading = asyncio.create_task(asyncio.to_thread(self._flights.read, most))

    async def next(self, most: int) -> list[Leaving]:
        """Give the mails that may leave next."""
        if self._reading is None:
            self.read_on(most)
        reading, self._reading = self._reading, None
        return await reading if reading is not None else []


class Landing:
    """Lets a flight land while the next one is under way; the one before has landed by then."""

    def __init__(self) -> None:
        self._landing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.ended()

    async def begin(self, land: Callable[[], None]) -> None:
        """Begin to land, after what lands; raise what went wrong with that."""
        try:
            await self.ended()
        finally:
            self._landing = asyncio.create_task(whole(land))

    async def ended(self) -> None:
        """Wait until all has landed, whoever waits for it; raise what went wrong."""
        landing, self._landing = self._landing, None
        if landing is not None:
            await ended(landing)


class Records(Protocol):
    """Records what becomes of a mail that leaves."""

    async def begun(self, leaving: Leaving, taken: frozenset[str]) -> None:
        """Say that the content is about to be offered to some; raise TakenBack."""

    async def concluded(self, leaving: Leaving, outcome: Outcome, *, begun: bool) -> None:
        """Say what was answered."""

    async def lost(self, leaving: Leaving, why: str) -> None:
        """Say that the content was offered and nobody knows what became of it."""

    async def interrupted(self, leaving: Leaving) -> None:
        """Say that the content was not offered, though it may have been begun."""


class AtOnce:
    """Each is recorded, durably, before anything else is done."""

    def __init__(self, attempts: Attempts, used: Used) -> None:
        self._attempts, self._used = attempts, used

    async def begun(self, leaving: Leaving, taken: frozenset[str]) -> None:
        await whole(self._attempts.begin, leaving, taken, self._used)

    async def concluded(self, leaving: Leaving, outcome: Outcome, *, begun: bool) -> None:
        await whole(self._attempts.conclude, leaving, outcome, None if begun else self._used)

    async def lost(self, leaving: Leaving, why: str) -> None:
        await whole(self._attempts.lose, leaving, why)

    async def interrupted(self, leaving: Leaving) -> None:
        await whole(self._attempts.interrupt, leaving)


class Together:
    """Of the mails of a flight each is marked, and all are recorded a moment later.

    After the block it lands: all is recorded, and what was not offered waits again.
    """

    def __init__(
        self,
        flights: Flights,
        marks: Marks,
        attempts: Attempts,
        boarded: Boarded,
        used: Used,
        landing: Landing,
    ) -> None:
        self._flights, self._marks, self._attempts = flights, marks, attempts
        self._boarded, self._used, self._landing = boarded, used, landing
        self._begun: dict[UUID, BeginSending] = {}
        self._told: list[Told] = []
        self._done: set[UUID] = set()
        self._answer: Answer | None = None
        self._answered_at = 0.0
        self._soon: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._marking: asyncio.Task[None] | None = None
        self._recorder: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._recorder = asyncio.create_task(self._from_time_to_time())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        answer = self._taken_along()
        await self._quiet()
        if answer is not None:  # the next flight begins before this one has landed
            with suppress(*LATER):
                await self._marks.answered(self._boarded.flight, answer)
        self._count()
        await self._landing.begin(self._land)

    async def begun(self, leaving: Leaving, taken: frozenset[str]) -> None:
        places = leaving.places(taken)
        some = None if len(places) == len(leaving.left) else places
        begin = BeginSending(datetime.now(UTC), some, leaving.attempt)
        given = self._boarded.flight, leaving.id, begin
        if not await self._marks.offer(*given, self._taken_along()):
            raise TakenBack
        self._begun[leaving.id] = begin

    async def concluded(self, leaving: Leaving, outcome: Outcome, *, begun: bool) -> None:
        told = concluding(leaving, outcome, begun=begun)
        self._tell(leaving, told)
        if begun:
            self._answer = answer_of(leaving, told)
            self._answered_at = self._loop.time()
            if self._soon is None:
                self._soon = self._loop.call_later(_SOON_S, self._mark_answer)

    async def lost(self, leaving: Leaving, why: str) -> None:
        self._tell(leaving, LoseSight(leaving.attempt, why))

    async def interrupted(self, leaving: Leaving) -> None:
        self._begun.pop(leaving.id, None)

    def _tell(self, leaving: Leaving, end: Conclude | LoseSight) -> None:
        commands: list[tuple[datetime, OutgoingCommand]] = [(datetime.now(UTC), end)]
        if (begin := self._begun.get(leaving.id)) is not None:
            commands.insert(0, (begin.at, begin))
        self._told.append(Told(leaving.id, leaving.state, leaving.version, tuple(commands)))
        self._done.add(leaving.id)
        self._news.set()

    def _taken_along(self) -> Answer | None:
        """Give what was answered last, unless it is marked."""
        answer, self._answer = self._answer, None
        return answer

    def _mark_answer(self) -> None:
        """Mark what was answered, as the next mail does not come to its content soon."""
        self._soon = None
        left = self._answered_at + _SOON_S - self._loop.time()
        if self._answer is not None and left > 0:  # it is a later one
            self._soon = self._loop.call_later(left, self._mark_answer)
        elif (answer := self._taken_along()) is not None:
            marking = self._marks.answered(self._boarded.flight, answer)
            self._marking = asyncio.create_task(marking)

    async def _from_time_to_time(self) -> None:
        """Record what was said while other mails leave; what fails here is tried at the end."""
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(_MOMENT_S)
            with suppress(*LATER):
                await whole(self._record)

    async def _quiet(self) -> None:
        """Let what runs beside this end, and let go of it: it holds this, with all octets of its mails.

        Cycles are looked for so seldom that they would stay (`batches.seldom_collecting`).
        """
        recorder, marking = self._recorder, self._marking
        self._recorder = self._marking = self._soon = None
        if recorder is not None:
            recorder.cancel()
        if running := [one for one in (recorder, marking) if one is not None]:
            await asyncio.wait(running)
        if marking is not None:
            marking.exception()  # what it was to mark is recorded now

    def _record(self) -> None:
        told = self._told[:]
        self._attempts.tell(told)
        del self._told[: len(told)]

    def _land(self) -> None:
        """Record what is left, and let what was not offered wait again."""
        flight = self._boarded.flight
        back = [one.id for one in self._boarded.mails if one.id not in self._done]
        self._attempts.tell(self._told, lambda x: self._flights.land(x, flight, back, self._used))

    def _count(self) -> None:
        """Count what left as leaving now, and nothing else."""
        self._boarded.count(self._used, self._boarded.until, self._boarded.mails, -1)
        gone = [one for one in self._boarded.mails if one.id in self._done]
        self._boarded.count(self._used, datetime.now(UTC), gone)
