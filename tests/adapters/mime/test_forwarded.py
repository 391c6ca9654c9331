"""Who wrote a mail that is passed on by @fwd, as mail programs of several languages tell it."""

from datetime import UTC, datetime

import pytest

from adapters.mime.reader import read
from domain.content import Forwarded
from domain.values import Address

ADA = Address("ada@acme.example", "Ada Bianchi")
MARKED = "From: luca@firm.example\nContent-Type: text/plain; charset=utf-8\n\n"


def forwarded(body: str) -> Forwarded | None:
    return read((MARKED + body).encode()).content.forwarded


@pytest.mark.parametrize(
    ("body", "sender", "subject"),
    [
        (
            ("@fwd\n\n---------- Messaggio inoltrato ---------\nDa: Ada Bianchi <ada@acme.example>\n"
            "Date: lun 2 feb 2026\nSubject: Ordine\nTo: <luca@firm.example>\n\nBuongiorno"),
            ADA,
            "Ordine",
        ),
        (
            ("@FWD\nbitte\n\nVon: Ada Bianchi [mailto:ada@acme.example]\nGesendet: Montag\n"
            "An: Luca\nBetreff: Angebot\n\nGuten Tag"),
            ADA,
            "Angebot",
        ),
        ("@fwd\n> *From:* ada@acme.example\n> *Subject:* Order\n>\n> Hi", Address("ada@acme.example"), "Order"),
        ("@fwd\n\nOd: Ada Bianchi <ada@acme.example>\nTemat: Oferta\n\nDzień dobry", ADA, "Oferta"),
    ],
)  # fmt: skip
def test_the_block_before_what_is_forwarded_is_read(body, sender, subject):
    found = forwarded(body)
    assert found is not None
    assert (found.sender, found.subject) == (sender, subject)


def test_what_it_says_begins_after_the_block():
    body = "@fwd\n\nFrom: Ada <ada@acme.example>\nSubject: Order\n\nWhere is it?"
    content = read((MARKED + body).encode()).content
    assert content.forwarded is not None
    assert content.text[content.forwarded.begins :].strip() == "Where is it?"


@pytest.mark.parametrize(
    "body",
    [
        "From: Ada <ada@acme.example>\nSubject: Order\n\nno mark",
        "I say @fwd\nFrom: Ada <ada@acme.example>\nSubject: Order\n",
        "@fwd\nFrom: Ada <ada@acme.example>\n\na lone line is no block",
        "@fwd\nnothing is forwarded",
        "@fwdx\nFrom: Ada <ada@acme.example>\nSubject: Order\n",
        "",
    ],
)
def test_without_mark_or_block_nothing_is_passed_on(body):
    assert forwarded(body) is None


def test_an_attached_mail_tells_all():
    inner = (
        "From: Ada Bianchi <ada@acme.example>\nDate: Mon, 02 Feb 2026 10:00:00 +0100\n"
        "Message-ID: <one@acme.example>\nSubject: Order\n\nHi\n"
    )
    raw = (
        "From: luca@firm.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
        f"--x\nContent-Type: text/plain\n\n@fwd\n--x\nContent-Type: message/rfc822\n\n{inner}\n--x--\n"
    )
    at = datetime(2026, 2, 2, 9, tzinfo=UTC)
    assert read(raw.encode()).content.forwarded == Forwarded(
        ADA, "Order", at, "one@acme.example", text="Hi\n"
    )


def test_a_forward_without_the_command_is_told_apart():
    body = "per competenza\n\nDa: Ada Bianchi <ada@acme.example>\nOggetto: Order\n\nciao\n"
    raw = f"From: luca@firm.example\nSubject: I: Order\n\n{body}"
    passed_on = read(raw.encode()).content.forwarded
    assert passed_on is not None
    assert (passed_on.sender.spec, passed_on.subject, passed_on.by_command) == (
        "ada@acme.example",
        "Order",
        False,
    )


def test_an_answer_with_a_quoted_block_passes_nothing_on():
    raw = (
        "From: a@b.example\nSubject: R: Order\n\nDa: Ada <ada@acme.example>\nOggetto: x\n\nciao\n"
    )
    assert read(raw.encode()).content.forwarded is None
