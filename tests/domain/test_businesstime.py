"""Business time against an oracle that looks at the clock on the wall minute by minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from domain.businesstime import DAY, BusinessTime, Hours, Opening

OFFICE: Hours = ((540, 780), (840, 1080))
ROME = ZoneInfo("Europe/Rome")
WEEK = (*[OFFICE] * 5, (), ())
ALWAYS = Opening("Europe/Rome", (((0, DAY),),) * 7)
MINUTE = timedelta(minutes=1)
EASTER_MONDAY = date(2026, 4, 6)


def off(year: int):
    return [EASTER_MONDAY] if year == 2026 else []


def rome(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME)


def test_lunch_nights_weekends_and_holidays_do_not_count() -> None:
    office = BusinessTime(Opening("Europe/Rome", WEEK), off)
    lunch, friday = rome("2026-03-02T13:10"), rome("2026-04-03T17:00")
    assert office.business_between(lunch, rome("2026-03-02T14:30")) == 30 * MINUTE
    assert office.after(lunch, 30 * MINUTE) == rome("2026-03-02T14:30")
    assert office.after(lunch, 240 * MINUTE) == rome("2026-03-02T18:00")
    assert office.business_between(friday, rome("2026-04-07T10:00")) == 120 * MINUTE
    assert office.after(friday, 240 * MINUTE) == rome("2026-04-07T12:00")
    assert office.next_open(friday + timedelta(hours=1)) == rome("2026-04-07T09:00")
    assert not office.open_at(rome("2026-04-06T10:00"))


def test_a_clock_set_forward_takes_no_hour_and_one_set_back_gives_one() -> None:
    always = BusinessTime(ALWAYS)
    spring = datetime.fromisoformat("2026-03-29T01:00+01:00")
    autumn = datetime.fromisoformat("2026-10-25T01:00+02:00")
    early = datetime.fromisoformat("2026-03-29T04:00+02:00")
    late = datetime.fromisoformat("2026-10-25T03:30+01:00")
    assert always.business_between(spring, early) == 120 * MINUTE
    assert always.after(spring, 240 * MINUTE) == datetime.fromisoformat("2026-03-29T06:00+02:00")
    assert always.business_between(autumn, late) == 210 * MINUTE
    assert always.after(autumn, 240 * MINUTE) == datetime.fromisoformat("2026-10-25T04:00+01:00")


def test_an_exception_stands_above_weekday_and_holiday() -> None:
    exceptions = ((EASTER_MONDAY, ((600, 660),)), (date(2026, 4, 7), ()))
    office = BusinessTime(Opening("Europe/Rome", WEEK, exceptions), off)
    good_friday, wednesday = rome("2026-04-03T18:00"), rome("2026-04-08T09:00")
    assert office.business_between(good_friday, wednesday) == 60 * MINUTE
    assert office.next_open(rome("2026-04-06T11:00")) == wednesday


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    nights = BusinessTime(Opening("Europe/Rome", (((1320, 1800),),) * 7), off)
    assert nights.open_at(rome("2026-04-06T05:59"))
    assert not nights.open_at(rome("2026-04-06T23:00"))
    assert not nights.open_at(rome("2026-04-07T05:59"))


def test_an_office_that_never_opens_has_nothing_due() -> None:
    closed = BusinessTime(Opening("Europe/Rome", ((),) * 7))
    assert closed.after(rome("2026-03-02T09:00"), MINUTE) is None
    assert closed.next_open(rome("2026-03-02T09:00")) is None
    assert not closed.open_at(rome("2026-03-02T09:00"))


# ---- laws

_SHORT = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).map(lambda two: (two[0], sum(two)))
_DAY = st.lists(_SHORT, max_size=3).map(tuple)
_NEAR = (
    *(datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 28), (10, 24), (12, 30))),
    *(datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 7), (10, 31), (4, 3))),
)
_MOMENT = st.builds(
    lambda day, minutes: day + minutes * MINUTE, st.sampled_from(_NEAR), st.integers(0, 3000)
)
_ZONES = ("Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
_DATES = st.dates(date(2026, 3, 6), date(2026, 4, 8))
_OPENINGS = st.builds(
    Opening,
    st.sampled_from(_ZONES),
    st.tuples(*[_DAY] * 7),
    st.dictionaries(_DATES, _DAY, max_size=3).map(lambda few: tuple(few.items())),
)


def shows(opening: Opening, moment: datetime) -> bool:
    """Look at the clock on the wall."""
    wall, exceptions = moment.astimezone(ZoneInfo(opening.zone)), dict(opening.exceptions)
    for back in range(3):
        day = wall.date() - timedelta(days=back)
        usual = () if day in off(day.year) else opening.week[day.weekday()]
        minute = wall.hour * 60 + wall.minute + back * DAY
        if any(first <= minute < last for first, last in exceptions.get(day, usual)):
            return True
    return False


@given(_OPENINGS, _MOMENT, st.integers(0, 4500))
@settings(max_examples=150, deadline=None)
def test_what_is_counted_is_what_the_clock_on_the_wall_shows(opening, start, minutes) -> None:
    office = BusinessTime(opening, off)
    shown = [shows(opening, start + one * MINUTE) for one in range(minutes)]
    assert office.business_between(start, start + minutes * MINUTE) == sum(shown) * MINUTE
    for one in range(0, minutes, 97):
        assert office.open_at(start + one * MINUTE) is shown[one]
    opens = office.next_open(start)
    first = next((start + one * MINUTE for one in range(minutes) if shown[one]), None)
    assert first is None or opens == first


@given(_OPENINGS, _MOMENT, st.integers(1, 10**11))
@settings(max_examples=150, deadline=None)
def test_what_is_due_after_a_time_is_due_at_its_end_and_not_before(opening, start, ticks) -> None:
    office, wanted = BusinessTime(opening, off), timedelta(microseconds=ticks)
    due = office.after(start, wanted)
    if due is None:
        reject()
    tick = timedelta(microseconds=1)
    assert office.business_between(start, due) == wanted
    assert office.business_between(start, due - tick) == wanted - tick
