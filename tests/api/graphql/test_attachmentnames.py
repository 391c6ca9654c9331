"""A document's file has one name, whoever asks for it: in print, in its mail, in the archive."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from composed import as_others_read
from domain.access import Scope
from sendable import ANNA, Office
from serving import Api, serving

ORDER = {"externalId": "O1"}
SAVE = """mutation ($input: TemplateSaveInput!) { templateSave(input: $input) {
  userErrors { code message } } }"""
NAMES = '{ attachmentNames(document: {externalId: "O1"}, files: ["spool7.pdf", "b.txt"]) }'
SEND = """mutation ($input: SendDocumentInput!) { sendDocument(input: $input) {
  messageId userErrors { code message } } }"""
COMPOSED = """{ composed(input: {document: {externalId: "O1"},
  attachmentNames: ["spool7.pdf", "b.txt"]}) { attachmentNames } }"""
ARCHIVE = "query ($id: ID!) { message(id: $id) { attachments { name url } } }"


@pytest.fixture
def api(sending_office: Office) -> Iterator[Api]:
    with serving(sending_office.carteggio) as served:
        yield served


def pattern(api: Api, name: str, of: str, **more: Any) -> None:
    given = {"commandId": name, "name": name, "kind": "DOCUMENT", "documentKind": "sales_order",
             "language": "it", "subject": "Ordine", "attachmentName": of, **more}  # fmt: skip
    assert api.ask(SAVE, input=given)["templateSave"]["userErrors"] == []
    api.caught_up()


def sent(office: Office, api: Api, token: str, command: str) -> list[list[str]]:
    """Send the order; give how its files are called in the mail, in the archive, when downloaded."""
    octets = base64.b64encode(b"%PDF-1.7").decode()
    files = [{"name": one, "content": octets} for one in ("spool7.pdf", "b.txt")]
    given = {"commandId": command, "document": ORDER, "files": files, "text": "Ecco.",
             "subject": command}  # fmt: skip
    done = api.ask(SEND, token, input=given)["sendDocument"]
    assert done["userErrors"] == []
    office.server.sink.mails.clear()
    office.drain()
    mail = as_others_read(office.server.sink.mails[0])
    kept = api.ask(ARCHIVE, id=done["messageId"])["message"]["attachments"]
    heads = [api.get(one["url"]).headers["Content-Disposition"] for one in kept]
    loaded = [one.partition('filename="')[2].partition('"')[0] for one in heads]
    in_mail = [str(one.get_filename()) for one in mail.iter_attachments()]
    return [in_mail, [one["name"] for one in kept], loaded]


def test_print_mail_and_archive_name_a_document_by_the_pattern_of_its_kind(
    sending_office: Office, api: Api
) -> None:
    program = api.issue([Scope.SEND_MAIL], [sending_office.box()])
    names: list[str] = []
    for step, of in enumerate(("", "{customer} {number} {date}")):
        if of:
            pattern(api, "all", of)
        names = api.ask(NAMES, program)["attachmentNames"]
        assert sent(sending_office, api, program, f"s{step}") == [names] * 3
        assert names[1] == "b.txt"
    assert names[0] == "Verdi 2026-118 2026-01-20.pdf"


def test_who_has_a_pattern_of_his_group_prints_by_it_as_well(
    sending_office: Office, api: Api
) -> None:
    anna = sending_office.token(ANNA)
    pattern(api, "all", "{number}")
    pattern(api, "sales", "{kind} {number}", roles=["sales"], documentKind="sales_order")
    names = api.ask(NAMES, anna)["attachmentNames"]
    assert names == ["Ordine 2026-118.pdf", "b.txt"]
    assert api.ask(COMPOSED, anna)["composed"]["attachmentNames"] == names
