"""Accounts tried from the command line, and refused before they are kept."""

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from domain.values import Rejected

BOX = "tried@firm.example"


@pytest.fixture
def run(database, tmp_path, logs_restored):
    """Run commands on a fresh instance; `code` is the exit code to expect."""
    runner = CliRunner(env={"CARTEGGIO_DATABASE_URL": database.dsn, "COLUMNS": "200"})

    def go(*words, code=0, password="", output="stdout"):
        environment = {"CARTEGGIO_ACCOUNT_PASSWORD": password}
        given = ["--home", str(tmp_path / "home"), *map(str, words)]
        result = runner.invoke(app, given, env=environment)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return getattr(result, output)

    go("init")
    return go


def facts(printed):
    return [json.loads(line) for line in printed.splitlines()]


def adding(account, **more):
    server = account.server
    given = {
        "mailbox": BOX, "host": "127.0.0.1", "port": server.imaps, "user": account.user,
        "ca-file": server.authority, **more,
    }  # fmt: skip
    return ["account", "add", *(word for one in given.items() for word in (f"--{one[0]}", one[1]))]


def test_a_kept_account_is_tried(run, mail_account):
    added = run(*adding(mail_account), password=mail_account.password)
    assert "INBOX: 0 messages" in added
    steps = facts(run("account", "test", BOX, "--json"))
    assert {one["state"] for one in steps} == {"good"}
    assert datetime.fromisoformat(steps[2]["found"]["valid_until"]) > datetime.now(UTC)
    shown = run("account", "test", BOX)
    assert all(one["step"] in shown for one in steps)


def test_an_unknown_server_is_kept_with_the_pin_that_is_offered_for_it(run, mail_account):
    unknown = adding(mail_account)[:-2]
    with pytest.raises(Rejected, match=r"by its pin sha256:\S{44}; nothing was kept") as refused:
        run(*unknown, password=mail_account.password)
    pin = refused.value.sentence.partition("its pin ")[2].partition(";")[0]
    run(*unknown, "--pin", pin, password=mail_account.password)
    steps = facts(run("account", "test", BOX, "--json"))
    assert {one["state"] for one in steps} == {"good"}
    assert steps[2]["found"]["pin"] == pin


def test_an_account_in_clear_is_kept_by_explicit_choice_and_warned_of(run, maildrop):
    for protocol in ("imap", "pop3"):
        port = getattr(maildrop.server, protocol)
        words = adding(maildrop, protocol=protocol, port=port)
        with pytest.raises(Rejected, match="does not answer in TLS"):
            run(*words, password=maildrop.password)
        by_choice = [*words, "--security", "plain"]
        said = run(*by_choice, password=maildrop.password, output="stderr")
        assert "go over the network in clear" in said


def test_a_bad_step_ends_with_one_and_the_doctor_names_the_account(run, mail_account):
    run(*adding(mail_account), "--no-check", password="no")
    steps = facts(run("account", "test", BOX, "--json", code=1))
    assert [one["state"] for one in steps][3:] == ["bad", "not reached", "not reached"]
    assert "Authentication failed" in steps[3]["said"]

    run("sync", "--mailbox", BOX, code=1)
    found = {one["part"]: one for one in facts(run("doctor", "--json"))}
    assert found[f"account {BOX}"]["state"] == "warning"
    assert found[f"account {BOX}"]["do"] == f"run: carteggio account test {BOX}"


def test_an_account_with_a_folder_that_is_not_there_is_not_kept(run, mail_account):
    with pytest.raises(Rejected, match=r"folders are not there: Nix; .*; nothing was kept"):
        run(*adding(mail_account, folder="Nix"), password=mail_account.password)
    assert run("account", "list", "--json") == ""


@pytest.mark.parametrize(
    "host", ["http://localhost", "localhost:993", "[::1", "me@localhost", "/"]
)
def test_a_server_that_is_more_than_its_name_is_refused_with_what_to_do(run, mail_account, host):
    with pytest.raises(Rejected, match="give its bare name or address; the port goes in --port"):
        run(*adding(mail_account, host=host), password=mail_account.password)


def test_an_address_may_stand_in_brackets_as_in_a_url(run, mail_account):
    words = adding(mail_account, host="[::1]")
    run(*words, "--no-check", password=mail_account.password)
    (kept,) = facts(run("account", "list", "--json"))
    assert kept["host"] == "::1"


def test_what_is_no_address_is_refused_before_anybody_logs_in(run, mail_account):
    said = run(*adding(mail_account, mailbox="nobody"), code=2, password="x", output="stderr")
    assert "'nobody' is no mail address" in said


def test_where_all_accounts_are_paused_one_is_to_be_resumed(run, mail_account):
    assert "account add" in run("sync")
    run(*adding(mail_account), "--no-check", password="x")
    run("account", "pause", "--mailbox", BOX)
    assert "account resume" in run("sync")
