"""Tags of messages, from the command line."""

from pathlib import Path

import pytest

from commands import Instance
from letters import letter, mbox


@pytest.fixture(scope="module")
def office(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    folder: Path = tmp_path_factory.mktemp("tagged")
    (folder / "mailboxes.csv").write_text("address\ninfo@firm.example\n")
    instance.done("import", "directory", folder)
    mails = [letter(f"t{at}@acme.example", b"Bid %d" % at) for at in range(2)]
    instance.done("import", "mail", mbox(folder / "in.mbox", mails), "--mailbox", "info@firm.example")  # fmt: skip
    return instance


def test_a_tag_is_given_found_and_taken_away(office: Instance):
    assert "1 of 1 messages tagged" in office.done("tag", "add", "Tender", "<t0@acme.example>").out
    assert office.asked("tag", "list") == [{"tag": "Tender", "messages": 1}]
    assert [one["subject"] for one in office.asked("tag", "list", "tender")] == ["Bid 0"]
    waits = office.asked("unanswered", "--tag", "TENDER")
    assert [one["subject"] for one in waits] == ["Bid 0"]
    assert "Bid 0" in office.done("tag", "list", "tender").out
    assert "0 of 1" in office.done("tag", "add", "tender", "t0@acme.example").out
    assert "1 of 1 messages untagged" in office.done("tag", "remove", "tender", "t0@acme.example").out  # fmt: skip
    assert office.asked("unanswered", "--tag", "tender") == office.asked("tag", "list") == []


def test_what_is_no_message_is_not_tagged_and_no_rule_held_for_it(office: Instance):
    assert "No rule held for it." in office.done("rules", "runs", "<t1@acme.example>").out
    assert office.asked("rules", "runs", "<t1@acme.example>") == []
    assert "name a message" in office.run("rules", "runs", "info@firm.example").err
    assert "name a message" in office.run("tag", "add", "x", "info@firm.example").err
