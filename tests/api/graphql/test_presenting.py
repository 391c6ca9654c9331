"""Rules about a document hold for whatever brings it: by name, by a link, passed on, or in an answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.graphql.ids import Kind, encoded
from api.work.approvals import set_rule
from api.work.permission import say_of_company
from api.work.tokens import by_operator
from domain.approvalrules import ApprovalRuleSet, ApprovalScope
from domain.identity import identify
from domain.outgoing import MailQueued
from domain.sendingrules import Ground, SendingRule, SendingRuleSet
from instances import events_of
from letters import letter
from office import MULTIPART, WITH_A_FILE
from sendable import NOW, Office
from serving import Api, serving

LUCA = "luca@ditta.example"
ADA = ["ada@verdi.example"]
ERRORS = "mailId userErrors { code message }"
SEND = f"mutation ($input: MessageSendInput!) {{ messageSend(input: $input) {{ {ERRORS} }} }}"
FORWARD = f"""mutation ($input: MessageForwardInput!) {{ messageForward(input: $input) {{
  {ERRORS} }} }}"""
LINKED = {"links": [{"document": {"externalId": "O1"}}]}
FILE = {"files": [{"name": "Ordine.pdf", "content": "JVBERg=="}]}


@pytest.fixture
def api(sending_office: Office) -> Iterator[Api]:
    with serving(sending_office.carteggio) as served:
        yield served


class Luca:
    """One to whom no document is assigned; a customer's mail lies in the order's conversation."""

    def __init__(self, office: Office, api: Api, folder: Path) -> None:
        self.office, self.api, self.token = office, api, office.token(LUCA)
        raw = letter("q@verdi.example", b"Ordine 2026/118", sender="Ada <ada@verdi.example>",
                     to="info@ditta.example", more=MULTIPART, body=WITH_A_FILE)  # fmt: skip
        office.arrives(raw, folder)
        asked = identify(office.carteggio.identity_key, raw).message
        order = ("document", office.document("O1"), "automatic")
        assert order in office.links(asked)
        self.question = str(encoded(Kind.MESSAGE, asked))

    def does(self, query: str, **input: Any) -> list[str]:
        (answer,) = self.api.ask(
            query, self.token, input={"commandId": str(uuid4()), **input}
        ).values()
        return [one["code"] for one in answer["userErrors"]]

    def sends(self, **content: Any) -> list[str]:
        box = str(encoded(Kind.MAILBOX, self.office.box()))
        mail = {"mailboxId": box, "to": ADA, "subject": "Ciao", "text": "Ecco."}
        return self.does(SEND, content=mail | content)

    def passes_on(self) -> list[str]:
        return self.does(FORWARD, messageId=self.question, to=ADA, note="Per te.")

    def every_way(self) -> list[list[str]]:
        """Bring the order: named, linked, passed on, in an answer; without its word, and with it."""
        self.office.settled()
        answers = {"answersId": self.question}
        taken_off = {"removedLinks": LINKED["links"]}
        return [
            self.sends(document={"externalId": "O1"}, **FILE),
            self.sends(**LINKED, **FILE),
            self.sends(**LINKED),
            self.passes_on(),
            self.sends(**answers, **FILE),
            self.sends(files=[{"name": "a.pdf", "attachmentId": self.attachment}]),
            self.sends(**answers, **LINKED),
            self.sends(**answers, **taken_off, **FILE),
            self.sends(**FILE),
        ]

    @property
    def attachment(self) -> str:
        return f"att_{self.question.removeprefix('msg_')}-0"


@pytest.fixture
def luca(sending_office: Office, api: Api, tmp_path: Path) -> Luca:
    return Luca(sending_office, api, tmp_path)


def test_whoever_may_not_send_a_document_brings_it_in_no_way_and_may_answer_about_it(luca: Luca):
    said = SendingRuleSet(SendingRule.STRICT)
    assert say_of_company(luca.office.carteggio, said, by_operator())
    assert luca.every_way() == [["FORBIDDEN"]] * 6 + [[]] * 3
    refused = events_of(luca.office.carteggio, "sending.refused")
    assert {(one.ground, one.document) for one in refused} == {
        (Ground.NOT_ASSIGNED, luca.office.document("O1"))
    }


def test_a_rule_about_a_kind_asks_for_approval_however_its_document_is_brought(luca: Luca):
    rule = ApprovalRuleSet(ApprovalScope(kind="sales_order"), NOW)
    assert set_rule(luca.office.carteggio, rule, by_operator())
    assert luca.every_way() == [["NOT_APPROVED"]] * 6 + [[]] * 3


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SHOWS = '<p>Ecco <img src="cid:c1"></p>'
PICTURE = {"name": "a.png", "mediaType": "image/png", "contentId": "c1", "content": PIXEL}
OTHER = {
    "name": "Ordine.pdf",
    "mediaType": "image/x-foo",
    "contentId": "c1",
    "content": "JVBERg==",
}


@pytest.mark.parametrize(
    ("file", "html"),
    [
        (OTHER, ""),
        (OTHER, SHOWS),
        (PICTURE, ""),
        (PICTURE, '<p>Ecco</p><!-- <img src="cid:c1"> -->'),
        (PICTURE | {"content": "JVBERg=="}, SHOWS),
        (None, '<img src="data:image/png;base64,JVBERg==">'),
    ],
)
def test_a_file_that_calls_itself_a_picture_of_the_text_is_a_file_unless_the_text_shows_it(
    luca: Luca, file: dict[str, str] | None, html: str
):
    rule = ApprovalRuleSet(ApprovalScope(kind="sales_order"), NOW)
    assert set_rule(luca.office.carteggio, rule, by_operator())
    luca.office.settled()
    brings = {"answersId": luca.question, "html": html, "files": [file] if file else []}
    assert luca.sends(**brings) == ["NOT_APPROVED"]
    shows = {"answersId": luca.question, "html": SHOWS, "files": [PICTURE]}
    assert luca.sends(**shows) == []
    (queued,) = events_of(luca.office.carteggio, "outgoing.queued")
    assert queued.files == ()


def test_a_file_that_the_text_does_not_show_is_told_as_one_that_left(luca: Luca):
    assert luca.sends(html=SHOWS, files=[OTHER]) == []
    carteggio = luca.office.carteggio
    (mail,) = carteggio.journal.read(0, names=["outgoing.queued"])
    assert isinstance(mail.event, MailQueued)
    assert (mail.event.file_names, len(mail.event.files)) == (("Ordine.pdf",), 1)
    raw = carteggio.blobs.get(mail.event.raw, mail.stream).decode()
    assert "Content-Disposition: attachment" in raw
    assert "cid:c1" not in raw
