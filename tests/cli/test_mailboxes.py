"""Mailboxes and accounts from the command line: shared, listed, removed."""

from pathlib import Path
from typing import Any

import pytest

from commands import Instance
from dovecot import MailAccount
from letters import letter, mbox

BOX, GIULIA = "info@firm.example", "giulia@firm.example"


@pytest.fixture(scope="module")
def office(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """An instance with a colleague, and a mailbox with a letter."""
    folder = tmp_path_factory.mktemp("office")
    (folder / "colleagues.csv").write_text(
        f"name,email,role,mailbox_collected\nGiulia,{GIULIA},sales,no\n"
    )
    instance.done("import", "directory", folder)
    path = mbox(folder / "info.mbox", [letter("1@acme.example")])
    instance.done("import", "mail", path, "--mailbox", BOX)
    return instance


def listed(office: Instance, box: str = BOX) -> dict[str, Any]:
    (found,) = [one for one in office.asked("mailbox", "list") if one["mailbox"] == box]
    return found


def test_a_mailbox_is_shared_and_no_longer(office: Instance):
    said = office.done("mailbox", "share", BOX, "--with", GIULIA, "--role", "member").out
    assert f"{GIULIA} sees {BOX} as member" in said
    found = listed(office)
    assert (found["messages"], found["account"]) == (1, None)
    (member,) = found["members"]
    assert (member["colleague"], member["role"]) == (GIULIA, "member")
    assert f"{GIULIA} (member)" in office.done("mailbox", "list").out
    office.done("mailbox", "unshare", BOX, "--with", GIULIA)
    assert listed(office)["members"] == []


def test_a_message_counts_once_however_many_copies_of_it_were_seen(office: Instance, tmp_path):
    box = "copies@firm.example"
    one, other = letter("3@acme.example"), letter("4@acme.example")
    for name, mails in (("INBOX", [one, other]), ("Archive", [one])):
        path = mbox(tmp_path / f"{name}.mbox", mails)
        office.done("import", "mail", path, "--mailbox", box, "--folder", name)
    assert listed(office, box)["messages"] == 2


def test_who_is_no_colleague_and_what_is_no_mailbox_is_told_with_what_to_do(office: Instance):
    stranger = office.run("mailbox", "share", BOX, "--with", "eve@x.example")
    assert stranger.code == 1
    assert "eve@x.example is no registered colleague" in stranger.err
    nowhere = office.run("mailbox", "share", "no@firm.example", "--with", GIULIA)
    assert (nowhere.code, "mailbox list" in nowhere.err) == (1, True)


def test_a_token_of_a_colleague_says_so_and_names_no_mailboxes(office: Instance):
    office.done("token", "create", "hers", "--user", GIULIA)
    (token,) = [one for one in office.asked("token", "list") if one["name"] == "hers"]
    assert token["sees"] == f"what is shared with {GIULIA}"
    both = office.run("token", "create", "both", "--user", GIULIA, "--mailbox", BOX)
    assert (both.code, "name no mailboxes" in both.err) == (1, True)
    nobody = office.run("token", "create", "nobody", "--user", "")
    assert (nobody.code, "an empty text is no registered" in nobody.err) == (1, True)


def test_a_removed_account_is_no_longer_listed_and_its_mail_stays(
    office: Instance, mail_account: MailAccount
):
    box, server = "pec@firm.example", mail_account.server
    mail_account.append(letter("2@acme.example"))
    place = ["--host", server.host, "--port", server.imap, "--security", "plain"]
    office.done(
        "account", "add", "--mailbox", box, *place, "--user", mail_account.user,
        CARTEGGIO_ACCOUNT_PASSWORD=mail_account.password,
    )  # fmt: skip
    office.done("sync", "--mailbox", box)
    office.done("account", "ledger", box)
    (account,) = office.asked("account", "list")
    assert (account["state"], account["coverage"], account["backlog"]) == ("ok", "", 0)
    assert account["sent_read_at"] == account["fetched_at"] < account["next_at"]
    office.done("account", "remove", box)
    assert office.asked("account", "list") == []
    again = office.run("account", "remove", box)
    assert (again.code, "there is no such account" in again.err) == (1, True)
    assert (listed(office, box)["messages"], listed(office, box)["account"]) == (1, None)
    assert all(box not in one["part"] for one in office.asked("doctor"))


def test_an_empty_cut_off_is_refused(office: Instance):
    refused = office.run("sync", "--cut-off", "")
    assert (refused.code, "'' is no time" in refused.err) == (2, True)


def test_a_manager_oversees_the_own_mailboxes_of_a_group_until_it_ends(
    office: Instance, tmp_path: Path
):
    anna = "anna@firm.example"
    row = f"name,email,role,mailbox_collected\nAnna,{anna},sales,yes\n"
    (tmp_path / "colleagues.csv").write_text(row)
    (tmp_path / "mailboxes.csv").write_text(f"address\n{anna}\n")
    office.done("import", "directory", tmp_path)
    office.done("group", "save", "Sales", anna, GIULIA)
    told = office.done("mailbox", "oversee", GIULIA, "--group", "sales").out
    assert f"{GIULIA} oversees as observer: 1 mailboxes." in told
    (member,) = listed(office, anna)["members"]
    assert (member["colleague"], member["role"]) == (GIULIA, "observer")
    office.done("mailbox", "oversee", GIULIA, "--of", anna, "--end")
    assert listed(office, anna)["members"] == []
    refused = office.run("mailbox", "oversee", anna, "--of", GIULIA)
    assert (refused.code, "nobody of them has a mailbox" in refused.err) == (1, True)
    nowhere = office.run("mailbox", "oversee", GIULIA, "--group", "Nobody")
    assert (nowhere.code, "see: group list" in nowhere.err) == (1, True)
