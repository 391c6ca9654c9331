"""What is told to reception by GraphQL: exclusions, web forms, servers that are believed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.work.directory import import_directory
from api.work.importing import register_mailbox
from domain.access import Scope
from domain.identity import mailbox_id
from instances import events_of
from letters import letter, mbox
from office import FILES
from serving import Api

INFO, SALES = "info@firm.example", "sales@firm.example"
FORM = "web@host.example"
EXCLUSION = "id pattern side mailboxId note passedOver lastPassedOverOn"
PAGE = "totalCount { value } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
AT = "$first: Int, $after: String, $last: Int, $before: String"
GIVEN = "first: $first, after: $after, last: $last, before: $before"
EXCLUSIONS = (
    f"query({AT}) {{ exclusions({GIVEN}) {{ {PAGE} edges {{ node {{ {EXCLUSION} }} }} }} }}"
)
FORMS = "{ webForms { edges { node { id address mailboxId note } } } }"
SERVERS = "{ trustedServers { edges { node { id server } } } }"
MAIL = "{ messages(order: RECEIVED_ASC) { edges { node { why { kind } } } } }"
TRAIL = """{ auditLog(first: 1) { edges { node { event channel commandId actor { kind }
  subjectId subject { id } } } } }"""


def command(name: str, input: str, shown: str) -> str:
    return f"""mutation($input: {input}!) {{ {name}(input: $input) {{ {shown} position
      userErrors {{ code message }} }} }}"""


COMMANDS = {
    "exclusionAdd": command("exclusionAdd", "ExclusionAddInput", f"exclusion {{ {EXCLUSION} }}"),
    "exclusionRemove": command("exclusionRemove", "ExclusionRemoveInput", "exclusion { id }"),
    "webFormDeclare": command(
        "webFormDeclare", "WebFormDeclareInput", "webForm { id address mailboxId note }"
    ),
    "webFormWithdraw": command("webFormWithdraw", "WebFormWithdrawInput", "webForm { id }"),
    "serverTrust": command("serverTrust", "ServerTrustInput", "server { id server }"),
    "serverDistrust": command("serverDistrust", "ServerDistrustInput", "server { id }"),
}


def given(api: Api, name: str, token: str | None = None, id: str = "p-1", **input: Any) -> Any:
    return api.ask(COMMANDS[name], token, input={"commandId": id, **input})[name]


def codes(done: Any) -> list[str]:
    return [one["code"] for one in done["userErrors"]]


def nodes(api: Api, query: str, token: str | None = None, **at: Any) -> list[dict[str, Any]]:
    (found,) = api.ask(query, token, **at).values()
    return [edge["node"] for edge in found["edges"]]


def kinds(api: Api) -> list[str | None]:
    found = [one["why"]["kind"] or None for one in nodes(api, MAIL)]
    return sorted(found, key=str)


def box_id(api: Api, address: str) -> str:
    return f"mbx_{register_mailbox(api.carteggio, address).hex}"


@pytest.fixture
def managed(api: Api) -> Api:
    box_id(api, INFO), box_id(api, SALES)
    api.caught_up()
    return api


def of_info(api: Api) -> str:
    """Give a token that manages one mailbox, and reads no mail."""
    box = mailbox_id(api.carteggio.identity_key, INFO)
    return api.issue([Scope.MANAGE_MAILBOXES], mailboxes=[box])


def test_mail_of_an_excluded_domain_is_not_taken_in_and_counted(managed: Api, tmp_path: Path):
    done = given(managed, "exclusionAdd", pattern="@Bank.example", note="private")
    assert done["userErrors"] == []
    assert done["exclusion"] | {"id": ""} == {
        "id": "", "pattern": "bank.example", "side": "EITHER", "mailboxId": None,
        "note": "private", "passedOver": 0, "lastPassedOverOn": None,
    }  # fmt: skip
    assert given(managed, "exclusionAdd", pattern="@Bank.example", note="private") == done
    assert len(events_of(managed.carteggio, "exclusion.added")) == 1
    mails = [letter("1@bank.example", sender="a@it.bank.example"), letter("2@acme.example")]
    for box in (INFO, SALES):
        managed.imported(mbox(tmp_path / f"{box}.mbox", mails), box)
    (entry,) = nodes(managed, EXCLUSIONS)
    assert entry["passedOver"] == 2
    assert entry["lastPassedOverOn"] == datetime.now(UTC).date().isoformat()
    assert len(nodes(managed, MAIL)) == 1
    assert nodes(managed, EXCLUSIONS, of_info(managed))[0]["passedOver"] == 1
    gone = given(managed, "exclusionRemove", id="p-2", exclusionId=entry["id"])
    assert (gone["exclusion"], gone["userErrors"]) == (None, [])
    assert given(managed, "exclusionRemove", id="p-2", exclusionId=entry["id"]) == gone
    assert nodes(managed, EXCLUSIONS) == []
    again = given(managed, "exclusionRemove", id="p-3", exclusionId=entry["id"])
    assert codes(again) == ["NOT_FOUND"]


def test_exclusions_come_by_pages_in_order(managed: Api):
    for at, name in enumerate("cab"):
        given(managed, "exclusionAdd", id=f"p-{at}", pattern=f"{name}.example")
    first = managed.ask(EXCLUSIONS, first=2)["exclusions"]
    assert [edge["node"]["pattern"] for edge in first["edges"]] == ["a.example", "b.example"]
    assert first["totalCount"]["value"] == 3
    info = first["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)
    (last,) = nodes(managed, EXCLUSIONS, first=2, after=info["endCursor"])
    assert last["pattern"] == "c.example"
    back = nodes(managed, EXCLUSIONS, last=1, before=info["endCursor"])
    assert [one["pattern"] for one in back] == ["a.example"]


def test_every_command_is_an_event_with_who_gave_it_and_names_what_it_is_about(managed: Api):
    server = given(managed, "serverTrust", server="MX.firm.example")["server"]
    assert server["server"] == "mx.firm.example"
    (entry,) = nodes(managed, TRAIL)
    assert (entry["event"], entry["channel"], entry["commandId"]) == (
        "server.trusted", "graphql", "p-1",
    )  # fmt: skip
    assert entry["actor"] == {"kind": "CLIENT"}
    assert entry["subjectId"] == entry["subject"]["id"] == server["id"]
    assert nodes(managed, SERVERS) == [server]
    gone = given(managed, "serverDistrust", id="p-2", serverId=server["id"])
    assert (gone["server"], gone["userErrors"]) == (None, [])
    assert nodes(managed, SERVERS) == []
    assert nodes(managed, TRAIL)[0]["event"] == "server.distrusted"


def test_a_form_of_one_mailbox_is_none_in_another_also_for_mail_that_was_here(
    managed: Api, tmp_path: Path
):
    folder = tmp_path / "erp"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    import_directory(managed.carteggio, folder)
    more = b"Reply-To: ada@acme.example\n"
    for at, box in enumerate((INFO, SALES), 1):
        mail = letter(f"{at}@host.example", sender=FORM, to=box, more=more)
        managed.imported(mbox(tmp_path / f"{box}.mbox", [mail]), box)
    declared = given(
        managed, "webFormDeclare", address=FORM.upper(), mailboxId=box_id(managed, INFO)
    )
    assert declared["userErrors"] == []
    assert declared["webForm"]["mailboxId"] == box_id(managed, INFO)
    managed.carteggio.feed.catch_up()
    assert kinds(managed) == [None, "web_form"]
    everywhere = given(managed, "webFormDeclare", id="p-2", address=FORM)["webForm"]
    assert [one["mailboxId"] for one in nodes(managed, FORMS)].count(None) == 1
    managed.carteggio.feed.catch_up()
    assert kinds(managed) == ["web_form", "web_form"]
    given(managed, "webFormWithdraw", id="p-3", webFormId=declared["webForm"]["id"])
    given(managed, "webFormWithdraw", id="p-4", webFormId=everywhere["id"])
    managed.carteggio.feed.catch_up()
    assert nodes(managed, FORMS) == []
    assert kinds(managed) == [None, None]


def test_who_manages_one_mailbox_tells_what_concerns_that_one_only(managed: Api):
    token, box = of_info(managed), box_id(managed, INFO)
    other = box_id(managed, SALES)
    for name, input in (
        ("exclusionAdd", {"pattern": "bank.example"}),
        ("webFormDeclare", {"address": FORM}),
    ):
        assert codes(given(managed, name, token, **input)) == ["FORBIDDEN"]
        assert codes(given(managed, name, token, mailboxId=other, **input)) == ["NOT_FOUND"]
        own = given(managed, name, token, f"own-{name}", mailboxId=box, **input)
        assert own["userErrors"] == []
        theirs = given(managed, name, id=f"theirs-{name}", mailboxId=other, **input)
        everybodys = given(managed, name, id=f"all-{name}", **input)
        undo, key, shown = (
            ("exclusionRemove", "exclusionId", "exclusion")
            if name == "exclusionAdd"
            else ("webFormWithdraw", "webFormId", "webForm")
        )
        for one, code in ((theirs, "NOT_FOUND"), (everybodys, "FORBIDDEN")):
            assert codes(given(managed, undo, token, "u-1", **{key: one[shown]["id"]})) == [code]
    assert codes(given(managed, "serverTrust", token, server="mx.firm.example")) == ["FORBIDDEN"]
    assert len(nodes(managed, EXCLUSIONS, token)) == len(nodes(managed, FORMS, token)) == 2
    assert len(nodes(managed, EXCLUSIONS)) == len(nodes(managed, FORMS)) == 3


@pytest.mark.parametrize(
    ("name", "input", "said"),
    [
        ("exclusionAdd", {"pattern": "nobody"}, "'nobody' is neither a mail address nor a domain"),
        ("exclusionAdd", {"pattern": "a.example", "note": "x" * 1_001}, "note: 1000"),
        ("webFormDeclare", {"address": "nobody"}, "'nobody' is no mail address"),
        ("serverTrust", {"server": "a b"}, "'a b' names no server"),
        ("serverDistrust", {"serverId": "srv_" + "0" * 32}, "that server is not trusted"),
        ("webFormWithdraw", {"webFormId": "frm_" + "0" * 32}, "it is not among the web forms"),
        ("exclusionRemove", {"exclusionId": "frm_" + "0" * 32}, "frm_"),
        ("serverTrust", {"server": "mx.firm.example", "commandId": ""}, "commandId:"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(shared_api: Api, name, input, said):
    (error,) = shared_api.ask(COMMANDS[name], input={"commandId": "p-1", **input})[name][
        "userErrors"
    ]
    assert error["message"].startswith(said)


def test_who_reads_mail_only_is_told_nothing_of_it(shared_api: Api):
    token = shared_api.issue([Scope.READ_MAIL])
    for query in (EXCLUSIONS, FORMS, SERVERS):
        assert shared_api.refusal(query, token) == "FORBIDDEN"


@pytest.mark.parametrize("pattern", ["firm.example", "@Firm.example", INFO, "eve@firm.example"])
def test_our_own_mail_stays_out_only_if_that_is_said(managed: Api, tmp_path: Path, pattern: str):
    people = "name,email,role,mailbox_collected\nEve,eve@firm.example,sales,no\n"
    for name, text in (FILES | {"colleagues.csv": people}).items():
        (tmp_path / name).write_text(text)
    import_directory(managed.carteggio, tmp_path)
    managed.caught_up()
    refused = given(managed, "exclusionAdd", pattern=pattern)
    assert codes(refused) == ["OWN"]
    assert "is our own: nearly all mail would stay out" in refused["userErrors"][0]["message"]
    assert nodes(managed, EXCLUSIONS) == []
    meant = given(managed, "exclusionAdd", id="p-2", pattern=pattern, includeOwn=True)
    assert meant["userErrors"] == []
    other = given(managed, "exclusionAdd", id="p-3", pattern="hr@firm.example")
    assert other["userErrors"] == []
