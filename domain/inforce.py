"""Which calendar and target hold for what waits, at a moment: what was said is data.

Precedence, of all that is in force at the moment:

- *calendar*: one that names the mailbox, before one that names none; of several, the one said last.
- *target*: of those whose every condition holds, one that names the priority comes first, then one
  that names the mailbox, then the party's category, then the kind of document. What the foremost
  does not say (a first answer, a next one, a solution) the following one may.
- without a calendar it is always open; without a target nothing is due.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from domain.calendars import CalendarSaved, CalendarsEvent, Clock, TargetScope, TargetSet
from domain.classes import dataclass
from domain.values import MailboxId

S = TypeVar("S", covariant=True)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said(Generic[S]):
    """A word in its stream, and from when on it holds; later words have higher positions."""

    stream: UUID
    position: int
    since: datetime
    event: S


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds at a moment, the word said last first."""

    calendars: tuple[Said[CalendarSaved], ...] = ()
    targets: tuple[Said[TargetSet], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What a wait in a mailbox is about; categories, kinds and priorities without case."""

    mailbox: MailboxId
    categories: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    priorities: frozenset[str] = frozenset()


def holding(said: Iterable[Said[T]], at: datetime) -> list[Said[T]]:
    """Give, of each stream, the word said last of those that hold by a moment; the last one first."""
    last: dict[UUID, Said[T]] = {}
    for one in said:
        before = last.get(one.stream)
        if one.since <= at and (before is None or before.position < one.position):
            last[one.stream] = one
    return sorted(last.values(), key=lambda one: -one.position)


def in_force(said: Iterable[Said[CalendarsEvent]], at: datetime) -> InForce:
    """Give what holds at a moment."""
    words = holding(said, at)
    return InForce(
        tuple(
            Said(one.stream, one.position, one.since, one.event)
            for one in words
            if isinstance(one.event, CalendarSaved)
        ),
        tuple(
            Said(one.stream, one.position, one.since, one.event)
            for one in words
            if isinstance(one.event, TargetSet)
        ),
    )


def calendar_for(now: InForce, mailbox: MailboxId) -> Said[CalendarSaved] | None:
    """Give the calendar of a mailbox; None: it is always open."""
    own = (one for one in now.calendars if mailbox in one.event.mailboxes)
    common = (one for one in now.calendars if not one.event.mailboxes)
    return next(own, None) or next(common, None)


def target_for(now: InForce, case: Case, clock: Clock) -> Said[TargetSet] | None:
    """Give the target of a first answer, of a next one, or of a solution; None: nothing is due."""
    for one in _foremost(now.targets, case):
        if one.event.wants(clock) is not None:
            return one
    return None


def wants_solutions(said: Iterable[Said[CalendarsEvent]]) -> bool:
    """Tell whether any word wants a solution within a time."""
    events = (one.event for one in said)
    return any(isinstance(one, TargetSet) and one.solution is not None for one in events)


def _foremost(targets: Sequence[Said[TargetSet]], case: Case) -> list[Said[TargetSet]]:
    fitting = (one for one in targets if _fits(one.event.scope, case))
    return sorted(fitting, key=lambda one: _named(one.event.scope), reverse=True)


def _fits(scope: TargetScope, case: Case) -> bool:
    return (
        scope.mailbox in (None, case.mailbox)
        and scope.category in ("", *case.categories)
        and scope.kind in ("", *case.kinds)
        and scope.priority in ("", *case.priorities)
    )


def _named(scope: TargetScope) -> tuple[bool, ...]:
    return (bool(scope.priority), bool(scope.mailbox), bool(scope.category), bool(scope.kind))
