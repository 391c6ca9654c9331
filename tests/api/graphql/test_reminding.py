"""Reminding over the API: who is, of what, and what is refused; and who may be given what."""

from typing import Any
from uuid import UUID

import pytest

from api.graphql.ids import Kind, encoded
from api.work.directory import import_directory
from api.work.sharing import colleague_at, share
from api.work.tokens import by_operator, issue
from domain.identity import mailbox_id
from domain.mailbox import Role
from letters import letter
from serving import ALL, Api

INFO, SALES, NOBODYS = "info@firm.example", "sales@firm.example", "old@firm.example"
ANNA, CARLO = "anna@firm.example", "carlo@firm.example"
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"]}',
    "mailboxes.csv": f"address\n{INFO}\n{SALES}\n{NOBODYS}\n",
    "colleagues.csv": f"name,email,role\nAnna Rossi,{ANNA},sales\nCarlo Bianchi,{CARLO},sales\n",
}
REMIND = """mutation($input: ConversationRemindInput!) { conversationRemind(input: $input) {
  count position reminded { email } userErrors { code message path } } }"""
MAIL = "{ messages(first: 100) { edges { node { id headerId conversation { id } } } } }"
TRAIL = """query($id: ID!) { node(id: $id) { ... on Message { audit(first: 50) {
  edges { node { event summary } } } } } }"""


@pytest.fixture(scope="module")
def office(shared_api: Api, tmp_path_factory: pytest.TempPathFactory) -> Api:
    api, folder = shared_api, tmp_path_factory.mktemp("office")
    for name, content in FILES.items():
        (folder / name).write_text(content)
    import_directory(api.carteggio, folder)
    for id, box in (
        ("one", INFO),
        ("two", INFO),
        ("three", SALES),
        ("four", NOBODYS),
        ("five", SALES),
    ):
        raw = letter(f"{id}@x.example", b"Quando?", sender=f"{id}@acme.example", to=box)
        place = folder / id
        place.mkdir()
        (place / "m.eml").write_bytes(raw)
        api.imported(place, box)
    for who, box, role in ((ANNA, INFO, Role.MEMBER), (CARLO, SALES, Role.READER)):
        of = mailbox_id(api.carteggio.identity_key, box)
        share(api.carteggio, of, colleague_at(api.carteggio, who), role, by_operator())
    api.caught_up()
    return api


def mails(api: Api) -> dict[str, dict[str, Any]]:
    edges = api.ask(MAIL)["messages"]["edges"]
    return {one["node"]["headerId"].partition("@")[0]: one["node"] for one in edges}


def reminded(api: Api, command: str, *ids: str, bearer: str | None = None, **more: Any) -> Any:
    found = mails(api)
    given = {
        "commandId": command,
        "conversationIds": [found[x]["conversation"]["id"] for x in ids],
    }
    return api.ask(REMIND, bearer, input={**given, **more})["conversationRemind"]


def test_one_command_reminds_of_many_and_says_who_is_told_and_what_is_refused(office: Api) -> None:
    done = reminded(office, "many", "one", "two", "four")
    assert done["reminded"] == [{"email": ANNA}]
    assert done["count"] == 2
    assert [(e["code"], e["path"][-1]) for e in done["userErrors"]] == [("NOBODY_TO_REMIND", "2")]
    again = reminded(office, "many", "one", "two", "four")
    assert (again["position"], again["reminded"]) == (done["position"], done["reminded"])
    soon = reminded(office, "soon", "one")
    assert ([e["code"] for e in soon["userErrors"]], soon["reminded"]) == (
        ["ALREADY_REMINDED"],
        [],
    )
    assert reminded(office, "asked", "one", again=True)["count"] == 1
    trail = office.ask(TRAIL, id=mails(office)["two"]["id"])["node"]["audit"]["edges"]
    said = [one["node"]["summary"] for one in trail if one["node"]["event"] == "message.reminded"]
    assert said == ["a colleague was reminded that it waits"]


def test_who_only_reads_reminds_nobody_and_what_was_closed_is_not_reminded_of(office: Api) -> None:
    carlo = colleague_at(office.carteggio, CARLO)
    bearer = str(issue(office.carteggio, CARLO, ALL, (), None, carlo))
    office.caught_up()
    found = reminded(office, "reader", "three", "one", bearer=bearer)
    assert [one["code"] for one in found["userErrors"]] == ["FORBIDDEN", "NOT_FOUND"]
    close = """mutation($input: MessageCloseInput!) { messageClose(input: $input) {
      userErrors { message } } }"""
    given = {"commandId": "close", "messageIds": [mails(office)["three"]["id"]], "reason": "SPAM"}
    assert office.ask(close, input=given)["messageClose"]["userErrors"] == []
    done = reminded(office, "closed", "three")
    assert [one["code"] for one in done["userErrors"]] == ["NOT_WAITING"]


def test_who_gives_mail_to_a_colleague_that_cannot_read_it_is_told_so(office: Api) -> None:
    hand_over = """mutation($input: ConversationHandOverInput!) { conversationHandOver(input: $input) {
      count userErrors { code } remarks { code message path } } }"""
    found = mails(office)
    for who, beyond in ((ANNA, ["five"]), (CARLO, ["one", "five"])):
        whom = encoded(Kind.COLLEAGUE, colleague_at(office.carteggio, who))
        ids = [found[one]["conversation"]["id"] for one in ("one", "four", "five")]
        given = {"commandId": f"to {who}".replace(" ", "-").replace("@", "-"), "toId": whom}
        done = office.ask(hand_over, input={**given, "conversationIds": ids})[
            "conversationHandOver"
        ]
        errors = done["remarks"]
        assert [ids[int(one["path"][-1])] for one in errors] == [
            found[one]["conversation"]["id"] for one in beyond
        ]
        assert {one["code"] for one in errors} == {"NO_ACCESS"}
        assert f"does not work on {SALES}" in errors[-1]["message"]
        assert (done["count"], done["userErrors"]) == (3, [])


def test_more_than_five_hundred_are_refused(office: Api) -> None:
    some = [str(encoded(Kind.CONVERSATION, UUID(int=1)))] * 501
    given = {"commandId": "much", "conversationIds": some}
    done = office.ask(REMIND, input=given)["conversationRemind"]
    assert "500" in done["userErrors"][0]["message"]
