"""Who may send, over the API: no button where it would be refused, and words by who manages it."""

from pathlib import Path
from typing import Any

import pytest

from api.work.tokens import issue
from assigned import DORA, GIULIA, INFO, PAOLO, Office
from domain.access import Scope
from domain.mailbox import Role
from domain.sendingrules import SendingWithdrawn
from instances import events_of
from serving import Api

MAY = """query($mailbox: ID!, $document: ID, $user: ID) { sendingPermission(mailboxId: $mailbox,
  documentId: $document, userId: $user) { isAllowed because isOnBehalf code sentence } }"""
SETTINGS = """{ isOn rule words { user { email } topic name mailboxAddress value reason
  by { kind id } } }"""
READ = f"{{ sendingSettings {SETTINGS} }}"
ACTS = [Scope.READ_MAIL, Scope.SEND_MAIL]
KINDS = {
    "sendingCompanySwitch": "SendingCompanySwitchInput",
    "sendingRuleSet": "SendingRuleSetInput",
    "sendingUserSwitch": "SendingUserSwitchInput",
    "sendingGrant": "SendingGrantInput",
    "sendingWithdraw": "SendingWithdrawInput",
    "officeRoleSet": "OfficeRoleSetInput",
    "mailboxSendRightSet": "MailboxSendRightSetInput",
}


class Asked:
    """The office over its API."""

    def __init__(self, api: Api, office: Office) -> None:
        self.api, self.office = api, office
        self.tokens: dict[str, str] = {}

    def token(self, who: str, *scopes: Scope) -> str:
        bearer = issue(self.api.carteggio, who, scopes or ACTS, (), None, self.office.who(who))
        self.api.caught_up()
        return str(bearer)

    def id(self, prefix: str, id: Any) -> str:
        return f"{prefix}_{id.hex}"

    def variables(self, document: str | None, box: str, user: str | None) -> dict[str, Any]:
        return {
            "mailbox": self.id("mbx", self.office.box(box)),
            "document": self.id("doc", self.office.document(document)) if document else None,
            "user": self.id("col", self.office.who(user)) if user else None,
        }

    def may(self, who: str, document: str | None = None, user: str | None = None) -> Any:
        token = self.tokens.setdefault(who, self.token(who))
        self.api.caught_up()
        return self.api.ask(MAY, token, **self.variables(document, INFO, user))[
            "sendingPermission"
        ]

    def say(self, what: str, command: str, token: str | None = None, **input: Any) -> Any:
        query = f"""mutation($input: {KINDS[what]}!) {{ {what}(input: $input) {{ position
          userErrors {{ code message }} settings {SETTINGS} }} }}"""
        given = {"commandId": command, **input}
        return self.api.ask(query, token, input=given)[what]


@pytest.fixture
def asked(api: Api, tmp_path: Path) -> Asked:
    office = Office(api.carteggio, tmp_path / "erp")
    api.caught_up()
    return Asked(api, office)


def user(asked: Asked, who: str) -> str:
    return asked.id("col", asked.office.who(who))


def test_a_console_is_told_whether_to_show_the_button_and_nothing_is_recorded(asked):
    open_ = asked.may(PAOLO, "O1")
    assert (open_["isAllowed"], open_["because"], open_["code"]) == (True, "OPEN", None)
    strict = asked.say("sendingRuleSet", "r-1", rule="STRICT", reason="audit")
    assert strict["settings"]["rule"] == "STRICT"
    told = asked.may(PAOLO, "O1")
    assert (told["isAllowed"], told["because"], told["code"]) == (False, None, "FORBIDDEN")
    assert "not assigned to this colleague" in told["sentence"]
    assert [asked.may(one, "O1")["because"] for one in (GIULIA, DORA)] == ["ASSIGNED", "ROLE"]
    assert events_of(asked.api.carteggio, "sending.refused") == []


def test_what_is_said_holds_at_once_and_shows_by_whose_word(asked):
    paolo = user(asked, PAOLO)
    asked.say("sendingRuleSet", "s-1", rule="STRICT")
    asked.say("sendingGrant", "s-2", userId=paolo, kind=" Order ", reach="ANY", reason="holidays")
    assert asked.may(PAOLO, "O1")["because"] == "ANY_DOCUMENT"
    asked.say("sendingWithdraw", "s-3", userId=paolo, kind="order")
    assert "permission" in asked.may(PAOLO, "O1")["sentence"]
    asked.say("officeRoleSet", "s-4", userId=paolo, role="COORDINATOR", isGiven=True)
    assert asked.may(PAOLO, "X1")["because"] == "ROLE"
    asked.say("officeRoleSet", "s-5", userId=paolo, role="COORDINATOR", isGiven=False)
    asked.say("sendingUserSwitch", "s-6", userId=paolo, isOn=False, reason="he left")
    assert asked.may(PAOLO)["code"] == "DISABLED"
    last = asked.say("sendingCompanySwitch", "s-7", isOn=False)
    assert (last["userErrors"], last["settings"]["isOn"]) == ([], False)
    assert [asked.may(one)["code"] for one in (GIULIA, DORA)] == ["DISABLED"] * 2
    words = asked.api.ask(READ)["sendingSettings"]["words"]
    assert {(one["topic"], one["name"], one["value"], one["reason"]) for one in words} == {
        ("RULE", None, "strict", ""), ("KIND", "order", "off", ""),
        ("SWITCH", None, "off", "he left"), ("SWITCH", None, "off", ""),
    }  # fmt: skip
    assert {one["by"]["kind"] for one in words} == {"CLIENT"}


def test_a_command_is_done_once_and_what_cannot_be_is_told(asked):
    giulia = user(asked, GIULIA)
    first = asked.say("sendingUserSwitch", "c-1", userId=giulia, isOn=False)
    assert asked.say("sendingUserSwitch", "c-1", userId=giulia, isOn=False) == first
    again = asked.say("sendingUserSwitch", "c-2", userId=giulia, isOn=False)
    assert (again["position"], again["userErrors"]) == (None, [])
    nobody = asked.say("sendingUserSwitch", "c-3", userId=f"col_{'0' * 32}", isOn=False)
    assert [one["code"] for one in nobody["userErrors"]] == ["NOT_FOUND"]
    for at, kind in enumerate(("", "x" * 101)):
        refused = asked.say("sendingGrant", f"c-4{at}", userId=giulia, kind=kind)
        assert [one["code"] for one in refused["userErrors"]] == ["INVALID"]
    long = asked.say("sendingUserSwitch", "c-5", userId=giulia, isOn=True, reason="x" * 2_001)
    assert [one["code"] for one in long["userErrors"]] == ["INVALID"]


def test_a_right_on_a_mailbox_lets_somebody_send_who_sees_none_of_its_mail(asked):
    given = {"mailboxId": asked.id("mbx", asked.office.box(GIULIA)), "userId": user(asked, DORA)}
    variables = asked.variables(None, GIULIA, None)
    token = asked.token(DORA)
    assert asked.api.refusal(MAY, token, **variables) == "NOT_FOUND"
    done = asked.say("mailboxSendRightSet", "m-1", right="ON_BEHALF", **given)
    (word,) = done["settings"]["words"]
    assert (word["mailboxAddress"], word["value"]) == (GIULIA, "on_behalf")
    told = asked.api.ask(MAY, token, **variables)["sendingPermission"]
    assert (told["isAllowed"], told["isOnBehalf"]) == (True, True)
    assert asked.say("mailboxSendRightSet", "m-2", right=None, **given)["settings"]["words"] == []
    unsaid = asked.say("mailboxSendRightSet", "m-3", **given)
    assert [one["code"] for one in unsaid["userErrors"]] == ["INVALID"]


def test_who_does_not_manage_sending_says_nothing_and_learns_only_of_himself(asked):
    token = asked.token(GIULIA, *ACTS)
    assert asked.api.refusal(READ, token) == "FORBIDDEN"
    assert asked.api.refusal(MAY, token, **asked.variables(None, INFO, PAOLO)) == "FORBIDDEN"
    query = """mutation($input: SendingCompanySwitchInput!) {
      sendingCompanySwitch(input: $input) { position } }"""
    switch = {"commandId": "x-1", "isOn": False}
    assert asked.api.refusal(query, token, input=switch) == "FORBIDDEN"
    managing = asked.token(GIULIA, Scope.MANAGE_SENDING)
    asked.office.share(PAOLO, Role.READER)
    asked.api.caught_up()
    variables = asked.variables("O1", INFO, PAOLO)
    assert asked.api.ask(MAY, managing, **variables)["sendingPermission"]["code"] == "FORBIDDEN"


def test_a_program_is_told_by_its_scope_and_mailboxes(asked):
    info, sales = asked.office.box(), asked.office.box(GIULIA)
    sends = asked.api.issue(ACTS, [info])
    reads = asked.api.issue([Scope.READ_MAIL], [info])
    of_info, of_giulia = (asked.variables("O1", box, None) for box in (INFO, GIULIA))
    told = asked.api.ask(MAY, sends, **of_info)["sendingPermission"]
    assert (told["isAllowed"], told["because"]) == (True, "PROGRAM")
    assert asked.api.refusal(MAY, sends, **of_giulia) == "NOT_FOUND"
    assert (
        "scope send_mail" in asked.api.ask(MAY, reads, **of_info)["sendingPermission"]["sentence"]
    )
    some = asked.api.issue([Scope.MANAGE_SENDING], [info])
    refused = asked.say("sendingCompanySwitch", "p-1", some, isOn=False)
    assert [one["code"] for one in refused["userErrors"]] == ["FORBIDDEN"]
    given = {"mailboxId": asked.id("mbx", sales), "userId": user(asked, DORA), "right": "SEND_AS"}
    hidden = asked.say("mailboxSendRightSet", "p-2", some, **given)
    assert [one["code"] for one in hidden["userErrors"]] == ["NOT_FOUND"]


def test_an_auditor_sees_refused_attempts_of_the_mailboxes_that_he_sees(asked):
    asked.office.of(PAOLO, SendingWithdrawn("order", "a complaint"))
    assert asked.office.asks(PAOLO, "O1") == "FORBIDDEN"
    asked.api.caught_up()
    log = """query($object: ID!) { auditLog(filter: {events: ["sending.refused"], subjectId: $object})
      { edges { node { summary actor { kind id } data } } } }"""
    for object in (user(asked, PAOLO), asked.id("doc", asked.office.document("O1"))):
        found = asked.api.ask(log, object=object)["auditLog"]["edges"]
        (entry,) = (one["node"] for one in found)
        assert "permission for the kind of document was withdrawn" in entry["summary"]
        assert entry["actor"] == {"kind": "USER", "id": user(asked, PAOLO)}
    scopes = [Scope.READ_AUDIT, Scope.READ_MAIL]
    for box, count in ((asked.office.box(), 1), (asked.office.box(GIULIA), 0)):
        told = asked.api.ask(log, asked.api.issue(scopes, [box]), object=user(asked, PAOLO))
        assert len(told["auditLog"]["edges"]) == count
