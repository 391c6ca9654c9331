"""Mailboxes shared with colleagues: what their tokens see, from one event to the next."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from domain.access import Scope
from domain.identity import colleague_id, mailbox_id
from instances import events_of
from office import BULK, INFO, SALES, fill, nodes
from serving import Api

GIULIA, MARCO = "giulia@firm.example", "marco@firm.example"
SHARE = """mutation($input: MailboxShareInput!) { mailboxShare(input: $input) { position
  userErrors { code message } mailbox { address members { user { name email } role since isAlerted } } } }"""
CLOSE = """mutation($input: MessageCloseInput!) { messageClose(input: $input) { position
  userErrors { code message } } }"""
SEEN = """{ viewer { name user { email } mailboxes { address } } mailboxes { address }
  messages(first: 100) { totalCount { value } edges { node { id headerId } } }
  unanswered(first: 100) { totalCount { value } edges { node { message { headerId } } } }
  unmatched { totalCount { value } } ambiguous { totalCount { value } }
  auditLog(first: 100, filter: {events: ["message.received"]}) { totalCount { value } }
  parties { edges { node { code stats { received } timeline { totalCount { value } } } } } }"""
READS = [Scope.READ_MAIL, Scope.READ_AUDIT, Scope.CLOSE_MAIL]


@dataclass
class Shared:
    """An office whose mailboxes are shared by one who manages them and reads nothing."""

    api: Api
    manager: str

    def ids(self, address: str, colleague: str) -> tuple[Any, Any]:
        key = self.api.carteggio.identity_key
        return mailbox_id(key, address), colleague_id(key, colleague)

    def share(self, address: str, role: str | None, colleague: str = GIULIA, **more: Any) -> Any:
        box, who = self.ids(address, colleague)
        given = {
            "commandId": str(uuid4()), "mailboxId": f"mbx_{box.hex}",
            "userId": f"col_{who.hex}", "role": role, **more,
        }  # fmt: skip
        return self.api.ask(SHARE, self.manager, input=given)["mailboxShare"]

    def token(self, colleague: str = GIULIA, *scopes: Scope) -> str:
        from api.work.tokens import issue  # noqa: PLC0415

        _, who = self.ids(INFO, colleague)
        bearer = issue(self.api.carteggio, colleague, scopes or READS, [], None, who)
        self.api.caught_up()
        return str(bearer)

    def sees(self, token: str) -> Any:
        return self.api.ask(SEEN, token)


@pytest.fixture(scope="module")
def filled(shared_api: Api, tmp_path_factory: pytest.TempPathFactory) -> Api:
    from api.work.directory import import_directory  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("office") / "erp"
    fill(shared_api.carteggio, folder)
    rows = "".join(f"{one.partition('@')[0]},{one},sales,no\n" for one in (GIULIA, MARCO))
    (folder / "colleagues.csv").write_text(f"name,email,role,mailbox_collected\n{rows}")
    import_directory(shared_api.carteggio, folder)
    shared_api.caught_up()
    return shared_api


@pytest.fixture
def shared(filled: Api) -> Iterator[Shared]:
    one = Shared(filled, filled.issue([Scope.MANAGE_MAILBOXES]))
    yield one
    for address in (INFO, SALES):
        for colleague in (GIULIA, MARCO):
            one.share(address, None, colleague)


def test_a_colleague_sees_nothing_until_a_mailbox_is_shared_and_nothing_after(shared: Shared):
    token = shared.token()
    before = shared.sees(token)
    assert before["viewer"] == {"name": GIULIA, "user": {"email": GIULIA}, "mailboxes": []}
    assert before["messages"]["totalCount"] == {"value": 0}

    done = shared.share(INFO, "READER")
    assert done["userErrors"] == []
    (member,) = done["mailbox"]["members"]
    assert (member["user"]["email"], member["role"]) == (GIULIA, "READER")
    limited = shared.api.issue(READS, mailboxes=[shared.ids(INFO, GIULIA)[0]])
    now, theirs = shared.sees(token), shared.sees(limited)
    assert now["messages"]["totalCount"] == {"value": 7}
    assert now["mailboxes"] == [{"address": INFO}]
    del now["viewer"], theirs["viewer"]
    assert now == theirs

    assert shared.share(INFO, None)["mailbox"]["members"] == []
    assert shared.sees(token) == before


def test_single_objects_and_raw_mail_are_seen_only_while_the_mailbox_is_shared(shared: Shared):
    token = shared.token()
    everything = nodes(shared.sees(shared.api.token)["messages"])
    id = next(one["id"] for one in everything if one["headerId"].strip("<>") == "a1@acme.example")
    query = "query($id: ID!) { message(id: $id) { audit { edges { node { event } } } } }"

    def status() -> tuple[bool, int]:
        found = shared.api.ask(query, token, id=id)["message"]
        return found is not None, shared.api.get(f"/messages/{id}/raw", token).status_code

    assert status() == (False, 404)
    shared.share(INFO, "READER")
    assert status() == (True, 200)
    shared.share(INFO, None)
    assert status() == (False, 404)


def test_each_colleague_sees_his_own_mailboxes(shared: Shared):
    giulia, marco = shared.token(GIULIA), shared.token(MARCO)
    shared.share(INFO, "READER", GIULIA)
    shared.share(SALES, "MEMBER", MARCO)
    assert shared.sees(giulia)["mailboxes"] == [{"address": INFO}]
    assert shared.sees(marco)["mailboxes"] == [{"address": SALES}]
    shared.share(SALES, "READER", GIULIA)
    assert shared.sees(giulia)["mailboxes"] == [{"address": INFO}, {"address": SALES}]


def test_a_reader_closes_nothing_and_a_member_does_in_the_name_of_the_colleague(shared: Shared):
    token = shared.token()
    shared.share(SALES, "READER")
    found = nodes(shared.sees(token)["messages"])
    id = next(one["id"] for one in found if one["headerId"].strip("<>") == "b2@rossi.example")
    given = {"messageIds": [id], "reason": "NO_ANSWER_NEEDED"}

    def closed(command: str) -> Any:
        input = {"commandId": command, **given}
        return shared.api.ask(CLOSE, token, input=input)["messageClose"]

    assert [one["code"] for one in closed("c-1")["userErrors"]] == ["FORBIDDEN"]
    shared.share(SALES, "MEMBER")
    assert closed("c-2")["userErrors"] == []
    query = """query($id: ID!) { message(id: $id) { audit(first: 50) { edges { node { event
      actor { kind } onBehalfOf { kind id } } } } } }"""
    trail = nodes(shared.api.ask(query, token, id=id)["message"]["audit"])
    (entry,) = [one for one in trail if one["event"] == "message.closed"]
    _, who = shared.ids(SALES, GIULIA)
    assert entry["onBehalfOf"] == {"kind": "USER", "id": f"col_{who.hex}"}


def test_sharing_is_audited_and_repeating_it_records_nothing(shared: Shared):
    before = len(events_of(shared.api.carteggio, "mailbox.shared"))
    first = shared.share(INFO, "MEMBER", commandId="once")
    assert shared.share(INFO, "MEMBER", commandId="once")["position"] == first["position"]
    assert shared.share(INFO, "MEMBER")["position"] is None
    assert len(events_of(shared.api.carteggio, "mailbox.shared")) == before + 1
    shared.share(INFO, None)
    box, who = shared.ids(INFO, GIULIA)
    query = """query($id: ID!) { auditLog(first: 2, filter: {subjectId: $id}) { edges { node {
      event summary actor { id } subjectId } } } }"""
    for id in (f"mbx_{box.hex}", f"col_{who.hex}"):
        found = nodes(shared.api.ask(query, id=id)["auditLog"])
        assert [one["event"] for one in found] == ["mailbox.share_revoked", "mailbox.shared"]
        assert {one["subjectId"] for one in found} == {f"mbx_{box.hex}"}


def test_an_observer_sees_all_mail_acts_on_none_and_is_told_of_nothing(shared: Shared):
    from projections.alerted import alerted  # noqa: PLC0415
    from projections.reader import EVERYTHING  # noqa: PLC0415

    box, who = shared.ids(INFO, GIULIA)

    async def told() -> list[Any]:
        async with shared.api.carteggio.reading() as asked:
            return await alerted(*asked, EVERYTHING, box)

    token, seen = shared.token(), {}
    for role in ("OBSERVER", "READER", "MEMBER", "SUPERVISOR"):
        members = shared.share(INFO, role)["mailbox"]["members"]
        assert [one["isAlerted"] for one in members] == [role != "OBSERVER"]
        seen[role] = (shared.sees(token)["messages"]["totalCount"]["value"], asyncio.run(told()))
    assert seen == {"OBSERVER": (7, [])} | dict.fromkeys(
        ("READER", "MEMBER", "SUPERVISOR"), (7, [who])
    )
    shared.share(INFO, "OBSERVER")
    (one, *_) = nodes(shared.sees(token)["messages"])
    close = {"commandId": str(uuid4()), "messageIds": [one["id"]], "reason": "NO_ANSWER_NEEDED"}
    refused = shared.api.ask(CLOSE, token, input=close)["messageClose"]["userErrors"]
    assert [error["code"] for error in refused] == ["FORBIDDEN"]


def test_who_is_no_colleague_and_what_is_no_mailbox_is_refused(shared: Shared):
    assert [x["code"] for x in shared.share(INFO, "READER", "eve@x.example")["userErrors"]] == [
        "NOT_FOUND"
    ]
    nowhere = shared.share(INFO, "READER", mailboxId="mbx_" + "0" * 32)
    assert [one["code"] for one in nowhere["userErrors"]] == ["NOT_FOUND"]
    box, who = shared.ids(INFO, GIULIA)
    unsaid = {"commandId": "x", "mailboxId": f"mbx_{box.hex}", "userId": f"col_{who.hex}"}
    done = shared.api.ask(SHARE, shared.manager, input=unsaid)["mailboxShare"]
    assert done["userErrors"][0]["message"].startswith("role: OBSERVER, READER")
    own = shared.api.issue([Scope.MANAGE_MAILBOXES], mailboxes=[shared.ids(SALES, GIULIA)[0]])
    done = shared.api.ask(SHARE, own, input={**unsaid, "role": "READER"})["mailboxShare"]
    assert [one["code"] for one in done["userErrors"]] == ["NOT_FOUND"]


def test_a_colleague_who_manages_sees_which_mailboxes_there_are_and_no_mail_of_them(
    shared: Shared,
):
    token = shared.token(MARCO, Scope.READ_MAIL, Scope.MANAGE_MAILBOXES)
    query = """{ managedMailboxes { address } mailboxes { address } users { email }
      messages(first: 10) { totalCount { value } } }"""
    found = shared.api.ask(query, token)
    assert [one["address"] for one in found["managedMailboxes"]] == [BULK, INFO, SALES]
    assert (found["mailboxes"], found["messages"]["totalCount"]["value"]) == ([], 0)
    assert [one["email"] for one in found["users"]] == [GIULIA, MARCO]


def test_a_revoked_token_of_a_colleague_is_out(shared: Shared):
    from api.work.tokens import parsed, revoke  # noqa: PLC0415

    shared.share(INFO, "READER")
    token = shared.token()
    bearer = parsed(token)
    assert bearer is not None
    revoke(shared.api.carteggio, bearer.id)
    shared.api.caught_up()
    assert shared.api.post({"query": "{ __typename }"}, token).status_code == 401


def test_mailboxes_and_people_are_found_by_their_ids(shared: Shared):
    shared.share(INFO, "READER")
    box, who = shared.ids(INFO, GIULIA)
    query = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on User { name email }
      ... on Mailbox { address members { user { email } } health { lastError } } } }"""
    found = shared.api.ask(query, ids=[f"mbx_{box.hex}", f"col_{who.hex}"])["nodes"]
    assert found == [
        {"address": INFO, "members": [{"user": {"email": GIULIA}}], "health": {"lastError": None}},
        {"name": "giulia", "email": GIULIA},
    ]


BODY = "query($id: ID!) { message(id: $id) { body } }"
READ = """query($id: ID!) { auditLog(first: 50, filter: {subjectId: $id, events: ["reading.recorded"]}) {
  edges { node { event summary actor { kind id } } } } }"""
WHY = """mutation($input: ReadingReasonInput!) { readingReason(input: $input) { position
  userErrors { code } } }"""


def readings(shared: Shared, id: str, token: str | None = None) -> list[Any]:
    shared.api.caught_up()
    return nodes(shared.api.ask(READ, token, id=id)["auditLog"])


def test_overseen_mail_is_read_with_a_trace_that_whose_mail_it_is_sees(shared: Shared):
    shared.share(SALES, "OBSERVER")
    shared.share(SALES, "MEMBER", MARCO)
    manager, member = shared.token(), shared.token(MARCO)
    found = nodes(shared.sees(manager)["messages"])
    id = next(one["id"] for one in found if one["headerId"].strip("<>") == "b2@rossi.example")
    assert readings(shared, id) == []
    for _ in range(2):
        assert shared.api.ask(BODY, manager, id=id)["message"]["body"]
        assert shared.api.get(f"/messages/{id}/raw", manager).status_code == 200
    assert shared.api.ask(BODY, member, id=id)["message"]["body"]
    assert shared.api.ask(BODY, id=id)["message"]["body"]
    _, who = shared.ids(SALES, GIULIA)
    (one,) = readings(shared, id, member)
    assert one["actor"] == {"kind": "USER", "id": f"col_{who.hex}"}
    assert one["summary"].startswith("read by a colleague whose mail it is not, on 20")
    assert [x["event"] for x in readings(shared, f"col_{who.hex}")] == ["reading.recorded"]
    why = {"commandId": str(uuid4()), "messageId": id, "reason": "a complaint"}
    assert shared.api.ask(WHY, manager, input=why)["readingReason"]["position"]
    again = why | {"commandId": str(uuid4())}
    done: dict[str, Any] = {"position": None, "userErrors": []}
    assert shared.api.ask(WHY, manager, input=again)["readingReason"] == done
    assert [x["summary"].endswith(": a complaint") for x in readings(shared, id)] == [True, False]
    mine = shared.api.ask(WHY, member, input=why | {"commandId": str(uuid4())})["readingReason"]
    assert [error["code"] for error in mine["userErrors"]] == ["NOT_FOUND"]
    shared.share(SALES, None)
    assert readings(shared, id, manager) == []


def test_a_reason_comes_first_and_a_supervisor_leaves_a_trace_where_a_reader_leaves_none(
    shared: Shared,
):
    token, traces = shared.token(), []
    shared.share(INFO, "READER")
    found = nodes(shared.sees(token)["messages"])
    ids = [one["id"] for one in found]
    for role, id in zip(("READER", "MEMBER", "SUPERVISOR", "OBSERVER"), ids, strict=False):
        shared.share(INFO, role)
        shared.api.ask(BODY, token, id=id)
        shared.sees(token)
        traces.append(len(readings(shared, id)))
    assert traces == [0, 0, 1, 1]
    why = {"commandId": str(uuid4()), "messageId": ids[4], "reason": "asked by the works council"}
    assert shared.api.ask(WHY, token, input=why)["readingReason"]["position"]
    shared.api.ask(BODY, token, id=ids[4])
    assert len(readings(shared, ids[4])) == 1
