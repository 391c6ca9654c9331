"""What lies on a server is listed: folders, and mail that was not fetched, which can be had."""

import pytest

from boxes import NOW, mail
from dovecot import MailAccount

pytestmark = pytest.mark.slow
LISTED, LARGELY = "folders@firm.example", "large@firm.example"
AWAY, PRIVATE = "away@firm.example", "private@firm.example"
LARGE = mail(2) + (b"x" * 70 + b"\r\n") * 20_000
LIMIT = {"CARTEGGIO_MAX_FETCH_BYTES": str(1 << 20)}


def add(instance, account: MailAccount, box: str, *folders: str) -> None:
    server = account.server
    named = [word for one in folders for word in ("--folder", one)]
    instance.done(
        "account", "add", "--mailbox", box, "--host", server.host, "--port", server.imap,
        "--user", account.user, "--security", "plain", *named,
        CARTEGGIO_ACCOUNT_PASSWORD=account.password,
    )  # fmt: skip


def test_folders_are_listed_with_what_they_are_for_and_which_are_fetched(instance, mail_account):
    mail_account.append(mail(1), when=NOW)
    with mail_account.login() as client:
        client.create("Clienti")
    add(instance, mail_account, LISTED, "INBOX", "Clienti")
    rows = {one["folder"]: one for one in instance.asked("account", "folders", LISTED)}
    assert {name: one["chosen"] for name, one in rows.items()} == {
        "INBOX": True,
        "Clienti": True,
        "Sent": False,
    }
    assert rows["INBOX"]["messages"] == 1
    assert (rows["Sent"]["role"], rows["Sent"]["special_use"]) == ("sent", ["sent"])
    assert {one["namespace"] for one in rows.values()} == {"personal"}
    assert "Clienti" in instance.done("account", "folders", LISTED).out
    unknown = instance.run("account", "folders", "nobody@firm.example")
    assert unknown.code == 1
    assert "no account is configured" in unknown.err


def test_what_is_too_large_is_listed_and_fetched_on_demand(instance, mail_account):
    mail_account.append(mail(1), LARGE, when=NOW)
    add(instance, mail_account, LARGELY)
    synced = instance.done("sync", "--mailbox", LARGELY, **LIMIT)
    assert f"carteggio account left {LARGELY}" in synced.out
    (left,) = instance.asked("account", "left")
    assert (left["mailbox"], left["folder"], left["reason"]) == (LARGELY, "INBOX", "too large")
    assert (left["subject"], left["from"], left["size"]) == ("2", "ada@acme.example", len(LARGE))
    assert "too large" in instance.done("account", "left", LARGELY).out
    wrong = instance.run("account", "fetch", LARGELY, "00000000-0000-0000-0000-000000000001")
    assert wrong.code == 1
    assert "nothing is left of" in wrong.err
    instance.done("account", "fetch", LARGELY, left["message"], **LIMIT)
    assert instance.asked("account", "left") == []
    assert "Nothing was left out" in instance.done("account", "fetch", LARGELY, **LIMIT).out


def test_a_chosen_folder_that_went_makes_what_asks_for_it_end_with_one(instance, mail_account):
    with mail_account.login() as client:
        client.create("Clienti")
    add(instance, mail_account, AWAY, "INBOX", "Clienti")
    instance.done("sync", "--mailbox", AWAY)
    instance.done("account", "ledger", AWAY)
    with mail_account.login() as client:
        client.delete("Clienti")
    for words in (("sync", "--mailbox", AWAY), ("account", "ledger", AWAY)):
        ended = instance.run(*words, "--json")
        assert ended.code == 1
        assert "these folders are not there: Clienti" in {one["trouble"] for one in ended.facts}
    (listed,) = [one for one in instance.asked("account", "list") if one["mailbox"] == AWAY]
    assert listed["trouble"] == "folder not read"
    add(instance, mail_account, AWAY, "INBOX")
    instance.done("sync", "--mailbox", AWAY)
    instance.done("account", "ledger", AWAY)


def letter(id: str, sender: str, to: str) -> bytes:
    head = f"From: {sender}\r\nTo: {to}\r\nDate: Mon, 2 Mar 2026 09:00:00 +0100\r\n"
    return f"{head}Message-ID: <{id}@mail.example>\r\nSubject: {id}\r\n\r\nHello\r\n".encode()


def test_private_mail_stays_with_the_mail_program_received_and_sent(instance, mail_account):
    def captured() -> set[str]:
        instance.done("sync", "--mailbox", PRIVATE)
        found = {one.removesuffix("@mail.example>") for one in instance.exported() if one}
        return {one.removeprefix("<private-") for one in found if one.startswith("<private-")}

    friend, customer = "mum@friend.example", "ada@acme.example"
    with mail_account.login() as client:
        client.create("Privat")
    mail_account.append(
        letter("private-1", customer, PRIVATE), letter("private-2", friend, PRIVATE), when=NOW
    )
    mail_account.append(
        letter("private-3", PRIVATE, customer), letter("private-4", PRIVATE, friend),
        folder="Sent", when=NOW,
    )  # fmt: skip
    mail_account.append(letter("private-5", customer, PRIVATE), folder="Privat", when=NOW)
    instance.done("exclude", "add", "friend.example")
    add(instance, mail_account, PRIVATE, "INBOX", "Sent")
    assert captured() == {"1", "3"}
    (listed,) = instance.asked("exclude", "list")
    assert (listed["whose"], listed["passed_over"]) == ("friend.example", 2)
    assert "mum@" not in instance.done("events").out
    with mail_account.login() as client:
        client.select("Privat")
        client.copy("1", "INBOX")
    assert captured() == {"1", "3", "5"}
    instance.done("exclude", "remove", "friend.example")
