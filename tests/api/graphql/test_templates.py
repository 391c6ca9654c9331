"""Templates over the API: saved in versions, listed, shown as they will be sent."""

from pathlib import Path
from typing import Any

import pytest

from domain.access import Scope
from serving import Api
from templating import colleague, contact, document, erp, party

FIELDS = """id name kind documentKind language company roles isRetired version owner { email }
  current { version subject salutation { source isHtml } closing { source isHtml }
    salutations { form text } attachmentName savedBy { kind } }
  versions { version closing { source } }"""
SAVE = f"""mutation($input: TemplateSaveInput!) {{ templateSave(input: $input) {{
  position userErrors {{ code message path }} template {{ {FIELDS} }} }} }}"""
RETIRE = """mutation($input: TemplateRetireInput!) { templateRetire(input: $input) {
  position userErrors { code } template { isRetired } } }"""
LIST = f"""query($kind: TemplateKind, $of: String, $language: String, $retired: Boolean) {{
  templates(kind: $kind, documentKind: $of, language: $language, retired: $retired) {{ {FIELDS} }} }}"""
SHOW = """query($id: ID!, $version: Int, $document: DocumentKey, $party: ID, $contact: ID,
    $files: [String!], $values: [TemplateValueInput!]) {
  renderedTemplate(templateId: $id, version: $version, document: $document, partyId: $party,
    contactId: $contact, attachmentNames: $files, values: $values, sender: "info@ditta.example") {
    version language subject text html attachmentNames missing parts { name source isHtml } } }"""
NAMES = """query($document: DocumentKey!, $files: [String!]!, $id: ID) {
  attachmentNames(document: $document, files: $files, templateId: $id) }"""
SENDS, MANAGES = [Scope.SEND_MAIL], [Scope.MANAGE_TEMPLATES]
D1 = {"externalId": "D1"}


@pytest.fixture
def house(api: Api, tmp_path: Path) -> Api:
    erp(api.carteggio, tmp_path / "erp")
    return api


def given(command: str = "t-1", **more: Any) -> dict[str, Any]:
    return {
        "commandId": command, "name": "Fattura", "kind": "DOCUMENT", "documentKind": "invoice",
        "language": "it", "subject": "Fattura {{ document.number }}",
        "motivation": {"text": "in allegato {{ attachment.name }}"},
        "closing": {"html": "<p>Cordiali saluti</p>"}, "attachmentName": "{kind} {number}", **more,
    }  # fmt: skip


def done(api: Api, token: str | None = None, **input: Any) -> Any:
    return api.ask(SAVE, token, input=input)["templateSave"]


def test_a_template_is_saved_in_versions_listed_and_retired(house: Api) -> None:
    first = done(house, **given())
    one = first["template"]
    assert (one["version"], one["current"]["salutation"]["source"]) == (1, "auto")
    assert one["current"]["closing"] == {"source": "<p>Cordiali saluti</p>", "isHtml": True}
    assert done(house, **given())["template"] == one
    again = done(house, **given("t-2", templateId=one["id"]))
    assert (again["position"], again["template"]["version"]) == (None, 1)
    changed = {"templateId": one["id"], "closing": {"text": "Ciao"}, "basedOnVersion": 1}
    second = done(house, **given("t-3", **changed))["template"]
    assert [(x["version"], x["closing"]["source"]) for x in second["versions"]] == [
        (2, "Ciao"), (1, "<p>Cordiali saluti</p>"),
    ]  # fmt: skip
    (late,) = done(house, **given("t-4", **{**changed, "closing": {"text": "A"}}))["userErrors"]
    assert (late["code"], "version 2 was saved meanwhile" in late["message"]) == ("CONFLICT", True)
    assert house.ask(LIST, kind="DOCUMENT", of="invoice", language="it")["templates"] == [second]
    assert house.ask(LIST, kind="REPLY")["templates"] == []
    retire = {"commandId": "r-1", "templateId": one["id"]}
    gone = house.ask(RETIRE, input=retire)["templateRetire"]
    assert gone["template"] == {"isRetired": True}
    assert house.ask(LIST)["templates"] == []
    (kept,) = house.ask(LIST, retired=True)["templates"]
    assert kept["isRetired"]


def test_its_trail_tells_what_was_saved_by_whom(house: Api) -> None:
    id = done(house, **given())["template"]["id"]
    query = """query($id: ID!) { template(id: $id) { audit { edges { node { event summary } } } }
      node(id: $id) { ... on Template { name } } }"""
    told = house.ask(query, id=id)
    assert told["node"] == {"name": "Fattura"}
    (entry,) = told["template"]["audit"]["edges"]
    assert entry["node"]["summary"] == 'saved as version 1 of "Fattura"'


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        (
            {"closing": {"text": "a\n{{ document.nubmer }}"}},
            "INVALID",
            "closing, line 2: there is",
        ),
        ({"subject": "{% for %}"}, "INVALID", "subject, line 1"),
        ({"language": "cs"}, "INVALID", "none for the language cs"),
        ({"attachmentName": "{nummer}"}, "INVALID", "attachment_name: the pattern names {nummer}"),
        ({"salutations": [{"form": "x", "text": ""}]}, "INVALID", "x is no form"),
        ({"name": "FATTURA"}, "CONFLICT", "there is a template"),
        ({"templateId": f"tpl_{'0' * 32}"}, "NOT_FOUND", "no such template"),
        ({"ownerId": f"col_{'0' * 32}"}, "NOT_FOUND", "no such colleague"),
    ],
)
def test_what_cannot_be_saved_is_told_and_not_kept(
    house: Api, wrong: dict[str, Any], code: str, said: str
) -> None:
    done(house, **given())
    (error,) = done(house, **given("t-2", **{"name": "Altro", **wrong}))["userErrors"]
    assert error["code"] == code
    assert said in error["message"]
    assert len(house.ask(LIST)["templates"]) == 1


def test_the_mail_is_shown_as_it_is_sent_and_what_is_missing_in_it(house: Api) -> None:
    template = done(house, **given(motivation={"text": "{{ attachment.name }} {{ values.iban }}"}))
    id = template["template"]["id"]
    person = f"cnt_{contact(house.carteggio, 'C1', 'maria@rossi.example').hex}"
    asked = {"id": id, "document": D1, "contact": person, "files": ["spool.pdf"]}
    lacks = house.ask(SHOW, **asked)["renderedTemplate"]
    assert lacks["missing"] == ["values.iban"]
    assert "{{ values.iban }}" in lacks["text"]
    mail = house.ask(SHOW, **asked, values=[{"name": "iban", "value": "<IT60>"}])[
        "renderedTemplate"
    ]
    assert (mail["missing"], mail["attachmentNames"]) == ([], ["Fattura FT 118-2026.pdf"])
    assert mail["text"].startswith("Gentile Dott.ssa Rossi,\n\nFattura FT 118-2026.pdf <IT60>")
    assert "<p>Fattura FT 118-2026.pdf &lt;IT60&gt;</p>" in mail["html"]
    assert [part["name"] for part in mail["parts"]] == [
        "salutation", "motivation", "individual", "closing", "signature",
    ]  # fmt: skip
    names = house.ask(NAMES, document=D1, files=["print.pdf", "b.txt"])["attachmentNames"]
    assert names == ["Fattura FT 118-2026.pdf", "b.txt"]


def test_records_are_rendered_for_none_but_who_sends_or_reads_them(house: Api) -> None:
    id = done(house, **given())["template"]["id"]
    sends, manages, reads = (
        house.issue(SENDS), house.issue(MANAGES), house.issue([Scope.READ_MAIL])
    )  # fmt: skip
    whose = f"pty_{party('C1').hex}"
    assert house.ask(SHOW, sends, id=id, document=D1)["renderedTemplate"]["version"] == 1
    missing = house.ask(SHOW, manages, id=id)["renderedTemplate"]["missing"]
    assert "document.number" in missing
    for more in ({"document": D1}, {"party": whose}):
        assert house.refusal(SHOW, manages, id=id, **more) == "FORBIDDEN"
    for token, query in ((reads, LIST), (reads, SHOW)):
        assert house.refusal(query, token, id=id) == "FORBIDDEN"
    (refused,) = done(house, sends, **given("t-9"))["userErrors"]
    assert refused["code"] == "FORBIDDEN"
    assert house.refusal(SAVE, reads, input=given("t-9")) == "FORBIDDEN"
    assert house.refusal(SHOW, id=id, document={"externalId": "D9"}) == "NOT_FOUND"
    other = f"pty_{party('C2').hex}"
    assert house.refusal(SHOW, id=id, document=D1, party=other) == "INVALID"
    named = {"id": f"doc_{document('D1').hex}"}
    assert house.refusal(NAMES, reads, document=named, files=["a.pdf"]) == "FORBIDDEN"


def test_a_colleague_uses_his_own_templates_and_those_of_his_group(house: Api) -> None:
    from api.work.tokens import issue  # noqa: PLC0415

    anna = colleague(house.carteggio, "anna@ditta.example")
    ugo = colleague(house.carteggio, "ugo@ditta.example")
    done(house, **given("a", name="own", ownerId=f"col_{anna.hex}"))
    done(house, **given("b", name="group", roles=["vendite"]))
    done(house, **given("c", name="all"))
    seen = {}
    for who in (anna, ugo):
        token = str(issue(house.carteggio, "t", SENDS, (), None, colleague=who))
        house.caught_up()
        seen[who] = [one["name"] for one in house.ask(LIST, token)["templates"]]
    assert seen == {anna: ["all", "group", "own"], ugo: ["all"]}


def test_a_colleague_words_his_own_answers_and_signature_and_nobody_elses(house: Api) -> None:
    from api.work.tokens import issue  # noqa: PLC0415

    ids = {one: colleague(house.carteggio, f"{one}@ditta.example") for one in ("anna", "ugo")}
    anna, ugo = (
        str(issue(house.carteggio, one, SENDS, (), None, colleague=id)) for one, id in ids.items()
    )
    his = {one: f"col_{id.hex}" for one, id in ids.items()}
    house.caught_up()

    def own(command: str, token: str | None = anna, **more: Any) -> Any:
        mine: dict[str, Any] = {"kind": "REPLY", "documentKind": "", "name": "Grazie"}
        mine |= {"motivation": {"text": "Grazie, {{ contact.name }}."}, "attachmentName": ""}
        return done(house, token, **given(command, **mine | {"ownerId": his["anna"]} | more))

    kept = own("o-1")["template"]
    assert (kept["owner"]["email"], kept["version"]) == ("anna@ditta.example", 1)
    wrong: list[dict[str, Any]] = [
        {"ownerId": None}, {"ownerId": his["ugo"]}, {"kind": "AUTO_REPLY"},
        {"token": ugo, "templateId": kept["id"], "ownerId": his["ugo"]},
    ]  # fmt: skip
    told = [own(f"o-{at}", **one)["userErrors"] for at, one in enumerate(wrong, 2)]
    codes = [[one["code"] for one in errors] for errors in told]
    assert codes == [["FORBIDDEN"]] * 4
    whom = f"cnt_{contact(house.carteggio, 'C1', 'maria@rossi.example').hex}"
    shown = house.ask(SHOW, anna, id=kept["id"], contact=whom)["renderedTemplate"]
    assert "Grazie, Maria Rossi." in shown["text"]
    retire = {"commandId": "r-9", "templateId": kept["id"]}
    (refused,) = house.ask(RETIRE, ugo, input=retire)["templateRetire"]["userErrors"]
    assert refused == {"code": "FORBIDDEN"}
    gone = house.ask(RETIRE, anna, input=retire)["templateRetire"]["template"]
    assert gone == {"isRetired": True}
