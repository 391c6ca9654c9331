"""Commands: a party that the master data has twice counts as the other one, until that is undone."""

import csv
from pathlib import Path
from typing import Any

from api.work.directory import import_directory
from domain.access import Scope
from instances import events_of
from office import FILES, INFO, SALES, nodes
from projections.merges import survivor_of
from projections.reader import EVERYTHING

FIELDS = """position userErrors { code message } party { code mergedInto { code }
  merged { code contacts { address } } }"""
MERGE = f"mutation($input: PartyMergeInput!) {{ partyMerge(input: $input) {{ {FIELDS} }} }}"
UNDO = f"mutation($input: PartyMergeUndoInput!) {{ partyMergeUndo(input: $input) {{ {FIELDS} }} }}"
PARTY = """query($by: PartyKey!, $asOf: AsOf) { party(by: $by) { code mergedInto { code }
  merged { code } stats { received } unanswered { totalCount { value } }
  documents { edges { node { number } } }
  timeline(first: 100, asOf: $asOf) { edges { node { headerId } link { ruleId evidence } } } } }"""
READ = """{ parties { edges { node { code mergedInto { code } merged { code }
  stats { received sent firstAt lastAt } unanswered(first: 50) { edges { node { since } } }
  documents { edges { node { number timeline { edges { node { headerId } } } } } }
  timeline(first: 100) { edges { node { headerId } link { state ruleId confidence place evidence
    rejected { __typename ... on Party { code } } } } } } } }
  messages(first: 100) { edges { node { headerId parties { code } documents { number }
    links(states: [AUTOMATIC, CONFIRMED, SUGGESTED, AMBIGUOUS]) { state reason ruleId confidence
      target { __typename ... on Party { code } ... on Document { number } } } } } }
  ambiguous { edges { node { headerId } } } unmatched { edges { node { headerId } } } }"""


def code(kind: str, of: str) -> dict[str, Any]:
    return {"code": {"company": "main", "kind": kind, "code": of}}


ACME, ROSSI = code("customer", "C1"), code("customer", "C2")


async def merge(ask: Any, command: str, party: Any = ROSSI, into: Any = ACME, **more: Any) -> Any:
    given = {"commandId": command, "party": party, "into": into, **more}
    return (await ask(MERGE, input=given))["partyMerge"]


async def undo(ask: Any, command: str, party: Any = ROSSI) -> Any:
    return (await ask(UNDO, input={"commandId": command, "party": party}))["partyMergeUndo"]


async def party(ask: Any, by: Any = ACME, **more: Any) -> Any:
    return (await ask(PARTY, by=by, **more))["party"]


def mail(party: Any) -> set[str]:
    return {one["headerId"] for one in nodes(party["timeline"])}


def codes(payload: Any) -> list[str]:
    return [one["code"] for one in payload["userErrors"]]


async def test_mail_documents_and_waits_of_both_are_the_survivors(own_ask):
    one, other = await party(own_ask), await party(own_ask, ROSSI)
    done = await merge(own_ask, "m-1", note="the same firm")
    assert (done["userErrors"], done["party"]["mergedInto"]) == ([], {"code": "C1"})
    now = await party(own_ask)
    assert mail(now) == mail(one) | mail(other) | {"x1@shared.example"}
    assert set(nodes(now["documents"], "number")) == {"2026/17", "AG-2026-100"}
    assert now["stats"]["received"] == len(mail(now)) - 1
    waits = [one["unanswered"]["totalCount"]["value"] for one in (one, other, now)]
    assert waits[0] + waits[1] < waits[2]
    assert now["merged"] == [{"code": "C2"}]
    named = await own_ask.message("b1@rossi.example")
    query = "query($id: ID!) { message(id: $id) { documents { number } parties { code } } }"
    assert (await own_ask(query, id=named))["message"] == {
        "documents": [{"number": "AG-2026-100"}],
        "parties": [{"code": "C1"}],
    }


async def test_the_duplicate_still_answers_by_its_key_and_shows_what_is_joined(own_ask):
    before = await own_ask("{ systemStatus { position } }")
    as_of = {"position": before["systemStatus"]["position"]}
    alone = await party(own_ask, ROSSI)
    await merge(own_ask, "m-1")
    joined, duplicate = await party(own_ask), await party(own_ask, ROSSI)
    assert (duplicate["code"], duplicate["mergedInto"]) == ("C2", {"code": "C1"})
    assert mail(duplicate) == mail(joined)
    assert duplicate["documents"] == joined["documents"]
    assert mail(await party(own_ask, ROSSI, asOf=as_of)) == mail(alone)
    shared = await party(own_ask, {"address": "both@shared.example"})
    assert shared["code"] == "C1"


async def test_an_undone_merge_leaves_everything_as_it_was(own_ask):
    before = await own_ask(READ)
    await merge(own_ask, "m-1")
    assert await own_ask(READ) != before
    done = await undo(own_ask, "m-2")
    assert (done["userErrors"], done["party"]["mergedInto"]) == ([], None)
    assert await own_ask(READ) == before


async def test_what_people_said_about_either_holds_for_both(own_ask):
    link = """mutation($input: MessageLinkInput!) { done: %s(input: $input) {
      userErrors { code } messages { parties { code } } } }"""
    id, stranger = [
        await own_ask.message(one) for one in ("y1@nowhere.example", "y2@nowhere.example")
    ]

    async def say(command: str, what: str, about: Any, *ids: str) -> list[list[str]]:
        given = {"commandId": command, "messageIds": ids, "target": {"party": about}}
        done = (await own_ask(link % what, input=given))["done"]
        assert done["userErrors"] == []
        return [[one["code"] for one in mail["parties"]] for mail in done["messages"]]

    assert await say("s-1", "messageLink", ROSSI, id, stranger) == [["C2"], ["C2"]]
    await merge(own_ask, "m-1")
    assert {"y1@nowhere.example", "y2@nowhere.example"} <= mail(await party(own_ask))
    assert await say("s-2", "messageUnlink", ACME, id) == [[]]
    assert "y1@nowhere.example" not in mail(await party(own_ask, ROSSI))
    reset = """mutation($input: MessageLinkResetInput!) { messageLinkReset(input: $input) {
      userErrors { code } } }"""
    given = {"commandId": "s-3", "messageIds": [stranger], "target": {"party": ACME}}
    assert (await own_ask(reset, input=given))["messageLinkReset"]["userErrors"] == []
    assert "y2@nowhere.example" not in mail(await party(own_ask))


async def test_a_merge_that_cannot_be_is_refused_and_one_that_is_so_is_nothing(own_ask):
    bulk = code("customer", "C3")
    assert codes(await merge(own_ask, "m-1", ACME, ACME)) == ["INVALID"]
    assert codes(await merge(own_ask, "m-2", ROSSI, code("customer", "C9"))) == ["NOT_FOUND"]
    assert codes(await undo(own_ask, "m-3", ROSSI)) == ["NOT_FOUND"]
    assert (await merge(own_ask, "m-4"))["position"] is not None
    assert (await merge(own_ask, "m-4"))["position"] is not None
    assert (await merge(own_ask, "m-5"))["position"] is None
    assert codes(await merge(own_ask, "m-6", ACME, ROSSI)) == ["INVALID"]
    assert codes(await merge(own_ask, "m-7", ROSSI, bulk)) == ["CONFLICT"]
    assert (await merge(own_ask, "m-8", bulk, ROSSI))["party"]["mergedInto"] == {"code": "C1"}
    assert (await merge(own_ask, "m-9", bulk, ACME))["position"] is None
    assert [one["code"] for one in (await party(own_ask))["merged"]] == ["C3", "C2"]
    assert codes(await merge(own_ask, "m-10", ACME, bulk)) == ["INVALID"]
    assert len(events_of(own_ask.carteggio, "party.merged")) == 2


async def test_who_may_not_merge_or_does_not_see_a_party_is_refused(own_ask):
    given = {"commandId": "m-1", "party": ROSSI, "into": ACME}
    scopes = frozenset({Scope.READ_MAIL, Scope.LINK_MAIL})
    assert await own_ask.refusal(MERGE, scopes=scopes, input=given) == "FORBIDDEN"
    hidden = (await own_ask.result(MERGE, clearance=0, input=given)).data["partyMerge"]
    assert codes(hidden) == ["NOT_FOUND"]
    await merge(own_ask, "m-2", ACME, ROSSI)
    seen = (await own_ask.result(PARTY, clearance=0, by=ACME)).data["party"]
    assert (seen["mergedInto"], seen["merged"], mail(seen)) == (None, [], set())
    everything = mail(await party(own_ask, ROSSI))
    for box in (INFO, SALES):
        found = mail((await own_ask(PARTY, box, by=ROSSI))["party"])
        assert found
        assert found < everything


async def test_what_a_merge_is_stands_in_the_trail_of_both(own_ask):
    await merge(own_ask, "m-1", note="one firm, says the registry")
    query = """query($by: PartyKey!) { party(by: $by) { audit(first: 100) {
      edges { node { event summary data } } } } }"""
    for by in (ACME, ROSSI):
        entries = nodes((await own_ask(query, by=by))["party"]["audit"])
        (entry,) = (one for one in entries if one["event"] == "party.merged")
        assert "one firm, says the registry" in entry["summary"]


def written(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


async def test_an_import_of_master_data_never_undoes_a_merge(own_ask, tmp_path):
    await merge(own_ask, "m-1")
    rows = FILES["parties.csv"].replace("Rossi", "Rossi & Figli")
    contacts = FILES["contacts.csv"] + "C2,Carla,,carla@nowhere.example\n"
    import_directory(
        own_ask.carteggio, written(tmp_path / "again", parties=rows, contacts=contacts)
    )
    own_ask.carteggio.feed.catch_up()
    now = await party(own_ask, ROSSI)
    assert now["mergedInto"] == {"code": "C1"}
    async with own_ask.carteggio.finding() as finder:
        found = await finder.party("Rossi & Figli")
        asked = finder.connection, finder.names, EVERYTHING
        assert await survivor_of(*asked, found.id) != found.id


async def test_a_lead_that_becomes_a_customer_keeps_its_mail(own_ask, tmp_path):
    before = mail(await party(own_ask))
    rows = [one.replace("C1,customer", "C1,lead") for one in FILES["parties.csv"].splitlines()]
    assert next(csv.reader(rows[1:2]))[1] == "lead"
    place = written(tmp_path / "lead", parties="\n".join(rows))
    import_directory(own_ask.carteggio, place)
    own_ask.carteggio.feed.catch_up()
    assert mail(await party(own_ask, code("lead", "C1"))) == before
    import_directory(own_ask.carteggio, written(tmp_path / "won", parties=FILES["parties.csv"]))
    own_ask.carteggio.feed.catch_up()
    assert mail(await party(own_ask)) == before


async def test_a_lead_that_becomes_a_customer_under_another_code_takes_its_mail_along(
    own_ask, tmp_path
):
    lead = mail(await party(own_ask, ROSSI))
    rows = FILES["parties.csv"] + "C7,customer,Rossi Nuova,,,0\n"
    import_directory(own_ask.carteggio, written(tmp_path / "won", parties=rows))
    own_ask.carteggio.feed.catch_up()
    await merge(own_ask, "m-1", ROSSI, code("customer", "C7"))
    assert lead <= mail(await party(own_ask, code("customer", "C7")))
