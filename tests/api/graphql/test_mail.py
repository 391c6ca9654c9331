"""Mail, whom it belongs to and why, what waits: asked as clients ask."""

from letters import letter, mbox
from office import INFO, SALES, Asks, nodes

WHY = """query($id: ID!, $asOf: AsOf) { message(id: $id, asOf: $asOf) {
  subject headerId direction status automatic wantsAnswer snippet body bodyIsCut rawUrl
  why { kind reason evidence } from { email name } to { email } cc { email } bcc { email }
  links { id reason ruleId ruleVersion evidence confidence place state by { kind id } rejected {
      __typename }
    target { ... on Party { code name } ... on Document { number amount { amount currency } } }
    inheritedFrom { headerId } }
  parties { code attributes contacts { address role } } documents { number party { code } }
  occurrences { mailbox { address isPec } folder seen isVariant sha256 }
  attachments { name mediaType size url }
  conversation { subject messageCount messages(first: 5) { edges { node { headerId } } } }
  answeredBy { headerId } answeredAt unanswered { since age mailboxes { address } }
} }"""


async def test_a_message_says_what_it_is(ask):
    found = (await ask(WHY, id=await ask.message("a1@acme.example")))["message"]
    assert (found["subject"], found["direction"]) == ("Invoice 2026/17", "INBOUND")
    assert (found["status"], found["automatic"], found["wantsAnswer"]) == ("OPEN", False, True)
    assert found["why"] == {"kind": None, "reason": "person_writes", "evidence": None}
    assert found["from"] == {"email": "ada@acme.example", "name": "Ada"}
    assert found["to"] == [{"email": INFO}]
    assert (found["cc"], found["bcc"], found["attachments"]) == ([], [], [])
    assert found["body"] == "When does it come?\n"
    assert found["bodyIsCut"] is False
    assert found["rawUrl"].startswith("/messages/msg_")


async def test_a_message_tells_why_it_belongs(ask):
    found = (await ask(WHY, id=await ask.message("a1@acme.example")))["message"]
    by_reason = {one["reason"]: one for one in found["links"]}
    assert set(by_reason) == {"ADDRESS", "DOCUMENT_NUMBER"}
    number, address = by_reason["DOCUMENT_NUMBER"], by_reason["ADDRESS"]
    assert number["target"]["number"] == "2026/17"
    assert number["target"]["amount"] == {"amount": "119.00", "currency": "EUR"}
    assert (number["evidence"], number["place"]) == ("Invoice 2026/17", "subject")
    assert address["target"] == {"code": "C1", "name": "Acme"}
    assert (address["ruleId"], address["ruleVersion"]) == ("address-exact", 1)
    assert (address["evidence"], address["state"]) == ("ada@acme.example", "AUTOMATIC")
    assert address["by"]["kind"] == "RULE"
    assert [one["code"] for one in found["parties"]] == ["C1"]
    assert found["parties"][0]["attributes"] == {"city": "Turin"}
    assert found["documents"] == [{"number": "2026/17", "party": {"code": "C1"}}]


async def test_what_waits_for_a_person_is_not_among_the_links_unless_asked(ask):
    id = await ask.message("x1@shared.example")
    asked = """query($id: ID!) { message(id: $id) { parties { code } links { id }
      all: links(states: [AMBIGUOUS]) { state target { ... on Party { code } }
        rejected { ... on Party { code } } } } }"""
    found = (await ask(asked, id=id))["message"]
    assert (found["parties"], found["links"]) == ([], [])
    pairs = {(one["target"]["code"], one["rejected"][0]["code"]) for one in found["all"]}
    assert pairs == {("C1", "C2"), ("C2", "C1")}


async def test_a_message_in_two_mailboxes_is_one(ask):
    found = (await ask(WHY, id=await ask.message("a2@acme.example")))["message"]
    places = found["occurrences"]
    assert sorted(one["mailbox"]["address"] for one in places) == [INFO, SALES]
    assert {one["folder"] for one in places} == {"INBOX"}
    assert not any(one["isVariant"] for one in places)


async def test_a_conversation_holds_question_and_answer(ask):
    asked = (await ask(WHY, id=await ask.message("a3@acme.example")))["message"]
    assert (asked["status"], asked["unanswered"]) == ("ANSWERED", None)
    assert asked["answeredBy"] == {"headerId": "s1@firm.example"}
    assert asked["answeredAt"] == "2026-02-10T08:00:00+00:00"
    assert asked["conversation"]["messageCount"] == 2
    assert nodes(asked["conversation"]["messages"], "headerId") == [
        "a3@acme.example",
        "s1@firm.example",
    ]
    answer = (await ask(WHY, id=await ask.message("s1@firm.example")))["message"]
    assert (answer["direction"], answer["status"]) == ("OUTBOUND", "NO_ANSWER_NEEDED")
    assert answer["bcc"] == [{"email": "boss@firm.example"}]


async def test_an_attachment_says_where_it_is(ask):
    found = (await ask(WHY, id=await ask.message("a4@acme.example")))["message"]
    (file,) = found["attachments"]
    assert (file["name"], file["mediaType"]) == ("plan.pdf", "application/pdf")
    assert file["url"].startswith("/attachments/att_")


async def test_a_machine_is_told_from_a_person(ask):
    found = (await ask(WHY, id=await ask.message("n1@shop.example")))["message"]
    assert (found["automatic"], found["status"]) == (True, "NO_ANSWER_NEEDED")
    assert found["why"]["kind"] == "notification"
    assert found["why"]["evidence"] == "Auto-Submitted: auto-generated"


async def test_a_message_of_the_past_is_as_it_was(ask):
    id = await ask.message("a3@acme.example")
    before = {"time": "2026-02-09T00:00:00+01:00"}
    assert (await ask(WHY, id=id, asOf=before))["message"]["status"] == "OPEN"
    earlier = {"time": "2026-02-01T00:00:00Z"}
    assert (await ask(WHY, id=id, asOf=earlier))["message"] is None
    assert (await ask(WHY, id=id, asOf={"position": "1"}))["message"] is None
    status = (await ask("{ systemStatus { position } }"))["systemStatus"]
    now = (await ask(WHY, id=id, asOf=status))["message"]
    assert (now["status"], len(now["links"])) == ("ANSWERED", 1)


async def test_a_message_of_the_past_had_its_links_only_once_they_were_recorded(ask):
    id = await ask.message("a1@acme.example")
    query = """query($id: ID!, $asOf: AsOf) { message(id: $id, asOf: $asOf) {
      direction links { reason position } } }"""
    links = (await ask(query, id=id))["message"]["links"]
    first, second = sorted(int(one["position"]) for one in links)
    then = (await ask(query, id=id, asOf={"position": str(first)}))["message"]
    assert [int(one["position"]) for one in then["links"]] == [first]
    assert (await ask(query, id=id, asOf={"position": str(second)}))["message"]["links"] == links


async def test_what_waits_is_given_the_longest_wait_first(ask):
    query = """query($f: UnansweredFilter, $order: UnansweredOrder!, $asOf: AsOf) {
      unanswered(filter: $f, order: $order, asOf: $asOf, first: 100) { totalCount { value isExact }
        edges { node { since age message { headerId parties { code } } mailboxes { address } } } } }"""
    party = (await ask('{ party(by: {vatNumber: "IT0123"}) { id } }'))["party"]["id"]

    async def waiting(order="SINCE_ASC", **more):
        found = (await ask(query, order=order, **more))["unanswered"]
        assert found["totalCount"] == {"value": len(found["edges"]), "isExact": True}
        return nodes(found, "message", "headerId")

    acme = {"partyId": party}
    assert await waiting(f=acme) == ["a1@acme.example", "a2@acme.example", "a4@acme.example"]
    assert (await waiting("SINCE_DESC", f=acme))[0] == "a4@acme.example"
    assert len(await waiting()) == 60 + 8
    then = {"time": "2026-02-09T00:00:00Z"}
    assert await waiting(f=acme, asOf=then) == [
        "a1@acme.example",
        "a2@acme.example",
        "a3@acme.example",
    ]
    early = {"partyId": party, "sinceBefore": "2026-02-05T00:00:00Z"}
    assert await waiting(f=early) == ["a1@acme.example"]


async def test_the_age_of_a_wait_is_counted_until_the_moment_that_is_asked_for(ask):
    query = """{ unanswered(first: 1, asOf: {time: "2026-02-04T09:30:00+01:00"},
      filter: {mailboxIds: [%s]}) { edges { node { age message { headerId } } } } }"""
    boxes = (await ask("{ mailboxes { id address } }"))["mailboxes"]
    info = next(one["id"] for one in boxes if one["address"] == INFO)
    (node,) = nodes((await ask(query % f'"{info}"'))["unanswered"])
    assert node == {"age": "PT48H30M", "message": {"headerId": "a1@acme.example"}}


async def test_work_lists_name_what_a_person_has_to_look_at(ask):
    data = await ask(
        """{ unmatched { edges { node { headerId } } } suggested { edges { node { headerId } } }
      ambiguous { edges { node { headerId links(states: [AMBIGUOUS]) { evidence } } } } }"""
    )
    assert "y1@nowhere.example" in nodes(data["unmatched"], "headerId")
    assert nodes(data["ambiguous"], "headerId") == ["x1@shared.example"]
    assert nodes(data["suggested"]) == []


async def test_the_questions_of_the_demo_are_answered(ask):
    from api.demo import asking  # noqa: PLC0415

    first = (await ask(asking.FIRST_QUERY))["unanswered"]
    assert set(nodes(first)[0]) == {"since", "message"}
    assert len(nodes((await ask(asking._UNANSWERED, first=5))["unanswered"])) == 5
    party = (await ask(asking._TIMELINE, code="C1", first=10))["party"]
    assert (party["name"], len(party["timeline"]["edges"])) == ("Acme", 5)
    id = nodes(party["timeline"])[-1]["id"]
    links = (await ask(asking._LINKS, id=id))["message"]["links"]
    assert {str(one["target"]) for one in links} == {"{'code': 'C1'}", "{'number': '2026/17'}"}


async def test_a_long_text_is_cut_and_says_so(carteggio, tmp_path):
    from api.work.importing import Wanted, import_mail  # noqa: PLC0415

    long = letter("long@acme.example", body=b"0123456789abcde\n" * 5_000)
    path = mbox(tmp_path / "long.mbox", [long])
    import_mail(carteggio, Wanted(path, INFO, "INBOX"), lambda _: None)
    async with carteggio.database.async_pool() as pool:
        ask = Asks(carteggio, pool)
        found = await ask("{ messages { edges { node { body bodyIsCut size } } } }")
    (node,) = nodes(found["messages"])
    assert (node["bodyIsCut"], node["size"]) == (True, len(long))
    assert 60_000 < len(node["body"]) <= 65_536
