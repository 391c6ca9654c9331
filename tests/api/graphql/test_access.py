"""Who sees what: readers of other mailboxes, tokens with fewer scopes."""

from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
)
from graphql.type import is_abstract_type

from domain.access import Scope
from office import BULK, INFO, SALES, nodes

ACCESS = Path(__file__).parents[2] / "golden" / "access.txt"
IN_INFO = {
    "a1@acme.example", "a2@acme.example", "b1@rossi.example", "n1@shop.example",
    "x1@shared.example", "y1@nowhere.example", "y2@nowhere.example",
}  # fmt: skip
IN_SALES = {
    "a2@acme.example", "a3@acme.example", "a4@acme.example", "b2@rossi.example",
    "s1@firm.example", "y3@nowhere.example",
}  # fmt: skip
EVERYWHERE = """{
  messages(first: 100) { totalCount { value } edges { node { headerId
    occurrences { mailbox { address } } conversation { messageCount } } } }
  unanswered(first: 100) { totalCount { value } edges { node { message { headerId }
    mailboxes { address } } } }
  unmatched { totalCount { value } edges { node { headerId } } }
  ambiguous { totalCount { value } edges { node { headerId } } }
  parties { edges { node { code stats { received sent } unanswered { totalCount { value } }
    timeline { totalCount { value } edges { node { headerId links { evidence } } } } } } }
  documents { edges { node { number timeline { totalCount { value } } } } }
  trails: parties { edges { node { audit(first: 100) { totalCount { value }
    edges { node { subject { ... on Message { headerId } ... on Party { code } } } } } } } }
  mailboxes { address } viewer { mailboxes { address } }
  auditLog(first: 100, filter: {events: ["message.received"]}) { totalCount { value }
    edges { node { summary subject { ... on Message { headerId } } } } } }"""


async def seen(ask, *addresses):
    data = await ask(EVERYWHERE, *addresses)
    return data, set(nodes(data["messages"], "headerId"))


@pytest.mark.parametrize(("address", "holds"), [(INFO, IN_INFO), (SALES, IN_SALES)])
async def test_a_reader_sees_the_mail_of_his_mailbox_and_no_other(ask, address, holds):
    data, found = await seen(ask, address)
    assert found == holds
    assert data["messages"]["totalCount"] == {"value": len(holds)}
    assert data["mailboxes"] == data["viewer"]["mailboxes"] == [{"address": address}]
    places = [one for node in nodes(data["messages"]) for one in node["occurrences"]]
    assert {one["mailbox"]["address"] for one in places} == {address}
    waiting = nodes(data["unanswered"])
    assert {one["message"]["headerId"] for one in waiting} <= holds
    assert {box["address"] for one in waiting for box in one["mailboxes"]} == {address}
    for name in ("messages", "unanswered", "unmatched", "ambiguous", "auditLog"):
        assert data[name]["totalCount"]["value"] == len(data[name]["edges"])
    for name in ("unmatched", "ambiguous"):
        assert set(nodes(data[name], "headerId")) <= holds
    log = [one["subject"]["headerId"] for one in nodes(data["auditLog"])]
    assert sorted(log) == sorted(holds)


@pytest.mark.parametrize(("address", "holds"), [(INFO, IN_INFO), (SALES, IN_SALES)])
async def test_a_partys_history_and_counts_are_those_of_the_readers_mailbox(ask, address, holds):
    data, _ = await seen(ask, address)
    by_code = {one["code"]: one for one in nodes(data["parties"])}
    for party in by_code.values():
        mail = nodes(party["timeline"], "headerId")
        assert set(mail) <= holds
        assert party["timeline"]["totalCount"]["value"] == len(mail)
        assert sum(party["stats"].values()) == len(mail)
    assert by_code["C3"]["timeline"]["totalCount"] == {"value": 0}
    trails = nodes(data["trails"], "audit")
    subjects = [one["subject"] for trail in trails for one in nodes(trail)]
    assert {one["headerId"] for one in subjects if "headerId" in one} <= holds
    assert all(trail["totalCount"]["value"] == len(trail["edges"]) for trail in trails)
    invoice = next(one for one in nodes(data["documents"]) if one["number"] == "2026/17")
    assert invoice["timeline"]["totalCount"] == {"value": int(address == INFO)}


async def test_what_lies_in_another_mailbox_is_as_if_not_there(ask):
    id = await ask.message("a3@acme.example")
    query = """query($id: ID!) { message(id: $id) { conversation { id messageCount } audit {
      totalCount { value } } } node(id: $id) { id } nodes(ids: [$id]) { id }
      auditLog(filter: {subjectId: $id}) { totalCount { value } edges { cursor } } }"""
    ours = await ask(query, SALES, id=id)
    assert ours["message"]["conversation"]["messageCount"] == 2
    assert ours["auditLog"]["totalCount"] == ours["message"]["audit"]["totalCount"]
    assert ours["auditLog"]["totalCount"]["value"] > 0
    assert await ask(query, INFO, id=id) == {
        "message": None,
        "node": None,
        "nodes": [None],
        "auditLog": {"totalCount": {"value": 0}, "edges": []},
    }
    talk = ours["message"]["conversation"]["id"]
    query = "query($id: ID!) { conversation(id: $id) { id } node(id: $id) { id } }"
    assert await ask(query, INFO, id=talk) == {"conversation": None, "node": None}
    assert (await ask(query, SALES, id=talk))["conversation"] == {"id": talk}


async def test_a_wait_that_began_elsewhere_shows_the_first_question_that_may_be_seen(ask):
    query = """{ unanswered(first: 100) { edges { node { since mailboxes { address }
      message { headerId } } } } }"""

    async def last(*sees):
        return nodes((await ask(query, *sees))["unanswered"])[-1]

    began = "2026-02-15T08:00:00+00:00"
    boxes = [{"address": INFO}, {"address": SALES}]
    for sees, header in ((INFO, "y2"), (SALES, "y3")):
        assert await last(sees) == {
            "since": began,
            "mailboxes": [{"address": sees}],
            "message": {"headerId": f"{header}@nowhere.example"},
        }
    everything = await last()
    assert everything["message"] == {"headerId": "y2@nowhere.example"}
    assert sorted(everything["mailboxes"], key=str) == boxes


async def test_another_mailbox_is_as_if_not_there(ask):
    boxes = (await ask("{ mailboxes { id address } }"))["mailboxes"]
    other = next(one["id"] for one in boxes if one["address"] == BULK)
    query = """query($id: ID!) { node(id: $id) { id }
      messages(filter: {mailboxIds: [$id]}) { totalCount { value } }
      unanswered(filter: {mailboxIds: [$id]}) { totalCount { value } }
      auditLog(filter: {subjectId: $id}) { totalCount { value } } }"""
    none = {"totalCount": {"value": 0}}
    assert await ask(query, INFO, id=other) == {
        "node": None, "messages": none, "unanswered": none, "auditLog": none,
    }  # fmt: skip


async def test_a_blind_copy_is_told_only_to_who_reads_the_mailbox_that_sent_it(ask):
    id = await ask.message("s1@firm.example")
    query = "query($id: ID!) { message(id: $id) { bcc { email } } }"
    assert (await ask(query, SALES, id=id))["message"]["bcc"] == [{"email": "boss@firm.example"}]


async def test_what_belongs_to_a_confidential_party_is_as_if_not_there(ask):
    id = await ask.message("b1@rossi.example")
    query = """query($id: ID!) { message(id: $id) { parties { code } documents { number }
        links { reason } audit { edges { node { event } } } }
      party(by: {address: "bob@rossi.example"}) { code } document(by: {externalId: "D2"}) { id }
      parties { totalCount { value } } documents { totalCount { value } } }"""
    cleared = await ask(query, id=id, clearance=1)
    assert cleared["message"]["parties"] == [{"code": "C2"}]
    assert (len(cleared["message"]["links"]), cleared["party"]) == (2, {"code": "C2"})
    found = await ask(query, id=id, clearance=0)
    message = found.pop("message")
    assert (message["parties"], message["documents"], message["links"]) == ([], [], [])
    assert nodes(message["audit"], "event") == ["message.received", "message.classified"]
    one = {"totalCount": {"value": 1}}
    assert found == {"party": None, "document": None, "documents": one, "parties": {
        "totalCount": {"value": 2}}}  # fmt: skip


SHOWN = (GraphQLObjectType, GraphQLInterfaceType, GraphQLUnionType)
READ = frozenset({Scope.READ_MAIL})
AUDIT = frozenset({Scope.READ_AUDIT})


async def test_without_a_scope_nothing_is_read(ask):
    for question in (
        "messages { edges { cursor } }", "parties { edges { cursor } }", "mailboxes { id }",
        "unanswered { edges { cursor } }", 'node(id: "x") { id }', "viewer { mailboxes { id } }",
    ):  # fmt: skip
        assert await ask.refusal("{" + question + "}", scopes=AUDIT) == "FORBIDDEN"
    assert await ask.refusal("{ auditLog { edges { cursor } } }", scopes=READ) == "FORBIDDEN"
    audit = "{ parties(first: 1) { edges { node { audit { edges { cursor } } } } } }"
    assert await ask.refusal(audit, scopes=READ) == "FORBIDDEN"


async def test_every_token_may_ask_who_it_is_and_how_far_everything_is(ask):
    query = """{ viewer { id name permissions company } systemStatus { position
      projections { name version position lag state isActive isRebuilding error } } }"""
    found = (await ask.result(query, scopes=frozenset())).data
    assert found["viewer"]["id"] == "tok_00000000000000000000000000000007"
    assert (found["viewer"]["permissions"], found["viewer"]["company"]) == ([], "main")
    head = found["systemStatus"]["position"]
    states = {one["name"]: one for one in found["systemStatus"]["projections"]}
    assert states["mail"]["state"] == "LIVE"
    assert {one["position"] for one in states.values()} == {head}
    assert {one["lag"] for one in states.values()} == {0}


async def test_an_auditor_sees_that_something_happened_but_not_what_mail_says(ask):
    query = "{ auditLog(first: 5) { edges { node { event actor { kind } subjectId %s } } } }"
    plain = await ask.result(query % "", scopes=AUDIT)
    assert plain.errors is None
    for field in ("summary", "data", "subject { id }"):
        found = await ask.result(query % field, scopes=AUDIT)
        assert len(found.errors) == 5
        entries = nodes(found.data["auditLog"])
        assert {one[field.split()[0]] for one in entries} == {None}


async def test_an_object_tells_what_happened_to_it(ask):
    id = await ask.message("a1@acme.example")
    query = """query($id: ID!, $asOf: AsOf) { message(id: $id) { audit(asOf: $asOf) {
      totalCount { value } edges { cursor node { position at event summary data channel commandId
        isErased correlationId actor { kind id } subject { id } } } } } }"""
    found = (await ask(query, id=id))["message"]["audit"]
    events = nodes(found, "event")
    assert events[0] == "message.received"
    assert sorted(events[1:]) == ["message.classified", "message.linked", "message.linked"]
    assert {one["subject"]["id"] for one in nodes(found)} == {id}
    assert nodes(found)[0]["data"]["content"]["subject"] == "Invoice 2026/17"
    then = nodes(found)[1]["position"]
    past = (await ask(query, id=id, asOf={"position": then}))["message"]["audit"]
    assert nodes(past) == nodes(found)[:2]


async def test_a_party_a_document_and_a_mailbox_tell_what_happened_to_them(ask):
    query = """{ party(by: {vatNumber: "IT0123"}) { audit { edges { node { event } } } }
      document(by: {externalId: "D1"}) { audit { edges { node { event } } } }
      mailboxes { audit { edges { node { event subjectId } } } } }"""
    found = await ask(query)
    assert "party.registered" in nodes(found["party"]["audit"], "event")
    assert "message.linked" in nodes(found["party"]["audit"], "event")
    assert "document.registered" in nodes(found["document"]["audit"], "event")
    for box in found["mailboxes"]:
        assert "mailbox.registered" in nodes(box["audit"], "event")


async def test_the_log_is_narrowed_and_paged(ask):
    query = """query($f: AuditFilter, $first: Int, $after: String) {
      auditLog(filter: $f, first: $first, after: $after) { pageInfo { endCursor hasNextPage }
        totalCount { value isExact } edges { node { position event actor { id } } } } }"""
    received = {"events": ["message.received"]}
    first = (await ask(query, f=received, first=40))["auditLog"]
    assert first["totalCount"] == {"value": 72, "isExact": True}
    rest = await ask(query, f=received, first=40, after=first["pageInfo"]["endCursor"])
    places = nodes(first, "position") + nodes(rest["auditLog"], "position")
    assert places == sorted(places, key=int, reverse=True)
    assert len(places) == 72
    rule = (await ask(query, f={"actorId": "document-number@3"}))["auditLog"]
    assert set(nodes(rule, "event")) == {"message.linked"}
    later = (await ask(query, f={"from": "2100-01-01T00:00:00Z"}))["auditLog"]
    assert later["totalCount"]["value"] == 0


# ---- the rules themselves


def test_every_field_stands_in_the_list_of_access_rules_with_its_rule():
    from api.graphql.access import rules  # noqa: PLC0415
    from api.graphql.schema import schema  # noqa: PLC0415

    written = dict(line.split("\t") for line in ACCESS.read_text().splitlines())
    assert written == rules(schema), "python -m api.graphql.printing access writes it anew"


def reached_without(*scopes: str) -> set[str]:
    """Give the types to which fields lead that need none of these scopes."""
    from api.graphql.access import rules  # noqa: PLC0415
    from api.graphql.schema import schema  # noqa: PLC0415

    core, needed = schema._schema, rules(schema)
    reached: set[Any] = set()
    to_do: list[Any] = [core.query_type, core.mutation_type]
    while to_do:
        kind = to_do.pop()
        if kind in reached or not isinstance(kind, SHOWN):
            continue
        reached.add(kind)
        if is_abstract_type(kind):
            to_do += core.get_possible_types(kind)
        if isinstance(kind, GraphQLObjectType):
            to_do += [
                get_named_type(field.type)
                for name, field in kind.fields.items()
                if needed[f"{kind.name}.{name}"] not in scopes
            ]
    return {one.name for one in reached}


def test_no_way_leads_to_mail_or_master_data_without_its_scope():
    mail = {"Message", "Party", "Document", "Conversation", "Link"}
    names = reached_without("read_mail")
    assert {"Query", "Mutation", "AuditEntry", "SystemStatus", "Mailbox"} <= names
    assert not names & mail
    names = reached_without("read_mail", "manage_mailboxes")
    assert not names & (mail | {"Mailbox", "Account"})
