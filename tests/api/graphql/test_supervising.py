"""The supervisor's view over the API: groups, filters, orders, and what a reader may not see."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.graphql.ids import Kind, encoded
from api.work.calendars import set_target
from api.work.directory import import_directory
from api.work.sharing import colleague_at
from api.work.tokens import by_operator
from domain.access import Scope
from domain.calendars import TargetScope, TargetSet
from domain.identity import mailbox_id
from letters import letter
from serving import Api

INFO, GIULIA = "info@firm.example", "giulia@firm.example"
ROME = ZoneInfo("Europe/Rome")
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"]}',
    "mailboxes.csv": f"address\n{INFO}\n{GIULIA}\n",
    "colleagues.csv": f"name,email,role\nGiulia Neri,{GIULIA},sales\nPaolo Verdi,paolo@firm.example,sales\n",
    "parties.csv": "party_id,kind,name,sales_manager\n"
    "C1,customer,Acme,Paolo Verdi\nC2,customer,Rossi,paolo@firm.example\nC3,customer,Bianchi,\n",
    "contacts.csv": "party_id,name,email\n"
    "C1,Ada,ada@acme.example\nC2,Bob,bob@rossi.example\nC3,Eva,eva@bianchi.example\n",
    "documents.csv": "doc_id,type,number,party_id,date\nD1,invoice,2026/17,C1,2026-01-20\n",
}
MAIL = {
    INFO: [
        ("a1", "Invoice 2026/17", "ada@acme.example", 2),
        ("b1", "Offer?", "bob@rossi.example", 3),
    ],
    GIULIA: [
        ("e1", "Call me?", "eva@bianchi.example", 4),
        ("a2", "Where is it?", "ada@acme.example", 5),
    ],
}
THEN = {"time": "2026-02-06T10:00:00+01:00"}
SUMMARY = """query($by: UnansweredGroup!, $filter: UnansweredFilter, $then: AsOf) {
  unansweredSummary(groupBy: $by, filter: $filter, asOf: $then) { name count breached atRisk
    oldestSince medianAge medianBusinessAge
    key { __typename ... on User { id email } ... on Mailbox { address } ... on Party { code } } } }"""
LIST = """query($filter: UnansweredFilter, $order: UnansweredOrder, $then: AsOf, $first: Int,
    $after: String) { unanswered(filter: $filter, order: $order, asOf: $then, first: $first,
    after: $after) { totalCount { value } pageInfo { hasNextPage endCursor }
    edges { node { message { headerId } due } } } }"""


@pytest.fixture(scope="module")
def office(shared_api: Api, tmp_path_factory: pytest.TempPathFactory) -> Api:
    api, tmp_path = shared_api, tmp_path_factory.mktemp("office")
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    import_directory(api.carteggio, tmp_path)
    for box, mails in MAIL.items():
        folder = tmp_path / box
        folder.mkdir()
        for id, subject, sender, day in mails:
            date = f"0{day} Feb 2026 09:00:00 +0100"
            raw = letter(f"{id}@x.example", subject.encode(), sender=sender, to=box, date=date)
            (folder / f"{id}.eml").write_bytes(raw)
        api.imported(folder, box)
    since = datetime(2026, 1, 1, tzinfo=ROME)
    for scope, days in ((TargetScope(), 3), (TargetScope(kind="invoice"), 10)):
        set_target(
            api.carteggio, TargetSet(scope, days * 86_400, None, 60, (), since), by_operator()
        )
    api.caught_up()
    return api


def groups(api: Api, by: str, token: str | None = None, **filter: Any) -> dict[str, int]:
    found = api.ask(SUMMARY, token, by=by, filter=filter, then=THEN)["unansweredSummary"]
    return {one["name"]: one["count"] for one in found}


def listed(api: Api, order: str = "SINCE_ASC", **filter: Any) -> list[str]:
    found = api.ask(LIST, filter=filter, order=order, then=THEN)["unanswered"]
    assert found["totalCount"]["value"] == len(found["edges"])
    return [one["node"]["message"]["headerId"].partition("@")[0] for one in found["edges"]]


def test_what_waits_is_told_by_groups(office: Api):
    assert groups(office, "OWNER") == {"": 2, "Giulia Neri": 2}
    assert groups(office, "MAILBOX") == {INFO: 2, GIULIA: 2}
    assert groups(office, "PARTY") == {"Acme": 2, "Rossi": 1, "Bianchi": 1}
    assert groups(office, "SALES_MANAGER") == {"Paolo Verdi": 3, "": 1}
    assert groups(office, "KIND") == {"": 3, "invoice": 1}
    assert list(groups(office, "AGE").items()) == [("under_3d", 2), ("under_1w", 2)]
    assert list(groups(office, "SLA").items()) == [
        ("breached", 1),
        ("at_risk", 1),
        ("on_track", 2),
    ]
    assert groups(office, "STATE") == {"waiting": 4}


def test_a_group_tells_how_many_are_late_since_when_and_how_long_in_the_middle(office: Api):
    (nobody,) = office.ask(SUMMARY, by="OWNER", then=THEN, filter={"isUnowned": True})[
        "unansweredSummary"
    ]
    assert nobody == {
        "name": "", "count": 2, "breached": 1, "atRisk": 0, "key": None,
        "oldestSince": "2026-02-02T08:00:00+00:00", "medianAge": "PT97H", "medianBusinessAge": "PT97H",
    }  # fmt: skip
    (giulia,) = office.ask(SUMMARY, by="OWNER", then=THEN, filter={"text": "Call"})[
        "unansweredSummary"
    ]
    assert (giulia["key"]["email"], giulia["atRisk"]) == (GIULIA, 1)


def test_what_waits_is_narrowed_by_each_group(office: Api):
    giulia = encoded(Kind.COLLEAGUE, colleague_at(office.carteggio, GIULIA))
    assert listed(office, ownerIds=[giulia]) == ["e1", "a2"]
    assert listed(office, isUnowned=True) == ["a1", "b1"]
    assert listed(office, salesManagers=["paolo verdi"]) == ["a1", "b1", "a2"]
    assert listed(office, kinds=["invoice"]) == ["a1"]
    assert listed(office, sla=["BREACHED", "AT_RISK"]) == ["b1", "e1"]
    assert listed(office, ages=["UNDER_3D"], order="SINCE_DESC") == ["a2", "e1"]
    assert listed(office, text="ROSSI") == ["b1"]
    assert listed(office, text="%") == []


def test_what_is_due_first_comes_first_page_by_page(office: Api):
    assert listed(office, order="DUE_ASC") == ["b1", "e1", "a2", "a1"]
    first = office.ask(LIST, order="DUE_ASC", then=THEN, first=3)["unanswered"]
    after = first["pageInfo"]["endCursor"]
    rest = office.ask(LIST, order="DUE_ASC", then=THEN, first=3, after=after)["unanswered"]
    assert [one["node"]["message"]["headerId"] for one in rest["edges"]] == ["a1@x.example"]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)


def test_a_reader_is_told_of_his_mailboxes_alone_in_counts_too(office: Api):
    box = mailbox_id(office.carteggio.identity_key, GIULIA)
    token = office.issue([Scope.READ_MAIL], [box])
    assert groups(office, "OWNER", token) == {"Giulia Neri": 2}
    assert groups(office, "MAILBOX", token) == {GIULIA: 2}
    assert groups(office, "PARTY", token) == {"Bianchi": 1, "Acme": 1}
    assert groups(office, "KIND", token) == {"": 2}
    assert groups(office, "PARTY", token, text="Invoice") == {}
    nothing = office.issue([Scope.READ_AUDIT])
    assert office.refusal(SUMMARY, nothing, by="OWNER") == "FORBIDDEN"


RESPONSES = """query($by: ResponsesBy!) { responseTimes(groupBy: $by, monthly: true,
    from: "2026-02-01T00:00:00+01:00", to: "2026-02-10T00:00:00+01:00") { month backlog
    first { count median ninetyPercent } key { ... on User { email } ... on Mailbox { address } } } }"""


def test_response_times_tell_what_was_answered_and_what_is_left(office: Api):
    before = office.ask(RESPONSES, by="MAILBOX")["responseTimes"]
    assert {one["key"]["address"]: one["backlog"] for one in before} == {INFO: 2, GIULIA: 2}
    assert {one["month"] for one in before} == {"2026-02"}
    box = mailbox_id(office.carteggio.identity_key, GIULIA)
    token = office.issue([Scope.READ_MAIL], [box])
    (own,) = office.ask(RESPONSES, token, by="PERSON")["responseTimes"]
    assert (own["key"]["email"], own["backlog"]) == (GIULIA, 2)


def test_response_times_of_all_time_are_refused(office: Api):
    asked = RESPONSES.replace("2026-02-01", "0001-01-01")
    assert office.refusal(asked, by="PERSON") == "INVALID"


def test_groups_are_told_as_of_a_moment(office: Api):
    then = {"time": "2026-02-03T12:00:00+01:00"}
    found = office.ask(SUMMARY, by="SLA", then=then)["unansweredSummary"]
    assert [(one["name"], one["count"]) for one in found] == [("on_track", 2)]
