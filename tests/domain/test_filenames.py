"""Names of attachments: by pattern, renamed by people, told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.filenames import (
    distinct,
    extension,
    extensions_for,
    is_refused,
    named_by,
    renamed,
    safe_name,
    shown,
)
from domain.values import Rejected

PATTERN = "{kind}_{number}_{customer}_{date}"
OFFER = {
    "kind": "Angebot",
    "number": "2026/118",
    "customer": "Müller & Söhne",
    "date": "2026-03-09",
}


def test_a_pattern_names_a_file_by_what_it_is():
    assert named_by(PATTERN, OFFER, "pdf") == "Angebot_2026-118_Müller & Söhne_2026-03-09.pdf"


def test_an_empty_value_leaves_no_separator():
    assert named_by(PATTERN, OFFER | {"customer": " "}, "pdf") == "Angebot_2026-118_2026-03-09.pdf"


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("{kind}_{nummer}", "UNKNOWN_FIELD"),
        ("{kind", "BAD_PATTERN"),
        ("{kind.__class__}", "BAD_PATTERN"),
        ("{kind!r}", "BAD_PATTERN"),
        ("{}", "BAD_PATTERN"),
        ("__", "EMPTY_NAME"),
    ],
)
def test_a_pattern_that_names_nothing_is_refused(pattern, code):
    with pytest.raises(Rejected) as refusal:
        named_by(pattern, OFFER, "pdf")
    assert refusal.value.code == code


@given(st.fixed_dictionaries({"kind": st.text(max_size=80), "number": st.text(max_size=80)}))
def test_a_named_file_can_lie_in_any_folder_and_keeps_its_extension(values):
    name = named_by("d_{kind}_{number}", values, "pdf")
    assert name == safe_name(name)
    assert len(name.encode()) <= 120
    assert extension(name) == "pdf"


def test_a_long_name_is_cut_before_its_extension():
    name = named_by("{customer}", {"customer": "ü" * 200}, "pdf")
    assert (name[-5:], len(name.encode())) == ("ü.pdf", 120)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Offerta.pdf", "Offerta.pdf"),
        ("Offerta.PDF", "Offerta.PDF"),
        ("Offerta", "Offerta.pdf"),
        ("Offerta vers. 2", "Offerta vers. 2.pdf"),
        ("../Offerta", "_Offerta.pdf"),
    ],
)
def test_a_renamed_file_keeps_its_extension(wanted, name):
    assert renamed("a.pdf", wanted) == name


@pytest.mark.parametrize("wanted", ["a.docx", "a.exe", "a.txt"])
def test_another_extension_is_refused(wanted):
    with pytest.raises(Rejected, match=r"end with \.pdf"):
        renamed("a.pdf", wanted)


def test_a_file_without_extension_takes_any_name_but_none():
    assert renamed("LIESMICH", "lies.mich") == "lies.mich"
    with pytest.raises(Rejected, match="needs a name"):
        renamed("LIESMICH", "\u202e ")


def test_files_of_one_name_are_told_apart():
    names = ["a.pdf", "A.pdf", "a.pdf", "a (2).pdf", "b", "b"]
    assert distinct(names) == ["a.pdf", "A (2).pdf", "a (3).pdf", "a (2) (2).pdf", "b", "b (2)"]


@given(st.lists(st.sampled_from(["a.pdf", "A.PDF", "a (2).pdf", "é" * 58 + ".pdf"]), max_size=12))
def test_no_two_files_of_a_mail_have_one_name(names):
    found = distinct(names)
    assert len({one.casefold() for one in found}) == len(names)
    assert all(len(one.encode()) <= 120 for one in found)


def test_extensions_are_known_by_media_type():
    assert extensions_for("application/PDF") == ("pdf",)
    assert extensions_for("application/octet-stream") == ()
    assert is_refused("invoice.pdf.EXE")
    assert not is_refused("invoice.pdf")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\temp\\x.doc", "C__temp_x.doc"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("", "attachment"),
        ("...", "attachment"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_a_safe_name_is_no_path(name, safe):
    assert safe_name(name) == safe


def test_a_safe_name_is_never_longer_than_120_octets():
    assert len(safe_name("è" * 200 + ".pdf").encode()) <= 120
    assert len(safe_name("è" * 200).encode()) <= 120


def test_a_shown_name_is_composed_and_has_nothing_invisible():
    assert shown("Citta\u0300\u200b\n.pdf") == "Città.pdf"
