"""A mail as a whole: parts, text, attachments, protection."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from adapters.mime.reader import READER, read, unread
from domain.values import Address

PARTS = b"""From: Anna Rossi <anna@a.example>
To: b@b.example
To: c@c.example
Cc: d@d.example
Subject: =?utf-8?q?Citt=C3=A0?=
Date: Mon, 19 Jan 2026 08:10:05 +0100
Message-ID: <one@a.example>
In-Reply-To: <zero@b.example>
References: <first@b.example>
 <zero@b.example>
Return-Path: <>
Auto-Submitted: auto-replied; owner-email="x@a.example"
List-Id: A list <l.example>
Content-Type: multipart/mixed; boundary="outer"

preamble
--outer
Content-Type: multipart/alternative; boundary="inner"

--inner
Content-Type: text/plain; charset=utf-8

Hello
--inner
Content-Type: text/html

<p>Hello in <b>HTML</b></p>
--inner--
--outer
Content-Type: application/pdf; name="a.pdf"
Content-Disposition: attachment; filename="b.pdf"
Content-Transfer-Encoding: base64

aGFsbG8=
--outer
Content-Type: message/rfc822

Subject: inner
Message-ID: <inner@a.example>

text of the inner message
--outer
Content-Type: text/plain

and goodbye
--outer--
epilogue
"""


def mail(content_type: str, body: str = "x", fields: str = "") -> bytes:
    return f"{fields}Content-Type: {content_type}\n\n{body}".encode()


def test_a_mail_is_read_whole():
    content = read(PARTS).content
    assert content.reader == READER
    assert content.authors == (Address("anna@a.example", "Anna Rossi"),)
    assert content.subject == "Città"
    assert content.sent_at == datetime(2026, 1, 19, 7, 10, 5, tzinfo=UTC)
    assert content.message_id == "one@a.example"
    assert content.in_reply_to == ("zero@b.example",)
    assert content.references == ("first@b.example", "zero@b.example")
    assert content.text == "Hello\nand goodbye\n".rstrip("\n")
    assert content.signal("auto-submitted") == 'auto-replied; owner-email="x@a.example"'
    assert content.signal("list-id") == "A list <l.example>"
    assert content.traced("return-path") == "<>"
    assert content.notice is None
    assert not content.degraded


def test_a_second_to_field_names_correspondents_too():
    content = read(PARTS).content
    assert [address.spec for address in content.to] == ["b@b.example"]
    assert [address.spec for address in content.cc] == ["d@d.example", "c@c.example"]


def test_a_forwarded_message_is_one_attachment_and_its_text_stays_inside():
    reading = read(PARTS)
    assert [(a.name, a.media_type, a.size) for a in reading.content.attachments] == [
        ("b.pdf", "application/pdf", 5),
        ("", "message/rfc822", len(reading.files[1])),
    ]
    assert reading.files[0] == b"hallo"
    assert reading.files[1].startswith(b"Subject: inner")
    assert "inner message" not in reading.content.text


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_make_no_difference(end):
    content = read(PARTS.replace(b"\n", end)).content
    assert content.subject == "Città"
    assert content.text.split() == ["Hello", "and", "goodbye"]
    assert len(content.attachments) == 2


def test_a_from_line_of_an_mbox_is_passed_over():
    assert read(b"From x@a.example Mon Jan 19\nSubject: s\n\nbody").content.subject == "s"


def test_a_mail_of_html_gives_the_text_that_is_seen():
    body = (
        "<html><head><title>no</title><style>p{}</style></head><body><p>One<br>two</p>"
        "<table><tr><td>a</td><td>b</td></tr></table><script>no()</script>"
        '<div style="display:none">no</div><pre>l1\nl2</pre>&nbsp;&amp;</body></html>'
    )
    text = read(mail("text/html", body)).content.text
    assert [line for line in text.split("\n") if line] == ["One", "two", "a b", "l1", "l2", "&"]


def test_flowed_text_is_joined():
    body = "a \nb\n> c \n> d\n-- \nsign\n"
    text = read(mail("text/plain; format=flowed", body)).content.text
    assert text == "a b\n> c d\n-- \nsign\n"


def test_text_parts_between_pictures_are_all_read():
    body = "--b\n\none\n--b\nContent-Type: image/png\n\nx\n--b\n\ntwo\n--b--"
    content = read(mail("multipart/mixed; boundary=b", body)).content
    assert content.text == "one\ntwo"
    assert [a.media_type for a in content.attachments] == ["image/png"]


@pytest.mark.parametrize(
    ("boundary", "delimiter", "defect"),
    [
        ("; boundary=b", "--b", "boundary not closed"),
        ('; boundary="b--"', "--b--", "boundary not closed"),
        ("; boundary=b", "--b  ", "boundary not closed"),
        ("; boundary=other", "--boundary1", "boundary not found"),
        ("", "--boundary1", "no boundary"),
    ],
)
def test_broken_boundaries_still_cut(boundary, delimiter, defect):
    body = f"{delimiter}\n\none\n{delimiter}\nContent-Type: image/png; name=a.png\n\nx"
    content = read(mail(f"multipart/mixed{boundary}", body)).content
    assert content.text == "one"
    assert [a.name for a in content.attachments] == ["a.png"]
    assert defect in content.defects


def test_a_part_that_begins_with_its_text_loses_nothing():
    content = read(mail("multipart/mixed; boundary=b", "--b\nHello there\n\nyou\n--b--")).content
    assert content.text == "Hello there\n\nyou"


@pytest.mark.parametrize(
    ("media_type", "protection"),
    [
        ("multipart/signed; protocol=application/pkcs7-signature; boundary=b", "smime-signed"),
        ("multipart/signed; protocol=application/pgp-signature; boundary=b", "pgp-signed"),
        ("multipart/encrypted; protocol=application/pgp-encrypted; boundary=b", "pgp-encrypted"),
        ("application/pkcs7-mime; smime-type=enveloped-data", "smime-encrypted"),
        ("application/x-pkcs7-mime; smime-type=signed-data", "smime-signed"),
        ("text/plain", ""),
    ],
)
def test_protection_is_told(media_type, protection):
    assert read(mail(media_type)).content.protection == protection


def test_pgp_in_the_text_is_protection_too():
    body = "-----BEGIN PGP MESSAGE-----\n\nx"
    assert read(mail("text/plain", body)).content.protection == "pgp-encrypted"


def test_the_method_of_a_calendar_part_is_told():
    assert read(mail("text/calendar; method=reply")).content.calendar_method == "REPLY"
    lines = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n"
    assert read(mail("text/calendar", lines)).content.calendar_method == "REQUEST"


def test_a_mail_that_is_one_named_text_is_read_and_listed():
    content = read(mail("text/plain; name=a.txt", "hello")).content
    assert content.text == "hello"
    assert [a.name for a in content.attachments] == ["a.txt"]


def test_limits_degrade_and_keep_the_rest():
    deep = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(99))
    content = read(f"Subject: s\n{deep}\n\nx".encode()).content
    assert content.degraded
    assert content.subject == "s"
    assert "nested too deep" in content.defects
    many = read(mail("multipart/mixed; boundary=b", "--b\n\nx\n" * 2_000)).content
    assert many.degraded
    assert "too many parts" in many.defects


def test_a_field_of_megabytes_is_cut():
    content = read(b"Subject: " + b"x" * 2_000_000 + b"\n\nbody").content
    assert len(content.subject) < 64_001
    assert "header section cut" in content.defects


def test_an_unread_mail_is_still_known_by_its_header():
    content = unread(PARTS, "because").content
    assert content.degraded
    assert content.defects == ("because",)
    assert content.message_id == "one@a.example"
    assert content.subject == "Città"
    assert content.authors[0].spec == "anna@a.example"


@pytest.mark.parametrize(
    "field", ["X-Google-Original-Message-ID", "X-Microsoft-Original-Message-ID"]
)
def test_the_id_that_a_provider_replaced_is_known_too(field):
    mail = f"From: a@a.example\nMessage-ID: <given@b.example>\n{field}: <own@a.example>\n\ntext\n"
    assert read(mail.encode()).content.also_known_as == ("own@a.example",)


def test_long_ids_are_known_as_pythons_email_writes_them():
    ids = [f"{letter * 90}@a.example" for letter in "abc"]
    answer = EmailMessage()
    answer["From"] = "ada@b.example"
    answer["In-Reply-To"] = f"<{ids[2]}>"
    answer["References"] = " ".join(f"<{one}>" for one in ids)
    answer.set_content("Good morning.")
    raw = answer.as_bytes(policy=SMTP)
    content = read(raw).content
    assert content.in_reply_to == (ids[2],)
    assert content.references == tuple(ids)
    mixed = b"References: <x=?utf-8?q?y?=@b.example> =?utf-8?q?=3Cz=40b=2Eexample=3E?=\r\n\r\n"
    assert read(mixed).content.references == ("x=?utf-8?q?y?=@b.example", "z@b.example")
