"""Mail is marked and moved from the command line, and so it is at its server after the next sync."""

from boxes import NOW, mail

BOX = "marks@firm.example"


def test_mail_is_marked_and_moved_here_and_at_its_server(instance, mail_account):
    mail_account.append(mail(1), when=NOW)
    server = mail_account.server
    instance.done(
        "account", "add", "--mailbox", BOX, "--host", "127.0.0.1", "--port", server.imap,
        "--security", "starttls", "--ca-file", server.authority, "--user", mail_account.user,
        CARTEGGIO_ACCOUNT_PASSWORD=mail_account.password,
    )  # fmt: skip
    instance.done("sync", "--mailbox", BOX)
    assert "Done here" in instance.done("mark", "<1@acme.example>", "--seen", "--flagged").out
    assert "so already" in instance.done("mark", "<1@acme.example>", "--seen").out
    assert "Done here" in instance.done("mark", "<1@acme.example>", "--move", "Sent").out
    instance.done("sync", "--mailbox", BOX)
    with mail_account.login() as client:
        assert client.select("Sent", readonly=True)[1] == [b"1"]
        assert client.search(None, "SEEN FLAGGED")[1] == [b"1"]
    told = [one["summary"] for one in instance.asked("trail", "<1@acme.example>")]
    assert "marked in INBOX: +flagged +seen" in told
    assert "moved from INBOX to Sent" in told


def test_what_cannot_be_done_is_said(instance):
    assert instance.run("mark", "<1@acme.example>").code == 2
    nothing = instance.run("mark", "<nobody@acme.example>", "--seen")
    assert (nothing.code, "names" in nothing.err) == (1, True)
