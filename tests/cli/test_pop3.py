"""A maildrop from the command line: added, listed, fetched, and its question in the list."""

from datetime import UTC, datetime, timedelta

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
