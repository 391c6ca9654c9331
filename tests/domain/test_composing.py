"""What a header field and a body may hold, and who gets a mail."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composed import MARCO, composed
from domain.composing import Sender, one_line, plain_body
from domain.values import Address


def test_a_sender_is_shown_with_the_company():
    assert Sender("a@ditta.example", "Anna", "Ditta SRL").address.name == "Anna, Ditta SRL"
    assert Sender("a@ditta.example", "", "Ditta SRL").address.name == "Ditta SRL"


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (" plain ", "plain"),
        ("a\r\nBcc: b@x.example", "a Bcc: b@x.example"),
        ("a \u2028 b\x85c", "a b c"),
        ("a\0\x07b\u202eb", "abb"),
        ("a\ud83d\ude00\ud800", "a😀\ufffd"),
        ("👩\u200d👧 می\u200cخواهم", "👩\u200d👧 می\u200cخواهم"),
    ],
)
def test_a_field_holds_one_line_of_what_can_be_seen(written, line):
    assert one_line(written) == line


@given(st.text())
def test_one_line_is_one_line_for_everybody(text):
    line = one_line(text)
    assert len(f"{line}.".splitlines()) == 1
    assert not any(unicodedata.category(one) in ("Cc", "Zl", "Zp", "Cs") for one in line)
    assert one_line(line) == line


def test_a_body_has_lines_that_end_with_lf():
    assert plain_body("a\r\nb\rc\0\td\x1b") == "a\nb\nc\td\n"


def test_everybody_gets_a_mail_once():
    mail = composed(cc=(Address("MARCO@cliente.example"),), bcc=(Address("b@x.example"),))
    assert mail.recipients == (MARCO, Address("b@x.example"))
    apart = tuple(
        map(Address, ("Groß@straße.example", "gross@straße.example", "groß@strasse.example"))
    )
    again = tuple(map(Address, ("GROß@xn--strae-oqa.example", "GROSS@STRASSE.example")))
    several = composed(to=apart, cc=again).recipients
    assert several == (*apart, again[1])
