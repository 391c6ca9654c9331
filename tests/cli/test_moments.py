"""Times as people write them on the command line."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import typer

from api.cli.setting import moment

ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-04-30", datetime(2026, 4, 29, 22, tzinfo=UTC)),
        ("2026-04-30T18:00", datetime(2026, 4, 30, 16, tzinfo=UTC)),
        ("2026-04-30T18:00Z", datetime(2026, 4, 30, 18, tzinfo=UTC)),
        ("2026-10-25T02:30+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-10-25T03:00", datetime(2026, 10, 25, 2, tzinfo=UTC)),
        ("2027-03-28T03:00", datetime(2027, 3, 28, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_local_unless_it_says_where(text: str, expected: datetime) -> None:
    assert moment(text, ROME) == expected


def test_a_time_that_no_clock_shows_is_refused_and_what_may_be_meant_is_named() -> None:
    with pytest.raises(typer.BadParameter, match=r"02:30 does not exist in Europe/Rome") as told:
        moment("2027-03-28T02:30", ROME)
    assert "2027-03-28T01:30+01:00 or 2027-03-28T03:30+02:00" in told.value.message


def test_a_time_that_clocks_show_twice_has_to_say_which() -> None:
    with pytest.raises(typer.BadParameter, match=r"02:30 is there twice") as told:
        moment("2026-10-25T02:30", ROME)
    assert "2026-10-25T02:30+01:00 or 2026-10-25T02:30+02:00" in told.value.message


def test_a_day_begins_with_its_first_moment_where_clocks_skip_midnight() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    assert moment("2026-04-24", cairo).isoformat() == "2026-04-24T01:00:00+03:00"
