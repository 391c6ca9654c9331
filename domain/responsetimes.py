"""How soon mail is answered: counts, medians, what most answers keep within, and what is left over.

An answer counts in the month in which it was given; a backlog is what waited when the span ended.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.classes import dataclass
from domain.values import Rejected

LONGEST: Final = timedelta(days=3_653)


class ResponsesBy(StrEnum):
    """By what answers are told apart."""

    PERSON = "person"
    MAILBOX = "mailbox"
    PARTY = "party"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Episode:
    """A wait, from its beginning to its end or on; `business` is how long, in business time.

    `by` is who answered, else whose it is. `first`: nothing had been answered in the conversation.
    """

    since: datetime
    until: datetime | None
    answered: bool
    first: bool
    business: timedelta
    mailboxes: tuple[UUID, ...]
    by: UUID | None
    parties: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """How long answers took in business time: as many within the median as beyond it."""

    count: int
    median: timedelta | None
    most: timedelta | None
    """Nine of ten were given within this."""


@dataclass(frozen=True, slots=True)
class Responses:
    """How soon a person, in a mailbox, to a party mail was answered; `month` is as 2026-03."""

    key: UUID | None
    month: str
    first: Spread
    next: Spread
    wall_median: timedelta | None
    backlog: int


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when, and by whose clock months begin."""

    begins: datetime
    ends: datetime
    zone: ZoneInfo
    monthly: bool = False

    def until(self, now: datetime) -> "Span":
        """Give what is over of it: nothing is known of the time to come.

        Raises Rejected where it is turned round or longer than ten years.
        """
        if self.begins >= self.ends:
            raise Rejected("INVALID", "from has to be before to")
        if self.begins >= now:
            raise Rejected("INVALID", "from has to be in the past")
        past = replace(self, ends=min(self.ends, now))
        if past.ends - past.begins > LONGEST:
            raise Rejected(
                "INVALID", "ten years are the most: choose a later from, or an earlier to"
            )
        return past

    def parts(self) -> list[tuple[str, datetime, datetime]]:
        """Give the months of it, or all of it in one."""
        if not self.monthly:
            return [("", self.begins, self.ends)]
        found, at = [], self.begins
        while at < self.ends:
            local = at.astimezone(self.zone)
            later = (local.replace(day=1) + timedelta(days=32)).replace(
                day=1, hour=0, minute=0, second=0, microsecond=0
            )
            found.append((f"{local:%Y-%m}", at, min(later, self.ends)))
            at = later
        return found


def statistics(episodes: Sequence[Episode], by: ResponsesBy, span: Span) -> list[Responses]:
    """Give the figures by month and key: most answers first, within a month."""
    found: list[Responses] = []
    parts = span.parts()
    answered = _by_part(episodes, [begins for _, begins, _ in parts], span.ends)
    for (month, _, ends), given_then in zip(parts, answered, strict=True):
        given = _by(by, given_then)
        left = _by(by, (one for one in episodes if _waited(one, ends)))
        rows = [
            _responses(key, month, given.get(key, ()), len(left.get(key, ())))
            for key in {**given, **left}
        ]
        found += sorted(rows, key=lambda one: (-one.first.count - one.next.count, str(one.key)))
    return found


def _by_part(
    episodes: Sequence[Episode], begins: Sequence[datetime], end: datetime
) -> list[list[Episode]]:
    """Put each answer into the part in which it was given."""
    found: list[list[Episode]] = [[] for _ in begins]
    for one in episodes:
        if one.answered and one.until is not None and begins[0] <= one.until < end:
            found[bisect_right(begins, one.until) - 1].append(one)
    return found


def _waited(one: Episode, at: datetime) -> bool:
    return one.since < at and (one.until is None or one.until >= at)


def _by(by: ResponsesBy, episodes: Iterable[Episode]) -> dict[UUID | None, list[Episode]]:
    found: dict[UUID | None, list[Episode]] = {}
    for one in episodes:
        for key in _keys(one, by):
            found.setdefault(key, []).append(one)
    return found


def _keys(one: Episode, by: ResponsesBy) -> Sequence[UUID | None]:
    match by:
        case ResponsesBy.PERSON:
            return (one.by,)
        case ResponsesBy.MAILBOX:
            return one.mailboxes
        case ResponsesBy.PARTY:
            return one.parties or (None,)
        case ResponsesBy.ALL:
            return (None,)


def _responses(key: UUID | None, month: str, given: Sequence[Episode], backlog: int) -> Responses:
    walls = sorted(one.until - one.since for one in given if one.until is not None)
    return Responses(
        key=key,
        month=month,
        first=_spread(given, lambda one: one.first),
        next=_spread(given, lambda one: not one.first),
        wall_median=_within(walls, 50),
        backlog=backlog,
    )


def _spread(given: Sequence[Episode], which: Callable[[Episode], bool]) -> Spread:
    times = sorted(one.business for one in given if which(one))
    return Spread(len(times), _within(times, 50), _within(times, 90))


def _within(times: Sequence[timedelta], percent: int) -> timedelta | None:
    """Give the time within which so many of a hundred are (nearest rank)."""
    return times[-(-len(times) * percent // 100) - 1] if times else None
