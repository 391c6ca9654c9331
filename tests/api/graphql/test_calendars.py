"""Calendars and targets over the API."""

from pathlib import Path
from typing import Any

import pytest

from api.work.directory import import_directory
from domain.access import Scope
from domain.identity import mailbox_id
from domain.values import MailboxId
from serving import MANAGES, Api

INFO, SERVICE = "info@firm.example", "service@firm.example"
MARCH = {"time": "2026-03-02T12:00:00Z"}

CALENDAR = """name hours country isCommon mailboxes { address } exceptions { day hours } since"""
TARGET = """firstAnswer nextAnswer riskPercent alarmHours mailbox { address } documentKind since"""
HELD = f"""query($then: AsOf) {{
  calendars(asOf: $then) {{ {CALENDAR} }} targets(asOf: $then) {{ {TARGET} }} }}"""
SAVE = f"""mutation($input: CalendarSaveInput!) {{ calendarSave(input: $input) {{
  calendar {{ id {CALENDAR} }} position userErrors {{ code message }} }} }}"""
SET = f"""mutation($input: TargetSetInput!) {{ targetSet(input: $input) {{
  target {{ id {TARGET} }} position userErrors {{ code message }} }} }}"""
ENDS = """mutation($calendar: CalendarRetireInput!, $target: TargetWithdrawInput!) {
  calendarRetire(input: $calendar) { calendar { name } position userErrors { code } }
  targetWithdraw(input: $target) { target { id } position userErrors { code } } }"""
FIRM = {
    "name": "Firm", "zone": "Europe/Rome", "country": "IT",
    "hours": "Mon-Fri 09:00-13:00 14:00-18:00", "since": "2026-01-01T00:00:00+01:00",
}  # fmt: skip


@pytest.fixture
def boxes(api: Api, tmp_path: Path) -> dict[str, MailboxId]:
    (tmp_path / "mailboxes.csv").write_text(f"address\n{INFO}\n{SERVICE}\n")
    import_directory(api.carteggio, tmp_path)
    api.caught_up()
    return {one: mailbox_id(api.carteggio.identity_key, one) for one in (INFO, SERVICE)}


def shown(boxes: dict[str, MailboxId]) -> dict[str, str]:
    return {address: f"mbx_{id.hex}" for address, id in boxes.items()}


def saved(api: Api, command: str, token: str | None = None, **input: Any) -> Any:
    given = {**FIRM, "commandId": command, **input}
    return api.ask(SAVE, token, input=given)["calendarSave"]


def test_calendars_and_targets_are_said_and_what_held_at_a_moment_stays_known(api, boxes):
    ids = shown(boxes)
    first = saved(api, "c-1", exceptions=[{"day": "2026-08-14", "hours": "closed"}])
    assert (first["userErrors"], first["calendar"]["isCommon"]) == ([], True)
    assert (
        saved(api, "c-2", exceptions=[{"day": "2026-08-14", "hours": "closed"}])["position"]
        is None
    )
    saved(api, "c-3", name="Service", mailboxIds=[ids[SERVICE]], hours="every day 00:00-24:00",
          since="2026-05-01T00:00:00Z")  # fmt: skip
    wanted = {"commandId": "t-1", "firstAnswer": "PT4H", "nextAnswer": "2h", "since": FIRM["since"],
              "alarmHours": "Mon-Fri 09:00-18:00"}  # fmt: skip
    target = api.ask(SET, input=wanted)["targetSet"]["target"]
    assert (target["firstAnswer"], target["riskPercent"], target["mailbox"]) == ("PT4H", 75, None)
    march = api.ask(HELD, then=MARCH)
    assert [one["name"] for one in march["calendars"]] == ["Firm"]
    assert march["calendars"][0]["exceptions"] == [{"day": "2026-08-14", "hours": "closed"}]
    assert len(march["targets"]) == 1
    assert [one["name"] for one in api.ask(HELD)["calendars"]] == ["Firm", "Service"]
    assert api.ask(HELD, then={"time": "2025-12-31T12:00:00Z"}) == {"calendars": [], "targets": []}
    ended = api.ask(
        ENDS,
        calendar={"commandId": "c-4", "calendarId": first["calendar"]["id"]},
        target={"commandId": "t-2", "targetId": target["id"]},
    )
    assert [one["userErrors"] for one in ended.values()] == [[], []]
    assert [one["name"] for one in api.ask(HELD)["calendars"]] == ["Service"]
    assert api.ask(HELD, then=MARCH) == march


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"hours": "always"}, "are no hours"),
        ({"country": "XX"}, "no holidays are known"),
        ({"zone": "Rome"}, "zone"),
        ({"mailboxIds": ["mbx_" + "0" * 32]}, "no such mailbox"),
    ],
)
def test_what_cannot_be_a_calendar_is_told_in_a_sentence(api, wrong, why):
    (error,) = saved(api, "c-1", **wrong)["userErrors"]
    assert why in error["message"]


def test_who_manages_some_mailboxes_says_it_for_these_and_sees_no_others(api, boxes):
    ids = shown(boxes)
    saved(api, "c-0", name="Info", mailboxIds=[ids[INFO]])
    saved(api, "c-1")
    some = api.issue(MANAGES, mailboxes=[boxes[SERVICE]])
    for refused in ({}, {"name": "Info", "mailboxIds": [ids[SERVICE]]},
                    {"name": "Firm", "mailboxIds": [ids[SERVICE]]}):  # fmt: skip
        assert saved(api, "s-1", some, **{"name": "New", **refused})["userErrors"]
    done = saved(api, "s-2", some, name="Service", mailboxIds=[ids[SERVICE]])
    assert done["calendar"]["mailboxes"] == [{"address": SERVICE}]
    target = {"commandId": "s-3", "firstAnswer": "1h"}
    assert api.ask(SET, some, input=target)["targetSet"]["userErrors"][0]["code"] == "FORBIDDEN"
    api.ask(SET, input={"commandId": "t-1", "firstAnswer": "1h", "mailboxId": ids[INFO]})
    seen = api.ask(HELD, some)
    assert ([one["name"] for one in seen["calendars"]], seen["targets"]) == (
        ["Firm", "Service"],
        [],
    )
    reads = api.issue([Scope.READ_MAIL])
    assert api.refusal(SET, reads, input={"commandId": "r-1", "firstAnswer": "1h"}) == "FORBIDDEN"
