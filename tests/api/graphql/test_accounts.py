"""Accounts by GraphQL, on a real mail server: configured, tried, paused, compared; never a secret."""

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from psycopg.sql import SQL, Identifier

from api.work.accounts import Entered, configure, password_of
from api.work.checking import Checking
from api.work.sync import Sync
from domain.access import Scope
from domain.identity import account_id, mailbox_id
from entering import BOX, CONFIGURE, LIST, configured, entered, fetched, ordering
from instances import events_of
from letters import letter, mbox
from serving import MANAGES, Api

SECRET = "a-password-that-is-nowhere-else"
TEST = """mutation($input: AccountTestInput!) { accountTest(input: $input) { isGood
  userErrors { code } steps { name state said seconds } } }"""


def test_an_account_is_tried_kept_fetched_and_told(api, manager, mail_account, worker):
    done = configured(api, manager, **entered(mail_account))
    assert done["userErrors"] == []
    assert (done["account"]["state"], done["account"]["login"]) == ("NEW", "password")
    assert done["account"]["coverage"]["reason"] == "not looked into yet"
    mail_account.append(letter("1@acme.example"), when=datetime.now(UTC))
    fetched(api, worker)
    mail_account.append(letter("2@acme.example"), when=datetime.now(UTC))
    asyncio.run(Checking(api.carteggio, Sync(api.carteggio, worker)).all())
    (one,) = api.ask(LIST, manager)["accounts"]
    assert (one["state"], one["failures"], one["isStale"]) == ("OK", 0, False)
    assert one["lastSuccessAt"] == one["lastLookAt"] < one["nextLookAt"]
    assert (one["backlog"], one["comparedAt"] is None) == (1, False)
    assert one["coverage"]["sentIsRead"] is True
    assert one["coverage"]["sentReadAt"] == one["lastSuccessAt"]


def test_an_account_with_chosen_folders_but_the_sent_one_says_that_answers_are_not_seen(
    api, manager, mail_account, worker
):
    configured(api, manager, **entered(mail_account, folders=["INBOX"]))
    fetched(api, worker)
    (one,) = api.ask(LIST, manager)["accounts"]
    assert one["coverage"]["sentIsRead"] is False
    assert "answers are not seen" in one["coverage"]["reason"]


def test_a_maildrop_says_that_it_shows_nothing_of_what_is_sent(api, manager, maildrop):
    configured(
        api, manager, **entered(maildrop, port=maildrop.server.pop3, protocol="POP3", check=False)
    )
    (one,) = api.ask(LIST, manager)["accounts"]
    assert "POP3 shows no Sent folder" in one["coverage"]["reason"]


def test_a_wrong_password_is_refused_in_the_servers_words_and_nothing_is_kept(
    api, manager, mail_account
):
    done = configured(api, manager, **entered(mail_account, password="wrong"))
    (error,) = done["userErrors"]
    assert error["code"] == "NO_LOGIN"
    assert "Authentication failed" in error["message"]
    assert api.ask(LIST, manager)["accounts"] == []
    assert events_of(api.carteggio, "account.configured") == []


def test_the_way_is_tried_step_by_step(api, manager, mail_account):
    id = configured(api, manager, **entered(mail_account))["account"]["id"]
    tried = api.ask(TEST, manager, input={"accountId": id})["accountTest"]
    assert tried["isGood"] is True
    names = [step["name"] for step in tried["steps"]]
    assert names == ["resolve", "connect", "TLS", "login", "list", "select"]
    configured(api, manager, **entered(mail_account, "c-2", password="wrong", check=False))
    tried = api.ask(TEST, manager, input={"accountId": id})["accountTest"]
    assert (tried["isGood"], tried["steps"][3]["state"]) == (False, "BAD")
    assert "Authentication failed" in tried["steps"][3]["said"]


def test_a_password_that_is_kept_goes_to_no_other_server(api, manager, mail_account):
    configured(api, manager, **entered(mail_account))
    changes: tuple[dict[str, Any], ...] = (
        {"host": "192.0.2.1"},
        {"port": 1},
        {"user": "other"},
        {"security": "TLS"},
    )
    for at, change in enumerate(changes):
        given = {"commandId": f"c-{at + 10}", "address": BOX, "check": False, **change}
        (error,) = configured(api, manager, **given)["userErrors"]
        assert error["message"].startswith("password: it is needed")
    kept = configured(api, manager, commandId="c-2", address=BOX, folders=["INBOX", "Sent"])
    assert kept["userErrors"] == []
    assert (kept["account"]["folders"], kept["account"]["user"]) == (
        ["INBOX", "Sent"],
        mail_account.user,
    )


def test_the_same_command_is_done_once_and_another_under_its_id_is_refused(
    api, manager, mail_account
):
    first = configured(api, manager, **entered(mail_account, check=False))
    again = configured(api, manager, **entered(mail_account, check=False))
    assert (again["position"], again["userErrors"]) == (first["position"], [])
    assert len(events_of(api.carteggio, "account.credentials_changed")) == 1
    other = configured(api, manager, **entered(mail_account, password="other", check=False))
    assert [one["code"] for one in other["userErrors"]] == ["COMMAND_ID_REUSED"]
    id = account_id(api.carteggio.identity_key, mailbox_id(api.carteggio.identity_key, BOX))
    assert password_of(api.carteggio, id) == mail_account.password


def test_an_account_is_paused_and_resumed(api, manager, mail_account):
    id = configured(api, manager, **entered(mail_account, check=False))["account"]["id"]
    for name, state in (("accountPause", "PAUSED"), ("accountResume", "NEW")):
        done = api.ask(ordering(name), manager, input={"commandId": name, "accountId": id})[name]
        assert done["account"]["state"] == state
        assert int(done["position"]) == api.carteggio.journal.head()
        again = {"commandId": f"{name}-2", "accountId": id}
        assert api.ask(ordering(name), manager, input=again)[name]["position"] is None


COMPARE = """mutation($input: AccountCompareInput!) { accountCompare(input: $input) { isComplete
  trouble userErrors { code } folders { folder role onServer takenIn missingCount missing
  notFetched { uid reason } vanished } } }"""


def test_what_is_missing_of_an_account_is_told_folder_by_folder(
    api, manager, mail_account, worker
):
    id = configured(api, manager, **entered(mail_account))["account"]["id"]
    mail_account.append(letter("1@acme.example"), when=datetime.now(UTC))
    fetched(api, worker)
    input = {"accountId": id}
    whole = api.ask(COMPARE, manager, input=input)["accountCompare"]
    assert (whole["isComplete"], whole["trouble"]) == (True, None)
    mail_account.append(letter("2@acme.example"), when=datetime.now(UTC))
    now = api.ask(COMPARE, manager, input=input)["accountCompare"]
    inbox = next(one for one in now["folders"] if one["role"] == "inbox")
    assert (now["isComplete"], inbox["onServer"], inbox["takenIn"]) == (False, 2, 1)
    assert (inbox["missingCount"], inbox["missing"]) == (1, ["2"])
    box = mailbox_id(api.carteggio.identity_key, "sales@firm.example")
    other = api.issue(MANAGES, mailboxes=[box])
    refused = api.ask(COMPARE, other, input=input)["accountCompare"]
    assert [one["code"] for one in refused["userErrors"]] == ["NOT_FOUND"]


def test_a_private_authority_or_a_pinned_key_is_entered_as_text(api, manager, mail_account):
    server = mail_account.server
    pem = server.authority.read_text()
    secured = {"port": server.imaps, "security": "TLS"}
    (error,) = configured(api, manager, **entered(mail_account, **secured))["userErrors"]
    assert error["code"] == "NO_LOGIN"
    (pin,) = re.findall(r"sha256:[\w+/]+=", error["message"])
    done = configured(api, manager, **entered(mail_account, "c-2", authorities=pem, **secured))
    assert done["userErrors"] == []
    (one,) = api.ask("{ accounts { pin authorities } }", manager)["accounts"]
    assert (one["pin"], len(one["authorities"])) == (None, 1)
    change = {"commandId": "c-3", "address": BOX, "authorities": None, "pin": pin}
    (error,) = configured(api, manager, **change)["userErrors"]
    assert error["message"].startswith("password: it is needed")
    pinned = configured(api, manager, **change, password=mail_account.password)
    assert pinned["userErrors"] == []
    kept = {"commandId": "c-4", "address": BOX, "folders": ["INBOX"]}
    assert configured(api, manager, **kept)["userErrors"] == []
    (one,) = api.ask("{ accounts { pin authorities } }", manager)["accounts"]
    assert one == {"pin": pin, "authorities": []}


def test_a_secret_is_in_no_event_table_log_or_answer(server_log, api, manager, mail_account):
    given = entered(mail_account, password=SECRET, check=False)
    answer = api.ask(CONFIGURE, manager, input=given)
    id = answer["accountConfigure"]["account"]["id"]
    told = [answer, api.ask(LIST, manager), api.ask(TEST, manager, input={"accountId": id})]
    audit = "{ auditLog(first: 100) { edges { node { event summary data commandId } } } }"
    told.append(api.ask(audit))
    assert SECRET not in json.dumps(told)
    assert SECRET not in server_log.read_text(encoding="utf-8")
    with api.carteggio.database.connect() as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_schema LIKE %s",
            (f"{api.carteggio.database.schema}%",),
        ).fetchall()
        for table in tables:
            query = SQL("SELECT count(*) FROM {} t WHERE t::text LIKE %s")
            found = connection.execute(query.format(Identifier(*table)), (f"%{SECRET}%",))
            assert found.fetchone() == (0,), table
    assert tables


def test_who_manages_some_mailboxes_manages_no_others(api, mail_account):
    everything = api.issue(MANAGES)
    own = configured(api, everything, **entered(mail_account, check=False))["account"]
    other = {**entered(mail_account, "c-2", check=False), "address": "sales@firm.example"}
    there = configured(api, everything, **other)["account"]
    key = api.carteggio.identity_key
    token = api.issue(MANAGES, mailboxes=[mailbox_id(key, BOX)])
    assert [one["id"] for one in api.ask(LIST, token)["accounts"]] == [own["id"]]
    for name in ("accountPause", "accountRemove"):
        input = {"commandId": name, "accountId": there["id"]}
        (error,) = api.ask(ordering(name), token, input=input)[name]["userErrors"]
        assert error["code"] == "NOT_FOUND"
    tried = api.ask(TEST, token, input={"accountId": there["id"]})["accountTest"]
    assert [one["code"] for one in tried["userErrors"]] == ["NOT_FOUND"]
    refused = configured(api, token, **{**other, "commandId": "c-3"})["userErrors"]
    assert [one["code"] for one in refused] == ["FORBIDDEN"]
    assert api.refusal(LIST, api.issue([Scope.READ_MAIL])) == "FORBIDDEN"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"address": "nobody"}, "nobody is no mail address"),
        ({"host": " "}, "host: it is needed"),
        ({"host": "a\nb"}, "host: 255 printable"),
        ({"host": "mail.firm.example:993"}, "host: mail.firm.example:993 is no mail server: give"),
        ({"port": 70_000}, "port: from 1"),
        ({"password": "a\r\nb"}, "password: one line"),
        ({"password": None}, "password: it is needed"),
        ({"protocol": "POP3", "folders": ["INBOX"]}, "folders: POP3"),
        ({"deleteAfterDays": 3}, "deleteAfterDays: IMAP"),
        ({"authorities": "/etc/ssl/certs/ca.pem"}, "authorities: certificates as PEM"),
        ({"pin": "sha256:abc"}, "a pin is sha256:"),
        ({"commandId": ""}, "commandId:"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(shared_api: Api, change, said):
    given = {
        "commandId": "c-1", "address": BOX, "host": "192.0.2.1", "password": "x", "check": False,
    }  # fmt: skip
    (error,) = configured(shared_api, shared_api.token, **{**given, **change})["userErrors"]
    assert error["message"].startswith(said)


def test_why_a_password_is_needed_again_is_told_as_it_is(api: Api):
    configure(api.carteggio, Entered(BOX, "192.0.2.1", 993, "tls", BOX, "x", "/etc/own.pem"))
    api.caught_up()
    changes: list[tuple[dict[str, object], str]] = [
        ({"host": "192.0.2.2"}, "the server, its security or the user is another one"),
        ({"authorities": None}, "who vouches for the server changes: its authorities or its pin"),
        ({"address": "sales@firm.example", "host": "192.0.2.1"}, "the account is a new one"),
    ]
    for at, (change, why) in enumerate(changes):
        given = {"commandId": f"c-{at}", "address": BOX, "check": False, **change}
        (error,) = configured(api, api.token, **given)["userErrors"]
        assert error["message"] == f"password: it is needed, as {why}"


def test_what_is_not_there_is_said_without_a_word_of_the_other_channel_alone(shared_api: Api):
    input = {"commandId": "c-1", "accountId": "acc_" + "0" * 32}
    (error,) = shared_api.ask(ordering("accountPause"), input=input)["accountPause"]["userErrors"]
    assert error["message"] == "there is no such account; add it (account add, accountConfigure)"


def test_mail_of_a_mailbox_without_an_account_can_be_managed_too(api: Api, tmp_path: Path):
    api.imported(mbox(tmp_path / "x.mbox", [letter("1@acme.example")]), BOX)
    token = api.issue(MANAGES)
    query = """{ managedMailboxes { address account { id } members { role }
      health { lastReceivedAt lastError lag } } }"""
    (box,) = api.ask(query, token)["managedMailboxes"]
    assert (box["address"], box["account"], box["members"]) == (BOX, None, [])
    assert (box["health"]["lastReceivedAt"] is None, box["health"]["lag"]) == (False, None)
    assert api.refusal("{ mailboxes { address } }", token) == "FORBIDDEN"
