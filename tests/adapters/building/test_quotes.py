"""Quoting captured mail: whole, in both bodies, and without what must not leave."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters.building.builder import build
from adapters.building.quotes import quote_forward, quote_reply
from adapters.mime.reader import read
from composed import as_others_read, bodies, composed
from domain.composing import File, QuotedPicture
from domain.quoting import Telling
from domain.replying import forward, reply
from domain.wording import new_text

CAME = datetime(2026, 3, 9, 9, 6, tzinfo=UTC)
OUTLOOK = b"""From: =?iso-8859-1?Q?Verdi=2C_Marco?= <marco@cliente.example>
To: anna@ditta.example
Subject: =?utf-8?q?Domanda_=E2=82=AC?=
Date: Mon, 9 Mar 2026 10:05:00 +0100
Message-ID: <q@cliente.example>
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/related; boundary=r

--r
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=iso-8859-1

Costa 5=80?
--a
Content-Type: text/html; charset=windows-1252
Content-Transfer-Encoding: quoted-printable

<html><head><style>p{color:red}</style></head><body onload=3Dx()><p class=3DMsoNormal>
Costa <b>5=80</b>?</p><img src=3D"cid:image001.png@01DC"><img src=3D"http://t.example/1.gif">
<script>x()</script></body></html>
--a--
--r
Content-Type: image/png; name=image001.png
Content-ID: <image001.png@01DC>
Content-Transfer-Encoding: base64

aGFsbG8=
--r--
--m
Content-Type: application/pdf; name=ordine.pdf
Content-Transfer-Encoding: base64

JVBERg==
--m--
"""
APPLE = b"""From: marco@cliente.example
Subject: due foto
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: text/html; charset=utf-8

<div>prima</div>
--m
Content-Type: image/jpeg; name=a.jpg
Content-Transfer-Encoding: base64

aGFsbG8=
--m
Content-Type: text/plain

dopo <tutto>
--m--
"""
PEC = b"""From: "Per conto di: marco@pec.example" <posta-certificata@gestore.example>
Reply-To: marco@pec.example
X-Trasporto: posta-certificata
Message-ID: <opec1@gestore.example>
Subject: POSTA CERTIFICATA: Diffida
Content-Type: multipart/mixed; boundary=p

--p
Content-Type: text/plain

Messaggio di posta certificata
--p
Content-Type: message/rfc822; name=postacert.eml

From: marco@pec.example
Subject: Diffida
Message-ID: <inner@pec.example>
Content-Type: text/html

<p>Vi diffidiamo.</p>
--p--
"""


def telling(language):
    return Telling(language, timezone(timedelta(hours=1)), CAME)


def test_an_answer_quotes_the_whole_mail_in_both_bodies():
    reading = read(OUTLOOK)
    quote = quote_reply(reading.content, OUTLOOK, telling("it"))
    assert quote.text.startswith("Il 09/03/2026 alle 10:05 Verdi, Marco ha scritto:\n> Costa 5")
    assert "<p>\nCosta <b>5€</b>?</p>" in quote.html
    assert quote.pictures == (QuotedPicture("image001.png@01DC", 0),)
    assert not any(bad in quote.html for bad in ("script", "onload", "t.example", "style>"))
    assert '<blockquote type="cite" style="' in quote.html


def test_an_answer_with_its_quote_is_built_and_read_back():
    reading = read(OUTLOOK)
    answer = reply(reading.content, {"anna@ditta.example"})
    quote = quote_reply(reading.content, OUTLOOK, telling("it"))
    pictures = [File("", "image/png", str(one.place), one.content_id) for one in quote.pictures]
    contents = {str(place): octets for place, octets in enumerate(reading.files)}
    mail = composed(
        to=answer.to, subject=answer.subject, in_reply_to=answer.in_reply_to,
        references=answer.references, text="Sì.", quote=quote, files=tuple(pictures),
    )  # fmt: skip
    built = build(mail, contents)
    content = read(built.raw).content
    assert content.subject == "Re: Domanda €"
    assert content.references == ("q@cliente.example",)
    assert new_text(content.text) == "Sì."
    assert read(built.raw).files == (b"hallo",)
    assert "Costa <b>5€</b>" in bodies(as_others_read(built.raw))[1]


def test_a_mail_that_is_passed_on_is_recognised_as_such():
    reading = read(OUTLOOK)
    quote = quote_forward(reading.content, OUTLOOK, telling("it"))
    passed = forward(reading.content, [one.place for one in quote.pictures])
    assert passed.files == (1,)
    file = File("ordine.pdf", "application/pdf", "1")
    logo = File("a.png", "image/png", "0", quote.pictures[0].content_id)
    mail = composed(subject=passed.subject, text="Vedi sotto", quote=quote, files=(file, logo))
    reading = read(build(mail, {"0": reading.files[0], "1": reading.files[1]}).raw)
    forwarded = reading.content.forwarded
    assert forwarded is not None
    assert forwarded.sender.spec == "marco@cliente.example"
    assert forwarded.subject == "Domanda €"
    assert new_text(reading.content.text) == "Vedi sotto"


@pytest.mark.parametrize("language", ["it", "de", "fr", "pl", "es", "en"])
def test_passing_on_is_recognised_in_every_language_that_we_write(language):
    quote = quote_forward(read(OUTLOOK).content, OUTLOOK, telling(language))
    mail = composed(subject="Fwd: Domanda", text="v.", quote=quote)
    forwarded = read(build(mail, {}).raw).content.forwarded
    assert forwarded is not None
    assert (forwarded.sender.spec, forwarded.subject) == ("marco@cliente.example", "Domanda €")


def test_a_mail_in_pieces_is_quoted_in_order():
    html = quote_reply(read(APPLE).content, APPLE, telling("it")).html
    assert html.index("prima") < html.index("dopo &lt;tutto&gt;")


def test_of_certified_mail_what_its_sender_wrote_is_quoted():
    quote = quote_reply(read(PEC).content, PEC, telling("it"))
    assert "<p>Vi diffidiamo.</p>" in quote.html
    assert quote.text == (
        "Il 09/03/2026 alle 10:06 marco@pec.example ha scritto:\n> Vi diffidiamo.\n"
    )


def test_a_mail_of_text_alone_is_quoted_as_html_too():
    raw = b"From: a@x.example\nSubject: a\n\n1 < 2\n"
    assert "<div>1 &lt; 2</div>" in quote_reply(read(raw).content, raw, telling("de")).html
