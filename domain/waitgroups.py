"""What waits, told apart: whose it is, where, of whom, about what, how old, how it stands.

A wait counts in each of its groups: in both mailboxes that it was sent to, for both parties that
are meant. So groups may add up to more than there is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, assert_never
from uuid import UUID

from domain.classes import dataclass
from domain.dueness import Dueness, Standing

Key = UUID | str | None
"""A colleague, a mailbox, a party; a name, a kind; None: nobody, nothing."""


class GroupBy(StrEnum):
    """By what waits are told apart."""

    OWNER = "owner"
    MAILBOX = "mailbox"
    PARTY = "party"
    SALES_MANAGER = "sales_manager"
    KIND = "kind"
    AGE = "age"
    SLA = "sla"
    STATE = "state"


class Attending(StrEnum):
    """What is done about a wait."""

    WAITING = "waiting"
    IN_HAND = "in_hand"
    SNOOZED = "snoozed"
    PAUSED = "paused"


class AgeBand(StrEnum):
    """How old a wait is, by the clock on the wall."""

    UNDER_4H = "under_4h"
    UNDER_1D = "under_1d"
    UNDER_3D = "under_3d"
    UNDER_1W = "under_1w"
    UNDER_4W = "under_4w"
    OVER_4W = "over_4w"


AGES: Final = {
    AgeBand.UNDER_4H: timedelta(hours=4),
    AgeBand.UNDER_1D: timedelta(days=1),
    AgeBand.UNDER_3D: timedelta(days=3),
    AgeBand.UNDER_1W: timedelta(weeks=1),
    AgeBand.UNDER_4W: timedelta(weeks=4),
}
"""The bounds of bands, by age; the last band has none."""
_NATURAL: Final = (
    *AgeBand, *reversed(Standing), *Attending,
)  # fmt: skip
"""The order of groups that have one."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait with all by which it is told apart, as a reader may know it.

    `managers` are colleagues, or as the master data names them where it is none of these.
    """

    conversation: UUID
    message: UUID
    since: datetime
    mailboxes: tuple[UUID, ...]
    owner: UUID | None
    parties: tuple[UUID, ...]
    managers: tuple[UUID | str, ...]
    kinds: tuple[str, ...]
    attending: Attending
    due: Dueness
    rests_until: datetime | None = None
    """When it stands otherwise by what was said of it; None: until something happens, and of the past."""

    @property
    def turns(self) -> datetime | None:
        """Give when it stands otherwise though nothing happens; None: it does not."""
        runs = self.due.standing in (Standing.ON_TRACK, Standing.AT_RISK)
        warns = self.due.warns if self.due.standing is Standing.ON_TRACK else None
        late = self.due.due if runs else None
        return min(filter(None, (warns, late, self.rests_until)), default=None)


@dataclass(frozen=True, slots=True)
class Group:
    """How many wait in a group, since when, how long the middle one of them; of two, the older.

    `business_median` is the business time of that one, `middle` the message it began with.
    """

    key: Key
    count: int
    breached: int
    at_risk: int
    oldest: datetime
    median: timedelta
    business_median: timedelta | None
    middle: UUID

    def in_business(self, age: timedelta) -> "Group":
        """Say how long the middle one waits in business time."""
        return replace(self, business_median=age)


@dataclass(frozen=True, slots=True)
class WaitsWanted:
    """Which of what waits; an empty one means all. `owners` with None: what belongs to nobody."""

    owners: tuple[UUID | None, ...] = ()
    managers: tuple[UUID | str, ...] = ()
    kinds: tuple[str, ...] = ()
    standings: tuple[Standing, ...] = ()
    attending: tuple[Attending, ...] = ()
    ages: tuple[AgeBand, ...] = ()


ANY_WAIT: Final = WaitsWanted()


def is_wanted(wait: Wait, wanted: WaitsWanted, at: datetime) -> bool:
    """Tell whether a wait is asked for."""
    return (
        (not wanted.owners or wait.owner in wanted.owners)
        and (not wanted.managers or not set(wait.managers).isdisjoint(wanted.managers))
        and (not wanted.kinds or _one_of(wait.kinds, wanted.kinds))
        and (not wanted.standings or wait.due.standing in wanted.standings)
        and (not wanted.attending or wait.attending in wanted.attending)
        and (not wanted.ages or band(at - wait.since) in wanted.ages)
    )


def _one_of(has: Iterable[str], wanted: Iterable[str]) -> bool:
    return not {one.casefold() for one in has}.isdisjoint(one.casefold() for one in wanted)


def band(age: timedelta) -> AgeBand:
    """Give the band of an age."""
    return next((one for one, below in AGES.items() if age < below), AgeBand.OVER_4W)


def keys(wait: Wait, by: GroupBy, at: datetime) -> Sequence[Key]:
    """Give the groups of a wait; it has one at least."""
    match by:
        case GroupBy.OWNER:
            return (wait.owner,)
        case GroupBy.MAILBOX:
            return wait.mailboxes
        case GroupBy.PARTY:
            return wait.parties or (None,)
        case GroupBy.SALES_MANAGER:
            return wait.managers or (None,)
        case GroupBy.KIND:
            return wait.kinds or (None,)
        case GroupBy.AGE:
            return (band(at - wait.since).value,)
        case GroupBy.SLA:
            return (wait.due.standing.value,)
        case GroupBy.STATE:
            return (wait.attending.value,)
        case _ as never:
            assert_never(never)


def grouped(waits: Iterable[Wait], by: GroupBy, at: datetime) -> list[Group]:
    """Give the groups: bands and states in their order, others by how many wait, most first."""
    of: dict[Key, list[Wait]] = {}
    for wait in waits:
        for key in keys(wait, by, at):
            of.setdefault(key, []).append(wait)
    return placed((_group(key, some, at) for key, some in of.items()), by)


def placed(groups: Iterable[Group], by: GroupBy) -> list[Group]:
    """Give groups in their order."""
    return sorted(groups, key=place_of(by))


def place_of(by: GroupBy) -> Callable[[Group], tuple[Any, ...]]:
    """Give what orders groups."""
    if by in (GroupBy.AGE, GroupBy.SLA, GroupBy.STATE):
        return lambda one: (_NATURAL.index(str(one.key)),)
    return lambda one: (-one.count, one.oldest, str(one.key))


def _group(key: Key, waits: Sequence[Wait], at: datetime) -> Group:
    ordered = sorted(waits, key=lambda one: (one.since, one.message))
    middle = ordered[(len(ordered) - 1) // 2]
    standings = [one.due.standing for one in waits]
    return Group(
        key=key,
        count=len(waits),
        breached=standings.count(Standing.BREACHED),
        at_risk=standings.count(Standing.AT_RISK),
        oldest=ordered[0].since,
        median=max(timedelta(0), at - middle.since),
        business_median=middle.due.age,
        middle=middle.message,
    )
