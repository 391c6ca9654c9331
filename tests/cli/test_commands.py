"""The command line: each command explains itself, answers, and says in a line what is wrong."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from commandline import every_command
from domain.values import Rejected

ROOT = Path(__file__).parents[2]
BOX = "info@firm.example"
MAIL = (
    "From x@y Mon Mar  2 08:00:00 2026\n"
    f"From: Ada <ada@acme.example>\nTo: {BOX}\nDate: Mon, 2 Mar 2026 09:00:00 +0100\n"
    "Message-ID: <1@acme.example>\nSubject: Invoice 2026/17\n\nWhen will it be paid?\n\n"
    "From x@y Mon Mar  2 09:00:00 2026\n"
    f"From: Noreply <noreply@shop.example>\nTo: {BOX}\nAuto-Submitted: auto-generated\n"
    "Message-ID: <2@shop.example>\nSubject: News\n\nNews.\n\n"
)
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"]}',
    "parties.csv": "party_id,kind,name\nC1,customer,Acme\nC2,customer,Acorn\n",
    "contacts.csv": "party_id,name,role,email\nC1,Ada,,ada@acme.example\n",
    "documents.csv": "doc_id,type,number,party_id\nD1,invoice,2026/17,C1\n",
}
Run = Callable[..., str]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(database, home: Path, logs_restored) -> Iterator[Run]:
    """Run commands on a fresh instance; the last argument may be the exit code to expect."""
    environment = {"CARTEGGIO_DATABASE_URL": database.dsn, "CARTEGGIO_TIME_ZONE": "Europe/Rome"}
    runner = CliRunner(env={**environment, "COLUMNS": "200"})

    def go(*words: object, code: int = 0) -> str:
        result = runner.invoke(app, ["--home", str(home), *map(str, words)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result.stdout

    go("init")
    yield go


@pytest.fixture
def filled(run: Run, tmp_path: Path) -> Run:
    """Give an instance that holds two messages and two parties."""
    (tmp_path / "erp").mkdir()
    for name, text in FILES.items():
        (tmp_path / "erp" / name).write_text(text)
    (tmp_path / "info.mbox").write_text(MAIL)
    run("import", "directory", tmp_path / "erp")
    run("import", "mail", tmp_path / "info.mbox", "--mailbox", BOX)
    return run


@pytest.mark.parametrize(("name", "command"), every_command())
def test_every_command_explains_itself_with_an_example(name, command):
    assert command.help
    assert f"carteggio {name.split()[0]}" in command.help or "carteggio --home" in command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name}: {parameter.name} is not explained"


def test_a_list_of_commands_shows_a_line_of_each_and_loads_none():
    program = "import sys; from api.cli.main import app; app(standalone_mode=False);"
    program += "sys.exit('api.compose' in sys.modules)"
    words = [sys.executable, "-c", program, "--help"]
    found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Show the mail that nobody has answered, the longest wait first." in found.stdout


def test_a_missing_instance_is_said_in_a_line(tmp_path):
    words = [sys.executable, "carteggio.py", "--home", str(tmp_path / "none"), "unanswered"]
    found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.startswith("carteggio: there is no Carteggio instance in ")
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_output_that_nobody_takes_ends_in_a_line(tmp_path, form):
    words = [sys.executable, ROOT / "carteggio.py", "--home", tmp_path, "config", *form]
    buffered = {name: x for name, x in os.environ.items() if name != "PYTHONUNBUFFERED"}

    def given(taker: Any) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            words, check=False, stdout=taker, stderr=subprocess.PIPE, env=buffered
        )

    with Path("/dev/full").open("wb") as full:
        done = given(full)
    assert (done.returncode, done.stderr.decode()) == (
        1,
        "carteggio: no room is left for what this command writes\n",
    )
    read, write = os.pipe()
    os.close(read)
    done = given(write)
    os.close(write)
    assert done.returncode in (1, 141)  # Rich ends with 1, we as a shell's own commands do
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CARTEGGIO_PORT", "many", "port"),
        ("POSTGRES_ENABLE_DB_FUNCTIONS", "y", "POSTGRES_ENABLE_DB_FUNCTIONS"),
        ("CARTEGGIO_DATABASE_URL", "postgresql://x@127.0.0.1:1/y", "cannot reach the database"),
    ],
)
def test_what_is_set_wrong_is_said_in_a_line(run, home, variable, value, said):
    words = [sys.executable, "carteggio.py", "--home", str(home), "history", "C1"]
    env = {**os.environ, variable: value}
    found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, env=env)
    assert found.returncode == 1
    assert said in found.stderr
    assert found.stderr.count("\n") == 1


def test_init_again_does_no_harm(run):
    assert "already" in run("init")


def test_an_import_sums_up(run, tmp_path):
    (tmp_path / "info.mbox").write_text(MAIL)
    words = ("import", "mail", tmp_path / "info.mbox", "--mailbox", BOX, "--json")
    first, again = json.loads(run(*words)), json.loads(run(*words))
    assert (first["read"], first["stored"], first["already_known"]) == (2, 2, 0)
    assert (again["stored"], again["already_known"]) == (0, 2)


def test_a_history_is_found_by_code_address_name_and_number(filled):
    for words in ("C1", "ada@acme.example", "acme", "D1", "2026/17"):
        lines = [json.loads(line) for line in filled("history", words, "--json").splitlines()]
        assert [line["subject"] for line in lines] == ["Invoice 2026/17"]
    assert "Invoice 2026/17" in filled("history", "C1")
    assert filled("history", "C1", "--as-of", "2026-03-02T08:59", "--json") == ""


def test_what_waits_is_told_now_and_as_it_was(filled):
    now = json.loads(filled("unanswered", "--json"))
    assert now["message_id"] == "1@acme.example"
    assert now["parties"] == ["C1 Acme"]
    assert filled("unanswered", "--as-of", "2026-03-02T08:59", "--json") == ""
    assert json.loads(filled("unanswered", "--as-of", "2026-03-02T09:00", "--json"))


def test_a_trail_says_what_happened_and_by_whom(filled):
    for words in ("<1@acme.example>", "1@acme.example"):
        names = [json.loads(x)["name"] for x in filled("trail", words, "--json").splitlines()]
        assert names[:2] == ["message.received", "message.classified"]
    assert "party.registered" in filled("trail", "C1")
    assert "document.registered" in filled("trail", "D1")
    assert "mailbox.registered" in filled("trail", BOX)


def test_a_trail_names_what_else_an_entry_is_about(filled):
    def about(words: str) -> dict[str, str]:
        rows = [json.loads(line) for line in filled("trail", words, "--json").splitlines()]
        return {row["name"]: row["about"] for row in rows}

    assert about("C1")["message.linked"] == "Invoice 2026/17"
    assert about("C1")["document.registered"] == "invoice 2026/17"
    mail = about("1@acme.example")
    assert (mail["message.received"], mail["message.classified"]) == (BOX, "")
    assert mail["message.linked"] in {"C1 Acme", "invoice 2026/17"}
    assert "C1 Acme" in filled("trail", "1@acme.example")


def test_what_is_not_there_is_said_of_every_kind(filled):
    for command in (("trail",), ("history",), ("events", "--stream")):
        with pytest.raises(Rejected, match="no party, document, message, mailbox or colleague"):
            filled(*command, "nothing")


def test_an_id_is_taken_as_the_api_gives_it(filled):
    streams = {
        one["event"]: UUID(one["stream"]).hex
        for one in map(json.loads, reversed(filled("events", "--json").splitlines()))
    }
    mail, party = f"msg_{streams['message.received']}", f"pty_{streams['party.registered']}"
    assert filled("trail", mail, "--json") == filled("trail", "1@acme.example", "--json")
    assert filled("history", party, "--json") == filled("history", "C1", "--json")
    assert "message.received" in filled("events", "--stream", mail)
    assert "Invoice 2026/17" in filled("trail", f"doc_{streams['document.registered']}")
    with pytest.raises(Rejected, match="no account fetches this mailbox"):
        filled("mark", mail, "--seen")


def test_the_trail_of_a_mailbox_holds_its_accounts(filled, monkeypatch):
    monkeypatch.setenv("CARTEGGIO_ACCOUNT_PASSWORD", "secret")
    filled("account", "add", "--mailbox", BOX, "--host", "imap.firm.example", "--no-check")
    filled("account", "pause", BOX)
    filled("account", "pause", "--mailbox", BOX)  # it is so already
    filled("account", "pause", code=2)
    filled("account", "resume", BOX, "--mailbox", BOX, code=2)
    filled("account", "fetch", BOX, "msg_x", code=2)
    names = [json.loads(line)["name"] for line in filled("trail", BOX, "--json").splitlines()]
    assert names[0] == "mailbox.registered"
    assert sorted(names[1:]) == [
        "account.configured",
        "account.credentials_changed",
        "account.paused",
    ]


def test_the_log_is_printed(filled):
    lines = [json.loads(line) for line in filled("events", "--json").splitlines()]
    assert [line["position"] for line in lines] == sorted(line["position"] for line in lines)
    stream = next(x["stream"] for x in lines if x["event"] == "message.received")
    only = [json.loads(x) for x in filled("events", "--stream", stream, "--json").splitlines()]
    assert {line["stream"] for line in only} == {stream}
    assert "Invoice 2026/17" in filled("events", "--from", only[0]["position"])


def test_messages_leave_as_facts(filled, tmp_path):
    filled("export", "messages", "-o", tmp_path / "m.jsonl")
    first, second = map(json.loads, (tmp_path / "m.jsonl").read_text().splitlines())
    assert first["message_id"] == "<1@acme.example>"
    assert (first["parties"], first["documents"]) == (["C1"], ["D1"])
    assert (first["from"], first["to"]) == (["ada@acme.example"], [BOX])
    assert (first["automatic"], first["needs_answer"], first["answered_by"]) == (False, True, None)
    assert (second["automatic"], second["needs_answer"]) == (True, False)
    assert filled("export", "messages", "--party", "C2") == ""


def test_raw_mail_leaves_byte_for_byte(filled, tmp_path):
    filled("export", "mail", tmp_path / "out", "--party", "C1")
    line = json.loads((tmp_path / "out" / "manifest.jsonl").read_text())
    raw = (tmp_path / "out" / line["file"]).read_bytes()
    assert hashlib.sha256(raw).hexdigest() == line["sha256"]
    assert raw == MAIL.partition("\n")[2].partition("From x@y")[0].encode().removesuffix(b"\n")


def test_tokens_are_shown_once_and_shut_out(filled):
    token = filled("token", "create", "erp", "--mailbox", BOX, "--expires", "90d").strip()
    assert token.startswith("cgt_")
    listed = json.loads(filled("token", "list", "--json"))
    assert (listed["name"], listed["sees"], listed["state"]) == ("erp", BOX, "valid")
    assert token.split("_", 2)[2] not in filled("token", "list")
    filled("token", "revoke", "erp")
    assert json.loads(filled("token", "list", "--json"))["state"] == "revoked"


def test_read_models_are_filled_again_and_compared(filled):
    filled("replay", "mail")
    assert json.loads(filled("replay", "mail", "--json")) == {"filled": ["mail"]}
    assert json.loads(filled("replay", "--verify", "--json")) == {"differences": 0, "rows": []}


def test_a_doctor_finds_all_well_or_says_what_to_do(filled, home):
    lines = [json.loads(line) for line in filled("doctor", "--contents", "--json").splitlines()]
    assert {line["state"] for line in lines} <= {"good", "warning"}
    for blob in (home / "blobs").rglob("*-*"):
        blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    lines = [json.loads(x) for x in filled("doctor", "--contents", "--json", code=1).splitlines()]
    bad = [line for line in lines if line["state"] == "bad"]
    assert [line["part"] for line in bad] == ["blobs"]
    assert bad[0]["do"]
    (home / "keys" / "root.key").write_bytes(bytes(32))
    lines = [json.loads(line) for line in filled("doctor", "--json", code=1).splitlines()]
    assert lines[-1]["part"] == "keys"


def test_settings_are_listed_and_secrets_are_not(run, home):
    found = json.loads(run("config", "--json"))
    shown = {row["setting"]: row["value"] for row in found["settings"]}
    assert shown["database_url"] == "(secret)"
    assert all(row["meaning"] for row in found["settings"])


def test_networks_are_listed_as_they_are_written(run, monkeypatch):
    monkeypatch.setenv("CARTEGGIO_MAIL_NETWORKS_ALLOWED", '["127.0.0.0/8", "::1"]')
    shown = {
        one["setting"]: one["value"] for one in json.loads(run("config", "--json"))["settings"]
    }
    assert shown["mail_networks_allowed"] == "127.0.0.0/8, ::1/128"
    assert shown["mail_networks_refused"] == ""


def test_a_bad_row_ends_with_two_and_is_told(run, tmp_path):
    (tmp_path / "erp").mkdir()
    (tmp_path / "erp" / "parties.csv").write_text("party_id,kind,name\nC1,customer,\n")
    found = json.loads(run("import", "directory", tmp_path / "erp", "--json", code=2))
    assert found["bad"] == [{"line": 2, "reason": "name is empty"}]


def test_times_that_are_none_are_refused(filled: Run):
    for text in ("", "yesterday", "9999-12-31T23:59-12:00", "0001-01-01T00:00+14:00"):
        filled("unanswered", "--as-of", text, code=2)
        filled("import", "mail", __file__, "--mailbox", BOX, "--cut-off", text, code=2)
    filled("unanswered", "--as-of", "2026-03-02T09:00+01:00")


def test_limits_beyond_reason_and_empty_names_are_refused(filled: Run):
    for command in (("trail", "C1"), ("history", "C1"), ("unanswered",)):
        filled(*command, "--limit", 10**20, code=2)
        filled(*command, "--limit", 1_000_000)
    for refused in (("events", "--stream", ""), ("token", "create", " ")):
        with pytest.raises(Rejected):
            filled(*refused)
