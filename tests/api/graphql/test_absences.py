"""Absences over the API: one's own, those of others with a scope, and any past moment."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.work.tokens import issue
from assigned import DORA, GIULIA, PAOLO, Office
from domain.access import Scope
from serving import Api

ABSENCE = "id user { email } from to isWholeDays substitute { email } answersMail texts { text }"
PAYLOAD = f"""absence {{ {ABSENCE} }} overlapping {{ id }} position
  userErrors {{ code message }}"""
SET = f"mutation($input: AbsenceSetInput!) {{ absenceSet(input: $input) {{ {PAYLOAD} }} }}"
CANCEL = (
    f"mutation($input: AbsenceCancelInput!) {{ absenceCancel(input: $input) {{ {PAYLOAD} }} }}"
)
LIST = f"query($asOf: AsOf) {{ absences(asOf: $asOf) {{ {ABSENCE} }} }}"
THERE = """query($id: ID!, $at: DateTime) { standingIn(userId: $id, at: $at) {
  user { email } because { user { email } } isCircle } }"""


class Asked:
    """The office over its API, by each colleague's own token."""

    def __init__(self, api: Api, office: Office) -> None:
        self.api, self.office = api, office
        self.own = {who: self.token(office.who(who)) for who in (GIULIA, PAOLO, DORA)}

    def token(self, colleague: Any, *more: Scope) -> str:
        scopes = [Scope.READ_MAIL, *more]
        boxes: Any = () if colleague else None
        return str(issue(self.api.carteggio, "t", scopes, boxes, None, colleague))

    def id(self, who: str) -> str:
        return f"col_{self.office.who(who).hex}"

    def set(self, who: str, command: str, token: str | None = None, **input: Any) -> Any:
        given = {"commandId": command, "userId": self.id(who), **input}
        return self.api.ask(SET, token or self.own[who], input=given)["absenceSet"]

    def there(self, who: str, at: str | None = None) -> Any:
        return self.api.ask(THERE, id=self.id(who), at=at)["standingIn"]


@pytest.fixture
def asked(api: Api, tmp_path: Path) -> Asked:
    office = Office(api.carteggio, tmp_path / "erp")
    found = Asked(api, office)
    api.caught_up()
    return found


def test_a_colleague_says_it_for_himself_and_overlapping_ones_are_told(asked):
    texts = [{"language": "it", "text": "Torno presto."}]
    wrong = asked.set(GIULIA, "a-0", firstDay="2026-01-05", lastDay="2099-01-09")
    assert [one["code"] for one in wrong["userErrors"]] == ["INVALID"]  # over three years
    days: dict[str, Any] = {"from": "2026-01-05T08:00:00Z", "answersMail": True, "texts": texts}
    first = asked.set(GIULIA, "a-1", substituteId=asked.id(PAOLO), **days)
    assert first["userErrors"] == first["overlapping"] == []
    assert first["absence"]["texts"] == [{"text": "Torno presto."}]
    assert asked.set(GIULIA, "a-1", substituteId=asked.id(PAOLO), **days) == first
    second = asked.set(GIULIA, "a-2", firstDay="2026-02-02", lastDay="2026-02-02")
    assert second["overlapping"] == [{"id": first["absence"]["id"]}]
    assert second["absence"]["isWholeDays"] is True
    there = asked.there(GIULIA)
    assert (there["user"], there["because"]) == (
        {"email": PAOLO},
        [{"user": {"email": "Giulia@firm.example"}}],
    )
    assert asked.there(PAOLO)["because"] == []


def test_for_others_it_needs_the_scope(asked):
    days = {"firstDay": "2026-01-05"}
    refused = asked.set(GIULIA, "b-1", asked.own[PAOLO], **days)
    assert [one["code"] for one in refused["userErrors"]] == ["FORBIDDEN"]
    token = asked.token(asked.office.who(PAOLO), Scope.MANAGE_ABSENCES)
    asked.api.caught_up()
    done = asked.set(GIULIA, "b-2", token, **days)
    cancel = {"commandId": "b-3", "absenceId": done["absence"]["id"]}
    refused = asked.api.ask(CANCEL, asked.own[PAOLO], input=cancel)["absenceCancel"]
    assert [one["code"] for one in refused["userErrors"]] == ["FORBIDDEN"]
    assert asked.api.ask(CANCEL, asked.own[GIULIA], input=cancel)["absenceCancel"]["position"]
    assert asked.api.ask(LIST)["absences"] == []


def test_any_past_moment_can_be_told(asked):
    before = datetime.now(UTC).isoformat()
    assert asked.set(GIULIA, "c-1", firstDay="2026-01-05", substituteId=asked.id(PAOLO))
    done = asked.set(PAOLO, "c-2", firstDay="2026-01-05", substituteId=asked.id(GIULIA))
    between = datetime.now(UTC).isoformat()
    circle = asked.there(GIULIA)
    assert (circle["user"], circle["isCircle"], len(circle["because"])) == (None, True, 2)
    cancel = {"commandId": "c-3", "absenceId": done["absence"]["id"]}
    asked.api.ask(CANCEL, input=cancel)
    assert asked.there(GIULIA)["user"] == {"email": PAOLO}
    assert asked.there(GIULIA, between) == circle
    assert asked.there(GIULIA, before)["because"] == []
    for as_of, many in (({"time": between}, 2), ({"position": done["position"]}, 2), (None, 1)):
        assert len(asked.api.ask(LIST, asOf=as_of)["absences"]) == many
