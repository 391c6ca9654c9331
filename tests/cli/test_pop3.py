"""A maildrop from the command line: added, listed, fetched, and its question in the list."""

import random
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

ASKED = datetime.now(UTC) - timedelta(hours=3)
BOX = "info@firm.example"


def question(number: int) -> bytes:
    return (
        f"From: ada@acme.example\r\nTo: {BOX}\r\nDate: {ASKED:%a, %d %b %Y %H:%M:%S} +0000\r\n"
        f"Message-ID: <{number}@acme.example>\r\nSubject: Question {number}\r\n\r\n"
        "When will it come?\r\n.\r\n"
    ).encode()


def test_from_the_server_to_the_unanswered_list(instance, maildrop):
    maildrop.append(question(1), question(2))
    server = maildrop.server
    secret = {"CARTEGGIO_ACCOUNT_PASSWORD": maildrop.password}
    where = (
        "--mailbox",
        BOX,
        "--protocol",
        "pop3",
        "--host",
        "127.0.0.1",
        "--user",
        maildrop.user,
    )
    security = ("--security", "starttls", "--port", server.pop3, "--ca-file", server.authority)
    added = instance.done("account", "add", *where, *security, "--delete-after", "0", **secret)
    assert "inbox: 2 messages" in added.out
    assert "answers sent elsewhere are not seen" in added.out

    listed = {one["mailbox"]: one for one in instance.asked("account", "list")}[BOX]
    assert (listed["protocol"], listed["delete_after_days"]) == ("pop3", 0)
    assert "answers sent elsewhere are not seen" in listed["coverage"]
    assert "answers sent elsewhere are not seen" in instance.done("account", "list").out

    (synced,) = instance.asked("sync", "--mailbox", BOX)
    assert (synced["stored"], synced["folders"], synced["trouble"]) == (2, ["INBOX"], "")
    (again,) = instance.asked("sync", "--mailbox", BOX)
    assert (again["stored"], again["known"]) == (0, 0)
    subjects = {one["subject"] for one in instance.asked("unanswered")}
    assert subjects == {"Question 1", "Question 2"}
    with maildrop.login() as client:
        assert client.select(readonly=True)[1] == [b"0"]


def test_the_usual_ports_are_those_of_the_protocol(instance):
    secret = {"CARTEGGIO_ACCOUNT_PASSWORD": "x"}
    for box, security in (("a@firm.example", "tls"), ("b@firm.example", "starttls")):
        instance.done(
            "account", "add", "--mailbox", box, "--protocol", "pop3", "--host", "pop.firm.example",
            "--security", security, "--no-check", **secret,
        )  # fmt: skip
    ports = {one["mailbox"]: one["port"] for one in instance.asked("account", "list")}
    assert (ports["a@firm.example"], ports["b@firm.example"]) == (995, 110)


def test_what_the_protocol_cannot_do_is_refused(instance):
    where = ("account", "add", "--mailbox", BOX, "--host", "127.0.0.1")
    folder = instance.run(*where, "--protocol", "pop3", "--folder", "Sent")
    assert (folder.code, "no folders" in folder.err) == (2, True)
    delete = instance.run(*where, "--delete-after", "3")
    assert (delete.code, "pop3" in delete.err) == (2, True)


def test_a_wrong_password_keeps_nothing(instance, maildrop):
    tried = instance.run(
        "account", "add", "--mailbox", "c@firm.example", "--protocol", "pop3",
        "--host", "127.0.0.1", "--port", maildrop.server.pop3, "--security", "plain",
        "--user", maildrop.user, CARTEGGIO_ACCOUNT_PASSWORD="no",
    )  # fmt: skip
    assert tried.code == 1
    assert "nothing was kept" in tried.err
    assert "c@firm.example" not in {one["mailbox"] for one in instance.asked("account", "list")}


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost_doubled_or_deleted_too_early(instance, dovecot):
    account = dovecot.add_user()
    many = 2_000
    account.deliver((f"{1704103200 + n}.M{n}.test:2,", question(10_000 + n)) for n in range(many))
    box = "killed@firm.example"
    instance.done(
        "account", "add", "--mailbox", box, "--protocol", "pop3", "--host", "127.0.0.1",
        "--port", dovecot.pop3, "--security", "plain", "--user", account.user,
        "--delete-after", "0", CARTEGGIO_ACCOUNT_PASSWORD=account.password,
    )  # fmt: skip
    chance = random.Random(7)  # noqa: S311
    kills = 0
    for _ in range(25):
        process = instance.start("sync", "--mailbox", box)
        try:
            process.communicate(timeout=chance.uniform(1.0, 4.0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
    assert kills >= 5
    (last,) = instance.asked("sync", "--mailbox", box)
    assert last["trouble"] == ""
    ids = [one["message_id"].strip("<>") for one in instance.done("export", "messages").facts]
    ids = [id for id in ids if int(id.partition("@")[0]) >= 10_000]
    assert len(ids) == len(set(ids)) == many
    with account.login() as client:
        assert client.select(readonly=True)[1] == [b"0"]
