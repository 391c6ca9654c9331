"""Commands: people say to whom and to what mail belongs, and take it back."""

from domain.access import Scope
from instances import events_of
from office import SALES, nodes

FIELDS = """position userErrors { code message } messages { headerId
  links(states: [AUTOMATIC, CONFIRMED, SUGGESTED, AMBIGUOUS]) { state reason ruleId evidence place
    target { __typename ... on Party { name } ... on Document { number } } } }"""
LINK = f"mutation($input: MessageLinkInput!) {{ messageLink(input: $input) {{ {FIELDS} }} }}"
UNLINK = f"mutation($input: MessageLinkInput!) {{ messageUnlink(input: $input) {{ {FIELDS} }} }}"
RESET = f"mutation($input: MessageLinkResetInput!) {{ messageLinkReset(input: $input) {{ {FIELDS} }} }}"
SHOWN = """query($id: ID!) { message(id: $id) {
  links(states: [AUTOMATIC, CONFIRMED, SUGGESTED, AMBIGUOUS]) { state ruleId evidence
    target { __typename ... on Party { name } ... on Document { number } } } } }"""
TIMELINE = """{ party(by: {code: {company: "main", kind: "customer", code: "C2"}}) {
  timeline(first: 50) { edges { node { headerId } } } } }"""
ACME = {"party": {"address": "ada@acme.example"}}
ROSSI = {"party": {"address": "bob@rossi.example"}}
INVOICE = {"document": {"number": {"company": "main", "kind": "invoice", "number": "2026/17"}}}


def order(command, target, *ids, **more):
    return {"commandId": command, "messageIds": list(ids), "target": target, **more}


def parties(message):
    return {
        link["target"]["name"]: link["state"]
        for link in message["links"]
        if link["target"]["__typename"] == "Party"
    }


async def links(ask, id):
    found = (await ask(SHOWN, id=id))["message"]["links"]
    return sorted(map(str, found))


async def test_a_person_chooses_among_the_parties_that_share_an_address(own_ask):
    id = await own_ask.message("x1@shared.example")
    done = (await own_ask(LINK, input=order("l-1", ROSSI, id, note="he called")))["messageLink"]
    assert done["userErrors"] == []
    (message,) = done["messages"]
    assert parties(message) == {"Rossi": "CONFIRMED"}
    (link,) = message["links"]
    assert (link["reason"], link["ruleId"], link["place"]) == ("MANUAL", "person", "person")
    assert link["evidence"].startswith("tok_")
    assert "x1@shared.example" in nodes((await own_ask(TIMELINE))["party"]["timeline"], "headerId")


async def test_what_was_linked_wrongly_is_put_right_and_back_again(own_ask):
    id = await own_ask.message("a1@acme.example")
    before = await links(own_ask, id)
    wrong = (await own_ask(UNLINK, input=order("l-1", ACME, id)))["messageUnlink"]
    assert parties(wrong["messages"][0]) == {}
    assert not [one for one in wrong["messages"][0]["links"] if one["state"] == "AUTOMATIC"]
    right = (await own_ask(LINK, input=order("l-2", ROSSI, id)))["messageLink"]
    assert parties(right["messages"][0]) == {"Rossi": "CONFIRMED"}

    for command, target in (("l-3", ACME), ("l-4", ROSSI)):
        done = (await own_ask(RESET, input=order(command, target, id)))["messageLinkReset"]
        assert done["userErrors"] == []
    assert await links(own_ask, id) == before
    again = (await own_ask(RESET, input=order("l-5", ROSSI, id)))["messageLinkReset"]
    assert [one["code"] for one in again["userErrors"]] == ["NOT_FOUND"]


async def test_a_document_that_no_rule_found_is_added_and_its_answers_follow(own_ask):
    id = await own_ask.message("a3@acme.example")
    done = (await own_ask(LINK, input=order("l-1", INVOICE, id)))["messageLink"]
    states = {one["target"].get("number"): one["state"] for one in done["messages"][0]["links"]}
    assert states["2026/17"] == "CONFIRMED"
    answer = await own_ask.message("s1@firm.example")
    found = (await own_ask(SHOWN, id=answer))["message"]["links"]
    inherited = [one for one in found if one["target"].get("number") == "2026/17"]
    assert [(one["state"], one["ruleId"]) for one in inherited] == [
        ("AUTOMATIC", "reply-to-linked")
    ]


async def test_a_whole_conversation_is_said_to_belong_to_somebody(own_ask):
    id = await own_ask.message("a3@acme.example")
    given = order("l-1", ROSSI, id, wholeConversation=True)
    done = (await own_ask(LINK, input=given))["messageLink"]
    told = {one["headerId"]: parties(one).get("Rossi") for one in done["messages"]}
    assert told == {"a3@acme.example": "CONFIRMED", "s1@firm.example": "CONFIRMED"}
    assert len(events_of(own_ask.carteggio, "message.link_confirmed")) == 2
    assert (await own_ask(LINK, input=given))["messageLink"]["position"] is not None
    assert len(events_of(own_ask.carteggio, "message.link_confirmed")) == 2


async def test_who_may_not_link_or_does_not_see_is_refused(own_ask):
    id = await own_ask.message("a1@acme.example")
    given = order("l-1", ROSSI, id)
    scopes = frozenset({Scope.READ_MAIL})
    assert await own_ask.refusal(LINK, scopes=scopes, input=given) == "FORBIDDEN"
    unseen = (await own_ask(LINK, SALES, input=given))["messageLink"]
    assert [one["code"] for one in unseen["userErrors"]] == ["NOT_FOUND"]
    nobody = order("l-2", {"party": {"address": "nobody@nowhere.example"}}, id)
    done = (await own_ask(LINK, input=nobody))["messageLink"]
    assert [one["code"] for one in done["userErrors"]] == ["NOT_FOUND"]
    assert events_of(own_ask.carteggio, "message.link_confirmed") == []
