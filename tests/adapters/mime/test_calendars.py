"""Calendar parts: what is asked, for which entry, and when it begins."""

import pytest

from adapters.mime.calendars import read_calendar
from adapters.mime.reader import read
from domain.content import CalendarEntry
from domain.values import Address

INVITATION = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/Rome
BEGIN:STANDARD
DTSTART:16010101T030000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:riunione-1@a.example
SEQUENCE:2
SUMMARY;LANGUAGE=it:Consegna\\, sala
  grande
ORGANIZER;CN="Rossi: Anna":mailto:anna@a.example
DTSTART;TZID="Europe/Rome":20260119T090000
BEGIN:VALARM
SUMMARY:Promemoria
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:other@a.example
END:VEVENT
END:VCALENDAR
"""


def test_an_invitation_tells_who_asks_for_what_and_when():
    raw = "Content-Type: text/calendar; method=REQUEST; charset=utf-8\n\n" + INVITATION
    content = read(raw.encode()).content
    assert content.calendar_method == "REQUEST"
    assert content.calendar == CalendarEntry(
        uid="riunione-1@a.example",
        organiser=Address("anna@a.example", "Rossi: Anna"),
        summary="Consegna, sala grande",
        start="2026-01-19T09:00:00",
        zone="Europe/Rome",
        sequence=2,
    )


@pytest.mark.parametrize(
    ("line", "start"),
    [
        ("DTSTART:20260119T080000Z", "2026-01-19T08:00:00Z"),
        ("DTSTART;VALUE=DATE:20260119", "2026-01-19"),
        ("DTSTART:tomorrow", ""),
        ("", ""),
    ],
)
def test_a_start_is_a_time_in_utc_or_a_zone_or_a_day(line, start):
    _, entry = read_calendar(f"BEGIN:VEVENT\n{line}\nEND:VEVENT\n".encode(), "utf-8")
    assert entry is not None
    assert entry.start == start


def test_a_calendar_as_a_file_counts_and_one_cut_short_is_read_as_far_as_it_goes():
    raw = 'Content-Type: application/octet-stream; name="invito.ics"\n\n' + INVITATION[:330]
    content = read(raw.encode()).content
    assert content.calendar_method == "REQUEST"
    assert content.calendar is not None
    assert content.calendar.uid == "riunione-1@a.example"


def test_a_calendar_of_nothing_has_no_entry():
    assert read_calendar(b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "utf-8") == ("", None)
    assert read(b"Content-Type: text/calendar\n\nno calendar\n").content.calendar is None


def test_a_long_line_without_a_colon_costs_little():
    lines = b"ORGANIZER;" + b'"' * 500_000 + b"\n" + b"X" * 400_000
    assert read_calendar(b"BEGIN:VEVENT\n" + lines, "utf-8") == ("", CalendarEntry())
