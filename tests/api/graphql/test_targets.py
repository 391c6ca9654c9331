"""What mail can belong to: every kind of record, where it is shown, and whom it concerns."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from instances import opened_on
from letters import letter, mbox
from office import Asks, nodes
from servers import fresh_database

if TYPE_CHECKING:
    from pathlib import Path

    from api.work.instance import Carteggio

URLS = {"party": "https://erp.example/clients/{code}", "invoice": "erp:invoice/{number}"}
NUMBERED = {
    "sales_order": "ORD-2026-11", "commitment": "IMP/2026/12", "estimate": "PREV-2026-13",
    "offer": "AG-2026-14", "warehouse_document": "DDT-2026-15", "invoice": "2026/16",
    "due_date": "SCAD-2026-17", "transaction": "TX-2026-18", "activity": "ACT-2026-19",
    "opportunity": "OPP-2026-20",
}  # fmt: skip
TITLED = {"site": "Lager Süd, Uferweg 3, Graz", "activity": "Call about the façade"}
INFO = "info@firm.example"
LINK = """mutation($input: MessageLinkInput!) { messageLink(input: $input) {
  userErrors { code message } } }"""
HISTORY = """query($kind: String!, $text: String!) {
  party(by: {code: {company: "main", kind: "customer", code: "C1"}}) {
    documents(filter: {kinds: [$kind], text: $text}) { edges { node { id number title
      timeline(first: 9) { edges { node { subject } link { reason } } } } } } } }"""


def fill(carteggio: "Carteggio", folder: "Path") -> None:
    from api.work.directory import import_directory  # noqa: PLC0415
    from api.work.importing import Wanted, import_mail  # noqa: PLC0415

    folder.mkdir()
    (folder / "company.json").write_text('{"name": "Firm", "domains": ["firm.example"]}')
    (folder / "parties.csv").write_text("party_id,kind,name\nC1,customer,Acme\n")
    (folder / "contacts.csv").write_text("party_id,name,email\nC1,Ada,ada@acme.example\n")
    rows = ["doc_id,type,number,title,part_of,party_id"]
    rows += [f"{kind},{kind},{number},,,C1" for kind, number in NUMBERED.items()]
    rows += [f'"{title}",{kind},,"{title}",,C1' for kind, title in TITLED.items()]
    rows += ["I,invoice,2026/31,,,C1", "I1,due_date,2026/31,First half,I,C1"]
    rows += ["I2,due_date,2026/31,,I,C1", "X,site,,,,C1", "Y,site,,Here,Y,C1"]
    (folder / "documents.csv").write_text("\n".join(rows) + "\n")
    refused = {str(one) for done in import_directory(carteggio, folder) for one in done.bad}
    assert refused == {
        "documents.csv, line 17: number is empty; a record without one needs a title",
        "documents.csv, line 18: part_of names the record itself",
    }
    spoken = [*NUMBERED.values(), "2026/31", *TITLED]
    mail = [
        letter(f"{at}@acme.example", f"About {what}".encode(), sender="ada@acme.example")
        for at, what in enumerate(spoken)
    ]
    import_mail(carteggio, Wanted(mbox(folder / "mbox", mail), INFO, "INBOX"), lambda _: None)


@pytest.fixture(scope="module")
def crm(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Carteggio"]:
    """Give a company with a record of every kind, and mail that names those with numbers."""
    folder = tmp_path_factory.mktemp("crm")
    with fresh_database(postgres) as database, opened_on(database, folder / "home") as opened:
        fill(opened, folder / "erp")
        yield opened


@pytest.fixture
async def crm_ask(crm: "Carteggio") -> AsyncIterator[Asks]:
    async with crm.database.async_pool() as pool:
        yield Asks(crm, pool)


def of_kind(found):
    return nodes(found["party"]["documents"])


def told(document):
    edges = document["timeline"]["edges"]
    return [(edge["node"]["subject"], edge["link"]["reason"]) for edge in edges]


@pytest.mark.parametrize(("kind", "number"), NUMBERED.items())
async def test_mail_that_names_a_record_of_any_kind_is_in_its_history(crm_ask, kind, number):
    (record,) = of_kind(await crm_ask(HISTORY, kind=kind, text=number))
    assert told(record) == [(f"About {number}", "DOCUMENT_NUMBER")]


@pytest.mark.parametrize(("kind", "title"), TITLED.items())
async def test_mail_is_linked_by_hand_to_a_record_that_has_a_title_alone(crm_ask, kind, title):
    (record,) = of_kind(await crm_ask(HISTORY, kind=kind, text=title[:4].lower()))
    assert (record["number"], record["title"], told(record)) == ("", title, [])
    at = [*NUMBERED.values(), "2026/31", *TITLED].index(kind)
    message = await crm_ask.message(f"{at}@acme.example")
    order = {
        "commandId": kind,
        "messageIds": [message],
        "target": {"document": {"externalId": title}},
    }
    assert (await crm_ask(LINK, input=order))["messageLink"]["userErrors"] == []
    (record,) = of_kind(await crm_ask(HISTORY, kind=kind, text=title))
    assert told(record) == [(f"About {kind}", "MANUAL")]


async def test_a_number_that_an_invoice_shares_with_its_due_dates_names_the_invoice(crm_ask):
    (invoice,) = of_kind(await crm_ask(HISTORY, kind="invoice", text="2026/31"))
    assert told(invoice) == [("About 2026/31", "DOCUMENT_NUMBER")]
    query = """query($id: ID!) { document(by: {id: $id}) {
        parts { edges { node { title partOf { number } audit { edges { node { summary } } } } } } } }"""
    parts = nodes((await crm_ask(query, id=invoice["id"]))["document"]["parts"])
    assert {one["title"] for one in parts} == {"First half", None}
    assert {one["partOf"]["number"] for one in parts} == {"2026/31"}
    whole = (
        """query($id: ID!) { document(by: {id: $id}) { audit { edges { node { summary } } } } }"""
    )
    log = nodes((await crm_ask(whole, id=invoice["id"]))["document"]["audit"], "summary")
    assert "registered due_date 2026/31 (erp I1)" in log


async def test_a_link_leads_to_where_the_erp_shows_its_target(ask):
    settings = ask.carteggio.settings.model_copy(update={"entity_urls": URLS})
    ask.carteggio = replace(ask.carteggio, settings=settings)
    query = """{ messages(first: 100) { edges { node { headerId links { target {
        ... on Party { code url } ... on Document { number url } } } } } } }"""
    found = nodes((await ask(query))["messages"])
    links = {one["headerId"]: [link["target"] for link in one["links"]] for one in found}
    assert {"code": "C1", "url": "https://erp.example/clients/C1"} in links["a1@acme.example"]
    assert {"number": "2026/17", "url": "erp:invoice/2026%2F17"} in links["a1@acme.example"]
    assert {"number": "AG-2026-100", "url": None} in links["b1@rossi.example"]


COLLEAGUES = """name,email,role
Giulia,giulia@firm.example,sales
Marco,marco@firm.example,sales
Nina,nina@firm.example,
"""
OURS = """{"name": "Firm", "domains": ["firm.example"],
  "aliases": {"m.rossi@firm.example": "Marco@firm.example"}}"""
CONCERNED = """{ colleagues { name timeline(first: 9) { totalCount { value }
  edges { node { headerId colleagues { user { name } role } } } } } }"""


async def test_mail_to_two_operators_is_in_both_their_histories_once(own_ask, tmp_path):
    from api.work.directory import import_directory  # noqa: PLC0415
    from api.work.importing import Wanted, import_mail  # noqa: PLC0415

    folder = tmp_path / "people"
    folder.mkdir()
    (folder / "company.json").write_text(OURS)
    (folder / "colleagues.csv").write_text(COLLEAGUES)
    import_directory(own_ask.carteggio, folder)
    both = letter(
        "two@acme.example", sender="ada@acme.example", to="Giulia@firm.example, info@firm.example",
        more=b"Cc: m.rossi@firm.example, giulia@firm.example\n",
    )  # fmt: skip
    for address in (INFO, "sales@firm.example"):
        path = mbox(tmp_path / address, [both])
        import_mail(own_ask.carteggio, Wanted(path, address, "INBOX"), lambda _: None)
    found = {one["name"]: one["timeline"] for one in (await own_ask(CONCERNED))["colleagues"]}
    assert {name: one["totalCount"]["value"] for name, one in found.items()} == {
        "Giulia": 1, "Marco": 1, "Nina": 0,
    }  # fmt: skip
    assert nodes(found["Giulia"]) == nodes(found["Marco"])
    (message,) = nodes(found["Marco"])
    told = [(one["user"]["name"], one["role"]) for one in message["colleagues"]]
    assert told == [("Giulia", "TO"), ("Marco", "CC")]
    unseen = (await own_ask(CONCERNED, "bulk@firm.example"))["colleagues"]
    assert [one["timeline"]["edges"] for one in unseen] == [[], [], []]
