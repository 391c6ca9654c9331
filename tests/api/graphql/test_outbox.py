"""The outbox over the API: what waits and what is uncertain is found, by who sees it, and settled."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from api.graphql.ids import Kind, encoded
from api.work.outbox import Outbox
from domain.access import Scope
from domain.leaving import BeginSending, LoseSight, OutgoingState
from events import envelope
from posting import ANNA, LATER, NOW, OFFICE, Posting
from serving import Api

OTHER = "other@firma.example"
OUTBOX = """query($states: [OutboxState!], $boxes: [ID!], $first: Int, $after: String) {
  outbox(states: $states, mailboxIds: $boxes, first: $first, after: $after) {
    totalCount { value } pageInfo { hasNextPage endCursor }
    edges { node { mailId mailboxId state attempts recipients subject said
      mail { id subject deliveries { recipient state } } } } } }"""
NODE = (
    """query($id: ID!) { node(id: $id) { id ... on SentMail { subject deliveries { state } } } }"""
)
SENT = "{ sentMails { edges { node { id subject } } } }"
RESOLVE = """mutation ($input: SendingResolveInput!) { sendingResolve(input: $input) {
  position userErrors { code } } }"""
CANCEL = """mutation ($input: MessageCancelInput!) { messageCancel(input: $input) {
  position userErrors { code } } }"""


@pytest.fixture
def queued(api: Api, posting: Posting) -> dict[str, UUID]:
    """Let one mail be put off, one be uncertain, one wait elsewhere, and one be done with."""
    posting.queue(4)
    asyncio.run(posting.send())
    posting.queue(1, people=(ANNA,))
    asyncio.run(posting.send(answers={"RCPT": [LATER]}))
    posting.queue(2)
    posting.queue(3, sender=OTHER)
    outbox, lost = Outbox(posting.carteggio), UUID(int=902)
    outbox.record(lost, BeginSending(NOW), envelope())
    outbox.record(lost, LoseSight(1, "the connection went"), envelope())
    api.caught_up()
    return {"deferred": UUID(int=901), "uncertain": lost, "elsewhere": UUID(int=903)}


def found(api: Api, token: str | None = None, **asked: Any) -> dict[str, dict[str, Any]]:
    told = api.ask(OUTBOX, token, **asked)["outbox"]
    assert told["totalCount"]["value"] == len(told["edges"])
    return {one["node"]["mailId"]: one["node"] for one in told["edges"]}


def test_what_waits_and_what_is_uncertain_is_found_and_what_left_is_not(
    api: Api, posting: Posting, queued: dict[str, UUID]
) -> None:
    ids = {name: str(encoded(Kind.MAIL, one)) for name, one in queued.items()}
    every = found(api)
    assert set(every) == set(ids.values())
    put_off, lost = every[ids["deferred"]], every[ids["uncertain"]]
    assert (put_off["state"], put_off["attempts"], put_off["recipients"]) == ("WAITING", 1, [ANNA])
    assert "later" in put_off["said"]
    assert put_off["mail"]["deliveries"] == [{"recipient": ANNA, "state": "DEFERRED"}]
    assert (lost["state"], lost["mail"]["id"]) == ("UNCERTAIN", ids["uncertain"])
    assert set(found(api, states=["UNCERTAIN"])) == {ids["uncertain"]}
    assert set(found(api, states=["WAITING", "RESTING"])) == {ids["deferred"], ids["elsewhere"]}
    box = str(encoded(Kind.MAILBOX, posting.box(OTHER)))
    assert set(found(api, boxes=[box])) == {ids["elsewhere"]}
    first = api.ask(OUTBOX, first=2)["outbox"]
    rest = api.ask(OUTBOX, first=2, after=first["pageInfo"]["endCursor"])["outbox"]
    pages = [one["node"]["mailId"] for page in (first, rest) for one in page["edges"]]
    assert (len(pages), set(pages)) == (3, set(ids.values()))
    assert (first["totalCount"]["value"], rest["pageInfo"]["hasNextPage"]) == (3, False)


def test_what_is_found_is_settled_or_taken_back_by_its_id(
    api: Api, posting: Posting, queued: dict[str, UUID]
) -> None:
    (lost,) = found(api, states=["UNCERTAIN"])
    order = {"commandId": "r1", "mailId": lost, "resolution": "GIVEN_UP"}
    assert api.ask(RESOLVE, input=order)["sendingResolve"]["userErrors"] == []
    for number, mail in enumerate(found(api, states=["WAITING"])):
        back = {"commandId": f"c{number}", "mailId": mail}
        assert api.ask(CANCEL, input=back)["messageCancel"]["userErrors"] == []
    assert found(api) == {}
    outbox = Outbox(posting.carteggio)
    assert outbox.state(queued["elsewhere"]).state is OutgoingState.CANCELLED
    assert api.ask(NODE, id=lost)["node"]["deliveries"][0]["state"] == "GIVEN_UP"


def test_nobody_learns_of_mail_of_a_mailbox_that_he_does_not_see(
    api: Api, posting: Posting, queued: dict[str, UUID]
) -> None:
    ids = {name: str(encoded(Kind.MAIL, one)) for name, one in queued.items()}
    other = api.issue([Scope.READ_MAIL], [posting.box(OTHER)])
    assert set(found(api, other)) == {ids["elsewhere"]}
    box = str(encoded(Kind.MAILBOX, posting.box(OFFICE)))
    assert found(api, other, boxes=[box]) == {}
    assert api.ask(NODE, other, id=ids["uncertain"])["node"] is None
    told = {
        "id": ids["elsewhere"],
        "subject": "Offerta 3",
        "deliveries": [{"state": "QUEUED"}] * 3,
    }
    assert api.ask(NODE, other, id=ids["elsewhere"])["node"] == told
    assert [one["node"]["id"] for one in api.ask(SENT, other)["sentMails"]["edges"]] == [
        ids["elsewhere"]
    ]
    assert api.refusal(OUTBOX, api.issue([Scope.SEND_MAIL], [])) == "FORBIDDEN"
