"""Lists by pages, objects by keys and ids, and what is wrong with a question."""

import pytest

from office import INFO, nodes

TIMELINE = """query($asOf: AsOf, $filter: TimelineFilter, $first: Int, $after: String, $last: Int,
    $before: String) { party(by: {code: {company: "main", kind: "customer", code: "C3"}}) {
  timeline(asOf: $asOf, filter: $filter, first: $first, after: $after, last: $last,
    before: $before) {
    totalCount { value isExact } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor link { reason evidence } node { headerId receivedAt } } } } }"""
NEWEST_FIRST = [f"{number}@bulk.example" for number in reversed(range(60))]


async def timeline(ask, **given):
    return (await ask(TIMELINE, **given))["party"]["timeline"]


async def test_a_timeline_is_read_forward_by_cursors_to_its_end(ask):
    found: list[str] = []
    after = None
    while True:
        page = await timeline(ask, first=25, after=after)
        found += nodes(page, "headerId")
        assert page["totalCount"] == {"value": 60, "isExact": True}
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert found == NEWEST_FIRST


async def test_a_timeline_is_read_backward_by_cursors_to_its_beginning(ask):
    found: list[str] = []
    before = None
    while True:
        page = await timeline(ask, last=25, before=before)
        found = nodes(page, "headerId") + found
        assert page["pageInfo"]["hasNextPage"] is (before is not None)
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        before = page["pageInfo"]["startCursor"]
    assert found == NEWEST_FIRST


async def test_an_entry_of_a_timeline_says_why_it_stands_there(ask):
    page = await timeline(ask, first=1)
    assert page["edges"][0]["link"] == {"reason": "ADDRESS", "evidence": "ben@bulk.example"}


async def test_a_timeline_is_narrowed(ask):
    boxes = (await ask("{ mailboxes { id address } }"))["mailboxes"]
    info = next(one["id"] for one in boxes if one["address"] == INFO)

    async def matches(**filter):
        return (await timeline(ask, filter=filter))["totalCount"]["value"]

    assert await matches(direction="INBOUND", reasons=["ADDRESS"]) == 60
    assert await matches(direction="OUTBOUND") == 0
    assert await matches(reasons=["DOCUMENT_NUMBER"]) == 0
    assert await matches(mailboxIds=[info]) == 0
    day = {"from": "2026-02-02T00:00:00+01:00", "to": "2026-02-03T00:00:00+01:00"}
    assert await matches(**day) == 24


async def test_a_reason_that_stands_for_no_known_rule_is_refused(ask):
    assert await ask.refusal(TIMELINE, filter={"reasons": ["RULE"]}) == "INVALID"


def test_each_rule_of_the_ladder_has_a_reason():
    from api.graphql.inputs import REASONS  # noqa: PLC0415
    from domain import rules as ladder  # noqa: PLC0415

    rules = {one.name for one in vars(ladder).values() if isinstance(one, ladder.Rule)}
    assert rules | {""} == set(REASONS)


async def test_a_timeline_of_the_past_ends_there(ask):
    time = {"time": "2026-02-01T05:00:00+01:00"}
    assert nodes(await timeline(ask, asOf=time), "headerId") == NEWEST_FIRST[-6:]
    position = "{ systemStatus { position } }"
    now = (await ask(position))["systemStatus"]
    assert (await timeline(ask, asOf=now))["totalCount"]["value"] == 60
    assert nodes(await timeline(ask, asOf={"position": "5"})) == []


async def test_a_documents_timeline_holds_what_names_it(ask):
    query = """{ document(by: {number: {company: "main", kind: "INVOICE", number: "2026/17",
      year: 2026}}) { number issuedOn externalId party { name } timeline { edges {
      link { reason } node { headerId } } } } }"""
    found = (await ask(query))["document"]
    assert (found["issuedOn"], found["externalId"]) == ("2026-01-20", "D1")
    assert found["party"] == {"name": "Acme"}
    assert found["timeline"]["edges"] == [
        {"link": {"reason": "DOCUMENT_NUMBER"}, "node": {"headerId": "a1@acme.example"}}
    ]


@pytest.mark.parametrize(
    "key",
    [
        '{code: {company: "main", kind: "Customer", code: "C1"}}',
        '{vatNumber: "it-012 3"}',
        '{address: "ADA@acme.example"}',
    ],
)
async def test_a_party_is_found_by_its_keys(ask, key):
    query = "{ party(by: " + key + ") { id code kind vatNumber stats { received sent } } }"
    found = (await ask(query))["party"]
    assert (found["code"], found["kind"], found["vatNumber"]) == ("C1", "customer", "IT 012.3")
    assert found["stats"] == {"received": 4, "sent": 1}
    again = await ask("query($id: ID!) { party(by: {id: $id}) { code } }", id=found["id"])
    assert again["party"] == {"code": "C1"}


@pytest.mark.parametrize(
    "question",
    [
        'party(by: {code: {company: "other", kind: "customer", code: "C1"}}) { id }',
        'party(by: {code: {company: "main", kind: "supplier", code: "C1"}}) { id }',
        'party(by: {vatNumber: ""}) { id }',
        'document(by: {externalId: "D9"}) { id }',
        'document(by: {number: {company: "main", kind: "offer", number: "2026/17"}}) { id }',
        'document(by: {number: {company: "main", kind: "", number: "2026/17", year: 2025}}) { id }',
        'message(id: "msg_00000000000000000000000000000001") { id }',
        'conversation(id: "cnv_00000000000000000000000000000001") { id }',
        'node(id: "tok_00000000000000000000000000000001") { id }',
    ],
)
async def test_what_is_not_there_is_null(ask, question):
    (found,) = (await ask("{" + question + "}")).values()
    assert found is None


async def test_a_key_of_several_is_refused(ask):
    assert await ask.refusal('{ party(by: {address: "both@shared.example"}) { id } }') == (
        "AMBIGUOUS"
    )


async def test_parties_and_documents_are_listed(ask):
    query = """{ parties(filter: {kinds: ["CUSTOMER"], text: "a"}) { edges { node { name
        unanswered { totalCount { value } } documents { edges { node { number } } } } } }
      documents { edges { node { number party { code } } } }
      late: documents(filter: {from: "2026-01-21"}) { totalCount { value } } }"""
    data = await ask(query)
    (acme,) = nodes(data["parties"])
    assert (acme["name"], nodes(acme["documents"], "number")) == ("Acme", ["2026/17"])
    assert acme["unanswered"]["totalCount"] == {"value": 3}
    assert nodes(data["documents"], "number") == ["AG-2026-100", "2026/17"]
    assert data["late"]["totalCount"] == {"value": 1}


async def test_parties_are_paged_in_both_directions(ask):
    query = """query($first: Int, $after: String, $last: Int, $before: String) {
      parties(first: $first, after: $after, last: $last, before: $before) {
        pageInfo { endCursor startCursor } edges { node { code } } } }"""
    first = (await ask(query, first=1))["parties"]
    second = (await ask(query, first=2, after=first["pageInfo"]["endCursor"]))["parties"]
    assert nodes(first, "code") + nodes(second, "code") == ["C1", "C3", "C2"]
    back = (await ask(query, last=2, before=second["pageInfo"]["endCursor"]))["parties"]
    assert nodes(back, "code") == ["C1", "C3"]


async def test_messages_are_listed_and_narrowed(ask):
    query = """query($f: MessageFilter, $order: MessageOrder! = RECEIVED_DESC) {
      messages(filter: $f, order: $order, first: 100) { totalCount { value }
        edges { node { headerId } } } }"""

    async def listed(order="RECEIVED_DESC", **filter):
        return nodes((await ask(query, f=filter, order=order))["messages"], "headerId")

    everything = await listed()
    assert len(everything) == 72
    assert await listed("RECEIVED_ASC") == everything[::-1]
    assert await listed(directions=["OUTBOUND"]) == ["s1@firm.example"]
    assert await listed(hasAttachments=True) == ["a4@acme.example"]
    assert await listed(isAutomatic=True) == ["n1@shop.example"]
    assert await listed(isLinked=False) == [
        "y3@nowhere.example", "y2@nowhere.example", "y1@nowhere.example", "x1@shared.example", "n1@shop.example",
    ]  # fmt: skip
    offer = (await ask('{ document(by: {externalId: "D2"}) { id } }'))["document"]["id"]
    assert await listed(documentId=offer) == ["b1@rossi.example"]


async def test_objects_of_every_kind_are_found_again_by_their_ids(ask):
    id = await ask.message("a1@acme.example")
    query = """query($id: ID!) { message(id: $id) { id conversation { id } parties { id }
      documents { id } occurrences { mailbox { id } } } }"""
    found = (await ask(query, id=id))["message"]
    parts = [found["conversation"], *found["parties"], *found["documents"]]
    ids = [id, *(one["id"] for one in parts), found["occurrences"][0]["mailbox"]["id"]]
    kinds = """query($ids: [ID!]!) { nodes(ids: $ids) { __typename id
      ... on Message { subject parties { code } } ... on Party { contacts { address } } } }"""
    again = (await ask(kinds, ids=[*ids, "msg_" + "0" * 32]))["nodes"]
    assert again.pop() is None
    assert [one["id"] for one in again] == ids
    assert [one["__typename"] for one in again] == [
        "Message", "Conversation", "Party", "Document", "Mailbox",
    ]  # fmt: skip
    assert again[0]["parties"] == [{"code": "C1"}]


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ('message(id: "msg_1") { id }', "INVALID"),
        ('message(id: "") { id }', "INVALID"),
        ('message(id: "msg_0000000000000000000000000000000G") { id }', "INVALID"),
        ('message(id: "msg_00000000-0000-0000-0000-000000000001") { id }', "INVALID"),
        ('message(id: "pty_00000000000000000000000000000001") { id }', "INVALID"),
        ('node(id: "nonsense") { id }', "INVALID"),
        ("messages(first: 0) { edges { cursor } }", "INVALID"),
        ("messages(first: -1) { edges { cursor } }", "INVALID"),
        ("messages(first: 101) { edges { cursor } }", "INVALID"),
        ("messages(last: 101) { edges { cursor } }", "INVALID"),
        ("messages(first: 1, last: 1) { edges { cursor } }", "INVALID"),
        ('messages(first: 1, before: "x") { edges { cursor } }', "INVALID"),
        ('messages(before: "x") { edges { cursor } }', "INVALID"),
        ('messages(after: "x") { edges { cursor } }', "INVALID"),
        ('messages(after: "é") { edges { cursor } }', "INVALID"),
        ('messages(filter: {partyId: "mbx_1"}) { edges { cursor } }', "INVALID"),
        ('messages(filter: {mailboxIds: ["x"]}) { edges { cursor } }', "INVALID"),
    ],
)
async def test_what_is_asked_wrongly_is_refused_with_a_code(ask, question, code):
    assert await ask.refusal("{" + question + "}") == code


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"])
@pytest.mark.parametrize(
    "question",
    [
        'party(by: {code: {company: "main", kind: "customer", code: $t}}) { id }',
        'party(by: {code: {company: "main", kind: $t, code: "C1"}}) { id }',
        "party(by: {vatNumber: $t}) { id }",
        "party(by: {address: $t}) { id }",
        'document(by: {number: {company: "main", kind: $t, number: "1"}}) { id }',
        'document(by: {number: {company: "main", kind: "invoice", number: $t}}) { id }',
        "document(by: {externalId: $t}) { id }",
        "parties(filter: {text: $t}) { edges { cursor } }",
        "parties(filter: {kinds: [$t]}) { edges { cursor } }",
        "documents(filter: {text: $t}) { edges { cursor } }",
        "messages(after: $t) { edges { cursor } }",
        "auditLog(filter: {actorId: $t}) { edges { cursor } }",
        "auditLog(filter: {events: [$t]}) { edges { cursor } }",
    ],
)
async def test_a_text_that_no_database_takes_is_refused(ask, question, bad):
    assert await ask.refusal("query($t: String!) {" + question + "}", t=bad) == "INVALID"


@pytest.mark.parametrize("year", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_the_edges_of_time_are_moments_too(ask, year):
    query = """query($t: DateTime!) { unanswered(asOf: {time: $t}) { edges { cursor } }
      messages(filter: {from: $t}) { edges { cursor } } auditLog(filter: {to: $t}) { edges { cursor } } }"""
    assert set(await ask(query, t=year)) == {"unanswered", "messages", "auditLog"}


async def test_more_than_a_hundred_nodes_are_refused(ask):
    ids = ["msg_" + "0" * 32] * 101
    assert await ask.refusal("query($i: [ID!]!) { nodes(ids: $i) { id } }", i=ids) == "INVALID"


async def test_lists_inside_of_lists_are_bounded_together(ask):
    query = (
        "{ parties(first: %d) { edges { node { timeline(first: 100) { edges { cursor } } } } } }"
    )
    assert len(nodes((await ask(query % 100))["parties"])) == 3
    some = " ".join(f"a{n}: timeline(first: 100) {{ edges {{ cursor }} }}" for n in range(20))
    both = "{ parties(first: 100) { edges { node { " + some + " } } } }"
    assert await ask.refusal(both) == "TOO_MUCH"


async def test_a_conversation_is_found_by_an_id_that_it_had_before(ask):
    answer, question = [await ask.message(one) for one in ("s1@firm.example", "a3@acme.example")]
    query = "query($id: ID!) { conversation(id: $id) { id } node(id: $id) { id } }"
    now = {"id": question.replace("msg", "cnv")}
    found = await ask(query, id=answer.replace("msg", "cnv"))
    assert found == {"conversation": now, "node": now}


async def test_a_cursor_of_another_list_is_refused(ask):
    parties = await ask("{ parties(first: 1) { pageInfo { endCursor } } }")
    cursor = parties["parties"]["pageInfo"]["endCursor"]
    query = "query($c: String!) { messages(after: $c) { edges { cursor } } }"
    assert await ask.refusal(query, c=cursor) == "INVALID"
    newest = (await ask("{ messages(first: 1) { pageInfo { endCursor } } }"))["messages"]
    backward = """query($c: String!) { messages(after: $c, order: RECEIVED_ASC) {
      edges { cursor } } }"""
    assert await ask.refusal(backward, c=newest["pageInfo"]["endCursor"]) == "INVALID"


@pytest.mark.parametrize(
    "as_of",
    [
        "{}",
        '{time: "2026-02-02T00:00:00Z", position: "1"}',
        "{time: null}",
        '{time: "2026-02-02T00:00:00"}',
        '{time: "yesterday"}',
        '{position: "-1"}',
        '{position: "9999999999999999999"}',
        "{position: 5}",
    ],
)
async def test_a_past_that_is_none_is_refused(ask, as_of):
    found = await ask.result(f"{{ unanswered(asOf: {as_of}) {{ edges {{ cursor }} }} }}")
    assert found.data is None
    assert len(found.errors) == 1


async def test_fields_that_are_left_out_by_directives_are_not_read(ask):
    query = """query($yes: Boolean!, $no: Boolean!) { messages(first: 1) { edges { node {
      parties @skip(if: $yes) { code } ...More @include(if: $no) ...Less @include(if: $yes) } } } }
      fragment More on Message { documents { number } } fragment Less on Message { why { reason } }"""
    (node,) = nodes((await ask(query, yes=True, no=False))["messages"])
    assert set(node) == {"why"}
