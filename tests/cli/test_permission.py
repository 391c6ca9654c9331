"""Who may send, from the command line."""

from pathlib import Path

import pytest

from assigned import FILES, GIULIA, INFO, PAOLO
from commands import Instance


@pytest.fixture(scope="module")
def office(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    folder: Path = tmp_path_factory.mktemp("erp")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    instance.done("import", "directory", folder)
    for who in (GIULIA, PAOLO):
        instance.done("mailbox", "share", INFO, "--with", who, "--role", "member")
    return instance


def may(office: Instance, who: str, *more: str, box: str = INFO) -> tuple[bool, str]:
    (one,) = office.asked("permission", "show", who, "--mailbox", box, *more)
    return one["may_send"], one["because"]


def test_a_rule_a_switch_and_words_are_said_shown_and_taken_back(office: Instance):
    assert may(office, PAOLO, "--document", "O1") == (True, "the rule is open")
    office.done("permission", "rule", "strict", "--reason", "from this year on")
    assert may(office, GIULIA, "--document", "O1") == (True, "it is assigned to him")
    allowed, why = may(office, PAOLO, "--document", "O1")
    assert (allowed, "not assigned to this colleague" in why) == (False, True)
    office.done("permission", "role", PAOLO, "coordinator")
    assert may(office, PAOLO, "--document", "O1") == (True, "dispatcher or coordinator")
    office.done("permission", "role", PAOLO, "coordinator", "--take")
    told = office.done("permission", "grant", PAOLO, "Order", "--any").out
    assert f"{PAOLO} may send documents of the kind order, whoever is responsible." in told
    assert may(office, PAOLO, "--document", "O1") == (True, "granted for any such document")
    office.done("permission", "withdraw", PAOLO, "all")
    assert may(office, PAOLO)[0] is False
    found = {
        (one["who"], one["about"], one["holds"]) for one in office.asked("permission", "show")
    }
    assert found >= {
        ("the company", "rule", "strict"), (PAOLO, "kind order", "any"), (PAOLO, "kind *", "off"),
    }  # fmt: skip
    office.done("permission", "rule", "open")


def test_a_colleague_and_the_company_are_switched_off_and_on(office: Instance):
    before = may(office, GIULIA)
    assert before[0] is True
    office.done("permission", "colleague", GIULIA, "off", "--reason", "on leave")
    assert "switched off for this colleague" in may(office, GIULIA)[1]
    office.done("permission", "colleague", GIULIA, "on")
    office.done("permission", "company", "off")
    assert "switched off for the whole company" in may(office, GIULIA)[1]
    office.done("permission", "company", "on")
    assert may(office, GIULIA) == before


def test_a_right_on_a_mailbox_is_given_and_taken(office: Instance):
    words = "permission", "mailbox", GIULIA, "--for", "dora@firm.example"
    assert may(office, "dora@firm.example", box=GIULIA)[0] is False
    office.done(*words, "--right", "on_behalf")
    (one,) = office.asked("permission", "show", "dora@firm.example", "--mailbox", GIULIA)
    assert (one["may_send"], one["on_behalf"]) == (True, True)
    office.done(*words, "--take")
    assert may(office, "dora@firm.example", box=GIULIA)[0] is False


def test_who_is_no_colleague_is_told_so(office: Instance):
    refused = office.run("permission", "colleague", "eva@nowhere.example", "off")
    assert (refused.code, "is no registered colleague" in refused.err) == (1, True)
    refused = office.run("permission", "mailbox", "no@firm.example", "--for", GIULIA)
    assert (refused.code, "there is no such mailbox" in refused.err) == (1, True)
