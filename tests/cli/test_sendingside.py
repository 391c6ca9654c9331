"""By what a mailbox sends, from the command line."""

from dovecot import PASSWORD

BOX, SHARED = "info@firm.example", "sales@firm.example"
OTHER, RELAYED = "shop@firm.example", "fax@firm.example"
SECRET = {"CARTEGGIO_ACCOUNT_PASSWORD": PASSWORD}


def listed_of(instance, address):
    found = {one["mailbox"]: one for one in instance.asked("account", "sending-list")}
    return found.get(address)


def test_a_mailbox_that_only_sends_is_set_up_tried_listed_and_removed(instance, submission_server):
    server = submission_server
    where = ("--host", "localhost", "--port", server.submission, "--security", "starttls")
    more = (
        "--ca-file",
        server.dovecot.authority,
        "--user",
        "user1",
        "--sender",
        "shop@firm.example",
    )
    said = instance.done("account", "sending", BOX, *where, *more, **SECRET)
    assert f"{BOX} sends by localhost" in said.out
    assert PASSWORD not in said.out
    steps = instance.asked("account", "test", BOX)
    assert [one["step"] for one in steps] == [
        f"sending: {one}" for one in ("resolve", "connect", "TLS", "login", "sender")
    ]
    assert {one["state"] for one in steps} == {"good"}
    listed = listed_of(instance, BOX)
    assert (listed["login"], listed["user"], listed["senders"]) == (
        "password", "user1", ["shop@firm.example"],
    )  # fmt: skip
    assert (listed["mails_per_minute"], listed["recipients_per_day"]) == (60, None)
    assert "localhost" in instance.done("account", "sending-list").out
    assert BOX not in [one["mailbox"] for one in instance.asked("account", "list")]
    trail = instance.done("trail", BOX).out
    assert "sending configured: localhost" in trail
    assert PASSWORD not in trail
    instance.done("account", "sending-remove", BOX)
    assert listed_of(instance, BOX) is None
    assert instance.run("account", "test", BOX).code == 1


def test_the_login_of_fetching_serves_and_both_ways_are_tried(instance, submission_server):
    server, authority = submission_server, submission_server.dovecot.authority
    at = ("--host", "localhost", "--ca-file", authority)
    fetched = ("--mailbox", SHARED, "--user", "user2", "--port", server.dovecot.imaps)
    instance.done("account", "add", *fetched, *at, **SECRET)
    instance.done("account", "sending", SHARED, *at, "--port", server.submissions)
    listed = listed_of(instance, SHARED)
    assert (listed["login"], listed["user"]) == ("same", "")
    steps = instance.asked("account", "test", SHARED)
    assert [one["step"] for one in steps][4:7] == ["list", "select", "sending: resolve"]
    assert {one["state"] for one in steps} == {"good"}


def test_what_leads_nowhere_is_not_kept(instance, submission_server):
    server = submission_server
    at = (
        "--host",
        "localhost",
        "--port",
        server.submissions,
        "--ca-file",
        server.dovecot.authority,
    )
    ended = instance.run(
        "account", "sending", OTHER, *at, "--user", "user1", CARTEGGIO_ACCOUNT_PASSWORD="wrong"
    )
    assert (ended.code, "535 5.7.8" in ended.err, "nothing was kept" in ended.err) == (
        1,
        True,
        True,
    )
    same = instance.run("account", "sending", OTHER, *at, "--login", "same")
    assert (same.code, "nothing is fetched for this mailbox" in same.err) == (1, True)
    assert instance.run("account", "sending", OTHER).code == 2
    assert instance.run("account", "sending", "nobody", *at).code == 2
    assert listed_of(instance, OTHER) is None


def test_a_relay_that_knows_us_is_sent_by_without_a_login(instance, submission_server):
    ended = instance.done(
        "account", "sending", RELAYED, "--host", "localhost", "--security", "plain", "--login", "none",
        "--port", submission_server.submission, "--no-check",
    )  # fmt: skip
    assert "goes over the network in clear" in ended.err
    listed = listed_of(instance, RELAYED)
    assert (listed["login"], listed["user"], listed["port"]) == (
        "none", "", submission_server.submission,
    )  # fmt: skip
