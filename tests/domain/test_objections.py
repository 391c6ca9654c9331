"""What speaks against a mail: everything at once, by field."""

import pytest

from composed import MARCO, composed
from domain.composing import Automatic, File, Mass, Sender
from domain.objections import certified_size, objections
from domain.values import Address

PDF = File("Offerta.pdf", "application/pdf", "a")
LOGO = File("logo.png", "image/png", "b", "logo@ditta.example")
SIZES = {"a": 3, "b": 3, "empty": 0}


def told(**given):
    return {(one.field, one.code, one.blocks) for one in objections(composed(**given), SIZES)}


def test_nothing_speaks_against_a_sound_mail():
    mail = {
        "cc": (Address("müller@straße.example", "Müller, Jörg"),),
        "html": '<img src="cid:logo@ditta.example">',
        "files": (PDF, LOGO),
        "references": ("one@x.example",),
        "mass": Mass("https://ditta.example/u/1", "u@ditta.example"),
        "automatic": Automatic.GENERATED,
        "language": "de-AT",
    }
    assert told(**mail) == {("cc[0]", "NEEDS_SMTPUTF8", False)}


def test_all_objections_are_told_at_once():
    found = told(to=(), subject="", text="", message_id="x", files=())
    assert found == {
        ("to", "NO_RECIPIENT", True),
        ("subject", "NO_SUBJECT", False),
        ("text", "NO_TEXT", False),
        ("message_id", "BAD_MESSAGE_ID", True),
    }


@pytest.mark.parametrize(
    "spec",
    ["", "marco", "@x.example", "a@", "a..b@x.example", "a b@x.example", "a@x_y.example",
     "a\r\nRCPT TO:<b@x.example>@x.example", "a,b@x.example", "<a@x.example>", "a@[192.0.2.1]",
     "x" * 65 + "@x.example", '"a"b"@x.example', "a\u3000b@x.example", "a@x.example\u2028"],
)  # fmt: skip
def test_what_is_no_address_blocks(spec):
    assert ("to[0]", "BAD_ADDRESS", True) in told(to=(Address(spec),))


@pytest.mark.parametrize("spec", ["o'hara+x@x.example", '"john doe"@x.example', "a@b.c.example"])
def test_odd_addresses_that_are_allowed_pass(spec):
    assert told(to=(Address(spec),)) == set()


def test_a_domain_without_a_dot_is_asked_about():
    assert told(to=(Address("a@intranet"),)) == {("to[0]", "NO_DOT", False)}


def test_names_that_deceive_or_do_not_fit_are_told():
    other = Address("a@x.example", "chef@bank.example")
    assert told(to=(other,)) == {("to[0]", "NAME_IS_ADDRESS", False)}
    assert told(sender=Sender(other.spec, other.name)) == {("sender", "NAME_IS_ADDRESS", True)}
    assert told(to=(Address("a@x.example", "A@x.example"),)) == set()
    assert told(to=(Address("a@x.example", "a" * 201),)) == {("to[0]", "NAME_TOO_LONG", True)}
    assert told(to=(Address("a@pаypal.example"),)) == {("to[0]", "LOOKS_ALIKE", False)}


def test_signs_that_break_lines_are_left_out_and_told():
    found = told(subject="a\nBcc: b@x.example", to=(Address("a@x.example", "a\0"),))
    assert found == {("subject", "SIGNS_LEFT_OUT", False), ("to[0]", "SIGNS_LEFT_OUT", False)}


def test_a_subject_has_a_measure_and_so_have_recipients():
    assert told(subject="a" * 1_001) == {("subject", "SUBJECT_TOO_LONG", True)}
    many = tuple(Address(f"a{place}@x.example") for place in range(1_001))
    assert told(to=many) == {("to", "TOO_MANY_RECIPIENTS", True)}


def test_who_stands_there_twice_is_told():
    assert told(cc=(MARCO,)) == {("cc[0]", "TWICE", False)}


def test_ids_that_cannot_be_written_and_dates_without_zone_are_told():
    naive = composed().at.replace(tzinfo=None)
    assert told(at=naive, references=("a b", "x" * 501), in_reply_to=("a>",)) == {
        ("at", "NO_ZONE", True),
        ("references[0]", "BAD_ID", False),
        ("references[1]", "BAD_ID", False),
        ("in_reply_to[0]", "BAD_ID", False),
    }


@pytest.mark.parametrize(
    ("file", "code", "blocks"),
    [
        (File("a.pdf", "application/pdf", "gone"), "NO_CONTENT", True),
        (File("a.pdf", "application/pdf", "empty"), "EMPTY_FILE", False),
        (File("a.docx", "application/pdf", "a"), "OTHER_EXTENSION", True),
        (File("a", "application/pdf", "a"), "OTHER_EXTENSION", True),
        (File("", "application/pdf", "a"), "NO_NAME", True),
        (File("a\r\nX: y.pdf", "application/pdf", "a"), "SIGNS_LEFT_OUT", False),
        (File("a.exe", "application/octet-stream", "a"), "OFTEN_REFUSED", False),
        (File("a.x", "text/x\r\nX: y", "a"), "BAD_TYPE", True),
        (File("a.x", "multipart/mixed", "a"), "BAD_TYPE", True),
        (File("a.png", "image/png", "a", "a>\r\n"), "BAD_CONTENT_ID", True),
    ],
)
def test_files_that_are_not_as_they_say_are_told(file, code, blocks):
    assert told(files=(file,)) == {("files[0]", code, blocks)}


def test_pictures_and_their_places_fit_each_other():
    assert told(html='<img src="cid:gone">') == {("html", "NO_PICTURE", True)}
    twice = told(files=(LOGO, LOGO), html='<img src="cid:logo@ditta.example">')
    assert {code for _, code, _ in twice} == {"CONTENT_ID_TWICE"}
    assert told(files=(LOGO,)) == {("files[0]", "PICTURE_ATTACHED", False)}


def test_a_mailing_and_certified_mail_have_their_own_rules():
    assert told(mass=Mass("http://x.example/u", "nobody")) == {
        ("mass.url", "BAD_UNSUBSCRIBE", True),
        ("mass.address", "BAD_ADDRESS", True),
    }
    assert told(certified=True, bcc=(Address("b@x.example"),), submitted_by=MARCO) == {
        ("bcc", "CERTIFIED_BCC", True),
        ("submitted_by", "CERTIFIED_SENDER", True),
    }
    assert told(language="de\r\nX: y") == {("language", "BAD_LANGUAGE", True)}


def test_certified_mail_counts_its_size_once_a_recipient():
    assert certified_size(15_000_000, 2) is None
    too_large = certified_size(15_000_001, 2)
    assert too_large is not None
    assert "15 MB" in too_large.sentence
