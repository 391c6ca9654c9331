"""A mail that is begun over the API has the words of its template, with files or their names, or gaps."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from api.graphql.ids import Kind, encoded
from api.work.sendingside import EnteredSending, configure_sending
from domain.template import Part
from sendable import ANNA, Office
from serving import Api, serving
from templating import invoice, saved

ORDER = {"externalId": "O1"}
PDF = b"%PDF-1.7\n"
COMPOSED = """query ($input: ComposeInput!) { composed(input: $input) { remark attachmentNames
  content { subject text files { name uploadId } } } }"""


SENDER = """query ($input: ComposeInput!) { composed(input: $input) { remark senders { address }
  content { mailboxId sender senderName } } }"""
DOCUMENT = """mutation ($input: SendDocumentInput!) { sendDocument(input: $input) {
  userErrors { code message } } }"""


@pytest.fixture
def api(sending_office: Office) -> Iterator[Api]:
    words = {"subject": "Ordine {{ document.number }}", "closing": Part("Saluti")}
    template = invoice(name="Ordine", document_kind="sales_order", signature=Part(""),
                       motivation=Part("in allegato {{ attachment.name }}."), **words)  # fmt: skip
    saved(sending_office.carteggio, template, "t1")
    with serving(sending_office.carteggio) as served:
        yield served


def composed(api: Api, token: str, **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.ask(COMPOSED, token, input={"document": ORDER} | asked)["composed"]
    return found


def test_words_are_proposed_without_a_file_with_its_name_and_with_the_file(
    sending_office: Office, api: Api
) -> None:
    anna = sending_office.token(ANNA)
    without = composed(api, anna)
    assert without["remark"].startswith("values are missing: attachment.name (motivation)")
    assert without["content"]["subject"] == "Ordine 2026/118"
    assert without["content"]["text"].endswith("in allegato {{ attachment.name }}.\n\nSaluti\n")
    named = composed(api, anna, attachmentNames=["scan.pdf", "foto.jpg"])
    first, second = named["attachmentNames"]
    assert (named["remark"], first, second) == (None, "Ordine 2026-118.pdf", "foto.jpg")
    assert f"in allegato {first}." in named["content"]["text"]
    headers = api.bears(anna) | {"Content-Type": "application/pdf"}
    id = api.client.post("/uploads/scan.pdf", content=PDF, headers=headers).json()["id"]
    whole = composed(api, anna, files=[{"uploadId": id}])
    assert whole["content"]["files"] == [{"name": first, "uploadId": id}]
    assert (whole["content"]["text"], whole["remark"]) == (named["content"]["text"], None)


def test_files_are_uploaded_or_named_but_not_given_whole(sending_office: Office, api: Api) -> None:
    file = {"name": "scan.pdf", "content": base64.b64encode(PDF).decode()}
    asked = {"document": ORDER, "files": [file]}
    assert api.refusal(COMPOSED, sending_office.token(ANNA), input=asked) == "INVALID"


def test_where_nothing_tells_which_mailbox_none_is_proposed_and_one_step_is_refused(
    sending_office: Office, api: Api
) -> None:
    for address in ("sales@ditta.example", "orders@ditta.example"):
        entered = EnteredSending(address, "127.0.0.1", 587, "starttls", "none")
        configure_sending(sending_office.carteggio, entered)
    sending_office.settled()
    found = api.ask(SENDER, input={"document": ORDER})["composed"]
    assert found["content"] == {"mailboxId": None, "sender": "", "senderName": ""}
    names = ["info@ditta.example", "orders@ditta.example", "sales@ditta.example"]
    assert sorted(one["address"] for one in found["senders"])[1:] == names
    assert found["remark"].startswith("nothing tells from which mailbox it is to leave; name one")
    assert "; values are missing: attachment.name" in found["remark"]
    file = {"name": "scan.pdf", "content": base64.b64encode(PDF).decode()}
    order = {"commandId": "d1", "document": ORDER, "files": [file]}
    refused = api.ask(DOCUMENT, input=order)["sendDocument"]["userErrors"]
    assert [one["code"] for one in refused] == ["AMBIGUOUS"]
    named = order | {"mailboxId": str(encoded(Kind.MAILBOX, sending_office.box()))}
    assert api.ask(DOCUMENT, input=named)["sendDocument"]["userErrors"] == []
