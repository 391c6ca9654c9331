"""The API sends: composed from an order, saved, seen by whom it is for, sent, taken back."""

import base64
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from api.ids import decoded
from api.work.outbox import Outbox
from composed import as_others_read, bodies
from domain.access import Scope
from domain.leaving import OutgoingState
from domain.outgoing import MailQueued
from instances import events_of
from sendable import ANNA, INFO, Office
from serving import Api, serving

LUCA = "luca@ditta.example"
PDF = b"%PDF-1.7 \x00\xff\r\n.\r\n" * 500
ORDER = {"externalId": "O1"}
COMPOSED = """query ($input: ComposeInput!) { composed(input: $input) {
  content { mailboxId sender senderName company to subject linkIds documentId }
  recipients { address group of receives } senders { address } } }"""
SEND = """mutation ($input: MessageSendInput!) { messageSend(input: $input) {
  mailId messageId dueAt position remarks { code } userErrors { code message path } } }"""
SAVE = """mutation ($input: DraftSaveInput!) { draftSave(input: $input) {
  draft { id version savedBy isShared content { subject files { name } } }
  userErrors { code message path } } }"""
DRAFTS = "{ drafts { id version savedBy content { subject } } }"
CANCEL = """mutation ($input: MessageCancelInput!) { messageCancel(input: $input) {
  position userErrors { code } } }"""
DOCUMENT = """mutation ($input: SendDocumentInput!) { sendDocument(input: $input) {
  mailId messageId position remarks { code } userErrors { code message path } } }"""


@pytest.fixture
def api(sending_office: Office) -> Iterator[Api]:
    with serving(sending_office.carteggio) as served:
        yield served


def content(office: Office, **more: Any) -> dict[str, Any]:
    from api.graphql.ids import Kind, encoded  # noqa: PLC0415

    given = {"mailboxId": str(encoded(Kind.MAILBOX, office.box())), "subject": "Ordine",
             "to": ["Ada Verdi <ada@verdi.example>"], "text": "Ecco.", "document": ORDER,
             "links": [{"document": ORDER}]}  # fmt: skip
    return given | more


def test_an_order_is_composed_saved_and_sent_with_an_uploaded_file(
    sending_office: Office, api: Api
) -> None:
    office, anna = sending_office, sending_office.token(ANNA)
    asked = {"document": ORDER}
    found = api.ask(COMPOSED, anna, input=asked)["composed"]["content"]
    assert (found["sender"], found["senderName"], found["company"]) == (
        INFO, "Anna Bianchi", "Ditta SRL",
    )  # fmt: skip
    assert found["to"] == ["Ada Verdi <ada@verdi.example>"]
    headers = api.bears(anna) | {"Content-Type": "application/pdf"}
    kept = api.client.post("/uploads/Ordine.pdf", content=PDF, headers=headers)
    assert (kept.status_code, kept.json()["sha256"]) == (201, sha256(PDF).hexdigest())
    wanted = content(office, senderName="Anna Bianchi", company="Ditta SRL",
                     files=[{"uploadId": kept.json()["id"]}])  # fmt: skip
    saved = api.ask(SAVE, anna, input={"commandId": "d1", "content": wanted})["draftSave"]
    draft = saved["draft"]
    assert (draft["savedBy"], draft["content"]["files"]) == (
        "Anna Bianchi",
        [{"name": "Ordine.pdf"}],
    )
    order = {"commandId": "s1", "draftId": draft["id"], "version": draft["version"]}
    sent = api.ask(SEND, anna, input=order)["messageSend"]
    assert sent["userErrors"] == []
    assert api.ask(SEND, anna, input=order)["messageSend"]["mailId"] == sent["mailId"]
    assert api.ask(DRAFTS, anna)["drafts"] == []
    (queued,) = events_of(office.carteggio, "outgoing.queued")
    assert queued.files == (sha256(PDF).hexdigest(),)
    assert queued.targets == (("document", office.document("O1")),)


def test_drafts_are_their_authors_unless_shared_and_collisions_name_who(
    sending_office: Office, api: Api
) -> None:
    office = sending_office
    anna, luca = office.token(ANNA), office.token(LUCA)
    outside = api.issue([Scope.SEND_MAIL], [office.box(ANNA)])
    own = {"commandId": "d1", "content": content(office, subject="Mia")}
    shared = {"commandId": "d2", "isShared": True, "content": content(office, subject="Nostra")}
    api.ask(SAVE, anna, input=own)
    draft = api.ask(SAVE, anna, input=shared)["draftSave"]["draft"]
    assert [x["content"]["subject"] for x in api.ask(DRAFTS, luca)["drafts"]] == ["Nostra"]
    assert len(api.ask(DRAFTS, anna)["drafts"]) == 2
    assert api.ask(DRAFTS, outside)["drafts"] == []
    newer = shared | {"draftId": draft["id"], "version": 1}
    by_luca = newer | {"commandId": "d3", "content": content(office, subject="Di Luca")}
    api.ask(SAVE, luca, input=by_luca)
    refused = api.ask(SAVE, anna, input=newer | {"commandId": "d4"})["draftSave"]
    (error,) = refused["userErrors"]
    assert (error["code"], error["path"]) == ("CONFLICT", ["input", "version"])
    assert error["message"].startswith("Luca Neri saved this draft at ")
    assert refused["draft"]["content"]["subject"] == "Di Luca"


def test_every_reason_has_its_place_and_what_is_sent_can_be_taken_back(
    sending_office: Office, api: Api
) -> None:
    office, anna = sending_office, sending_office.token(ANNA)
    wrong = content(office, to=["bob@rossi.example", "nobody"], text="Vedi {{ numero }}")
    refused = api.ask(SEND, anna, input={"commandId": "s1", "content": wrong})["messageSend"]
    assert {(x["code"], *x["path"][2:]) for x in refused["userErrors"]} == {
        ("OTHER_PARTY", "to", "0"), ("BAD_ADDRESS", "to", "1"), ("PLACEHOLDER_LEFT", "text"),
    }  # fmt: skip
    sent = api.ask(SEND, anna, input={"commandId": "s2", "content": content(office)})[
        "messageSend"
    ]
    stranger = api.issue([Scope.SEND_MAIL], [])
    back = {"commandId": "c1", "mailId": sent["mailId"]}
    assert (
        api.ask(CANCEL, stranger, input=back)["messageCancel"]["userErrors"][0]["code"]
        == "NOT_FOUND"
    )
    assert api.ask(CANCEL, anna, input=back | {"commandId": "c2"})["messageCancel"]["position"]
    mail = decoded(sent["mailId"])[1]
    assert Outbox(office.carteggio).state(mail).state is OutgoingState.CANCELLED
    reads = api.issue([Scope.READ_MAIL])
    assert (
        api.refusal(SEND, reads, input={"commandId": "s3", "content": content(office)})
        == "FORBIDDEN"
    )


def test_a_program_sends_a_document_in_one_step_with_the_same_events(
    sending_office: Office, api: Api
) -> None:
    office = sending_office
    program = api.issue([Scope.SEND_MAIL], [office.box()])
    file = {"name": "Ordine.pdf", "content": base64.b64encode(PDF).decode()}
    asked = {"commandId": "p1", "document": ORDER, "files": [file], "subject": "Ordine 2026/118",
             "html": "<p>In allegato <b>l'ordine</b>.</p>"}  # fmt: skip
    sent = api.ask(DOCUMENT, program, input=asked)["sendDocument"]
    assert sent["userErrors"] == []
    assert api.ask(DOCUMENT, program, input=asked)["sendDocument"]["mailId"] == sent["mailId"]
    assert office.drain() == 1
    mail = as_others_read(office.server.sink.mails[0])
    assert mail["To"] == "Ada Verdi <ada@verdi.example>"
    assert [x.get_content() for x in mail.iter_attachments()] == [PDF]
    assert "In allegato l'ordine." in bodies(mail)[0]
    (queued,) = events_of(office.carteggio, "outgoing.queued")
    assert {kind for kind, _ in queued.targets} == {"party", "document"}
    without = asked | {"commandId": "p2", "files": [], "html": "<p>Ecco.</p>"}
    (error,) = api.ask(DOCUMENT, program, input=without)["sendDocument"]["userErrors"]
    assert (error["code"], error["path"][2:]) == ("NO_ATTACHMENT", ["files"])
    unknown = asked | {"commandId": "p3", "document": {"externalId": "none"}}
    assert (
        api.ask(DOCUMENT, program, input=unknown)["sendDocument"]["userErrors"][0]["code"]
        == "NOT_FOUND"
    )


def test_who_has_a_right_to_send_from_a_mailbox_is_named_as_sender_and_sees_no_drafts(
    sending_office: Office, api: Api
) -> None:
    from api.work.permission import say_of_mailbox  # noqa: PLC0415
    from api.work.tokens import by_operator  # noqa: PLC0415
    from domain.identity import colleague_id  # noqa: PLC0415
    from domain.sendingrules import SendRight, SendRightGiven  # noqa: PLC0415

    office, luca = sending_office, sending_office.token(LUCA, shared="")
    shared = {"commandId": "d2", "isShared": True, "content": content(office)}
    api.ask(SAVE, office.token(ANNA), input=shared)
    send = {"commandId": "s1", "content": content(office)}
    refused = api.ask(SEND, luca, input=send)["messageSend"]["userErrors"]
    assert [one["code"] for one in refused] == ["FORBIDDEN"]
    him = colleague_id(office.carteggio.identity_key, LUCA)
    right = SendRightGiven(him, SendRight.ON_BEHALF)
    say_of_mailbox(office.carteggio, office.box(), right, by_operator())
    office.settled()
    sent = api.ask(SEND, luca, input=send | {"commandId": "s2"})["messageSend"]
    assert sent["userErrors"] == []
    (queued,) = events_of(office.carteggio, "outgoing.queued")
    raw = office.carteggio.blobs.get(queued.raw, decoded(sent["mailId"])[1])
    mail = as_others_read(raw)
    assert mail["Sender"] == f"Luca Neri <{LUCA}>"
    assert (mail["From"].addresses[0].addr_spec, queued.sender.spec) == (INFO, INFO)
    assert api.ask(DRAFTS, luca)["drafts"] == []


def test_mailboxes_whose_letters_fold_alike_each_get_the_mail_and_are_named_in_it(
    sending_office: Office, api: Api
) -> None:
    to = [
        "Groß@rossi.example",
        "gross@rossi.example",
        "info@straße.example",
        "info@strasse.example",
    ]
    wanted = content(sending_office, to=to)
    sent = api.ask(SEND, sending_office.token(ANNA), input={"commandId": "s", "content": wanted})
    assert "TWICE" not in [one["code"] for one in sent["messageSend"]["remarks"]]
    (mail,) = sending_office.carteggio.journal.read(0, names=["outgoing.queued"])
    assert isinstance(mail.event, MailQueued)
    every = [*to[:2], "info@xn--strae-oqa.example", to[3]]
    assert [one.address.spec for one in mail.event.recipients] == every
    raw = sending_office.carteggio.blobs.get(mail.event.raw, mail.stream).decode()
    assert f"\r\nTo: {', '.join(every)}\r\n" in raw.replace("\r\n ", " ")
