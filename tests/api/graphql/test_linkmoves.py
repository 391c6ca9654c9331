"""Commands: what is linked wrongly is moved, alone or with its conversation, and that is undone."""

from typing import Any

from instances import events_of
from office import SALES, nodes

FIELDS = """position userErrors { code message } messages { headerId
  links(states: [AUTOMATIC, CONFIRMED, SUGGESTED, AMBIGUOUS]) { state ruleId reason at by { kind id }
    target { __typename ... on Party { code } ... on Document { number } ... on Contact { name } } } }"""
MOVE = (
    f"mutation($input: MessageLinkMoveInput!) {{ messageLinkMove(input: $input) {{ {FIELDS} }} }}"
)
UNDO = (
    f"mutation($input: MessageLinkUndoInput!) {{ messageLinkUndo(input: $input) {{ {FIELDS} }} }}"
)
LINK = f"mutation($input: MessageLinkInput!) {{ messageLink(input: $input) {{ {FIELDS} }} }}"
SHOWN = """query($id: ID!) { message(id: $id) { links(states: [AUTOMATIC, CONFIRMED, SUGGESTED, AMBIGUOUS]) {
  state target { ... on Party { code } ... on Document { number } ... on Contact { name } } } } }"""
TRAIL = """query($id: ID!) { message(id: $id) { audit(first: 100) { edges { node {
  event summary data commandId correlationId } } } } }"""
PARTY = """query($code: String!) { party(by: {code: {company: "main", kind: "customer", code: $code}}) {
  contacts { id name } timeline(first: 50) { edges { node { headerId } link { reason } } } } }"""
KEY = {"company": "main", "kind": "customer"}
ACME = {"party": {"code": {**KEY, "code": "C1"}}}
ROSSI = {"party": {"code": {**KEY, "code": "C2"}}}
INVOICE = {"document": {"externalId": "D1"}}
OFFER = {"document": {"externalId": "D2"}}
FIRST, ANSWER = "a3@acme.example", "s1@firm.example"


async def ordered(ask: Any, query: str, **given: Any) -> Any:
    (payload,) = (await ask(query, input=given)).values()
    return payload


async def move(ask: Any, command: str, old: Any, new: Any, *headers: str, **more: Any) -> Any:
    ids = [await ask.message(one) for one in headers]
    given = {"commandId": command, "messageIds": ids, "from": old, "to": new}
    return await ordered(ask, MOVE, **given, **more)


async def links(ask: Any, header: str) -> dict[str, str]:
    found = (await ask(SHOWN, id=await ask.message(header)))["message"]["links"]
    return {next(iter(one["target"].values())): one["state"] for one in found}


async def test_a_message_is_moved_by_one_event_that_tells_from_where_to_where(own_ask):
    before = await links(own_ask, "a1@acme.example")
    assert before == {"C1": "AUTOMATIC", "2026/17": "AUTOMATIC"}
    done = await move(own_ask, "m-1", INVOICE, OFFER, "a1@acme.example", note="wrong paper")
    assert done["userErrors"] == []
    after = {"C1": "AUTOMATIC", "AG-2026-100": "CONFIRMED"}
    assert await links(own_ask, "a1@acme.example") == after
    log = nodes(
        (await own_ask(TRAIL, id=await own_ask.message("a1@acme.example")))["message"]["audit"]
    )
    (told,) = [one for one in log if one["event"] == "message.link_moved"]
    assert told["summary"] == "moved from a document to another document: wrong paper"
    assert (told["data"]["kind"], told["data"]["to_kind"]) == ("document", "document")
    assert told["data"]["target"] != told["data"]["to"]
    again = await move(own_ask, "m-1", INVOICE, OFFER, "a1@acme.example", note="wrong paper")
    assert (again["userErrors"], len(events_of(own_ask.carteggio, "message.link_moved"))) == (
        [],
        1,
    )

    undone = await ordered(own_ask, UNDO, commandId="u-1", undoes="m-1")
    assert (undone["userErrors"], await links(own_ask, "a1@acme.example")) == ([], before)
    again = await ordered(own_ask, UNDO, commandId="u-1", undoes="m-1")
    assert (again["userErrors"], again["position"] is not None) == ([], True)


async def test_what_answers_a_moved_message_goes_along_or_stays_as_is_wished(own_ask):
    id = await own_ask.message(FIRST)
    await ordered(own_ask, LINK, commandId="l-1", messageIds=[id], target=INVOICE)
    both = {"C1": "AUTOMATIC", "2026/17": "CONFIRMED"}
    assert (await links(own_ask, FIRST), await links(own_ask, ANSWER)) == (
        both, {"C1": "AUTOMATIC", "2026/17": "AUTOMATIC"},
    )  # fmt: skip
    alone = await move(own_ask, "m-1", INVOICE, OFFER, FIRST)
    assert {one["headerId"] for one in alone["messages"]} == {FIRST, ANSWER}
    assert await links(own_ask, FIRST) == {"C1": "AUTOMATIC", "AG-2026-100": "CONFIRMED"}
    assert await links(own_ask, ANSWER) == both
    again = await move(own_ask, "m-1", INVOICE, OFFER, FIRST)
    assert (again["userErrors"], await links(own_ask, ANSWER)) == ([], both)

    await ordered(own_ask, UNDO, commandId="u-1", undoes="m-1")
    assert (await links(own_ask, FIRST), (await links(own_ask, ANSWER))["2026/17"]) == (
        both, "AUTOMATIC",
    )  # fmt: skip
    whole = await move(own_ask, "m-2", INVOICE, OFFER, FIRST, wholeConversation=True)
    assert (whole["userErrors"], len(whole["messages"])) == ([], 2)
    moved = {"C1": "AUTOMATIC", "AG-2026-100": "CONFIRMED"}
    assert (await links(own_ask, FIRST), await links(own_ask, ANSWER)) == (moved, moved)


async def test_what_was_said_anew_since_is_not_undone(own_ask):
    id = await own_ask.message("a1@acme.example")
    await move(own_ask, "m-1", ACME, ROSSI, "a1@acme.example")
    await ordered(own_ask, LINK, commandId="l-1", messageIds=[id], target=ACME)
    undone = await ordered(own_ask, UNDO, commandId="u-1", undoes="m-1")
    assert [one["code"] for one in undone["userErrors"]] == ["CONFLICT"]
    await ordered(own_ask, UNDO, commandId="u-2", undoes="l-1")
    undone = await ordered(own_ask, UNDO, commandId="u-3", undoes="m-1")
    assert [one["code"] for one in undone["userErrors"]] == []
    assert await links(own_ask, "a1@acme.example") == {"C1": "AUTOMATIC", "2026/17": "AUTOMATIC"}


async def test_what_cannot_be_moved_or_undone_is_told(own_ask):
    nowhere = await move(own_ask, "m-1", OFFER, INVOICE, "a1@acme.example")
    assert nowhere["userErrors"] == [
        {"code": "NOT_FOUND", "message": "from: not all of these messages are linked there"}
    ]
    same = await move(own_ask, "m-2", INVOICE, INVOICE, "a1@acme.example")
    assert [one["code"] for one in same["userErrors"]] == ["INVALID"]
    unknown = await ordered(own_ask, UNDO, commandId="u-1", undoes="nothing")
    assert [one["code"] for one in unknown["userErrors"]] == ["NOT_FOUND"]
    id = await own_ask.message("a1@acme.example")
    given = {"commandId": "m-3", "messageIds": [id], "from": INVOICE, "to": OFFER}
    (unseen,) = (await own_ask(MOVE, SALES, input=given)).values()
    assert [one["code"] for one in unseen["userErrors"]] == ["NOT_FOUND"]
    assert events_of(own_ask.carteggio, "message.link_moved") == []


async def test_somebody_who_neither_wrote_nor_got_a_message_is_added_to_it(own_ask):
    rossi = (await own_ask(PARTY, code="C2"))["party"]
    bob = next(one["id"] for one in rossi["contacts"] if one["name"] == "Bob")
    id = await own_ask.message("a1@acme.example")
    given = {"messageIds": [id], "target": {"contact": bob}}
    done = await ordered(own_ask, LINK, commandId="l-1", **given)
    (link,) = [
        one for one in done["messages"][0]["links"] if one["target"]["__typename"] == "Contact"
    ]
    assert (link["target"]["name"], link["reason"], link["state"]) == (
        "Bob",
        "MANUAL",
        "CONFIRMED",
    )
    assert (link["by"]["kind"], link["by"]["id"][:4], link["at"] is not None) == (
        "CLIENT", "tok_", True,
    )  # fmt: skip
    timeline = (await own_ask(PARTY, code="C2"))["party"]["timeline"]
    whys = {one["node"]["headerId"]: one["link"]["reason"] for one in timeline["edges"]}
    assert whys["a1@acme.example"] == "MANUAL"
    await ordered(own_ask, UNDO, commandId="u-1", undoes="l-1")
    assert await links(own_ask, "a1@acme.example") == {"C1": "AUTOMATIC", "2026/17": "AUTOMATIC"}
