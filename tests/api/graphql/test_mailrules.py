"""Rules about mail over the API: saved in versions, put in order, retired, seen by who manages them."""

from pathlib import Path
from typing import Any

import pytest

from api.work.directory import import_directory
from domain.access import Scope
from domain.identity import mailbox_id
from serving import Api

INFO, SERVICE = "info@firm.example", "service@firm.example"
OFFERS = {"field": "subject", "contains": ["offerta", "Angebot"]}
STOP = [{"kind": "stop"}]
RULE = "id name isEnabled order mailbox { address } when then note version isRetired"
SAVE = f"""mutation($input: RuleSaveInput!) {{ ruleSave(input: $input) {{
  rule {{ {RULE} }} position userErrors {{ code message }} }} }}"""
RULES = f"""query($then: AsOf, $retired: Boolean) {{
  rules(asOf: $then, retired: $retired) {{ {RULE} }} }}"""
ORDER = """mutation($input: RuleReorderInput!) { ruleReorder(input: $input) {
  rules { name order version } position userErrors { code message } } }"""
RETIRE = """mutation($input: RuleRetireInput!) { ruleRetire(input: $input) {
  rule { isRetired } position userErrors { code message } } }"""
HISTORY = """query($id: ID!) { rule(id: $id) {
  versions { version name when savedBy { kind } } audit { edges { node { event summary } } } } }"""


@pytest.fixture
def boxes(api: Api, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "mailboxes.csv").write_text(f"address\n{INFO}\n{SERVICE}\n")
    import_directory(api.carteggio, tmp_path)
    api.caught_up()
    key = api.carteggio.identity_key
    return {one: f"mbx_{mailbox_id(key, one).hex}" for one in (INFO, SERVICE)}


def saved(api: Api, command: str, token: str | None = None, **rule: Any) -> Any:
    of: dict[str, Any] = {
        key: rule.pop(key) for key in ("ruleId", "basedOnVersion") if key in rule
    }
    given: dict[str, Any] = {"name": command, "when": OFFERS, "then": STOP, **rule}
    asked: dict[str, Any] = {"commandId": command, "rule": given, **of}
    return api.ask(SAVE, token, input=asked)["ruleSave"]


def manager(api: Api, *addresses: str) -> str:
    key = api.carteggio.identity_key
    scopes = [Scope.MANAGE_RULES, Scope.READ_AUDIT, Scope.READ_MAIL]
    return api.issue(scopes, [mailbox_id(key, one) for one in addresses])


def test_a_rule_is_saved_in_versions_that_can_be_asked_for_ever(api, boxes):
    first = saved(api, "Offers", mailboxId=boxes[INFO])
    assert (first["userErrors"], first["rule"]["version"]) == ([], 1)
    assert first["rule"]["mailbox"] == {"address": INFO}
    assert saved(api, "Offers", mailboxId=boxes[INFO])["position"] == first["position"]
    id = first["rule"]["id"]
    then = {"position": first["position"]}
    changed = {"name": "Offers", "ruleId": id, "when": {"all": []}, "isEnabled": False}
    second = saved(api, "c-2", **changed, basedOnVersion=1)["rule"]
    assert (second["version"], second["order"], second["mailbox"]) == (2, 10, None)
    again = saved(api, "c-3", **changed, basedOnVersion=1)
    assert again["position"] is None
    late = saved(api, "c-4", name="Offers", ruleId=id, basedOnVersion=1)
    assert [one["code"] for one in late["userErrors"]] == ["CONFLICT"]
    api.ask(RETIRE, input={"commandId": "c-5", "ruleId": id, "note": "nobody asks"})
    assert api.ask(RULES)["rules"] == []
    (gone,) = api.ask(RULES, retired=True)["rules"]
    assert (gone["isRetired"], gone["version"]) == (True, 2)
    (before,) = api.ask(RULES, then=then)["rules"]
    assert (before["when"], before["isEnabled"], before["isRetired"]) == (OFFERS, True, False)
    told = api.ask(HISTORY, id=id)["rule"]
    assert [one["version"] for one in told["versions"]] == [2, 1]
    events = [one["node"]["event"] for one in told["audit"]["edges"]]
    assert events == ["rule.saved", "rule.saved", "rule.retired"]


def test_what_is_no_rule_is_refused_with_its_place(api, boxes):
    def refused(**rule: Any) -> str:
        (error,) = saved(api, "c-1", **rule)["userErrors"]
        return f"{error['code']} {error['message']}"

    assert "when.all[0].field: there is no 'subjekt'; did you mean subject?" in refused(
        when={"all": [{"field": "subjekt", "is": "x"}]}
    )
    assert "INVALID when.matches: '(a' is no pattern" in refused(
        when={"field": "text", "matches": "(a"}
    )
    assert "INVALID then: a list" in refused(then=[])
    assert "INVALID then[0]" in refused(then=[{"to": "anna"}])
    assert "NOT_FOUND" in refused(mailboxId="mbx_" + "0" * 32)
    assert "NOT_FOUND" in refused(ruleId="rul_" + "0" * 32)
    assert refused(name=" ").startswith("INVALID name")
    saved(api, "Taken", name="Taken")
    assert "CONFLICT name: there is a rule" in refused(name="taken")


def test_rules_are_asked_in_the_order_in_which_they_are_put(api, boxes):
    ids = [saved(api, name)["rule"]["id"] for name in ("A", "B", "C")]
    put = {"commandId": "o-1", "ruleIds": [ids[2], ids[0]]}
    found = api.ask(ORDER, input=put)["ruleReorder"]
    told = [(one["name"], one["order"], one["version"]) for one in found["rules"]]
    assert told == [("C", 10, 2), ("B", 20, 1), ("A", 30, 2)]
    assert api.ask(ORDER, input=put)["ruleReorder"]["position"] == found["position"]
    other = {"commandId": "o-1", "ruleIds": ids}
    (error,) = api.ask(ORDER, input=other)["ruleReorder"]["userErrors"]
    assert error["code"] == "COMMAND_ID_REUSED"
    unknown = {"commandId": "o-2", "ruleIds": ["rul_" + "0" * 32]}
    (error,) = api.ask(ORDER, input=unknown)["ruleReorder"]["userErrors"]
    assert error["code"] == "NOT_FOUND"


def test_who_manages_some_mailboxes_manages_their_rules_alone(api, boxes):
    token = manager(api, INFO)
    everywhere = saved(api, "Everywhere")["rule"]["id"]
    theirs = saved(api, "Theirs", mailboxId=boxes[SERVICE])["rule"]["id"]
    mine = saved(api, "Mine", token, mailboxId=boxes[INFO])
    assert mine["userErrors"] == []
    assert [one["name"] for one in api.ask(RULES, token)["rules"]] == ["Everywhere", "Mine"]
    (error,) = saved(api, "c-2", token)["userErrors"]
    assert error["code"] == "FORBIDDEN"
    for id, code in ((everywhere, "FORBIDDEN"), (theirs, "NOT_FOUND")):
        asked = {"commandId": f"r-{code}", "ruleId": id}
        (error,) = api.ask(RETIRE, token, input=asked)["ruleRetire"]["userErrors"]
        assert error["code"] == code
    assert api.ask(HISTORY, token, id=theirs)["rule"] is None
    assert api.refusal(RULES, api.issue([Scope.READ_MAIL])) == "FORBIDDEN"
    audit = """{ auditLog(filter: {events: ["rule.saved"]}) { edges { node { summary } } } }"""
    assert len(api.ask(audit, token)["auditLog"]["edges"]) == 1
