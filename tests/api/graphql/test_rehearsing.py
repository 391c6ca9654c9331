"""Rules are tried on mail over the API; nothing is done."""

from typing import Any

from domain.access import Scope
from office import INFO, SALES, Asks

TEST = """query($input: RuleTestInput!, $first: Int, $after: String) {
  ruleTest(input: $input, first: $first, after: $after) { asked matched hasNextPage endCursor trials {
    message { subject } matched applies explanation isPrevented preventedBy { name } effects } } }"""
SAVE = """mutation($input: RuleSaveInput!) { ruleSave(input: $input) {
  rule { id } userErrors { message } } }"""
OF_ACME = {
    "name": "Tried",
    "when": {"field": "party.code", "is": "C1"},
    "then": [{"kind": "stop"}],
}


async def tried(ask: Asks, *sees: str, first: int = 100, after: str | None = None, **input: Any):
    return (await ask(TEST, *sees, input=input, first=first, after=after))["ruleTest"]


def matched(found: Any) -> list[str]:
    return [one["message"]["subject"] for one in found["trials"] if one["matched"]]


async def test_a_rule_is_tried_before_it_is_saved_and_nothing_is_recorded(ask: Asks):
    before = ask.carteggio.journal.head()
    found = await tried(ask, rule=OF_ACME)
    assert matched(found) == ["Invoice 2026/17", "For both", "Delivery?", "Plan"]
    assert (found["asked"], found["matched"], found["hasNextPage"]) == (72, 4, False)
    (plan,) = [one for one in found["trials"] if one["message"]["subject"] == "Plan"]
    assert plan["explanation"] == ["party.code is “C1”: yes (“C1”)"]
    assert (plan["applies"], plan["isPrevented"]) == (True, False)
    assert ask.carteggio.journal.head() == before


async def test_a_stretch_is_tried_portion_by_portion(ask: Asks):
    found, asked, after = [], 0, None
    while True:
        part = await tried(ask, first=30, after=after, rule=OF_ACME, known="NOW")
        found += matched(part)
        asked, after = asked + part["asked"], part["endCursor"]
        if not part["hasNextPage"]:
            break
    assert (asked, len(found)) == (72, 4)
    ids = [await ask.message(one) for one in ("a4@acme.example", "y1@nowhere.example")]
    named = await tried(ask, rule=OF_ACME, messageIds=ids)
    assert (named["asked"], matched(named)) == (2, ["Plan"])
    some: dict[str, Any] = {
        "from": "2026-02-07T00:00:00Z",
        "to": "2026-02-09T00:00:00Z",
        "sender": "acme.example",
    }
    assert matched(await tried(ask, rule=OF_ACME, **some)) == ["For both", "Delivery?"]


async def test_only_mail_that_may_be_read_is_told_of(ask: Asks):
    assert await ask.refusal(TEST, SALES, input={"rule": OF_ACME}) == "FORBIDDEN"
    box = f"mbx_{ask.box(SALES).hex}"
    mine = await tried(ask, SALES, rule={**OF_ACME, "mailboxId": box})
    assert matched(mine) == ["For both", "Delivery?", "Plan"]
    other = f"mbx_{ask.box(INFO).hex}"
    refused = {"rule": {**OF_ACME, "mailboxId": other}}
    assert await ask.refusal(TEST, SALES, input=refused) == "NOT_FOUND"
    manages = frozenset({Scope.MANAGE_RULES})
    assert await ask.refusal(TEST, input={"rule": OF_ACME}, scopes=manages) == "FORBIDDEN"
    assert await ask.refusal(TEST, input={}) == "INVALID"
    assert await ask.refusal(TEST, input={"ruleId": "rul_" + "0" * 32}) == "NOT_FOUND"
    assert await ask.refusal(TEST, input={"rule": OF_ACME}, first=101) == "INVALID"


async def test_a_saved_rule_is_tried_behind_those_that_stop_before_it(own_ask: Asks):
    ask = own_ask

    async def saved(name: str, order: int) -> str:
        rule = {**OF_ACME, "name": name, "order": order}
        kept = (await ask(SAVE, input={"commandId": name, "rule": rule}))["ruleSave"]
        assert kept["userErrors"] == []
        return str(kept["rule"]["id"])

    await saved("First", 10)
    second = await saved("Second", 20)
    found = await tried(ask, ruleId=second)
    told = [one for one in found["trials"] if one["matched"]]
    assert {one["preventedBy"]["name"] for one in told} == {"First"}
    assert not any(one["applies"] or one["effects"] for one in told)
    earlier = await tried(ask, ruleId=second, rule={**OF_ACME, "name": "Second", "order": 5})
    assert all(one["applies"] for one in earlier["trials"] if one["matched"])
    kept = await tried(ask, ruleId=second, rule={**OF_ACME, "name": "Second"})
    assert not any(one["applies"] for one in kept["trials"])
