"""Business time: when an office is open, and how much of a wait falls into that.

A moment is open if the clock on the office's wall shows a time within its hours. So the hour that
summer time skips is never counted, and the hour that its end repeats counts twice. An interval
over midnight belongs to the day on which it begins: a holiday closes what begins on it.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Final
from zoneinfo import ZoneInfo

from domain.classes import dataclass

Interval = tuple[int, int]
"""From and until, in minutes after midnight of its day: (0, 1440) is all of it, (1320, 1800) is
22:00 until 06:00 of the next day."""
Hours = tuple[Interval, ...]

DAY: Final = 1440
"""Minutes of a day on the wall."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_MINUTE: Final = 60_000_000
_YEARS_AHEAD: Final = 20
"""So far ahead an open hour is looked for."""

Ticks = int
"""Microseconds: since 1970 in UTC, or of a clock on the wall as if it were in UTC."""


@dataclass(frozen=True, slots=True)
class Opening:
    """When an office is open: hours by weekday (Monday first), and other ones of single days.

    An exception stands above weekday and holiday; without hours it closes the day. `zone` is a
    name of IANA's.
    """

    zone: str
    week: tuple[Hours, ...]
    exceptions: tuple[tuple[date, Hours], ...] = ()


def none_off(year: int) -> Collection[date]:
    """Tell of no holidays."""
    del year
    return ()


@dataclass(frozen=True, slots=True)
class _Year:
    """What is open of a year (of UTC): where intervals begin and end, and what they add up to.

    `before[i]` is what is open before the i-th; the last is the whole.
    """

    begins: Sequence[Ticks]
    ends: Sequence[Ticks]
    before: Sequence[Ticks]


class BusinessTime:
    """Counts the time of an office. What a year has is worked out when it is first asked for."""

    def __init__(
        self, opening: Opening, off: Callable[[int], Collection[date]] = none_off
    ) -> None:
        """`off` gives the holidays of a year."""
        self._opening = opening
        self._off = off
        self._zone = ZoneInfo(opening.zone)
        self._exceptions = dict(opening.exceptions)
        self._years: dict[int, _Year] = {}

    def business_between(self, start: datetime, end: datetime) -> timedelta:
        """Give how long it was open from one moment until another; nothing if that is earlier."""
        first, last = _ticks(start), _ticks(end)
        if last <= first:
            return timedelta(0)
        years = range(_year(start), _year(end) + 1)
        whole = sum(self._in(year).before[-1] for year in years[:-1])
        until = _before(self._in(years[-1]), last)
        return (whole + until - _before(self._in(years[0]), first)) * _TICK

    def after(self, start: datetime, duration: timedelta) -> datetime | None:
        """Give the first moment by which it was open for so long; None if that is too far away."""
        left = duration // _TICK
        if left <= 0:
            return start
        begun = _ticks(start)
        left += _before(self._in(_year(start)), begun)
        for year in self._ahead(start):
            open_ = self._in(year)
            if left <= open_.before[-1]:
                at = bisect_right(open_.before, left - 1) - 1
                return _moment(open_.begins[at] + left - open_.before[at])
            left -= open_.before[-1]
        return None

    def open_at(self, moment: datetime) -> bool:
        """Say whether it is open."""
        at, open_ = _ticks(moment), self._in(_year(moment))
        one = bisect_right(open_.begins, at) - 1
        return one >= 0 and at < open_.ends[one]

    def next_open(self, moment: datetime) -> datetime | None:
        """Give the moment itself if it is open then, else when it opens; None if never."""
        at = _ticks(moment)
        for year in self._ahead(moment):
            open_ = self._in(year)
            one = bisect_right(open_.ends, at)
            if one < len(open_.begins):
                return moment if open_.begins[one] <= at else _moment(open_.begins[one])
        return None

    def _ahead(self, moment: datetime) -> range:
        year = _year(moment)
        return range(year, year + _YEARS_AHEAD)

    def _in(self, year: int) -> _Year:
        if year not in self._years:
            self._years[year] = _summed(list(self._open(year)))
        return self._years[year]

    def _open(self, year: int) -> Iterator[tuple[Ticks, Ticks]]:
        """Give the year's open intervals: those of the wall, cut where its clock is set."""
        begin = datetime(year, 1, 1, tzinfo=UTC)
        on_wall = list(_merged(self._on_wall(date(year, 1, 1))))
        for since, until, offset in self._offsets(begin, begin.replace(year=year + 1)):
            for opens, closes in on_wall:
                first, last = max(opens - offset, since), min(closes - offset, until)
                if first < last:
                    yield first, last

    def _on_wall(self, first: date) -> Iterator[tuple[Ticks, Ticks]]:
        """Give the hours of the days of a year, with those before and after that reach into it."""
        year = first.year
        off = {day for one in (year - 1, year, year + 1) for day in self._off(one)}
        day, last = first - timedelta(days=3), date(year, 12, 31) + timedelta(days=2)
        while day <= last:
            usual = () if day in off else self._opening.week[day.weekday()]
            midnight = (day - _EPOCH.date()).days * DAY
            for opens, closes in self._exceptions.get(day, usual):
                yield (midnight + opens) * _MINUTE, (midnight + closes) * _MINUTE
            day += timedelta(days=1)

    def _offsets(self, begin: datetime, end: datetime) -> Iterator[tuple[Ticks, Ticks, Ticks]]:
        """Give the stretches in which the wall's clock is equally far from UTC, and how far."""
        days = [begin + timedelta(days=one) for one in range((end - begin).days + 1)]
        edges = [begin]
        for early, late in pairwise(days):
            if self._offset(early) != self._offset(late):
                edges.append(self._set_at(early, late))
        for since, until in pairwise([*edges, end]):
            yield _ticks(since), _ticks(until), self._offset(since) // _TICK

    def _offset(self, moment: datetime) -> timedelta:
        return moment.astimezone(self._zone).utcoffset() or timedelta(0)

    def _set_at(self, early: datetime, late: datetime) -> datetime:
        """Find the second at which the clock on the wall is set."""
        before = self._offset(early)
        while late - early > timedelta(seconds=1):
            middle = early + (late - early) // timedelta(seconds=2) * timedelta(seconds=1)
            if self._offset(middle) == before:
                early = middle
            else:
                late = middle
        return late


def _summed(intervals: Sequence[tuple[Ticks, Ticks]]) -> _Year:
    begins, ends = [one for one, _ in intervals], [one for _, one in intervals]
    lengths = (last - first for first, last in intervals)
    return _Year(begins, ends, list(accumulate(lengths, initial=0)))


def _before(year: _Year, at: Ticks) -> Ticks:
    """Give how long it was open in a year before a moment of it."""
    one = bisect_right(year.begins, at) - 1
    if one < 0:
        return 0
    return year.before[one] + min(at, year.ends[one]) - year.begins[one]


def _merged(intervals: Iterable[tuple[Ticks, Ticks]]) -> Iterator[tuple[Ticks, Ticks]]:
    """Join intervals that overlap or touch."""
    current: tuple[Ticks, Ticks] | None = None
    for first, last in sorted(intervals):
        if current is not None and first <= current[1]:
            current = current[0], max(current[1], last)
            continue
        if current is not None:
            yield current
        current = first, last
    if current is not None:
        yield current


def _year(moment: datetime) -> int:
    return moment.astimezone(UTC).year


def _ticks(moment: datetime) -> Ticks:
    return (moment - _EPOCH) // _TICK


def _moment(ticks: Ticks) -> datetime:
    return _EPOCH + ticks * _TICK
