"""Commands that send stay within what their sender sees and may: shown, passed on, settled, refused."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.graphql.ids import Kind, encoded
from api.ids import decoded
from api.work.outbox import Outbox
from api.work.permission import say_of_mailbox
from api.work.sharing import colleague_at
from api.work.tokens import by_operator
from composed import as_others_read, bodies
from domain.access import Scope
from domain.leaving import BeginSending, LoseSight, OutgoingState
from domain.sendingrules import SendRight, SendRightGiven
from events import envelope
from instances import events_of
from letters import letter
from office import MULTIPART, WITH_A_FILE
from sendable import ANNA, INFO, Office
from serving import Api, serving

LUCA = "luca@ditta.example"
ORDER = {"externalId": "O1"}
BOB = ["bob@rossi.example"]
COMPOSED = """query ($input: ComposeInput!) { composed(input: $input) {
  content { mailboxId sender senderName presents } senders { address } } }"""
SEND = """mutation ($input: MessageSendInput!) { messageSend(input: $input) {
  mailId userErrors { code message path } } }"""
FORWARD = """mutation ($input: MessageForwardInput!) { messageForward(input: $input) {
  mailId userErrors { code } } }"""
PREVIEW = """query ($content: MailInput!) { mailPreview(content: $content) {
  sender recipients subject text html fileNames remarks { field code blocks acknowledge } } }"""
RESOLVE = """mutation ($input: SendingResolveInput!) { sendingResolve(input: $input) {
  position userErrors { code } } }"""


@pytest.fixture
def api(sending_office: Office) -> Iterator[Api]:
    with serving(sending_office.carteggio) as served:
        yield served


def content(office: Office, **more: Any) -> dict[str, Any]:
    box = str(encoded(Kind.MAILBOX, office.box()))
    return {
        "mailboxId": box,
        "subject": "Ordine",
        "to": ["Ada <ada@verdi.example>"],
        "text": "Ecco.",
    } | more


def arrived(office: Office, folder: Path, name: str, address: str) -> str:
    """Let a message with a file come in; give its id."""
    from domain.identity import identify  # noqa: PLC0415

    raw = letter(f"{name}@verdi.example", b"Domanda", sender="Ada <ada@verdi.example>", to=address,
                 more=MULTIPART, body=WITH_A_FILE)  # fmt: skip
    office.arrives(raw, folder, address)
    return str(encoded(Kind.MESSAGE, identify(office.carteggio.identity_key, raw).message))


def codes(done: Any) -> list[str]:
    (payload,) = done.values()
    return [one["code"] for one in payload["userErrors"]]


def sends(api: Api, token: str, id: str, one: dict[str, Any]) -> list[str]:
    return codes(api.ask(SEND, token, input={"commandId": id, "content": one}))


def test_a_message_is_passed_on_in_the_text_or_as_it_is_by_who_sees_it(
    sending_office: Office, api: Api, tmp_path: Path
) -> None:
    office, luca = sending_office, sending_office.token(LUCA)
    seen, hidden = arrived(office, tmp_path, "a", INFO), arrived(office, tmp_path, "b", ANNA)
    one = {"messageId": seen, "to": BOB, "note": "Per te."}
    assert codes(api.ask(FORWARD, luca, input=one | {"commandId": "f1"})) == ["OTHER_PARTY"]
    meant = one | {"acknowledged": ["OTHER_PARTY:bob@rossi.example"]}
    assert codes(api.ask(FORWARD, luca, input=meant | {"commandId": "f2"})) == []
    whole = meant | {"commandId": "f3", "asAttachment": True}
    first = api.ask(FORWARD, luca, input=whole)
    assert codes(first) == []
    assert api.ask(FORWARD, luca, input=whole) == first
    unseen = meant | {"commandId": "f4", "messageId": hidden}
    assert codes(api.ask(FORWARD, luca, input=unseen)) == ["NOT_FOUND"]
    assert codes(api.ask(FORWARD, luca, input=meant | {"commandId": "f5", "to": []})) == [
        "NO_RECIPIENT"
    ]
    within, as_file = events_of(office.carteggio, "outgoing.queued")
    assert {within.forwards, as_file.forwards} == {decoded(seen)[1]}
    assert (within.file_names, as_file.file_names) == (("plan.pdf",), ("Domanda.eml",))
    stream = office.carteggio.journal.read(0, names=["outgoing.queued"])[0].stream
    mail = as_others_read(office.carteggio.blobs.get(within.raw, stream))
    assert bodies(mail)[0].startswith("Per te.\n")
    assert "See the file, please?" in bodies(mail)[0]


def test_a_preview_shows_what_would_leave_and_stores_nothing(
    sending_office: Office, api: Api
) -> None:
    office, luca = sending_office, sending_office.token(LUCA)
    file = {"name": "Ordine é.pdf", "content": "JVBERg==", "mediaType": "application/pdf"}
    one = content(office, to=["Ada <ada@verdi.example>", *BOB], senderName="Lùca", company="Ditta SRL",
                  html="<p>Ecco <b>{{ numero }}</b>.</p>", text="", files=[file],
                  links=[{"document": ORDER}])  # fmt: skip
    head = office.carteggio.journal.head()
    shown = api.ask(PREVIEW, luca, content=one)["mailPreview"]
    assert office.carteggio.journal.head() == head
    assert shown["sender"].endswith(f"<{INFO}>")
    assert shown["recipients"] == ["ada@verdi.example", *BOB]
    assert (shown["subject"], shown["fileNames"]) == ("Ordine", ["Ordine é.pdf"])
    assert shown["text"].startswith("Ecco {{ numero }}.")
    assert "<b>{{ numero }}</b>" in shown["html"]
    assert [(x["field"], x["code"], x["acknowledge"]) for x in shown["remarks"] if x["blocks"]] == [
        ("html", "PLACEHOLDER_LEFT", "PLACEHOLDER_LEFT"),
        ("to[1]", "OTHER_PARTY", "OTHER_PARTY:bob@rossi.example"),
    ]  # fmt: skip


def test_of_a_mailbox_that_is_not_his_a_preview_tells_nobody_anything(
    sending_office: Office, api: Api
) -> None:
    office, luca = sending_office, sending_office.token(LUCA)
    for box in (office.box(ANNA), UUID(int=3)):
        one = content(office, mailboxId=str(encoded(Kind.MAILBOX, box)))
        answer = api.post({"query": PREVIEW, "variables": {"content": one}}, luca)
        assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        assert ANNA not in answer.text
        assert sends(api, luca, f"s{box.hex}", one) == ["FORBIDDEN"]


def test_nothing_unseen_is_named_by_a_mail_that_leaves(
    sending_office: Office, api: Api, tmp_path: Path
) -> None:
    office, luca = sending_office, sending_office.token(LUCA)
    seen, hidden = arrived(office, tmp_path, "a", INFO), arrived(office, tmp_path, "b", ANNA)
    unknown = str(encoded(Kind.TEMPLATE, UUID(int=4)))
    named: tuple[dict[str, Any], ...] = (
        {"answersId": hidden}, {"forwardsId": hidden}, {"answersId": seen, "forwardsId": hidden},
        {"files": [{"messageId": hidden}]}, {"files": [{"attachmentId": f"att_{hidden[4:]}-0"}]},
        {"templateId": unknown, "templateVersion": 1},
    )  # fmt: skip
    for number, more in enumerate(named):
        assert sends(api, luca, f"s{number}", content(office, **more)) == ["NOT_FOUND"], more
    late = content(office, sendAt="2999-01-01T00:00:00Z")
    done = api.ask(SEND, luca, input={"commandId": "late", "content": late})["messageSend"]
    assert [(x["code"], x["path"][2:]) for x in done["userErrors"]] == [("TOO_LATE", ["sendAt"])]
    assert events_of(office.carteggio, "outgoing.queued") == []


def test_who_only_has_the_right_to_send_is_proposed_the_mailboxes_from_which_he_may(
    sending_office: Office, api: Api
) -> None:
    office, luca = sending_office, sending_office.token(LUCA, shared="")
    begun = {"input": {"document": ORDER}}
    assert api.refusal(COMPOSED, luca, **begun) == "NO_SENDING"
    right = SendRightGiven(colleague_at(office.carteggio, LUCA), SendRight.ON_BEHALF)
    say_of_mailbox(office.carteggio, office.box(), right, by_operator())
    office.settled()
    found = api.ask(COMPOSED, luca, **begun)["composed"]
    box = str(encoded(Kind.MAILBOX, office.box()))
    assert found["content"] == {
        "mailboxId": box, "sender": INFO, "senderName": "Luca Neri", "presents": True,
    }  # fmt: skip
    assert [one["address"] for one in found["senders"]] == [INFO, ANNA]
    assert sends(api, luca, "s1", content(office)) == []


def test_only_mail_that_brings_a_document_says_that_it_was_sent(
    sending_office: Office, api: Api
) -> None:
    office, luca = sending_office, sending_office.token(LUCA)
    file = {"name": "Ordine.pdf", "content": "JVBERg==", "mediaType": "application/pdf"}
    about = content(office, document=ORDER, links=[{"document": ORDER}], files=[file])
    assert sends(api, luca, "s1", about) == []
    assert sends(api, luca, "s2", about | {"presents": True, "subject": "Il Suo ordine"}) == []
    concerns, brings = events_of(office.carteggio, "outgoing.queued")
    assert (concerns.document, concerns.presents) == (office.document("O1"), False)
    assert (brings.document, brings.presents) == (office.document("O1"), True)


def test_a_person_settles_what_nobody_knows_where_he_may_act(
    sending_office: Office, api: Api
) -> None:
    office, luca = sending_office, sending_office.token(LUCA)
    sent = api.ask(SEND, luca, input={"commandId": "s1", "content": content(office)})
    mail, outbox = decoded(sent["messageSend"]["mailId"])[1], Outbox(office.carteggio)
    order = {"mailId": sent["messageSend"]["mailId"], "resolution": "GIVEN_UP", "note": "è perso"}
    assert codes(api.ask(RESOLVE, luca, input=order | {"commandId": "r1"})) == ["CONFLICT"]
    due = outbox.state(mail).due or datetime.now(UTC)
    outbox.record(mail, BeginSending(due), envelope())
    outbox.record(mail, LoseSight(1, "gone"), envelope())
    stranger = api.issue([Scope.SEND_MAIL], [office.box(ANNA)])
    assert codes(api.ask(RESOLVE, stranger, input=order | {"commandId": "r2"})) == ["NOT_FOUND"]
    done = api.ask(RESOLVE, luca, input=order | {"commandId": "r3"})
    assert codes(done) == []
    assert api.ask(RESOLVE, luca, input=order | {"commandId": "r3"}) == done
    assert outbox.state(mail).state is OutgoingState.REFUSED
    (told,) = events_of(office.carteggio, "outgoing.resolved")
    assert (told.found_by, told.note) == ("person", "è perso")
