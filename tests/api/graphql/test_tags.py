"""Tags: given by rules and people, told where messages are, asked for, taken away, seen by who sees them."""

from pathlib import Path
from typing import Any

import pytest

from api.ids import Kind, shown
from domain.access import Scope
from ruled import INFO, ORDERS, Firm, condition
from serving import Api

TOLD = "query($id: ID!) { message(id: $id) { tags { tag ruleId by { kind } } } }"
FOUND = """query($tag: String) { messages(filter: {tag: $tag}) { edges { node { subject } } } }"""
WAITS = """query($tag: String, $then: AsOf) { unanswered(filter: {tag: $tag}, asOf: $then) {
  edges { node { message { subject } } } } }"""
COUNTS = "{ tags { tag count } }"
SAY = """mutation($input: MessageTagInput!) { %s(input: $input) {
  messages { tags { tag } } position userErrors { code message } } }"""


@pytest.fixture
def firm(api: Api, tmp_path: Path) -> Firm:
    """Found a firm whose rule tags one of two mails."""
    one = Firm(api.carteggio, tmp_path)
    one.rule({"kind": "tag", "tag": "Tender"}, when=condition("subject", "contains", "Bid"))
    one.arrives([x.replace(b"Letter", b"Bid") for x in one.letters(1)] + one.letters(1))
    return one


def subjects(api: Api, query: str, token: str | None = None, **asked: Any) -> list[str]:
    (found,) = api.ask(query, token, **asked).values()
    nodes = [one["node"] for one in found["edges"]]
    return [one.get("message", one)["subject"].split()[0] for one in nodes]


def say(api: Api, what: str, tag: str, token: str | None = None, **more: Any) -> Any:
    (tagged,) = api.carteggio.journal.read(0, limit=1, names=("message.tagged",))
    asked = {
        "commandId": f"{what} {tag}".replace(" ", "-"),
        "messageIds": [shown(Kind.MESSAGE, tagged.stream)],
        "tag": tag,
        **more,
    }
    return api.ask(SAY % what, token, input=asked)[what]


def test_what_a_rule_tagged_is_told_and_found_among_messages_and_waits(api: Api, firm: Firm):
    (tagged,) = api.carteggio.journal.read(0, names=("message.tagged",))
    (tag,) = api.ask(TOLD, id=shown(Kind.MESSAGE, tagged.stream))["message"]["tags"]
    assert (tag["tag"], tag["by"]["kind"]) == ("Tender", "RULE")
    assert tag["ruleId"] == shown(Kind.RULE, tagged.event.rule)  # type: ignore[attr-defined]
    assert subjects(api, FOUND, tag="tender") == subjects(api, WAITS, tag=" TENDER ") == ["Bid"]
    assert subjects(api, FOUND, tag="other") == subjects(api, WAITS, tag="other") == []
    assert api.ask(COUNTS)["tags"] == [{"tag": "Tender", "count": 1}]
    elsewhere = api.issue([Scope.READ_MAIL], [firm.box(ORDERS)])
    assert subjects(api, FOUND, elsewhere, tag="tender") == []
    assert subjects(api, WAITS, elsewhere, tag="tender") == []
    assert api.ask(COUNTS, elsewhere)["tags"] == []


def test_a_tag_is_taken_away_given_back_and_what_was_stays_known(api: Api, firm: Firm):
    head = api.carteggio.journal.head()
    gone = say(api, "messageUntag", "TENDER")
    assert (gone["messages"], gone["userErrors"]) == ([{"tags": []}], [])
    assert subjects(api, FOUND, tag="tender") == subjects(api, WAITS, tag="tender") == []
    assert subjects(api, WAITS, tag="tender", then={"position": str(head)}) == ["Bid"]
    assert say(api, "messageUntag", "tender")["position"] is None
    back = say(api, "messageTag", "Tender")
    assert back["messages"] == [{"tags": [{"tag": "Tender"}]}]
    assert subjects(api, WAITS, tag="tender") == ["Bid"]
    told = api.ask('{ auditLog(filter: {events: ["message.untagged"]}) { edges { node { summary } } } }')  # fmt: skip
    assert [one["node"]["summary"] for one in told["auditLog"]["edges"]] == [
        "the tag was taken away: Tender"
    ]
    assert firm.carteggio.journal.read(0, names=("message.untagged",))


def test_who_does_not_see_a_message_tags_it_not_and_no_tag_is_too_long(api: Api, firm: Firm):
    writes = [Scope.READ_MAIL, Scope.WRITE_NOTES]
    elsewhere, here = (api.issue(writes, [firm.box(one)]) for one in (ORDERS, INFO))
    (error,) = say(api, "messageUntag", "Tender", elsewhere)["userErrors"]
    assert error["code"] == "NOT_FOUND"
    (error,) = say(api, "messageTag", "x" * 61, here, commandId="long")["userErrors"]
    assert (error["code"], error["message"][:4]) == ("INVALID", "tag:")
    reads = api.issue([Scope.READ_MAIL])
    asked = {"commandId": "c", "messageIds": [], "tag": "x"}
    assert api.refusal(SAY % "messageTag", reads, input=asked) == "FORBIDDEN"
