"""Mail is sent in one way: checked, signed, linked by its sender's word, once, and filed."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from api.work.outbox import Outbox
from api.work.sending import tried
from composed import as_others_read, bodies
from domain.choosing import TargetKind
from domain.composing import File, Sender
from domain.leaving import OutgoingState
from domain.objections import NotSendable
from domain.outgoing import MailQueued
from domain.signedtoken import Names, read
from domain.values import Rejected
from events import envelope
from instances import events_of
from letters import letter
from sendable import ANNA, INFO, Office, on_behalf

AT_ONCE = timedelta(0)
PDF, WORD = b"%PDF-1.7 \x00\xff" * 900, b"PK\x03\x04\r\n.\r\n" * 700
FILES = (
    File("Ordine 2026_118.pdf", "application/pdf", "a"),
    File(
        "condizioni.docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "b",
    ),
)


def test_a_mail_about_an_order_leaves_as_composed_and_its_answer_lands_there(
    sending_office: Office, tmp_path: Path
) -> None:
    office = sending_office
    html = "<p>Ecco <b>l'ordine</b>.</p><table><tr><td>Viti</td><td>12</td></tr></table>"
    wanted = office.wanted(subject="Ordine 2026/118 – è pronto", text="", html=html, files=FILES,
                           contents={"a": PDF, "b": WORD}, undo=AT_ONCE)  # fmt: skip
    sent = office.send(wanted)
    assert office.drain() == 1
    (raw,) = office.server.sink.mails
    mail = as_others_read(raw)
    assert mail["From"] == '"Anna Bianchi, Ditta SRL" <info@ditta.example>'
    assert (mail["To"], mail["Subject"]) == ("ada@verdi.example", "Ordine 2026/118 – è pronto")
    plain, rich = bodies(mail)
    assert "Viti" in plain
    assert "<b>l'ordine</b>" in rich
    files = {one.get_filename(): one.get_content() for one in mail.iter_attachments()}
    assert files == {"Ordine 2026_118.pdf": PDF, "condizioni.docx": WORD}
    (queued,) = events_of(office.carteggio, "outgoing.queued")
    assert queued.files == (sha256(PDF).hexdigest(), sha256(WORD).hexdigest())
    order, customer = office.document("O1"), office.party("C1")
    filed = {("document", order, "confirmed"), ("party", customer, "confirmed")}
    assert office.links(sent.message) >= filed
    answer = letter("a@verdi.example", b"Altro", sender="ada@verdi.example", to=INFO,
                    more=f"In-Reply-To: {mail['Message-ID']}\n".encode())  # fmt: skip
    office.arrives(answer, tmp_path)
    (came,) = (
        one for one in events_of(office.carteggio, "message.received") if one.folder != "Sent"
    )
    landed = _stream_of(office, came)
    assert {("document", order), ("party", customer)} <= {one[:2] for one in office.links(landed)}


def _stream_of(office: Office, event: object):
    found = office.carteggio.journal.read(0, names=["message.received"])
    return next(one.stream for one in found if one.event == event)


def test_the_order_stands_in_the_id_and_the_mail_itself_where_answers_come_back(
    sending_office: Office,
) -> None:
    office = sending_office
    settings = office.carteggio.settings.model_copy(update={"plus_addresses": ("ditta.example",)})
    office.carteggio = replace(office.carteggio, settings=settings)
    sent = office.send(office.wanted(undo=AT_ONCE))
    office.drain()
    mail = as_others_read(office.server.sink.mails[0])
    key = office.carteggio.signing.key
    in_id = read(key, mail["Message-ID"].strip("<>").partition("@")[0].rpartition(".")[0])
    answers = read(key, mail["Reply-To"].addresses[0].username.partition("+")[2])
    below = read(key, bodies(mail)[0].rpartition("[")[2])
    assert in_id is not None
    assert (in_id.kind, in_id.id) == (Names.DOCUMENT, office.document("O1"))
    for one in (answers, below):
        assert one is not None
        assert (one.kind, one.id) == (Names.MESSAGE, sent.message)
    assert mail["Reply-To"].addresses[0].display_name == "Anna Bianchi, Ditta SRL"


def test_the_same_command_sends_the_same_mail_once(sending_office: Office) -> None:
    office, wanted = sending_office, sending_office.wanted(undo=AT_ONCE)
    first, second = office.send(wanted, "c1"), office.send(wanted, "c1")
    assert (first.mail, first.position) == (second.mail, second.position)
    other = replace(wanted, mail=replace(wanted.mail, subject="Altro"))
    with pytest.raises(Rejected, match="another mail"):
        office.send(other, "c1")
    office.drain()
    assert office.send(wanted, "c1").mail == first.mail
    assert office.drain() == 0
    assert len(office.server.sink.mails) == 1


def test_everything_that_speaks_against_a_mail_is_told_at_once(sending_office: Office) -> None:
    office = sending_office
    sender = Sender("boss@ditta.example")
    wanted = office.wanted(("bob@rossi.example", "no address"), sender=sender,
                           text="In allegato {{ totale }}.")  # fmt: skip
    with pytest.raises(NotSendable) as refusal:
        office.send(wanted)
    said = {(one.field, one.code) for one in refusal.value.objections}
    assert said == {
        ("sender", "NOT_A_SENDER"), ("to[1]", "BAD_ADDRESS"), ("text", "PLACEHOLDER_LEFT"),
        ("files", "NO_ATTACHMENT"), ("to[0]", "OTHER_PARTY"),
    }  # fmt: skip
    assert events_of(office.carteggio, "outgoing.queued") == []
    with pytest.raises(Rejected, match="nothing is sent from anna"):
        office.send(office.wanted(mailbox=office.box(ANNA)))


def test_what_is_meant_so_is_acknowledged_by_name_and_address(sending_office: Office) -> None:
    office = sending_office
    people = ("bob@rossi.example", "porta@condominio.example", "spia@segreto.example")
    reader = replace(office.wanted().reader, clearance=1)
    doubted = office.wanted(people, reader=reader)
    found = asyncio.run(tried(office.carteggio, doubted, on_behalf)).objections
    blocking = {(one.field, one.code) for one in found if one.blocks}
    # The order is part of the site, so the site's people belong to it.
    assert blocking == {
        ("to[0]", "OTHER_PARTY"),
        ("to[2]", "OTHER_PARTY"),
        ("to[2]", "CONFIDENTIAL"),
    }
    names = ("OTHER_PARTY:bob@rossi.example", "OTHER_PARTY:spia@segreto.example",
             "CONFIDENTIAL:spia@segreto.example")  # fmt: skip
    sent = office.send(replace(doubted, acknowledged=frozenset(names)))
    assert {one.code for one in sent.remarks} == {"OTHER_PARTY", "CONFIDENTIAL"}


def test_what_a_person_sends_waits_for_a_moment_and_can_be_taken_back(
    sending_office: Office,
) -> None:
    office = sending_office
    sent = office.send(office.wanted())
    assert timedelta(seconds=10) < sent.due - datetime.now(UTC) <= timedelta(seconds=15)
    assert office.drain() == 0
    outbox = Outbox(office.carteggio)
    outbox.cancel(sent.mail, envelope())
    assert outbox.state(sent.mail).state is OutgoingState.CANCELLED
    later = datetime.now(UTC) + timedelta(days=2)
    assert office.send(office.wanted(not_before=later)).due == later
    with pytest.raises(NotSendable, match="400 days"):
        office.send(office.wanted(not_before=later + timedelta(days=500)))


def test_a_link_that_was_proposed_and_taken_away_is_told_with_who_did_it(
    sending_office: Office,
) -> None:
    office = sending_office
    order = (TargetKind.DOCUMENT, office.document("O1"))
    wanted = office.wanted(subject="Ordine 2026/118", undo=AT_ONCE,
                           targets=((TargetKind.PARTY, office.party("C1")),), removed=(order,))  # fmt: skip
    sent = office.send(wanted)
    office.drain()
    assert ("document", office.document("O1")) not in {
        one[:2] for one in office.links(sent.message)
    }
    (queued,) = events_of(office.carteggio, "outgoing.queued")
    assert isinstance(queued, MailQueued)
    assert queued.removed == (order,)
    said = office.carteggio.journal.read(
        0, names=["message.link_rejected", "message.link_confirmed"]
    )
    assert len(said) == 2
    assert {one.envelope.on_behalf_of for one in said} == {on_behalf().on_behalf_of}
