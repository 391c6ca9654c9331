"""How a wait stands to its target: in time, at risk, too late, or its clock stands.

since ──── pause ══════ continued ──── now          only what runs counts
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from domain.businesstime import BusinessTime
from domain.classes import dataclass

Pause = tuple[datetime, datetime | None]
"""From when and until when the clock of a wait stands; None: it still does."""


class Standing(StrEnum):
    """How a wait stands to its target."""

    NONE = "none"
    """Nothing is due."""
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    BREACHED = "breached"
    PAUSED = "paused"
    """Its clock stands, and it was not too late before."""


@dataclass(frozen=True, slots=True)
class Dueness:
    """How old a wait is in business time, when it is due at the latest, and how it stands.

    `warns`: from when on it is at risk. Neither is known while the clock stands before it.
    """

    age: timedelta
    due: datetime | None
    standing: Standing
    warns: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a target wants: an answer within a business time that runs `since` a moment."""

    within: timedelta
    risk: int
    """Percent of that time after which it is at risk."""
    since: datetime | None = None
    """None: since the wait began."""


def dueness(
    time: BusinessTime,
    since: datetime,
    at: datetime,
    wanted: Wanted | None = None,
    pauses: Sequence[Pause] = (),
) -> Dueness:
    """Judge a wait at a moment; pauses that began by then stop its clock."""
    age = _age(time, _running(since, at, pauses), at)
    if wanted is None:
        return Dueness(age, None, Standing.NONE)
    running = list(_running(wanted.since or since, at, pauses))
    due = _after(time, running, wanted.within)
    warns = _after(time, running, wanted.within * wanted.risk / 100)
    return Dueness(age, due, _standing(running, due, warns, at), warns)


def _standing(
    running: Sequence[Pause], due: datetime | None, warns: datetime | None, at: datetime
) -> Standing:
    if due is not None and at > due:
        return Standing.BREACHED
    if not running or running[-1][1] is not None:
        return Standing.PAUSED
    if due is None:  # too far away
        return Standing.NONE
    return Standing.AT_RISK if warns is not None and at >= warns else Standing.ON_TRACK


def _running(since: datetime, at: datetime, pauses: Sequence[Pause]) -> Iterator[Pause]:
    """Give the stretches in which a clock runs; the last has no end unless it stands at `at`."""
    begins = since
    for paused, continued in sorted(pauses, key=lambda one: one[0]):
        if paused > at or (continued is not None and continued <= begins):
            continue
        if begins < paused:
            yield begins, paused
        if continued is None or continued > at:
            return
        begins = continued
    yield begins, None


def _age(time: BusinessTime, running: Iterator[Pause], at: datetime) -> timedelta:
    spans = (time.business_between(first, min(last or at, at)) for first, last in running)
    return sum(spans, timedelta(0))


def _after(time: BusinessTime, running: Sequence[Pause], wanted: timedelta) -> datetime | None:
    """Give when so much has run; None if it stands before, or that is too far away."""
    left = wanted
    for first, last in running:
        if last is None:
            return time.after(first, left)
        ran = time.business_between(first, last)
        if ran >= left:
            return time.after(first, left)
        left -= ran
    return None
