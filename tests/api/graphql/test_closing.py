"""Commands: closed and reopened mail, each command once, and what is wrong with it."""

import asyncio

from domain.access import Scope
from instances import events_of
from office import INFO, nodes

CLOSE = """mutation($input: MessageCloseInput!) { messageClose(input: $input) { position
  userErrors { code message path } messages { headerId status closeReason unanswered { since } } } }"""
REOPEN = """mutation($input: MessageReopenInput!) { messageReopen(input: $input) { position
  userErrors { code path } messages { status closeReason unanswered { since } } } }"""
WAITING = "{ unanswered(first: 100) { edges { node { message { headerId } } } } }"
NOBODY = "msg_" + "0" * 31 + "1"


def order(command, *ids, **more):
    return {"commandId": command, "messageIds": list(ids), **more}


def closing(command, *ids, reason="ANSWERED_ELSEWHERE", **more):
    return order(command, *ids, reason=reason, **more)


async def waiting(ask, *sees):
    return nodes((await ask(WAITING, *sees))["unanswered"], "message", "headerId")


async def test_a_closed_message_waits_no_more_and_a_reopened_one_does(own_ask):
    id = await own_ask.message("a1@acme.example")
    given = closing("c-1", id, note="by telephone")
    closed = (await own_ask(CLOSE, input=given))["messageClose"]
    assert closed["userErrors"] == []
    assert closed["messages"] == [{
        "headerId": "a1@acme.example", "status": "CLOSED", "closeReason": "ANSWERED_ELSEWHERE",
        "unanswered": None,
    }]  # fmt: skip
    assert "a1@acme.example" not in await waiting(own_ask)
    assert int(closed["position"]) == own_ask.carteggio.journal.head()

    again = (await own_ask(CLOSE, input=given))["messageClose"]
    assert again == closed
    assert len(events_of(own_ask.carteggio, "message.closed")) == 1
    same_again = closing("c-2", id, note="by telephone")
    other = (await own_ask(CLOSE, input=same_again))["messageClose"]
    assert (other["position"], other["userErrors"]) == (None, [])
    assert len(events_of(own_ask.carteggio, "message.closed")) == 1

    three = [own_ask(REOPEN, input=order("c-3", id)) for _ in range(3)]
    reopened, *same = [one["messageReopen"] for one in await asyncio.gather(*three)]
    assert [one["position"] for one in same] == [reopened["position"]] * 2
    assert len(events_of(own_ask.carteggio, "message.reopened")) == 1
    assert reopened["messages"][0]["status"] == "OPEN"
    assert reopened["messages"][0]["unanswered"] is not None
    assert "a1@acme.example" in await waiting(own_ask)

    await _is_told_as_it_was(own_ask, id, closed["position"])
    await _is_audited(own_ask, id)


async def _is_told_as_it_was(ask, id, position):
    query = "query($id: ID!, $asOf: AsOf) { message(id: $id, asOf: $asOf) { status closeReason } }"
    then = (await ask(query, id=id, asOf={"position": position}))["message"]
    assert then == {"status": "CLOSED", "closeReason": "ANSWERED_ELSEWHERE"}
    before = {"position": str(int(position) - 1)}
    assert (await ask(query, id=id, asOf=before))["message"]["status"] == "OPEN"
    past = "query($asOf: AsOf) { unanswered(asOf: $asOf, first: 100) { totalCount { value } } }"
    counts = [
        (await ask(past, asOf=one))["unanswered"]["totalCount"]["value"]
        for one in (before, {"position": position})
    ]
    assert counts[0] - counts[1] == 1


async def _is_audited(ask, id):
    query = """query($f: AuditFilter) { auditLog(filter: $f) { edges { node { event commandId channel
      summary actor { kind id } subjectId } } } }"""
    who = (await ask("{ viewer { id } }"))["viewer"]["id"]
    found = nodes((await ask(query, f={"actorId": who}))["auditLog"])
    assert [one["event"] for one in found] == ["message.reopened", "message.closed"]
    assert [one["commandId"] for one in found] == ["c-3", "c-1"]
    assert found[1]["summary"] == "closed: answered elsewhere (by telephone)"
    assert {one["subjectId"] for one in found} == {id}
    assert {(one["actor"]["kind"], one["channel"]) for one in found} == {("CLIENT", "graphql")}


async def test_what_cannot_be_done_is_said_and_the_rest_is_done(own_ask):
    ours = await own_ask.message("b1@rossi.example")
    theirs = await own_ask.message("b2@rossi.example")
    given = closing("c-1", ours, theirs, NOBODY, reason="DUPLICATE")
    twice = closing("c-0", ours, ours, NOBODY, reason="DUPLICATE")
    said = (await own_ask(CLOSE, INFO, input=twice))["messageClose"]["userErrors"]
    assert [one["path"] for one in said] == [["input", "messageIds", "2"]]
    await own_ask(REOPEN, INFO, input=order("c-00", ours))
    found = (await own_ask(CLOSE, INFO, input=given))["messageClose"]
    assert [one["headerId"] for one in found["messages"]] == ["b1@rossi.example"]
    assert [(one["code"], one["path"]) for one in found["userErrors"]] == [
        ("NOT_FOUND", ["input", "messageIds", "1"]),
        ("NOT_FOUND", ["input", "messageIds", "2"]),
    ]
    assert len(events_of(own_ask.carteggio, "message.closed")) == 2
    assert "b2@rossi.example" in await waiting(own_ask)

    for reused in (
        closing("c-1", ours, theirs, NOBODY, reason="SPAM"),
        closing("c-1", ours, reason="DUPLICATE"),
        closing("c-1", ours, theirs, NOBODY, reason="DUPLICATE", note="again"),
    ):
        found = (await own_ask(CLOSE, INFO, input=reused))["messageClose"]
        assert [one["code"] for one in found["userErrors"]] == ["COMMAND_ID_REUSED"]
        assert (found["position"], found["messages"]) == (None, [])
    found = (await own_ask(REOPEN, INFO, input=order("c-1", ours)))["messageReopen"]
    assert [one["code"] for one in found["userErrors"]] == ["COMMAND_ID_REUSED"]


async def test_a_command_that_is_not_well_formed_is_refused_in_its_payload(ask):
    for given in (
        closing("", NOBODY),
        closing("a#b", NOBODY),
        closing("x" * 101, NOBODY),
        closing("c-1"),
        closing("c-1", *[NOBODY] * 101),
        closing("c-1", "msg_1"),
        closing("c-1", NOBODY, note="x" * 2001),
        closing("c-1", NOBODY, note="no\0thing"),
        closing("c-1", NOBODY, note="half \ud83d"),
    ):
        found = (await ask(CLOSE, input=given))["messageClose"]
        assert [one["code"] for one in found["userErrors"]] == ["INVALID"]
        assert (found["position"], found["messages"]) == (None, [])


async def test_closing_needs_its_scope_and_showing_the_mail_another(own_ask):
    id = await own_ask.message("b1@rossi.example")
    read = frozenset({Scope.READ_MAIL})
    given = closing("c-1", id)
    assert await own_ask.refusal(CLOSE, scopes=read, input=given) == "FORBIDDEN"
    assert events_of(own_ask.carteggio, "message.closed") == []
    close = frozenset({Scope.CLOSE_MAIL})
    found = await own_ask.result(CLOSE, scopes=close, input=given)
    assert found.errors[0].original_error.code == "FORBIDDEN"
    assert found.data["messageClose"]["messages"] is None
    assert len(events_of(own_ask.carteggio, "message.closed")) == 1
