"""By what mailboxes send, over the API: no secret goes where it was not meant to go."""

from typing import Any

import pytest

from api.work.accounts import configure
from api.work.sendingside import sending_password_of
from domain.identity import account_id, mailbox_id
from dovecot import PASSWORD
from entering import BOX
from instances import events_of
from serving import MANAGES, Api
from submitting import Submitting
from trying import entered as fetched

FIELDS = """accountId address host port security login user senders sentCopy mailsPerMinute
  recipientsPerDay connections pin authorities"""
SET = f"""mutation($input: AccountSendingConfigureInput!) {{ accountSendingConfigure(input: $input) {{
  position userErrors {{ code message }} sending {{ {FIELDS} }} }} }}"""
LIST = f"{{ accountSendings {{ {FIELDS} }} }}"
TEST = """mutation($input: AccountTestInput!) { accountSendingTest(input: $input) { isGood
  userErrors { code } steps { name state said } } }"""
REMOVE = """mutation($input: AccountInput!) { accountSendingRemove(input: $input) { position
  userErrors { code message } sending { address } } }"""


def given(server: Submitting, command: str = "s-1", **more: Any) -> dict[str, Any]:
    return {
        "commandId": command, "address": BOX, "host": "127.0.0.1", "port": server.submissions,
        "security": "TLS", "login": "PASSWORD", "user": "user1", "password": PASSWORD,
        "authorities": server.dovecot.authority.read_text(), **more,
    }  # fmt: skip


def done(api: Api, token: str, **input: Any) -> Any:
    return api.ask(SET, token, input=input)["accountSendingConfigure"]


def without(input: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in input.items() if name not in names}


def test_sending_is_configured_tried_told_and_removed(api, manager, submission_server):
    set_up = done(api, manager, **given(submission_server, senders=["shop@firm.example"]))
    assert set_up["userErrors"] == []
    one = set_up["sending"]
    assert (one["login"], one["sentCopy"], one["mailsPerMinute"]) == ("PASSWORD", "AUTO", 60)
    assert (one["recipientsPerDay"], one["senders"]) == (None, ["shop@firm.example"])
    assert one["authorities"] == ["CN=carteggio test authority"]
    assert api.ask(LIST, manager)["accountSendings"] == [one]
    id = one["accountId"]
    tried = api.ask(TEST, manager, input={"accountId": id})["accountSendingTest"]
    assert (tried["isGood"], len(tried["steps"])) == (True, 5)
    for at, position in enumerate((True, False)):
        input = {"accountId": id, "commandId": f"r-{at}"}
        gone = api.ask(REMOVE, manager, input=input)["accountSendingRemove"]
        assert (gone["position"] is not None, gone["sending"]) == (position, None)
    assert api.ask(LIST, manager)["accountSendings"] == []
    tried = api.ask(TEST, manager, input={"accountId": id})["accountSendingTest"]
    assert [one["code"] for one in tried["userErrors"]] == ["NOT_FOUND"]
    assert PASSWORD not in str(
        (set_up, tried, events_of(api.carteggio, "account.sending_configured"))
    )


def test_a_password_that_is_kept_goes_to_no_other_server(api, manager, submission_server):
    first = given(submission_server)
    assert done(api, manager, **first)["userErrors"] == []
    kept = without(given(submission_server, "s-2", mailsPerMinute=7), "password")
    assert done(api, manager, **kept)["sending"]["mailsPerMinute"] == 7
    changes: tuple[dict[str, Any], ...] = (
        {"host": "localhost"}, {"port": 1}, {"user": "other"}, {"security": "PLAIN"},
        {"authorities": None},
    )  # fmt: skip
    for at, change in enumerate(changes):
        asked = {**kept, "commandId": f"c-{at}", "check": False, **change}
        (error,) = done(api, manager, **asked)["userErrors"]
        assert error["message"].startswith("password: it is needed")
    key = api.carteggio.identity_key
    id = account_id(key, mailbox_id(key, BOX))
    assert sending_password_of(api.carteggio, id) == PASSWORD


def test_the_login_of_fetching_is_shared_with_its_own_server_alone(
    api, manager, submission_server, mail_account
):
    dovecot = submission_server.dovecot
    account = dovecot.add_user()
    shared = without(given(submission_server, login="SAME"), "password", "user", "authorities")
    (error,) = done(api, manager, **shared)["userErrors"]
    assert error["code"] == "NO_LOGIN"
    configure(api.carteggio, fetched(account, port=dovecot.imaps))
    api.caught_up()
    changes: tuple[dict[str, Any], ...] = (
        {"host": "localhost"}, {"security": "PLAIN"}, {"user": "other"}, {"pin": "sha256:x"},
        {"authorities": dovecot.authority.read_text()},
    )  # fmt: skip
    for at, change in enumerate(changes):
        asked = {**shared, "commandId": f"c-{at}", "check": False, **change}
        (error,) = done(api, manager, **asked)["userErrors"]
        assert error["message"].startswith("login: over the API it is shared only with")
    set_up = done(api, manager, **{**shared, "commandId": "s-9"})
    assert (set_up["userErrors"], set_up["sending"]["login"]) == ([], "SAME")


@pytest.mark.parametrize("wrong", [
    {"senders": ["nobody"]}, {"port": 70_000}, {"host": "https://x"}, {"connections": 0},
    {"user": ""}, {"authorities": "x"}, {"pin": "sha256:x"}, {"host": None},
])  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_is_kept(api, manager, submission_server, wrong):
    asked = given(submission_server, check=False, **wrong)
    if wrong == {"user": ""}:
        asked["address"] = "x"
    (error,) = done(api, manager, **asked)["userErrors"]
    assert error["code"] in {"INVALID", "BAD_PIN"}
    assert api.ask(LIST, manager)["accountSendings"] == []


def test_a_server_that_lets_nobody_in_is_told_before_anything_is_kept(
    api, manager, submission_server
):
    (error,) = done(api, manager, **given(submission_server, password="wrong"))["userErrors"]
    assert (error["code"], "535" in error["message"]) == ("NO_LOGIN", True)
    assert api.ask(LIST, manager)["accountSendings"] == []


def test_whoever_manages_other_mailboxes_neither_sees_nor_changes_it(
    api, manager, submission_server
):
    id = done(api, manager, **given(submission_server))["sending"]["accountId"]
    box = mailbox_id(api.carteggio.identity_key, "sales@firm.example")
    other = api.issue(MANAGES, mailboxes=[box])
    assert api.ask(LIST, other)["accountSendings"] == []
    (error,) = done(api, other, **given(submission_server, "o-1"))["userErrors"]
    assert error["code"] == "FORBIDDEN"
    input = {"accountId": id, "commandId": "o-2"}
    (error,) = api.ask(REMOVE, other, input=input)["accountSendingRemove"]["userErrors"]
    assert error["code"] == "NOT_FOUND"
