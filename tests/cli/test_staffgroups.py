"""Groups of colleagues, from the command line and over the API."""

from pathlib import Path

import pytest

from commands import Instance

PEOPLE = """name,email,role,mailbox_collected
Anna,anna@firm.example,sales,no
Bert,bert@firm.example,sales,no
"""


@pytest.fixture(scope="module")
def office(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    folder: Path = tmp_path_factory.mktemp("erp")
    (folder / "colleagues.csv").write_text(PEOPLE)
    instance.done("import", "directory", folder)
    return instance


def test_a_group_is_saved_listed_in_its_order_and_retired(office):
    people = ("bert@firm.example", "anna@firm.example")
    assert "Sales is saved." in office.done("group", "save", "Sales", *people).out
    assert "says the same already" in office.done("group", "save", "Sales", *people).out
    found = {one["name"]: one["members"] for one in office.asked("group", "list")}
    assert found == {"Sales": [*people]}
    office.done("group", "retire", "sales")
    assert office.asked("group", "list") == []
    assert "no such group" in office.run("group", "retire", "Marketing").err


def test_strangers_and_empty_groups_are_refused(office):
    assert "no registered colleague" in office.run("group", "save", "A", "x@y.example").err
    twice = office.run("group", "save", "A", "anna@firm.example", "anna@firm.example")
    assert "name each colleague once" in twice.err
