"""Mail that could not be read in full, by GraphQL: listed with its reasons, and read once more."""

from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest

from adapters.mime.frames import Limits
from adapters.mime.worker import ReadingWorker
from api.work.importing import register_mailbox
from api.work.reception import Arrival, Place, Reception
from api.work.reprocessing import reprocess
from domain.access import Scope
from domain.identity import mailbox_id
from domain.message import FolderRole
from instances import events_of
from letters import letter
from serving import Api

INFO, SALES = "info@firm.example", "sales@firm.example"
NARROW = Limits(cpu_seconds=0.02)
MULTIPART = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n"
SLOW = b"--x\nContent-Type: text/html\n\n" + b"<pre>\n" * 150_000 + b"\n--x--\n"
ENDLESS = b"--x\n\na\n" * 1_200 + b"--x--\n"
LIST = """query($first: Int, $after: String, $last: Int, $before: String) {
  quarantine(first: $first, after: $after, last: $last, before: $before) {
  totalCount { value } pageInfo { hasNextPage startCursor endCursor }
  edges { node { messageId receivedAt size reasons readerVersion isOrdered } } } }"""
SHOWN = "{ quarantine { edges { node { messageId message { subject isDegraded } } } } }"
AGAIN = """mutation($input: QuarantineReprocessInput!) { quarantineReprocess(input: $input) {
  waiting position userErrors { code message path } } }"""
TRAIL = """query($filter: AuditFilter) { auditLog(filter: $filter) { edges { node {
  event actor { kind } channel commandId summary correlationId } } } }"""


@pytest.fixture
def quarantine(api: Api) -> Api:
    """Give an instance in which a mail was too slow to be read, and another has too many parts."""
    at = datetime(2026, 2, 2, 9, tzinfo=UTC)
    with ReadingWorker(NARROW) as worker:
        reception = Reception(api.carteggio.journal, api.carteggio.blobs, worker, "import")
        for name, box, body in (("slow", INFO, SLOW), ("endless", SALES, ENDLESS)):
            mail = letter(f"{name}@acme.example", name.encode(), to=box, more=MULTIPART, body=body)
            place = Place(register_mailbox(api.carteggio, box), "INBOX", FolderRole.INBOX)
            reception.store(reception.read([Arrival(mail, place, at)]))
    api.caught_up()
    return api


def listed(api: Api, token: str | None = None) -> list[dict[str, Any]]:
    return [edge["node"] for edge in api.ask(LIST, token)["quarantine"]["edges"]]


def by_subject(api: Api) -> dict[str, str]:
    nodes = [edge["node"] for edge in api.ask(SHOWN)["quarantine"]["edges"]]
    assert all(one["message"]["isDegraded"] for one in nodes)
    return {one["message"]["subject"]: one["messageId"] for one in nodes}


def ordered(api: Api, token: str | None = None, command: str = "q-1", **input: Any) -> Any:
    given = {"commandId": command, **input}
    return api.ask(AGAIN, token, input=given)["quarantineReprocess"]


def worked(api: Api) -> None:
    reprocess(api.carteggio, Event())
    api.caught_up()


def test_what_could_not_be_read_is_listed_by_pages_with_the_reasons(quarantine: Api):
    first = quarantine.ask(LIST, first=1)["quarantine"]
    assert (first["totalCount"]["value"], first["pageInfo"]["hasNextPage"]) == (2, True)
    rest = quarantine.ask(LIST, first=1, after=first["pageInfo"]["endCursor"])["quarantine"]
    assert rest["pageInfo"]["hasNextPage"] is False
    both = [edge["node"] for page in (first, rest) for edge in page["edges"]]
    assert both == listed(quarantine)
    back = {"last": 1, "before": rest["pageInfo"]["startCursor"]}
    assert quarantine.ask(LIST, **back)["quarantine"]["edges"] == first["edges"]
    assert {tuple(one["reasons"]) for one in both} >= {("reading was cut off",)}
    assert {one["isOrdered"] for one in both} == {False}


def test_all_of_it_is_ordered_read_by_the_work_and_what_can_be_read_is_gone(quarantine: Api):
    done = ordered(quarantine)
    assert (done["waiting"], done["userErrors"]) == (2, [])
    assert int(done["position"]) == quarantine.carteggio.journal.head()
    assert {one["isOrdered"] for one in listed(quarantine)} == {True}
    assert ordered(quarantine) == done
    assert len(events_of(quarantine.carteggio, "quarantine.reprocessing_ordered")) == 1
    worked(quarantine)
    (left,) = listed(quarantine)
    assert ("too many parts" in left["reasons"], left["isOrdered"]) == (True, False)
    again = ordered(quarantine)
    assert (again["position"], again["waiting"]) == (done["position"], 0)
    names = ["quarantine.reprocessing_ordered", "message.reread"]
    found = quarantine.ask(TRAIL, filter={"events": names})["auditLog"]["edges"]
    (*reread, order) = [edge["node"] for edge in found]
    assert (order["actor"]["kind"], order["channel"], order["commandId"]) == (
        "CLIENT", "graphql", "q-1",
    )  # fmt: skip
    assert order["summary"] == "all mail in quarantine to be read once more"
    assert {one["correlationId"] for one in reread} == {order["correlationId"]}
    assert reread


def test_one_message_is_ordered_and_what_is_not_there_is_told(quarantine: Api):
    ids = by_subject(quarantine)
    absent = "msg_" + "0" * 31 + "1"
    done = ordered(quarantine, messageIds=[absent, ids["slow"]])
    assert done["waiting"] == 1
    (error,) = done["userErrors"]
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "messageIds", "0"])
    worked(quarantine)
    assert set(by_subject(quarantine)) == {"endless"}
    well = ordered(quarantine, command="q-2", messageIds=[ids["slow"]])
    assert (well["waiting"], well["userErrors"]) == (0, [])


def test_who_manages_a_mailbox_sees_and_orders_no_more_than_that_and_no_mail(quarantine: Api):
    box = mailbox_id(quarantine.carteggio.identity_key, INFO)
    token = quarantine.issue([Scope.MANAGE_MAILBOXES], mailboxes=[box])
    ids = by_subject(quarantine)
    assert [one["messageId"] for one in listed(quarantine, token)] == [ids["slow"]]
    assert quarantine.refusal(SHOWN, token) == "FORBIDDEN"
    refused = ordered(quarantine, token, messageIds=[ids["endless"]])
    assert [one["code"] for one in refused["userErrors"]] == ["NOT_FOUND"]
    assert refused["position"] is None
    assert ordered(quarantine, token, "q-2")["waiting"] == 1
    (event,) = events_of(quarantine.carteggio, "quarantine.reprocessing_ordered")
    assert event.mailboxes == (box,)
    reader = quarantine.issue([Scope.READ_MAIL])
    assert quarantine.refusal(LIST, reader) == "FORBIDDEN"
    assert quarantine.refusal(AGAIN, reader, input={"commandId": "q-3"}) == "FORBIDDEN"
