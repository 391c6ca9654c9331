"""Commands: a choice among parties is made once for all mail with the address, and taken back."""

from email.message import EmailMessage
from pathlib import Path
from typing import Any

from api.work.importing import Wanted, import_mail
from domain.access import Scope
from domain.identity import mailbox_id
from domain.message import MessageLinked
from instances import events_of
from letters import letter, mbox
from office import INFO, SALES, nodes

LINKS = """links(states: [AUTOMATIC, CONFIRMED, SUGGESTED, AMBIGUOUS]) { state reason ruleId
  ruleVersion place evidence rejected { ... on Party { code } } target { ... on Party { code } }
  rememberedChoice { __typename ... on RememberedChoice { address by { kind id } } } }"""
LINK = """mutation($input: MessageLinkInput!) { messageLink(input: $input) {
  position userErrors { code message } messages { parties { code } } } }"""
CHOICE = """choice { id address everywhere subjectWords isForgotten mailbox { address }
  party { code } messages { value isExact } by { kind } }"""
REMEMBER = f"""mutation($input: ChoiceRememberInput!) {{ choiceRemember(input: $input) {{
  position userErrors {{ code message }} {CHOICE} }} }}"""
FORGET = f"""mutation($input: ChoiceForgetInput!) {{ choiceForget(input: $input) {{
  position userErrors {{ code message }} {CHOICE} }} }}"""
LIST = f"""{{ rememberedChoices(first: 10) {{ totalCount {{ value }}
  edges {{ node {{ ...C }} }} }} }} fragment C on RememberedChoice {CHOICE.removeprefix("choice ")}"""
MAIL = f"""{{ messages(first: 100) {{ edges {{ node {{ headerId {LINKS} }} }} }}
  ambiguous {{ edges {{ node {{ headerId }} }} }} }}"""
SHARED = "both@shared.example"
ACME = {"address": "ada@acme.example"}
ROSSI = {"address": "bob@rossi.example"}
X1 = "x1@shared.example"


async def mail(ask: Any, *sees: str) -> tuple[dict[str, Any], set[str]]:
    """Give the links of each message with a party, and which messages are ambiguous."""
    found = await ask(MAIL, *sees)
    links = {
        one["headerId"]: [link for link in one["links"] if link["target"]]
        for one in nodes(found["messages"])
    }
    return links, set(nodes(found["ambiguous"], "headerId"))


async def standing(ask: Any, header: str = X1) -> dict[str, str]:
    links, _ = await mail(ask)
    return {one["target"]["code"]: one["state"] for one in links[header]}


async def say(ask: Any, command: str, party: Any = ACME, *sees: str, **more: Any) -> Any:
    given = {"commandId": command, "address": SHARED, "party": party, **more}
    return (await ask(REMEMBER, *sees, input=given))["choiceRemember"]


async def forget(ask: Any, command: str, id: str, *sees: str) -> Any:
    given = {"commandId": command, "choiceId": id}
    return (await ask(FORGET, *sees, input=given))["choiceForget"]


def arrived(ask: Any, folder: Path, *mails: bytes, box: str = INFO) -> None:
    """Let more mail come in."""
    folder.mkdir()
    path = mbox(folder / "more.mbox", list(mails))
    import_mail(ask.carteggio, Wanted(path, box), lambda _: None)
    ask.carteggio.feed.catch_up()


def shared(header: str, subject: bytes = b"Again", **more: Any) -> bytes:
    return letter(header, subject, sender=SHARED, **more)


def box_id(ask: Any, address: str) -> str:
    return f"mbx_{mailbox_id(ask.carteggio.identity_key, address).hex}"


def codes(payload: Any) -> list[str]:
    return [one["code"] for one in payload["userErrors"]]


async def test_who_chooses_in_the_ambiguous_list_ticks_that_it_is_always_so(own_ask, tmp_path):
    id = await own_ask.message(X1)
    given = {"commandId": "l-1", "messageIds": [id], "target": {"party": ROSSI}, "remember": {}}
    done = (await own_ask(LINK, input=given))["messageLink"]
    assert (done["userErrors"], done["messages"]) == ([], [{"parties": [{"code": "C2"}]}])
    assert (await own_ask(LINK, input=given))["messageLink"]["userErrors"] == []
    arrived(own_ask, tmp_path / "more", shared("x2@shared.example"))
    links, ambiguous = await mail(own_ask)
    assert ambiguous == set()
    (link,) = links["x2@shared.example"]
    by = {"kind": "CLIENT", "id": link["rememberedChoice"]["by"]["id"]}
    assert by["id"].startswith("tok_")
    assert link == {
        "state": "AUTOMATIC",
        "reason": "REMEMBERED",
        "ruleId": "remembered-choice",
        "ruleVersion": 1,
        "place": "from",
        "evidence": SHARED,
        "rejected": [{"code": "C1"}],
        "target": {"code": "C2"},
        "rememberedChoice": {"__typename": "RememberedChoice", "address": SHARED, "by": by},
    }
    (choice,) = nodes((await own_ask(LIST))["rememberedChoices"])
    assert (choice["address"], choice["everywhere"], choice["party"]) == (
        SHARED,
        True,
        {"code": "C2"},
    )
    assert choice["messages"] == {"value": 1, "isExact": True}
    assert len(events_of(own_ask.carteggio, "choice.remembered")) == 1


async def test_what_is_remembered_holds_for_earlier_mail_and_is_forgotten_for_it_too(own_ask):
    before = await mail(own_ask)
    done = await say(own_ask, "c-1")
    assert (done["userErrors"], done["choice"]["messages"]["value"]) == ([], 1)
    assert await standing(own_ask) == {"C1": "AUTOMATIC"}
    linked = events_of(own_ask.carteggio, "message.linked")
    (choice,) = {one.choice for one in linked if isinstance(one, MessageLinked) and one.choice}
    assert done["choice"]["id"] == f"cho_{choice.hex}"
    assert (await say(own_ask, "c-2"))["position"] is None
    gone = await forget(own_ask, "c-3", done["choice"]["id"])
    assert (gone["choice"]["isForgotten"], gone["choice"]["messages"]["value"]) == (True, 0)
    assert await mail(own_ask) == before
    assert nodes((await own_ask(LIST))["rememberedChoices"]) == []
    assert codes(await forget(own_ask, "c-4", done["choice"]["id"])) == ["NOT_FOUND"]


async def test_the_narrower_context_wins_and_equal_ones_that_contradict_leave_it_open(
    own_ask, tmp_path
):
    await say(own_ask, "c-1", ACME)
    await say(own_ask, "c-2", ROSSI, subjectWords="cantiere nord")
    arrived(
        own_ask,
        tmp_path / "more",
        shared("x2@shared.example", b"Re: NORD, Cantiere"),
        shared("x3@shared.example", b"Re: Cantiere Sud"),
    )
    assert await standing(own_ask) == {"C1": "AUTOMATIC"}
    assert await standing(own_ask, "x2@shared.example") == {"C2": "AUTOMATIC"}
    assert await standing(own_ask, "x3@shared.example") == {"C1": "AUTOMATIC"}
    await say(own_ask, "c-3", ACME, mailboxId=box_id(own_ask, INFO))
    assert await standing(own_ask, "x2@shared.example") == {"C1": "AMBIGUOUS", "C2": "AMBIGUOUS"}
    await say(own_ask, "c-4", ROSSI, mailboxId=box_id(own_ask, INFO))
    assert await standing(own_ask) == {"C2": "AUTOMATIC"}
    assert await standing(own_ask, "x2@shared.example") == {"C2": "AUTOMATIC"}


async def test_what_is_said_about_one_message_stands_above_what_is_remembered(own_ask):
    id = await own_ask.message(X1)
    given = {"commandId": "l-1", "messageIds": [id], "target": {"party": ROSSI}}
    await own_ask(LINK, input=given)
    await say(own_ask, "c-1", ACME)
    assert await standing(own_ask) == {"C2": "CONFIRMED"}


async def test_a_remembered_party_that_is_merged_leads_to_the_survivor(own_ask):
    merge = "mutation($input: PartyMergeInput!) { partyMerge(input: $input) { position } }"
    bulk = {"address": "ben@bulk.example"}
    await say(own_ask, "c-1", ROSSI)
    given = {"commandId": "m-1", "party": ROSSI, "into": bulk}
    await own_ask(merge, input=given)
    assert await standing(own_ask) == {"C3": "AUTOMATIC"}


async def test_a_forged_sender_is_suggested_whatever_is_remembered(own_ask, tmp_path):
    from domain import authentication  # noqa: PLC0415
    from domain.authentication import ServerTrusted, TrustServer  # noqa: PLC0415
    from domain.identity import server_id  # noqa: PLC0415
    from events import envelope  # noqa: PLC0415

    carteggio = own_ask.carteggio
    server = server_id(carteggio.company, "mx.firm.example")
    order = TrustServer(ServerTrusted("mx.firm.example"))
    carteggio.journal.record(server, authentication, order, envelope())
    await say(own_ask, "c-1")
    failed = b"Authentication-Results: mx.firm.example; dmarc=fail header.from=shared.example\n"
    arrived(own_ask, tmp_path / "more", shared("x2@shared.example", more=failed))
    assert await standing(own_ask, "x2@shared.example") == {"C1": "SUGGESTED"}


async def test_who_sees_some_mailboxes_says_it_for_these_and_is_told_of_no_others(own_ask):
    everywhere = await say(own_ask, "c-1", ACME, SALES)
    assert codes(everywhere) == ["FORBIDDEN"]
    other = await say(own_ask, "c-2", ACME, SALES, mailboxId=box_id(own_ask, INFO))
    assert codes(other) == ["NOT_FOUND"]
    own = await say(own_ask, "c-3", ACME, SALES, mailboxId=box_id(own_ask, SALES))
    assert own["choice"]["mailbox"] == {"address": SALES}
    above = await say(own_ask, "c-4", ROSSI)
    told = {
        sees: [one["id"] for one in nodes((await own_ask(LIST, *sees))["rememberedChoices"])]
        for sees in ((), (SALES,), (INFO,))
    }
    assert told == {
        (): [above["choice"]["id"], own["choice"]["id"]],
        (SALES,): [own["choice"]["id"]],
        (INFO,): [above["choice"]["id"]],
    }
    assert codes(await forget(own_ask, "c-5", above["choice"]["id"], INFO)) == ["FORBIDDEN"]
    assert codes(await forget(own_ask, "c-6", own["choice"]["id"], INFO)) == ["NOT_FOUND"]
    found = await own_ask.result(LIST, clearance=0)
    assert [one["id"] for one in nodes(found.data["rememberedChoices"])] == [own["choice"]["id"]]
    given = {"commandId": "c-7", "address": SHARED, "party": ACME}
    scopes = frozenset({Scope.READ_MAIL})
    assert await own_ask.refusal(REMEMBER, scopes=scopes, input=given) == "FORBIDDEN"
    log = """{ auditLog(first: 100, filter: {events: ["choice.remembered"]}) {
      edges { node { subjectId summary subject { __typename } } } } }"""
    seen = {
        sees: {one["subjectId"] for one in nodes((await own_ask(log, *sees))["auditLog"])}
        for sees in ((), (SALES,), (INFO,))
    }
    ids = {own["choice"]["id"], above["choice"]["id"]}
    assert seen == {(): ids, (SALES,): {own["choice"]["id"]}, (INFO,): set()}


async def test_what_cannot_be_remembered_is_refused_with_a_sentence(own_ask):
    assert codes(await say(own_ask, "c-1", {"address": "nobody@nowhere.example"})) == ["NOT_FOUND"]
    assert codes(await say(own_ask, "c-2", ACME, address="no address")) == ["INVALID"]
    assert codes(await say(own_ask, "c-3", ACME, subjectWords="—!")) == ["INVALID"]
    assert codes(await say(own_ask, "c-5", ACME, address=INFO)) == ["INVALID"]
    many = " ".join(f"w{at}" for at in range(11))
    assert codes(await say(own_ask, "c-4", ACME, subjectWords=many)) == ["INVALID"]
    invoice = {"number": {"company": "main", "kind": "invoice", "number": "2026/17"}}
    id = await own_ask.message(X1)
    given = {
        "commandId": "l-1",
        "messageIds": [id],
        "target": {"document": invoice},
        "remember": {},
    }
    assert codes((await own_ask(LINK, input=given))["messageLink"]) == ["INVALID"]
    ours = {**given, "messageIds": [await own_ask.message("s1@firm.example")]}
    ours |= {"commandId": "l-2", "target": {"party": ROSSI}}
    assert codes((await own_ask(LINK, input=ours))["messageLink"]) == ["INVALID"]
    assert events_of(own_ask.carteggio, "choice.remembered") == []


async def test_of_several_addresses_the_one_in_doubt_is_remembered(own_ask, tmp_path):
    both = EmailMessage()
    both["Message-ID"], both["Subject"] = "<z1@shared.example>", "Two of us"
    both["From"], both["To"], both["Cc"] = SHARED, INFO, "bob@rossi.example"
    both["Date"] = "Mon, 16 Feb 2026 09:00:00 +0100"
    both.set_content("Ciao?")
    arrived(own_ask, tmp_path / "more", both.as_bytes())
    found = nodes((await own_ask("{ ambiguous { edges { node { id headerId } } } }"))["ambiguous"])
    ids = {one["headerId"]: one["id"] for one in found}
    given = {"commandId": "l-1", "messageIds": [ids["z1@shared.example"]], "remember": {}}
    done = (await own_ask(LINK, input={**given, "target": {"party": ROSSI}}))["messageLink"]
    assert codes(done) == []
    assert await standing(own_ask) == {"C2": "AUTOMATIC"}
