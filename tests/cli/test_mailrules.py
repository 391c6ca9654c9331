"""Rules about mail, from the command line."""

import re
from pathlib import Path

import pytest

from adapters.rulefiles import read_rule
from commands import Instance
from letters import letter, mbox

README = Path(__file__).parents[2] / "README.md"
OFFERS = """name = "Offers"
mailbox = "info@firm.example"
order = 10

[when]
field = "subject"
contains = "offerta"

[[then]]
kind = "stop"
"""
SPAM = '{"name": "Spam", "when": {"field": "header.x-spam-flag", "is": "yes"}, "then": [{"kind": "stop"}]}'


@pytest.fixture(scope="module")
def office(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    folder: Path = tmp_path_factory.mktemp("erp")
    (folder / "mailboxes.csv").write_text("address\ninfo@firm.example\n")
    instance.done("import", "directory", folder)
    return instance


def test_rules_are_saved_from_files_shown_ordered_and_retired(office, tmp_path):
    offers, spam = tmp_path / "offers.toml", tmp_path / "spam.json"
    offers.write_text(OFFERS)
    spam.write_text(SPAM)
    assert "Spam is version 1." in office.done("rules", "save", offers, spam).out
    assert "says the same already" in office.done("rules", "save", offers).out
    listed = [(one["name"], one["order"], one["mailbox"]) for one in office.asked("rules", "list")]
    assert listed == [("Offers", 10, "info@firm.example"), ("Spam", 20, None)]
    assert office.done("rules", "show", "offers").out == OFFERS
    assert "2 of 2 rules" in office.done("rules", "order", "Spam", "Offers").out
    assert [one["name"] for one in office.asked("rules", "list")] == ["Spam", "Offers"]
    assert office.done("rules", "show", "Offers", "--version", "1").out == OFFERS
    office.done("rules", "retire", "Spam", "--note", "the server does it")
    assert [one["name"] for one in office.asked("rules", "list")] == ["Offers"]
    every = office.asked("rules", "list", "--retired")
    assert [one["retired"] for one in every if one["name"] == "Spam"] == [True]
    assert "Offers" in office.done("rules", "list").out


def test_a_rule_that_somebody_saved_meanwhile_is_not_overwritten(office, tmp_path):
    path = tmp_path / "seen.toml"
    path.write_text(OFFERS.replace("Offers", "Seen"))
    assert "any more" in office.run("rules", "save", path, "--version", "1").err
    assert "is version 1" in office.done("rules", "save", path, "--version", "0").out
    path.write_text(OFFERS.replace("Offers", "Se\u202een").replace("10", "11"))
    assert "version 1 was saved" in office.run("rules", "save", path, "--version", "0").err
    assert "Seen is version 2" in office.done("rules", "save", path, "--version", "1").out
    assert "one file" in office.run("rules", "save", path, path, "--version", "2").err
    office.done("rules", "retire", "Seen")


def test_the_rule_of_the_readme_is_one_that_can_be_saved_and_tried(office, tmp_path):
    found = re.search(r'```toml\n(name = "Offers".*?)```', README.read_text("utf-8"), re.DOTALL)
    assert found
    path = tmp_path / "readme.toml"
    path.write_text(found[1].replace('"Offers"', '"Of the README"'))
    assert "Nothing was done." in office.done("rules", "test", path).out
    assert "is version 1" in office.done("rules", "save", path).out
    told = office.done("rules", "show", "Of the README").out
    assert read_rule(told.encode()).when == read_rule(path.read_bytes()).when
    office.done("rules", "retire", "Of the README")


def test_what_is_no_rule_is_told_with_file_and_place(office, tmp_path):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(OFFERS.replace("contains", "holds"))
    assert "wrong.toml: when: there is no 'holds'" in office.run("rules", "save", wrong).err
    wrong.write_text(OFFERS.replace("info@", "none@"))
    assert "there is no mailbox" in office.run("rules", "save", wrong).err
    assert "cannot be read" in office.run("rules", "save", tmp_path / "none.toml").err
    assert "there is no rule 'None'" in office.run("rules", "show", "None").err


def arrived(office: Instance, folder: Path) -> None:
    made = (
        letter(f"r{at}@acme.example", b"Offerta %d" % at if at % 3 else b"Saluti %d" % at)
        for at in range(9)
    )
    mbox(folder / "in.mbox", made)
    office.done("import", "mail", folder / "in.mbox", "--mailbox", "info@firm.example")


def test_a_rule_is_tried_on_mail_that_came_and_nothing_is_done(office, tmp_path):
    arrived(office, tmp_path)
    tried = tmp_path / "tried.toml"
    tried.write_text(OFFERS.replace("Offers", "Tried"))
    before = len(office.asked("rules", "list", "--retired"))
    told = office.done("rules", "test", tried, "--from", "2020-01-01").out
    assert "It held for 6 of 9 mails" in told
    assert "subject contains “offerta”: yes" in told
    assert "Nothing was done." in told
    found = office.asked("rules", "test", tried, "--misses")
    assert [one["held"] for one in found].count(False) == 3
    named = found[0]["message"]
    (alone,) = office.asked("rules", "test", tried, "--misses", "--message", named)
    assert alone == found[0]
    assert "It held for 0 of 0" in office.done("rules", "test", tried, "--sender", "b.example").out
    assert "no id of a message" in office.run("rules", "test", tried, "--message", "x").err
    assert len(office.asked("rules", "list", "--retired")) == before
    into = tmp_path / "found.jsonl"
    assert str(into) in office.done("rules", "test", tried, "--into", into).out
    assert len(into.read_text().splitlines()) == 6
