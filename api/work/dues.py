"""How what waits stands to its targets: judged for a page of waits, now or as of a moment."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from adapters.daysoff import business_time
from domain.businesstime import DAY, BusinessTime, Opening
from domain.calendars import CalendarSaved, CalendarsEvent, Clock, TargetSet, UpdateMode
from domain.dueness import Dueness, Pause, Wanted, dueness
from domain.inforce import Case, InForce, Said, calendar_for, in_force, target_for, wants_solutions
from domain.values import MailboxId
from projections import documents, links, parties
from projections.answeredbefore import answered_before, begun_with
from projections.attention import pauses_of
from projections.calendars import said
from projections.projection import Names
from projections.reader import NOW, AsOf, Reader
from projections.unanswered import Waiting

ALWAYS: Final = Opening("UTC", (((0, DAY),),) * 7)
"""Holds where no calendar does."""
Asked = tuple[AsyncConnection[TupleRow], Names]


@dataclass(frozen=True, slots=True)
class Judged:
    """How a wait stands in one of its mailboxes, and what was in force; without target none is due."""

    dueness: Dueness
    case: Case
    clock: Clock
    began: datetime
    """When what is measured began."""
    calendar: Said[CalendarSaved] | None
    target: Said[TargetSet] | None

    @property
    def earliest(self) -> tuple[bool, datetime | None, bool]:
        """Give the order by which the mailbox and the clock count by which it is due first."""
        return self.dueness.due is None, self.dueness.due, self.target is None


async def dues(
    asked: Asked, reader: Reader, waits: Sequence[Waiting], as_of: AsOf = NOW
) -> dict[UUID, Dueness]:
    """Judge waits by what was in force then, by the messages they began with.

    A wait in several mailboxes is judged by the one in which it is due first.
    """
    words = await said(*asked, reader, as_of)
    judging = await judging_of(asked, reader, waits, as_of, words)
    at = as_of.time or datetime.now(UTC)
    return {id: one.dueness for id, one in judging.judged(words, at).items()}


@dataclass(slots=True)
class Judging:
    """Waits and what is known about them, to be judged by any words."""

    waits: Sequence[Waiting]
    seen: frozenset[UUID] | None = None
    """The mailboxes that the reader sees; None: all."""
    answered: Mapping[UUID, datetime] = field(default_factory=dict)
    """When we answered last before a wait."""
    begun: Mapping[UUID, datetime] = field(default_factory=dict)
    """When the matter of a wait began, where a solution is wanted."""
    cases: Mapping[UUID, Sequence[Case]] = field(default_factory=dict)
    pauses: Mapping[UUID, Sequence[Pause]] = field(default_factory=dict)

    def judged(self, words: Sequence[Said[CalendarsEvent]], at: datetime) -> dict[UUID, Judged]:
        """Judge the waits by what these words put in force at a moment."""
        now, times = in_force(words, at), _Times()
        return {
            one.message: min(
                (self._one(one, case, now, times, at) for case in self._cases(one)),
                key=lambda found: found.earliest,
            )
            for one in self.waits
        }

    def _cases(self, wait: Waiting) -> list[Case]:
        known = self.cases.get(wait.message) or [Case(MailboxId(x)) for x in wait.mailboxes]
        return [one for one in known if self.seen is None or one.mailbox in self.seen]

    def _one(
        self, wait: Waiting, case: Case, now: InForce, times: "_Times", at: datetime
    ) -> Judged:
        """Judge it by the clock by which it is due first: of its answer, or of the solution."""
        clocks = [Clock.NEXT_ANSWER if wait.message in self.answered else Clock.FIRST_ANSWER]
        if wait.message in self.begun:
            clocks.append(Clock.SOLUTION)
        found = (self._by(wait, case, now, times, at, clock) for clock in clocks)
        return min(found, key=lambda one: one.earliest)

    def _by(
        self,
        wait: Waiting,
        case: Case,
        now: InForce,
        times: "_Times",
        at: datetime,
        clock: Clock,
    ) -> Judged:
        calendar, target = calendar_for(now, case.mailbox), target_for(now, case, clock)
        began, wanted = wait.since, None
        if target is not None:
            if clock is Clock.SOLUTION:
                began = self.begun[wait.message]
            elif clock is Clock.NEXT_ANSWER and target.event.mode is UpdateMode.BETWEEN_ANSWERS:
                began = self.answered[wait.message]
            within = timedelta(seconds=target.event.wants(clock) or 0)
            wanted = Wanted(within, target.event.risk, began)
        pauses = self.pauses.get(wait.conversation, ())
        found = dueness(times.of(calendar), wait.since, at, wanted, pauses)
        return Judged(found, case, clock, began, calendar, target)


class _Times:
    """What counts the time of calendars, looked up once for each word."""

    def __init__(self) -> None:
        self._known: dict[int, BusinessTime] = {}

    def of(self, calendar: Said[CalendarSaved] | None) -> BusinessTime:
        position = 0 if calendar is None else calendar.position
        if position not in self._known:
            self._known[position] = time_of(None if calendar is None else calendar.event)
        return self._known[position]


def time_of(calendar: CalendarSaved | None) -> BusinessTime:
    """Give what counts the time of a calendar; None: it is always open."""
    if calendar is None:
        return business_time(ALWAYS, "", "")
    return business_time(calendar.opening, calendar.country, calendar.region)


async def judging_of(
    asked: Asked,
    reader: Reader,
    waits: Sequence[Waiting],
    as_of: AsOf = NOW,
    words: Sequence[Said[CalendarsEvent]] = (),
) -> Judging:
    """Read what waits are judged by; without `words` nothing can be due, and less is read."""
    conversations = list({one.conversation for one in waits})
    targets, solutions = bool(words), wants_solutions(words)
    return Judging(
        waits,
        None if reader.mailboxes is None else frozenset(reader.mailboxes),
        await answered_before(*asked, reader, waits, as_of) if targets else {},
        await begun_with(*asked, reader, waits, as_of) if solutions else {},
        await _cases(asked, reader, waits, as_of) if targets else {},
        await pauses_of(*asked, reader, conversations, as_of),
    )


async def _cases(
    asked: Asked, reader: Reader, waits: Sequence[Waiting], as_of: AsOf
) -> dict[UUID, list[Case]]:
    """Tell what each wait is about, in each of its mailboxes."""
    ids = [one.message for one in waits]
    whose = await links.parties_of(*asked, reader, ids, as_of)
    about = await links.documents_of(*asked, reader, ids, as_of)
    people = await parties.by_ids(*asked, reader, _all(whose))
    papers = await documents.by_ids(*asked, reader, _all(about))
    found: dict[UUID, list[Case]] = {}
    for one in waits:
        said_of = [
            json.loads(people[id].attributes) for id in whose.get(one.message, ()) if id in people
        ]
        kinds = (papers[id].kind for id in about.get(one.message, ()) if id in papers)
        words = _words(said_of, "category"), frozenset(kind.casefold() for kind in kinds)
        priorities = _words(said_of, "priority")
        found[one.message] = [Case(MailboxId(x), *words, priorities) for x in one.mailboxes]
    return found


def _all(found: Mapping[UUID, Sequence[UUID]]) -> list[UUID]:
    return list({id for some in found.values() for id in some})


def _words(said_of: Sequence[Mapping[str, str]], name: str) -> frozenset[str]:
    words = (" ".join(one.get(name, "").split()).casefold() for one in said_of)
    return frozenset(filter(None, words))
