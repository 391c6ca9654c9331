"""Calendars and targets, from the command line."""

from pathlib import Path

import pytest

from commands import Instance

BOXES = "address\ninfo@firm.example\nservice@firm.example\n"
FIRM = """name = "Firm"
zone = "Europe/Rome"
country = "IT"
hours = "Mon-Fri 09:00-13:00 14:00-18:00"
since = 2026-01-01
"""
SERVICE = """name = "Service"
zone = "Europe/Rome"
hours = "every day 00:00-24:00"
mailboxes = ["service@firm.example"]
"""


@pytest.fixture(scope="module")
def office(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    folder: Path = tmp_path_factory.mktemp("erp")
    (folder / "mailboxes.csv").write_text(BOXES)
    instance.done("import", "directory", folder)
    return instance


def test_calendars_are_saved_shown_listed_as_of_a_moment_and_retired(office, tmp_path):
    for name, text in (("firm.toml", FIRM), ("service.toml", SERVICE)):
        (tmp_path / name).write_text(text)
    told = office.done("calendar", "save", tmp_path / "firm.toml", tmp_path / "service.toml").out
    assert "Service is saved." in told
    assert "says the same already" in office.done("calendar", "save", tmp_path / "firm.toml").out
    held = {one["name"]: one["mailboxes"] for one in office.asked("calendar", "list")}
    assert held == {"Firm": [], "Service": ["service@firm.example"]}
    (then,) = office.asked("calendar", "list", "--as-of", "2026-02-01")
    assert (then["name"], then["hours"]) == ("Firm", "Mon-Fri 09:00-13:00 14:00-18:00")
    assert office.done("calendar", "show", "service").out == SERVICE
    office.done("calendar", "retire", "Service", "--reason", "nobody is there at night")
    assert [one["name"] for one in office.asked("calendar", "list")] == ["Firm"]
    assert "there is no calendar" in office.run("calendar", "show", "Service").err


def test_targets_are_set_listed_and_withdrawn(office):
    office.done("target", "set", "--first", "4h", "--next", "2h", "--since", "2026-01-01")
    office.done("target", "set", "--first", "30m", "--mailbox", "service@firm.example")
    found = {one["mailbox"]: one["first_seconds"] for one in office.asked("target", "list")}
    assert found == {None: 14_400, "service@firm.example": 1_800}
    assert len(office.asked("target", "list", "--as-of", "2026-02-01")) == 1
    office.done("target", "withdraw", "--mailbox", "service@firm.example")
    assert len(office.asked("target", "list")) == 1
    assert "no length of time" in office.run("target", "set", "--first", "soon").err
    assert "no such target" in office.run("target", "withdraw", "--kind", "order").err
