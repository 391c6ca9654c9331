"""Commands: people say which messages belong together, and take it back."""

import pytest

from domain.access import Scope
from instances import events_of
from office import INFO, SALES, nodes

FIELDS = """position userErrors { code message }
  conversations { id subject messageCount regroupings { id kind by { kind } }
    messages(first: 10) { edges { node { headerId } } } }"""
MERGE = f"mutation($input: ConversationMergeInput!) {{ conversationMerge(input: $input) {{ {FIELDS} }} }}"
SPLIT = f"mutation($input: ConversationSplitInput!) {{ conversationSplit(input: $input) {{ {FIELDS} }} }}"
MOVE = f"mutation($input: ConversationMoveInput!) {{ conversationMove(input: $input) {{ {FIELDS} }} }}"
UNDO = f"mutation($input: ConversationUndoInput!) {{ conversationUndo(input: $input) {{ {FIELDS} }} }}"
STANDING = """{ messages(first: 100) { edges { node { headerId status answeredBy { headerId }
  conversation { id } unanswered { since } } } }
  unanswered(first: 100) { edges { node { since message { headerId } } } } }"""
CONVERSATION = """query($id: ID!) { message(id: $id) { conversation { id messageCount
  ancestor { headerId } regroupings { kind } } } }"""


async def conversation(ask, header, *sees):
    found = await ask(CONVERSATION, *sees, id=await ask.message(header))
    return found["message"]["conversation"]


def groups(payload):
    assert payload["userErrors"] == []
    return sorted(sorted(nodes(one["messages"], "headerId")) for one in payload["conversations"])


async def merge(ask, *headers, command="m-1", **more):
    ids = [(await conversation(ask, one))["id"] for one in headers]
    asked = {"commandId": command, "conversationIds": ids}
    return (await ask(MERGE, **more, input=asked))["conversationMerge"]


async def split(ask, *headers, command="s-1", **more):
    ids = [await ask.message(one) for one in headers]
    asked = {"commandId": command, "messageIds": ids, **more}
    return (await ask(SPLIT, input=asked))["conversationSplit"]


async def undo(ask, payload, command="u-1"):
    regrouping = payload["conversations"][0]["regroupings"][-1]["id"]
    asked = {"commandId": command, "regroupingId": regrouping}
    return (await ask(UNDO, input=asked))["conversationUndo"]


async def test_a_merge_answers_what_waited_and_undone_leaves_all_as_before(own_ask):
    before = await own_ask(STANDING)
    done = await merge(own_ask, "a1@acme.example", "a3@acme.example")
    assert groups(done) == [["a1@acme.example", "a3@acme.example", "s1@firm.example"]]
    now = {one["headerId"]: one for one in nodes((await own_ask(STANDING))["messages"])}
    assert now["a1@acme.example"]["answeredBy"] == {"headerId": "s1@firm.example"}
    assert done["conversations"][0]["regroupings"][0]["by"] == {"kind": "CLIENT"}
    undone = await undo(own_ask, done)
    assert groups(undone) == [["a1@acme.example"], ["a3@acme.example", "s1@firm.example"]]
    assert await own_ask(STANDING) == before


async def test_an_answer_that_is_split_off_answers_no_more_until_that_is_undone(own_ask):
    before = await own_ask(STANDING)
    done = await split(own_ask, "s1@firm.example")
    assert groups(done) == [["s1@firm.example"]]
    waits = nodes((await own_ask(STANDING))["unanswered"], "message")
    assert {"headerId": "a3@acme.example"} in waits
    await undo(own_ask, done)
    assert await own_ask(STANDING) == before


async def test_what_was_merged_is_split_again_with_the_replies_or_without(own_ask):
    merged = await merge(own_ask, "a1@acme.example", "a3@acme.example")
    standing = await own_ask(STANDING)
    done = await split(own_ask, "a3@acme.example")
    assert groups(done) == [["a3@acme.example", "s1@firm.example"]]
    assert (await conversation(own_ask, "a1@acme.example"))["messageCount"] == 1
    await undo(own_ask, done)
    assert await own_ask(STANDING) == standing
    alone = await split(own_ask, "a3@acme.example", withReplies=False, commandId="s-2")
    assert groups(alone) == [["a3@acme.example"]]
    assert (await conversation(own_ask, "s1@firm.example"))["messageCount"] == 2
    await undo(own_ask, merged, "u-2")


async def test_a_message_moved_alone_leaves_its_answer_behind(own_ask):
    before = await own_ask(STANDING)
    to = (await conversation(own_ask, "a1@acme.example"))["id"]
    asked = {
        "commandId": "v-1",
        "messageIds": [await own_ask.message("a3@acme.example")],
        "conversationId": to,
        "withReplies": False,
    }
    done = (await own_ask(MOVE, input=asked))["conversationMove"]
    assert groups(done) == [["a1@acme.example", "a3@acme.example"]]
    assert (await conversation(own_ask, "s1@firm.example"))["messageCount"] == 1
    await undo(own_ask, done)
    followed = await own_ask(MOVE, input={**asked, "commandId": "v-2", "withReplies": True})
    everybody = ["a1@acme.example", "a3@acme.example", "s1@firm.example"]
    assert groups(followed["conversationMove"]) == [everybody]
    await undo(own_ask, followed["conversationMove"], "u-2")
    assert await own_ask(STANDING) == before


async def test_a_command_is_done_once_and_its_id_serves_for_no_other(own_ask):
    first = await merge(own_ask, "a1@acme.example", "b1@rossi.example")
    again = {"commandId": "m-1", "conversationIds": [first["conversations"][0]["id"]] * 2}
    refused = (await own_ask(MERGE, input=again))["conversationMerge"]
    assert [one["code"] for one in refused["userErrors"]] == ["INVALID"]
    third = await merge(own_ask, "a1@acme.example", "y1@nowhere.example")
    assert [one["code"] for one in third["userErrors"]] == ["COMMAND_ID_REUSED"]
    await undo(own_ask, first)
    assert (await undo(own_ask, first, "u-2"))["position"] is None
    assert len(events_of(own_ask.carteggio, "conversation.regrouped")) == 1
    assert len(events_of(own_ask.carteggio, "conversation.regrouping_undone")) == 1


@pytest.mark.parametrize("with_replies", [True, False])
async def test_a_split_that_leaves_nothing_behind_is_refused(own_ask, with_replies):
    all_of_it = ["a3@acme.example"] if with_replies else ["a3@acme.example", "s1@firm.example"]
    done = await split(own_ask, *all_of_it, withReplies=with_replies)
    assert [one["code"] for one in done["userErrors"]] == ["INVALID"]
    assert "nothing would stay behind" in done["userErrors"][0]["message"]


async def test_who_may_not_link_or_does_not_see_the_mail_is_refused(own_ask):
    id = await own_ask.message("s1@firm.example")
    asked = {"commandId": "s-1", "messageIds": [id]}
    scopes = frozenset({Scope.READ_MAIL})
    assert await own_ask.refusal(SPLIT, scopes=scopes, input=asked) == "FORBIDDEN"
    unseen = (await own_ask(SPLIT, INFO, input=asked))["conversationSplit"]
    assert [one["code"] for one in unseen["userErrors"]] == ["NOT_FOUND"]
    done = await split(own_ask, "s1@firm.example")
    seen = await conversation(own_ask, "s1@firm.example", SALES)
    assert seen["regroupings"] == [{"kind": "SPLIT"}]
    which = done["conversations"][0]["regroupings"][0]["id"]
    undone = await own_ask(UNDO, INFO, input={"commandId": "u-1", "regroupingId": which})
    assert [one["code"] for one in undone["conversationUndo"]["userErrors"]] == ["NOT_FOUND"]


async def test_the_trail_of_a_message_tells_who_regrouped_it(own_ask):
    done = await merge(own_ask, "a1@acme.example", "b1@rossi.example")
    await undo(own_ask, done)
    query = "query($id: ID!) { node(id: $id) { ... on Message { audit(first: 50) { edges { node { event summary } } } } } }"
    found = await own_ask(query, id=await own_ask.message("b1@rossi.example"))
    told = {one["event"]: one["summary"] for one in nodes(found["node"]["audit"])}
    assert told["conversation.regrouped"] == "conversations were merged into one, of 2 messages"
    assert "taken back" in told["conversation.regrouping_undone"]


async def test_who_sees_only_some_of_the_mail_is_told_that_it_was_regrouped_and_no_more(own_ask):
    ids = [
        (await conversation(own_ask, one))["id"] for one in ("a1@acme.example", "b2@rossi.example")
    ]
    asked = {"commandId": "m-1", "conversationIds": ids, "note": "a secret of sales"}
    assert (await own_ask(MERGE, input=asked))["conversationMerge"]["userErrors"] == []
    query = '{ auditLog(first: 100, filter: {events: ["conversation.regrouped"]}) { edges { node { event summary data } } } }'
    (entry,) = nodes((await own_ask(query, INFO))["auditLog"])
    assert entry == {"event": "conversation.regrouped", "summary": None, "data": None}
    (whole,) = nodes((await own_ask(query))["auditLog"])
    assert whole["data"]["note"] == "a secret of sales"
