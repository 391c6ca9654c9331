"""A built mail, read back by the standard library and by our own reader."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.building.builder import build, preview
from adapters.mime.reader import read
from composed import MARCO, as_others_read, bodies, composed
from domain.composing import Automatic, File, Mass, Quote, Sender
from domain.objections import objections
from domain.values import Address, Rejected

PDF, LOGO = os.urandom(5_000), b"\x89PNG picture"
HTML = """<p>Sehr geehrter Herr Müller,</p><p>unser <a href="https://ditta.example/o/118">Angebot</a>:</p>
<table><tr><td>1</td><td>Zahnräder</td><td>1.240,00 €</td></tr></table>
<img src="cid:logo@ditta.example" alt="Ditta">"""
TEXT = """Sehr geehrter Herr Müller,

unser Angebot <https://ditta.example/o/118>:

1 | Zahnräder | 1.240,00 €

[Ditta]
"""
FILES = (
    File("Angebot Zahnräder – März.pdf", "application/pdf", "pdf"),
    File("logo.png", "image/png", "logo", "logo@ditta.example"),
)
CONTENTS = {"pdf": PDF, "logo": LOGO}
RICH = composed(
    to=(Address("j.müller@straße.example", "Müller, Jörg"), MARCO),
    cc=(Address("x@x.example", 'Bob "the" Builder'),),
    bcc=(Address("secret@x.example", "Secret"),),
    reply_to=(Address("vendite+c.d@ditta.example"),),
    subject="Angebot Zahnräder: 1.240,00 € – Antwort bis Freitag erbeten, danke! " * 2,
    text="",
    html=HTML,
    files=FILES,
    language="de",
)


def digests(files):
    return [sha256(octets).hexdigest() for octets in files]


def test_both_readers_find_what_was_composed():
    built = build(RICH, CONTENTS)
    ours, theirs = read(built.raw), as_others_read(built.raw)
    assert ours.content.subject == theirs["subject"] == RICH.subject.strip()
    assert ours.content.sent_at == theirs["date"].datetime == RICH.at
    assert ours.content.message_id == RICH.message_id
    assert [one.name for one in ours.content.to] == ["Müller, Jörg", "Marco Verdi"]
    assert [one.display_name for one in theirs["to"].addresses] == ["Müller, Jörg", "Marco Verdi"]
    assert theirs["from"] == '"Anna Bianchi, Ditta SRL" <anna@ditta.example>'
    assert ours.content.cc[0].name == theirs["cc"].addresses[0].display_name == 'Bob "the" Builder'
    assert ours.content.reply_to[0].spec == "vendite+c.d@ditta.example"
    assert ours.content.defects == ()
    assert ours.content.text == bodies(theirs)[0] == TEXT
    assert bodies(theirs)[1] == preview(RICH).html
    assert "Zahnräder</td>" in preview(RICH).html


def test_both_readers_find_the_same_files():
    built = build(RICH, CONTENTS)
    ours, theirs = read(built.raw), as_others_read(built.raw)
    names = ["logo.png", "Angebot Zahnräder – März.pdf"]
    assert [one.name for one in ours.content.attachments] == names
    parts = [part for part in theirs.walk() if part.get_filename()]
    assert [part.get_filename() for part in parts] == names
    found = [part.get_payload(decode=True) for part in parts]
    assert digests(ours.files) == digests(found) == digests([LOGO, PDF])
    assert [part["content-id"] for part in parts] == ["<logo@ditta.example>", None]


def test_blind_copies_are_in_the_envelope_alone():
    built = build(RICH, CONTENTS)
    assert built.recipients[-1] == "secret@x.example"
    assert b"secret" not in built.raw.lower()
    assert (built.sender, built.smtp_utf8) == ("anna@ditta.example", True)
    alone = build(composed(to=(), bcc=(MARCO,)), {})
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in alone.raw
    assert alone.recipients == ("marco@cliente.example",)


def test_an_address_that_is_there_thrice_in_another_case_stands_in_the_header_once():
    again = [Address(one) for one in ("Marco@Cliente.example", "MARCO@CLIENTE.EXAMPLE")]
    copies = (Address("a@x.example"), Address("A@x.example"))
    thrice = composed(to=(MARCO, *again), cc=copies)
    mail = as_others_read(build(thrice, {}).raw)
    assert (mail["To"], mail["Cc"]) == ("Marco Verdi <marco@cliente.example>", "a@x.example")
    assert [one.code for one in objections(thrice, {})] == ["TWICE"] * 3


@pytest.mark.parametrize(
    "mail", [RICH, composed(), composed(text="x " * 3_000 + "\nFrom me\n.\n")]
)
def test_lines_are_as_servers_take_them(mail):
    raw = build(mail, CONTENTS).raw
    lines = raw.split(b"\r\n")
    assert lines[-1] == b""
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 998
    assert not any(line.startswith(b"From ") for line in lines)


def test_plain_text_alone_is_one_part_and_comes_back_as_it_was():
    text = "Grüße\n-- \n  Anna\t\n\nFrom here on\n.\n\x41"
    built = build(composed(text=text), {})
    assert read(built.raw).content.text == f"{text}\n"
    assert bodies(as_others_read(built.raw)) == (f"{text}\n", "")
    assert b"multipart" not in built.raw
    assert b"Content-Transfer-Encoding: 7bit" in build(composed(), {}).raw


def test_mail_in_other_scripts_travels_in_base64():
    raw = build(composed(text="Добрый день\n" * 5), {}).raw
    assert b"Content-Transfer-Encoding: base64" in raw
    assert read(raw).content.text == "Добрый день\n" * 5


def test_the_same_mail_gives_the_same_octets_in_any_process():
    script = (
        "from test_builder import *\n"
        "print(sha256(build(RICH, {'pdf': b'1', 'logo': b'2'}).raw).hexdigest())"
    )
    here = Path(__file__).resolve()
    path = os.pathsep.join(map(str, (here.parent, here.parents[2] / "support", here.parents[3])))
    wanted = sha256(build(RICH, {"pdf": b"1", "logo": b"2"}).raw).hexdigest()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": path, "PYTHONHASHSEED": seed},
        )
        assert done.stdout.strip() == wanted
    other = build(RICH, {"pdf": b"1", "logo": b"2"}, seed="other").raw
    assert sha256(other).hexdigest() != wanted


def test_a_boundary_that_stands_in_an_attached_mail_is_not_taken():
    plain = File("a.eml", "message/rfc822", "a")
    first = build(composed(files=(plain,)), {"a": b"Subject: a\r\n\r\nb\r\n"})
    boundary = as_others_read(first.raw).get_boundary() or ""
    evil = f"Subject: a\r\n\r\n--{boundary}--\r\nmore\r\n".encode()
    again = build(composed(files=(plain,)), {"a": evil})
    assert read(again.raw).files == (evil,)
    assert read(again.raw).content.text.startswith("Buongiorno")


@pytest.mark.parametrize(
    ("octets", "carried", "eight_bit"),
    [
        (b"Subject: a\r\n\r\nb\r\n", b"Subject: a\r\n\r\nb\r\n", False),
        (b"Subject: a\n\nb\n", b"Subject: a\r\n\r\nb\r\n", False),
        ("Subject: a\r\n\r\nGrüße\r\n".encode("latin-1"),) * 2 + (True,),
    ],
)
def test_an_attached_mail_is_carried_unbroken(octets, carried, eight_bit):
    built = build(composed(files=(File("", "message/rfc822", "a"),)), {"a": octets})
    (attached,) = read(built.raw).content.attachments
    assert (attached.media_type, attached.name) == ("message/rfc822", "message.eml")
    assert read(built.raw).files == (carried,)
    assert built.eight_bit is eight_bit


@pytest.mark.parametrize("octets", [b"a\r\n\r\n\0", b"a\r\n\r\nb\rc\n", b"a\n\n" + b"x" * 999])
def test_an_attached_mail_that_cannot_travel_becomes_a_file_of_its_octets(octets):
    built = build(composed(files=(File("a.eml", "message/rfc822", "a"),)), {"a": octets})
    assert read(built.raw).files[0] == octets
    assert b"application/octet-stream" in built.raw


def test_a_first_mail_names_itself_and_an_answer_what_it_answers():
    first = read(build(composed(), {}).raw).content
    assert (first.references, first.in_reply_to) == (("c.offer@ditta.example",), ())
    assert b"\r\nX-Carteggio-Id: <c.offer@ditta.example>\r\n" in build(composed(), {}).raw
    ids = tuple(f"{'x' * 80}{place}@x.example" for place in range(100))
    answer = composed(references=(*ids, "a b"), in_reply_to=ids[-1:])
    content = read(build(answer, {}).raw).content
    assert (content.references, content.in_reply_to) == (ids, ids[-1:])
    assert as_others_read(build(answer, {}).raw)["references"] == " ".join(f"<{id}>" for id in ids)


def test_the_id_that_a_provider_replaces_is_found_again():
    sent = build(composed(), {}).raw
    given = sent.replace(b"\r\nMessage-ID: <c.offer@ditta", b"\r\nMessage-ID: <0100@amazonses")
    assert read(given).content.also_known_as == ("c.offer@ditta.example",)


def test_a_program_says_so_and_a_mailing_can_be_left():
    mass = Mass("https://ditta.example/u/abc", "unsubscribe@ditta.example")
    mail = as_others_read(build(composed(automatic=Automatic.GENERATED, mass=mass), {}).raw)
    assert mail["auto-submitted"] == "auto-generated"
    assert mail["list-unsubscribe"] == f"<{mass.url}>, <mailto:{mass.address}>"
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert mail["precedence"] == "bulk"
    assert build(composed(mass=Mass(mass.url)), {}).raw.count(b"mailto:") == 0


def test_who_submits_for_the_author_stands_in_sender_and_in_the_envelope():
    built = build(composed(submitted_by=Address("vendite@ditta.example", "Vendite")), {})
    assert built.sender == "vendite@ditta.example"
    assert as_others_read(built.raw)["sender"] == "Vendite <vendite@ditta.example>"


def test_the_marker_stands_between_new_text_and_quote_in_both_bodies():
    quote = Quote("Il 9 Marco ha scritto:\n> sì\n", "<blockquote>sì</blockquote>")
    shown = preview(composed(marker="[Ref: abc]", quote=quote))
    assert shown.text == (
        "Buongiorno,\nin allegato l'offerta.\n\n[Ref: abc]\n\nIl 9 Marco ha scritto:\n> sì\n"
    )
    assert "offerta.</div>\n" in shown.html
    assert shown.html.index("[Ref: abc]") < shown.html.index("<blockquote>")
    assert preview(composed(quote=Quote("> a"))).html == ""
    assert "&gt; a" in preview(composed(html="<p>b</p>", quote=Quote("> a"))).html


def test_pictures_of_a_mail_without_html_are_attached():
    built = build(composed(files=FILES), CONTENTS)
    assert [one.name for one in read(built.raw).content.attachments] == ["logo.png", FILES[0].name]
    nameless = build(composed(files=(File("", "image/x-odd", "logo", "a@x"),)), CONTENTS)
    assert read(nameless.raw).content.attachments[0].name == "image"


def test_pasted_pictures_are_parts_of_the_html():
    html = '<img src="data:image/gif;base64,aGFsbG8=">'
    reading = read(build(composed(html=html), {}).raw)
    assert reading.files == (b"hallo",)
    assert reading.content.attachments[0].name == "image1.gif"


def test_what_cannot_be_sent_is_not_built_and_says_everything():
    with pytest.raises(
        Rejected, match=r"sender: .* it has no @; to: the mail has no recipient"
    ) as refusal:
        build(composed(to=(), sender=Sender("x")), {})
    assert refusal.value.code == "NOT_SENDABLE"


def test_remarks_come_with_the_mail_that_was_built():
    built = build(composed(subject=""), {})
    assert [one.code for one in built.remarks] == ["NO_SUBJECT"]
    assert b"\r\nSubject:\r\n" in built.raw


def test_certified_mail_that_is_too_large_is_refused():
    many = tuple(Address(f"a{place}@x.example") for place in range(10))
    mail = composed(to=many, certified=True, files=(FILES[0],))
    with pytest.raises(Rejected, match="a PEC to 10 recipients"):
        build(mail, {"pdf": b"x" * 2_400_000})
    assert build(mail, {"pdf": b"x" * 2_000_000}).raw
