"""An account that is removed by GraphQL: its secret goes, its mail stays, what waits for it ends."""

from datetime import UTC, datetime

import pytest

from api.work.accounts import password_of
from api.work.tokens import by_operator
from api.work.undone import give_up_overdue
from domain import account
from domain.account import RemoveAccount
from domain.identity import account_id, mailbox_id
from domain.values import Rejected
from entering import BOX, LIST, configured, entered, fetched, ordering
from instances import events_of
from letters import letter

MARK = """mutation($input: MessageMarkInput!) { messageMark(input: $input) {
  userErrors { code } } }"""
PLACES = "{ messages { edges { node { id occurrences { seen isPending } } } } }"
FAILED = """{ auditLog(filter: {events: ["message.order_failed"]}) { edges { node {
  summary } } } }"""


def test_a_removed_account_loses_its_secret_and_its_mail_stays_readable(
    api, manager, mail_account, worker
):
    id = configured(api, manager, **entered(mail_account))["account"]["id"]
    mail_account.append(letter("1@acme.example"), when=datetime.now(UTC))
    fetched(api, worker)
    input = {"commandId": "r-1", "accountId": id}
    removed = api.ask(ordering("accountRemove"), manager, input=input)["accountRemove"]
    assert (removed["account"], removed["userErrors"]) == (None, [])
    assert api.ask(ordering("accountRemove"), manager, input=input)["accountRemove"] == removed
    assert api.ask(LIST, manager)["accounts"] == []
    key = api.carteggio.identity_key
    with pytest.raises(Rejected, match="no password is kept"):
        password_of(api.carteggio, account_id(key, mailbox_id(key, BOX)))
    seen = api.ask("{ messages { edges { node { id } } } mailboxes { address } }")
    assert len(seen["messages"]["edges"]) == 1
    assert seen["mailboxes"] == [{"address": BOX}]
    raw = api.get(f"/messages/{seen['messages']['edges'][0]['node']['id']}/raw")
    assert b"<1@acme.example>" in raw.content
    configured(api, manager, **entered(mail_account, "c-9"))
    fetched(api, worker)
    assert len(events_of(api.carteggio, "message.received")) == 1


@pytest.mark.parametrize("cut_off", [False, True])
def test_what_was_ordered_for_a_removed_account_ends_at_once(
    api, manager, mail_account, worker, cut_off
):
    id = configured(api, manager, **entered(mail_account))["account"]["id"]
    mail_account.append(letter("1@acme.example"), when=datetime.now(UTC))
    fetched(api, worker)
    (edge,) = api.ask(PLACES)["messages"]["edges"]
    ordered = {"commandId": "m-1", "messageIds": [edge["node"]["id"]], "seen": True}
    assert api.ask(MARK, input=ordered)["messageMark"]["userErrors"] == []
    if cut_off:  # killed after the event; what works looks again by the hour
        key = api.carteggio.identity_key
        stream = account_id(key, mailbox_id(key, BOX))
        api.carteggio.journal.record(stream, account, RemoveAccount(), by_operator())
        give_up_overdue(api.carteggio)
    else:
        api.ask(ordering("accountRemove"), manager, input={"commandId": "r-1", "accountId": id})
    api.caught_up()
    (edge,) = api.ask(PLACES)["messages"]["edges"]
    assert edge["node"]["occurrences"] == [{"seen": False, "isPending": False}]
    (told,) = api.ask(FAILED)["auditLog"]["edges"]
    assert "its account was removed" in told["node"]["summary"]
