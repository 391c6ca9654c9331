"""Addresses that nobody knows: told in a list, and given to a party by one command."""

from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail
from domain.access import Scope
from instances import events_of
from letters import letter, mbox
from office import BULK, INFO, SALES, master_data, nodes

UNKNOWN = """query($first: Int) { unmatchedAddresses(first: $first) { totalCount { value }
  pageInfo { endCursor hasNextPage }
  edges { node { address name messageCount lastAt message { headerId } suggestions { name } } } } }"""
RESOLVED = """query($id: ID!) { message(id: $id) {
  resolutions { address role state parties { name } } } }"""
PAYLOAD = """party { id name kind code source contacts { id address name isAddedHere } }
  linked { value isExact } position userErrors { code message }"""
ADD = f"mutation($input: ContactAddInput!) {{ contactAdd(input: $input) {{ {PAYLOAD} }} }}"
REMOVE = (
    f"mutation($input: ContactRemoveInput!) {{ contactRemove(input: $input) {{ {PAYLOAD} }} }}"
)
ENTER = f"mutation($input: PartyAddInput!) {{ partyAdd(input: $input) {{ {PAYLOAD} }} }}"
MERGE = "mutation($input: PartyMergeInput!) { partyMerge(input: $input) { userErrors { code } } }"
COUNTS = """{ unmatched { totalCount { value } } ambiguous { totalCount { value } }
  suggested { totalCount { value } } }"""
ACME = {"code": {"company": "main", "kind": "customer", "code": "C1"}}
EVE = "eve@nowhere.example"


async def resolved(ask, header):
    found = (await ask(RESOLVED, id=await ask.message(header)))["message"]["resolutions"]
    return [
        (one["role"], one["address"], one["state"], [party["name"] for party in one["parties"]])
        for one in found
    ]


async def test_addresses_that_nobody_knows_are_listed_with_their_mail(ask):
    found = (await ask(UNKNOWN))["unmatchedAddresses"]
    assert found["totalCount"]["value"] == 1
    (eve,) = nodes(found)
    assert (eve["address"], eve["messageCount"]) == (EVE, 3)
    assert (eve["message"]["headerId"], eve["suggestions"]) == ("y3@nowhere.example", [])
    in_info = nodes((await ask(UNKNOWN, INFO))["unmatchedAddresses"])
    assert [one["messageCount"] for one in in_info] == [2]
    assert nodes((await ask(UNKNOWN, BULK))["unmatchedAddresses"]) == []
    counts = await ask(COUNTS)
    assert {name: one["totalCount"]["value"] for name, one in counts.items()} == {
        "unmatched": 4, "ambiguous": 1, "suggested": 0,
    }  # fmt: skip


async def test_whose_an_address_may_be_is_told_where_rules_suggest_it(own_ask, tmp_path):
    new = letter("z1@shared.example", b"Hi", sender="New <new@shared.example>")
    wanted = Wanted(mbox(tmp_path / "new.mbox", [new]), INFO, "INBOX")
    import_mail(own_ask.carteggio, wanted, lambda _: None)
    (eve, stranger) = nodes((await own_ask(UNKNOWN))["unmatchedAddresses"])
    assert (eve["address"], stranger["address"]) == (EVE, "new@shared.example")
    assert sorted(one["name"] for one in stranger["suggestions"]) == ["Acme", "Rossi"]
    assert stranger["name"] == "New"
    page = (await own_ask(UNKNOWN, first=1))["unmatchedAddresses"]
    assert (page["pageInfo"]["hasNextPage"], page["totalCount"]["value"]) == (True, 2)


async def test_every_address_of_a_message_tells_whose_it_is(ask):
    assert await resolved(ask, "a2@acme.example") == [
        ("FROM", "ada@acme.example", "MATCHED", ["Acme"]),
        ("TO", INFO, "OURS", []),
        ("TO", SALES, "OURS", []),
    ]
    (shared, *_) = await resolved(ask, "x1@shared.example")
    assert (shared[2], sorted(shared[3])) == ("AMBIGUOUS", ["Acme", "Rossi"])
    assert (await resolved(ask, "y1@nowhere.example"))[0] == ("FROM", EVE, "UNKNOWN", [])


async def test_an_unknown_address_is_given_to_a_party_and_its_mail_follows(own_ask, tmp_path):
    given = {"commandId": "c-1", "party": ACME, "address": EVE, "name": "Eve"}
    done = (await own_ask(ADD, input=given))["contactAdd"]
    assert (done["userErrors"], done["linked"]) == ([], {"value": 3, "isExact": True})
    eve = next(one for one in done["party"]["contacts"] if one["address"] == EVE)
    assert (eve["name"], eve["isAddedHere"]) == ("Eve", True)
    assert nodes((await own_ask(UNKNOWN))["unmatchedAddresses"]) == []
    assert (await resolved(own_ask, "y1@nowhere.example"))[0][2:] == ("MATCHED", ["Acme"])
    import_directory(own_ask.carteggio, master_data(tmp_path / "erp"))
    assert events_of(own_ask.carteggio, "party.contact_removed") == []
    assert (await own_ask(ADD, input=given))["contactAdd"]["position"] == done["position"]

    gone = {"commandId": "c-2", "party": ACME, "contactId": eve["id"]}
    assert (await own_ask(REMOVE, input=gone))["contactRemove"]["userErrors"] == []
    assert (await resolved(own_ask, "y1@nowhere.example"))[0][2] == "UNKNOWN"
    ada = next(one for one in done["party"]["contacts"] if not one["isAddedHere"])
    kept = {"commandId": "c-3", "party": ACME, "contactId": ada["id"]}
    (error,) = (await own_ask(REMOVE, input=kept))["contactRemove"]["userErrors"]
    assert error == {
        "code": "INVALID", "message": "its master data has this contact: remove it there",
    }  # fmt: skip


async def test_a_party_that_nobody_knew_is_entered_with_who_wrote(own_ask):
    given = {"commandId": "p-1", "name": "Nowhere & Sons", "address": EVE, "contactName": "Eve"}
    done = (await own_ask(ENTER, input=given))["partyAdd"]
    assert (done["userErrors"], done["linked"]["value"]) == ([], 3)
    party = done["party"]
    assert (party["name"], party["kind"], party["source"]) == (
        "Nowhere & Sons",
        "lead",
        "carteggio",
    )
    assert party["code"].startswith("N-")
    again = (await own_ask(ENTER, input=given))["partyAdd"]
    assert (again["party"]["id"], again["position"]) == (party["id"], done["position"])
    taken = {"commandId": "p-2", "name": "Other", "address": "x@y.example", "code": party["code"]}
    (error,) = (await own_ask(ENTER, input=taken))["partyAdd"]["userErrors"]
    assert error["message"] == "a party has this code already; choose another one"

    lead = {"commandId": "m-1", "party": {"id": party["id"]}, "into": ACME}
    assert (await own_ask(MERGE, input=lead))["partyMerge"]["userErrors"] == []
    assert (await resolved(own_ask, "y1@nowhere.example"))[0][2:] == ("MATCHED", ["Acme"])


async def test_what_is_no_strangers_address_is_not_added_nor_without_the_scope(own_ask):
    for at, (address, sentence) in enumerate(
        (
            ("giulia@firm.example", "address: this is one of the company's own"),
            ("nobody", "address: this is no mail address"),
        )
    ):
        given = {"commandId": f"c-{at}", "party": ACME, "address": address}
        (error,) = (await own_ask(ADD, input=given))["contactAdd"]["userErrors"]
        assert error["message"] == sentence
    given = {"commandId": "c-9", "party": ACME, "address": EVE}
    scopes = frozenset({Scope.READ_MAIL})
    assert await own_ask.refusal(ADD, scopes=scopes, input=given) == "FORBIDDEN"
    assert len(events_of(own_ask.carteggio, "party.contact_registered")) == 5


async def test_a_code_that_master_data_has_is_not_given_to_another_party_of_its_kind(own_ask):
    given = {"name": "Other", "address": EVE, "code": "C1", "kind": "Customer"}
    done = (await own_ask(ENTER, input={**given, "commandId": "p-1"}))["partyAdd"]
    (error,) = done["userErrors"]
    assert error["message"].startswith("code: a customer has the code C1 already")
    lead = {**given, "commandId": "p-2", "kind": "lead"}
    assert (await own_ask(ENTER, input=lead))["partyAdd"]["userErrors"] == []


async def test_who_acts_on_some_mailboxes_settles_only_what_nobody_knew(own_ask):
    eve = {"commandId": "c-1", "party": ACME, "address": EVE}
    entered = {"commandId": "p-1", "name": "Nowhere", "address": EVE}
    for order, field, given in ((ADD, "contactAdd", eve), (ENTER, "partyAdd", entered)):
        refused = (await own_ask(order, INFO, acts=False, input=given))[field]
        assert [one["code"] for one in refused["userErrors"]] == ["FORBIDDEN"]
    for order, field, given in ((ADD, "contactAdd", eve), (ENTER, "partyAdd", entered)):
        taken = {**given, "address": "bob@Rossi.example", "commandId": f"t-{field}"}
        refused = (await own_ask(order, INFO, input=taken))[field]
        assert [one["code"] for one in refused["userErrors"]] == ["FORBIDDEN"]
    done = (await own_ask(ADD, INFO, input=eve))["contactAdd"]
    again = (await own_ask(ADD, INFO, input=eve))["contactAdd"]
    assert done["userErrors"] == again["userErrors"] == []
    contact = next(one for one in done["party"]["contacts"] if one["address"] == EVE)
    gone = {"commandId": "c-2", "party": ACME, "contactId": contact["id"]}
    refused = (await own_ask(REMOVE, INFO, acts=False, input=gone))["contactRemove"]
    assert [one["code"] for one in refused["userErrors"]] == ["FORBIDDEN"]
    assert (await own_ask(REMOVE, INFO, input=gone))["contactRemove"]["userErrors"] == []
