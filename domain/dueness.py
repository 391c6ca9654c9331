"""How a wait stands to its target: in time, at risk, too late."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.businesstime import BusinessTime


class Standing(StrEnum):
    """How a wait stands to its target."""

    NONE = "none"
    """Nothing is due."""
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True)
class Dueness:
    """How old a wait is in business time, when it is due at the latest, and how it stands."""

    age: timedelta
    due: datetime | None
    standing: Standing


def dueness(
    time: BusinessTime, since: datetime, at: datetime, wanted: timedelta | None, risk: int
) -> Dueness:
    """Judge a wait at a moment; `wanted` is its target's time, `risk` percent of it are at risk."""
    age = time.business_between(since, at)
    due = None if wanted is None else time.after(since, wanted)
    if wanted is None or due is None:
        return Dueness(age, due, Standing.NONE)
    if at > due:
        return Dueness(age, due, Standing.BREACHED)
    near = age * 100 >= wanted * risk
    return Dueness(age, due, Standing.AT_RISK if near else Standing.ON_TRACK)
