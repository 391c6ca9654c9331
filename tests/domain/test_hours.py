"""Hours and lengths of time as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.hours import read_hours, read_span, read_week, written_week
from domain.values import Rejected

OFFICE = ((540, 780), (840, 1080))


@pytest.mark.parametrize(
    ("text", "week"),
    [
        ("Mon-Fri 09:00-13:00 14:00-18:00", (*[OFFICE] * 5, (), ())),
        ("mon-fri 9:00–13:00, Mon-Fri 14:00-18:00; Sat closed", (*[OFFICE] * 5, (), ())),
        ("every day 00:00-24:00", (((0, 1440),),) * 7),
        ("Sat-Mon 22:00-06:00", (((1320, 1800),), *[()] * 4, *[((1320, 1800),)] * 2)),
        ("", ((),) * 7),
    ],
)
def test_the_hours_of_a_week_are_read_as_people_write_them(text, week) -> None:
    assert read_week(text) == week
    assert read_week(written_week(week)) == week


@pytest.mark.parametrize(
    "text", ["weekdays 9:00-10:00", "Mon 9-10", "Mon 25:00-26:00", "Mon 09:70-10:00", "Mon-x"]
)
def test_what_are_no_hours_is_told_with_what_hours_look_like(text) -> None:
    with pytest.raises(Rejected, match="are no hours; they look like Mon-Fri"):
        read_week(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("4h", 14_400), ("1h 30m", 5_400), ("PT30M", 1_800), ("PT26H5M", 93_900)]
)
def test_a_length_of_time_is_read_in_both_forms(text, seconds) -> None:
    assert read_span(text) == seconds


@pytest.mark.parametrize("text", ["", "PT", "4", "h", "-1h", "P1D"])
def test_what_is_no_length_of_time_is_refused(text) -> None:
    with pytest.raises(Rejected, match="no length of time"):
        read_span(text)


_HOURS = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, 1440)).map(lambda two: (two[0], sum(two))),
    max_size=3,
).map(lambda few: tuple(sorted(few)))


@given(st.tuples(*[_HOURS] * 7))
def test_hours_that_are_written_are_read_again(week) -> None:
    assert read_week(written_week(week)) == week


def test_a_day_that_is_closed_has_no_hours() -> None:
    assert read_hours(" Closed ") == ()
