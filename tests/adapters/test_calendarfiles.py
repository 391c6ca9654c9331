"""Calendars as files that people edit."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from adapters.calendarfiles import read_calendar, written_calendar
from domain.values import MailboxId, Rejected

FILE = """name = "Servizio"
zone = "Europe/Rome"
country = "IT"
hours = "Mon-Fri 09:00-13:00 14:00-18:00"
mailboxes = ["service@firm.example"]
since = 2026-03-01
[exceptions]
2026-08-14 = "closed"
2026-12-24 = "09:00-12:00"
"""


def test_a_file_is_read_and_what_is_written_of_it_is_read_again() -> None:
    file = read_calendar(FILE.encode(), "UTC")
    one, box = file.calendar, MailboxId(UUID(int=1))
    assert (one.name, one.country, file.mailboxes) == ("Servizio", "IT", ("service@firm.example",))
    assert one.since == datetime(2026, 3, 1, tzinfo=ZoneInfo("Europe/Rome"))
    assert one.exceptions == ((date(2026, 8, 14), ()), (date(2026, 12, 24), ((540, 720),)))
    text = written_calendar(replace(one, mailboxes=(box,)), {box: "service@firm.example"})
    again = read_calendar(text.encode(), "UTC")
    assert again == replace(file, calendar=replace(one, since=None))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('nam = "x"', "nam is no part of a calendar"),
        ("name = 3", "name: a text in quotes"),
        ('name = "x"\nhours = "Mon 9"', "are no hours"),
        ('name = "x"\nhours = "Mon 09:00-10:00"\nsince = "2026"', "since: a day or time"),
        ('name = "x"\nhours = "Mon 09:00-10:00"\nmailboxes = "a"', "mailboxes: a list"),
        ('name = "x"\nsince = 2026-01-01', "it would never be open"),
        ('name = "x"\nexceptions = "a"', "it is a section"),
        ('name = "x"\n[exceptions]\nxmas = "closed"', "is no date"),
        ('name = "x', "it is no TOML"),
        ('hours = "Mon 09:00-10:00"', "name: 1 to"),
    ],
)
def test_what_is_wrong_in_a_file_is_told(text, why) -> None:
    with pytest.raises(Rejected, match=why):
        read_calendar(text.encode(), "UTC")
