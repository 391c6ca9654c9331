"""What rules do, from mail that comes in to what is told over the API."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.mime.worker import ReadingWorker
from api.ids import Kind, shown
from composed import as_others_read
from dovecot import Dovecot
from letters import letter
from ruled import INFO, ORDERS, Firm
from ruledmail import firm_with_post
from serving import Api

TOLD = """query($id: ID!) { message(id: $id) { subject status closeReason
  links { target { ... on Party { name } } reason state ruleId ruleVersion by { kind } } tags { tag }
  ruleRuns { ruleName actions { kind isDone why sentence user { email } mailId } }
  unanswered { attention { state snoozedUntil owner { email } } } } }"""
ABOUT = """query($id: ID!) { party(by: {id: $id}) {
  name audit { edges { node { event summary actor { kind } } } } } }"""
WAITS = """query($box: [ID!]) { unanswered(filter: {mailboxIds: $box}) {
  edges { node { message { subject } } } } }"""


@pytest.fixture
def firm(api: Api, tmp_path: Path) -> Firm:
    return Firm(api.carteggio, tmp_path)


def told(api: Api, message: UUID) -> Any:
    return api.ask(TOLD, id=shown(Kind.MESSAGE, message))["message"]


def last_run(api: Api) -> UUID:
    (*_, last) = api.carteggio.journal.read(0, names=("message.rule_applied",))
    return last.stream


def test_a_message_is_linked_registered_on_its_party_snoozed_and_no_later_rule_is_asked(
    api: Api, firm: Firm
):
    firm.settled()
    found = api.ask("{ parties { edges { node { id name } } } }")["parties"]["edges"]
    parties = {one["node"]["name"]: one["node"]["id"] for one in found}
    rule = firm.rule(
        {"kind": "link", "party": parties["Beta"]},
        {"kind": "register_event", "event": "asked for a tender"},
        {"kind": "snooze", "hours": 4},
        {"kind": "stop"},
        name="Tenders",
    )
    firm.rule({"kind": "tag", "tag": "never"}, order=2)
    firm.arrives(firm.letters(1))
    one = told(api, last_run(api))
    assert {x["target"]["name"] for x in one["links"]} == {"Acme", "Beta"}
    (told_by,) = (x for x in one["links"] if x["target"]["name"] == "Beta")
    assert told_by == {
        "target": {"name": "Beta"}, "reason": "RULE", "state": "AUTOMATIC",
        "ruleId": shown(Kind.RULE, rule), "ruleVersion": 1, "by": {"kind": "RULE"},
    }  # fmt: skip
    assert one["tags"] == []
    (run,) = one["ruleRuns"]
    assert [(x["kind"], x["isDone"]) for x in run["actions"]] == [
        ("link", True), ("register_event", True), ("snooze", True), ("stop", True),
    ]  # fmt: skip
    attention = one["unanswered"]["attention"]
    assert attention["state"] == "SNOOZED"
    assert attention["snoozedUntil"]
    entries = api.ask(ABOUT, id=parties["Acme"])["party"]["audit"]["edges"]
    assert [x["node"]["summary"] for x in entries if x["node"]["event"] == "party.event_registered"] == [
        "a rule registered: asked for a tender"
    ]  # fmt: skip


def test_what_comes_again_goes_to_who_answered_last(api: Api, firm: Firm):
    firm.rule({"kind": "assign_last_answerer"})
    firm.arrives([letter("q1@acme.example", b"Pumps", sender="ada@acme.example")])
    (run,) = told(api, last_run(api))["ruleRuns"]
    assert [(x["isDone"], x["why"]) for x in run["actions"]] == [(False, "not_answered_yet")]
    answers = b"In-Reply-To: <q1@acme.example>\n"
    firm.arrives([letter("a1@firm.example", b"Re: Pumps", sender="Carla <carla@firm.example>", to="ada@acme.example", more=answers)])  # fmt: skip
    again = b"In-Reply-To: <a1@firm.example>\nReferences: <q1@acme.example> <a1@firm.example>\n"
    question = letter("q2@acme.example", b"Re: Pumps", sender="ada@acme.example", more=again)
    firm.arrives([question], ago=timedelta(seconds=-5))  # in the same second it were answered
    one = told(api, last_run(api))
    ((action,),) = (x["actions"] for x in one["ruleRuns"])
    assert (action["user"]["email"], action["sentence"]) == (
        "carla@firm.example",
        "given to Carla, who answered last",
    )
    assert one["unanswered"]["attention"]["owner"]["email"] == "carla@firm.example"


def test_a_message_is_answered_by_a_template_and_handed_to_another_mailbox(
    api: Api, worker: ReadingWorker, dovecot: Dovecot, tmp_path: Path
):
    with firm_with_post(api.carteggio, worker, dovecot, tmp_path) as posted:
        posted.rule({"kind": "reply", "template": str(posted.template)}, mailbox=INFO, order=1)
        posted.rule({"kind": "hand_to_mailbox", "mailbox": ORDERS}, mailbox=INFO, order=2)
        posted.comes(posted.question())
        one = told(api, last_run(api))
        assert (one["status"], one["closeReason"], one["unanswered"]) == (
            "CLOSED",
            "DELEGATED",
            None,
        )
        kinds = [(x["kind"], x["isDone"]) for run in one["ruleRuns"] for x in run["actions"]]
        assert kinds == [("reply", True), ("hand_to_mailbox", True)]
        (handed,) = (x for x in posted.sink.mails if ORDERS in str(as_others_read(x)["To"]))
        posted.arrives([handed.replace(b"\r\n", b"\n")], mailbox=ORDERS)
        box = shown(Kind.MAILBOX, posted.box(ORDERS))
        assert len(api.ask(WAITS, box=[box])["unanswered"]["edges"]) == 1
