"""The sample's calendar: working days counted back from the day on which it is shown."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

REFERENCE = date(2026, 6, 26)
"""The Friday on which the calendar of the data files ends."""
OPENS, CLOSES = time(7), time(19)
CENTRAL = (timezone(timedelta(hours=1)), timezone(timedelta(hours=2)))
WESTERN = (UTC, timezone(timedelta(hours=1)))


def local(moment: datetime, zone: tuple[timezone, timezone] = CENTRAL) -> datetime:
    """Give the moment on the clocks of central Europe, or of another `zone` (winter, summer).

    Written out, since a bare machine may have no time zone database: summer time lasts from the
    last Sunday of March to that of October, 01:00 UTC (directive 2000/84/EC).
    """
    begin, end = (_last_sunday(moment.year, month) for month in (3, 10))
    return moment.astimezone(zone[1] if begin <= moment < end else zone[0])


def working_days_back(day: date, last: date) -> int:
    """Count the working days from `day` to `last`; a Saturday or Sunday counts as its Friday."""
    days = (_weekday(last) - _weekday(day)).days
    weeks, rest = divmod(days, 7)
    friday_passed = _weekday(day).weekday() + rest > 4
    return weeks * 5 + rest - (2 if friday_passed else 0)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Places working days and hours before `until`, the moment at which the sample is shown."""

    until: datetime

    @property
    def last(self) -> date:
        """Give the last working day that has begun."""
        return _weekday(local(self.until - timedelta(minutes=10)).date())

    def day(self, back: int) -> date:
        """Give the working day so many before the last; a negative number looks ahead."""
        last = self.last
        monday = last - timedelta(days=last.weekday())
        weeks, weekday = divmod(last.weekday() - back, 5)
        return monday + timedelta(weeks=weeks, days=weekday)

    def shifted(self, day: date) -> date:
        """Move a day of the data files to where it lies from `until`."""
        return self.day(working_days_back(day, REFERENCE))

    def at(self, back: int, clock: str) -> datetime:
        """Give a local time on a working day, squeezed into what has passed of today."""
        hours, minutes, seconds = (int(part) for part in clock.split(":"))
        moment = on(self.day(back), time(hours, minutes, seconds))
        closing = on(self.last, CLOSES)
        if back > 0 or self.until >= closing:
            return moment
        begin = on(self.last, OPENS)
        begin = begin if self.until > begin + timedelta(hours=2) else on(self.last, time(0))
        passed = (moment - on(self.last, OPENS)) / (closing - on(self.last, OPENS))
        return begin + passed * (self.until - timedelta(minutes=2) - begin)


def on(day: date, clock: time) -> datetime:
    """Give the moment of a central European clock time."""
    as_utc = datetime.combine(day, clock, UTC)
    return as_utc.replace(tzinfo=local(as_utc - timedelta(hours=1)).tzinfo)


def _weekday(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - 4))


def _last_sunday(year: int, month: int) -> datetime:
    end = datetime(year, month, 31, 1, tzinfo=UTC)
    return end - timedelta(days=(end.weekday() + 1) % 7)
