"""A second pair of eyes: what a rule names leaves only after another colleague approved exactly that."""

import asyncio
import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from api.graphql.ids import Kind, encoded
from api.work.approvalnotices import tell
from composed import as_others_read
from domain.identity import colleague_id
from domain.sendingrules import Ground
from instances import events_of
from sendable import ANNA, INFO, Office
from serving import Api, serving

LUCA = "luca@ditta.example"
ERRORS = "userErrors { code message }"
SEND = f"""mutation ($input: MessageSendInput!) {{ messageSend(input: $input) {{
  mailId {ERRORS} }} }}"""
SAVE = f"""mutation ($input: DraftSaveInput!) {{ draftSave(input: $input) {{
  draft {{ id version }} {ERRORS} }} }}"""
ONE = """{ id state note version decisionNote mailId mayDecide rawUrl decidedBy { kind }
  approvers { email } alerted { email } mail { subject text recipients fileNames } }"""
ASK = f"""mutation ($input: ApprovalAskInput!) {{ approvalAsk(input: $input) {{
  position approval {ONE} {ERRORS} }} }}"""
SAY = f"""mutation ($input: ApprovalDecideInput!) {{ %s(input: $input) {{
  position approval {ONE} {ERRORS} }} }}"""
AWAITS = f"{{ approvals(awaitsMe: true) {ONE} }}"
RULE = f"""mutation ($input: ApprovalRuleSetInput!) {{ approvalRuleSet(input: $input) {{
  position rules {{ mailboxAddress kind isNeeded user {{ email }} roles reason }} {ERRORS} }} }}"""
END = f"""mutation ($input: ApprovalRuleWithdrawInput!) {{ approvalRuleWithdraw(input: $input) {{
  position rules {{ isNeeded }} {ERRORS} }} }}"""
PDF = base64.b64encode(b"%PDF-1.7 offer").decode()


class Desk:
    """The office over its API: Anna writes, Luca approves."""

    def __init__(self, office: Office, api: Api) -> None:
        self.office, self.api = office, api
        self.anna, self.luca = office.token(ANNA), office.token(LUCA)
        self.box = str(encoded(Kind.MAILBOX, office.box()))

    def user(self, address: str) -> str:
        who = colleague_id(self.office.carteggio.identity_key, address)
        return str(encoded(Kind.COLLEAGUE, who))

    def done(self, query: str, token: str | None = None, **input: Any) -> Any:
        given = {"commandId": str(uuid4()), **input}
        (answer,) = self.api.ask(query, token, input=given).values()
        return answer

    def rule(self, **input: Any) -> Any:
        found = self.done(RULE, **input)
        assert found["userErrors"] == []
        return found

    def save(self, token: str, edit: Any = None, **more: Any) -> dict[str, Any]:
        content = {"mailboxId": self.box, "sender": INFO, "subject": "Offerta", "text": "Ecco.",
                   "to": ["ada@verdi.example"], "document": {"externalId": "O1"},
                   "files": [{"name": "Offerta.pdf", "content": PDF}]}  # fmt: skip
        found = self.done(SAVE, token, content=content | (edit or {}), **more)
        assert found["userErrors"] == []
        return {"draftId": found["draft"]["id"], "version": found["draft"]["version"]}

    def sends(self, token: str, draft: dict[str, Any]) -> list[str]:
        return [one["code"] for one in self.done(SEND, token, **draft)["userErrors"]]

    def says(self, what: str, token: str, approval: str, note: str = "") -> Any:
        return self.done(SAY % what, token, approvalId=approval, note=note)

    def awaited(self, token: str) -> list[Any]:
        found: list[Any] = self.api.ask(AWAITS, token)["approvals"]
        return found

    def errors(self, found: Any) -> list[str]:
        return [one["code"] for one in found["userErrors"]]


@pytest.fixture
def desk(sending_office: Office) -> Iterator[Desk]:
    with serving(sending_office.carteggio) as api:
        yield Desk(sending_office, api)


def test_a_mail_leaves_only_as_another_colleague_approved_it_and_is_approved_once(desk: Desk):
    desk.rule(kind="sales_order", reason="offers are read twice")
    draft = desk.save(desk.anna)
    assert desk.sends(desk.anna, draft) == ["NOT_APPROVED"]
    asked = desk.done(ASK, desk.anna, note="please", **draft)
    assert (asked["userErrors"], asked["approval"]["mayDecide"]) == ([], False)
    assert desk.sends(desk.anna, draft) == ["NOT_APPROVED"]
    (waits,) = desk.awaited(desk.luca)
    assert (waits["note"], waits["mayDecide"], waits["mail"]["fileNames"]) == (
        "please", True, ["Offerta.pdf"],
    )  # fmt: skip
    assert (waits["mail"]["recipients"], waits["mail"]["subject"]) == (
        ["ada@verdi.example"], "Offerta",
    )  # fmt: skip
    raw = desk.api.get(waits["rawUrl"], desk.luca)
    assert (raw.status_code, PDF in raw.text.replace("\r\n", "")) == (200, True)
    assert desk.api.get(waits["rawUrl"], desk.anna).status_code == 404
    approved = desk.says("approvalApprove", desk.luca, waits["id"], "good")["approval"]
    assert (approved["state"], approved["decisionNote"]) == ("APPROVED", "good")
    assert desk.awaited(desk.luca) == []
    assert desk.sends(desk.anna, draft) == []
    (queued,) = events_of(desk.office.carteggio, "outgoing.queued")
    assert str(encoded(Kind.APPROVAL, queued.approval)) == waits["id"]
    seen = desk.api.ask("query($id: ID!) { approval(id: $id) { state mailId } }", desk.anna,
                        id=waits["id"])["approval"]  # fmt: skip
    assert (seen["state"], seen["mailId"] is not None) == ("SENT", True)
    kept = [one.ground for one in events_of(desk.office.carteggio, "sending.refused")]
    assert kept == [Ground.NOT_APPROVED] * 2


def test_who_wrote_or_asked_never_approves_and_the_attempt_is_kept(desk: Desk):
    desk.rule()
    draft = desk.save(desk.anna, isShared=True)
    by_luca = desk.save(desk.luca, {"text": "Di Luca"}, isShared=True, **draft)
    (stale,) = desk.done(SEND, desk.anna, **draft)["userErrors"]
    assert stale["message"].startswith("Luca Neri saved this draft")
    asked = desk.done(ASK, desk.anna, **by_luca)["approval"]
    assert (asked["approvers"], desk.awaited(desk.luca)) == ([], [])
    for token in (desk.anna, desk.luca):
        refused = desk.says("approvalApprove", token, asked["id"])
        assert desk.errors(refused) == ["FORBIDDEN"]
        assert "another colleague has to" in refused["userErrors"][0]["message"]
    assert desk.errors(desk.says("approvalApprove", desk.api.token, asked["id"])) == ["FORBIDDEN"]
    denied = events_of(desk.office.carteggio, "approval.denied")
    assert [one.ground.value for one in denied] == ["author", "author"]
    assert desk.sends(desk.anna, by_luca) == ["NOT_APPROVED"]


def test_any_later_edit_makes_the_approval_void(desk: Desk):
    desk.rule(mailboxId=desk.box)
    now, seen = desk.save(desk.anna), set()
    query = "query($id: ID!) { approval(id: $id) { state mail { subject } } }"
    edits: tuple[Any, ...] = (
        {"text": "Ecco!"},
        {"to": ["marco@verdi.example"]},
        {"subject": "X"},
        {"files": []},
    )
    for edit in edits:
        id = desk.done(ASK, desk.anna, **now)["approval"]["id"]
        assert desk.says("approvalApprove", desk.luca, id)["approval"]["state"] == "APPROVED"
        now = desk.save(desk.anna, **now, edit=edit)
        assert desk.sends(desk.anna, now) == ["NOT_APPROVED"]
        desk.api.caught_up()
        assert desk.api.ask(query, desk.anna, id=id)["approval"] == {"state": "VOID", "mail": None}
        assert desk.errors(desk.says("approvalApprove", desk.luca, id)) == ["CONFLICT"]
        seen.add(id)
    again = desk.done(ASK, desk.anna, **now)["approval"]["id"]
    desk.says("approvalApprove", desk.luca, again)
    assert (len(seen | {again}), desk.sends(desk.anna, now)) == (len(edits) + 1, [])


def test_who_is_to_approve_and_who_wrote_it_are_told_by_mail_of_a_real_draft(desk: Desk):
    office = desk.office

    def told() -> list[tuple[str, str]]:
        desk.api.caught_up()
        before = len(office.server.sink.mails)
        asyncio.run(tell(office.carteggio, datetime.now(UTC)))
        office.drain()
        found = [as_others_read(one) for one in office.server.sink.mails[before:]]
        return [(str(one["To"]), str(one["Subject"])) for one in found]

    desk.rule(kind="sales_order", approverIds=[desk.user(LUCA)])
    draft = desk.save(desk.anna)
    desk.done(ASK, desk.anna, **draft)
    assert told() == [(f"Luca Neri <{LUCA}>", "A mail waits for your approval")]
    desk.done(ASK, desk.anna, **draft)
    assert told() == []
    edited = desk.save(desk.anna, {"text": "Ecco!"}, **draft)
    id = desk.done(ASK, desk.anna, **edited)["approval"]["id"]
    desk.says("approvalApprove", desk.luca, id)
    assert told() == [(f"Anna Bianchi <{ANNA}>", "Your mail was approved")]
    assert (desk.sends(desk.anna, edited), told()) == ([], [])


def test_a_refusal_needs_a_note_and_a_question_can_be_withdrawn(desk: Desk):
    desk.rule()
    draft = desk.save(desk.anna)
    id = desk.done(ASK, desk.anna, **draft)["approval"]["id"]
    assert desk.errors(desk.says("approvalRefuse", desk.luca, id)) == ["INVALID"]
    told = desk.says("approvalRefuse", desk.luca, id, "the price is wrong")["approval"]
    assert told["state"] == "REFUSED"
    refused = desk.done(SEND, desk.anna, **draft)["userErrors"][0]
    assert (refused["code"], "was refused" in refused["message"]) == ("NOT_APPROVED", True)
    assert desk.errors(desk.says("approvalApprove", desk.luca, id)) == ["CONFLICT"]
    asked = desk.done(ASK, desk.anna, **draft)["approval"]
    assert (asked["id"], asked["state"]) == (id, "ASKED")
    assert desk.errors(desk.says("approvalWithdraw", desk.luca, id)) == ["NOT_FOUND"]
    assert desk.says("approvalWithdraw", desk.anna, id)["approval"]["state"] == "WITHDRAWN"
    assert (desk.awaited(desk.luca), desk.sends(desk.anna, draft)) == ([], ["NOT_APPROVED"])


def test_the_narrowest_rule_in_force_counts_and_programs_are_asked_too(desk: Desk):
    mail = {"mailboxId": desk.box, "sender": INFO, "subject": "x", "text": "y", "to": ["ada@verdi.example"]}  # fmt: skip
    tries = lambda token=None: desk.errors(desk.done(SEND, token, content=mail))  # noqa: E731
    desk.rule(since="2999-01-01T00:00:00Z")
    assert tries() == []
    desk.rule(mailboxId=desk.box)
    assert (tries(), tries(desk.anna)) == (["NOT_APPROVED"], ["NOT_APPROVED"])
    desk.rule(mailboxId=desk.box, programs=False)
    assert (tries(), tries(desk.anna)) == ([], ["NOT_APPROVED"])
    desk.rule(userId=desk.user(ANNA), isNeeded=False, reason="head of sales")
    assert (tries(desk.anna), tries(desk.luca)) == ([], ["NOT_APPROVED"])
    said = [one["isNeeded"] for one in desk.done(END, mailboxId=desk.box)["rules"]]
    assert said == [True, False]
    listed = desk.api.ask(
        "{ now: approvalRules { since } all: approvalRules(past: true) { since } }"
    )
    assert [len(listed[one]) for one in ("now", "all")] == [2, 5]
    assert tries(desk.luca) == []
    assert desk.errors(desk.done(END, kind="invoice")) == ["NOT_FOUND"]


def test_only_whom_the_rule_names_decides_and_sees_what_waits(desk: Desk):
    desk.rule(roles=["SUPERVISOR"], approverIds=[])
    draft = desk.save(desk.anna)
    id = desk.done(ASK, desk.anna, **draft)["approval"]["id"]
    assert desk.awaited(desk.luca) == []
    assert desk.errors(desk.says("approvalApprove", desk.luca, id)) == ["FORBIDDEN"]
    desk.rule(approverIds=[desk.user(LUCA)])
    desk.says("approvalWithdraw", desk.anna, id)
    desk.done(ASK, desk.anna, **draft)
    (waits,) = desk.awaited(desk.luca)
    assert [one["email"] for one in waits["approvers"]] == [LUCA]
    assert desk.says("approvalApprove", desk.luca, waits["id"])["approval"]["state"] == "APPROVED"
