"""Header fields: parameters, ids and dates."""

from datetime import UTC, datetime

import pytest

from adapters.mime.dates import read_date
from adapters.mime.fields import read_fields, section_end
from adapters.mime.ids import first_id, ids_in
from adapters.mime.parameters import structured

PARAMETERS = {
    b"text/plain": ("text/plain", {}),
    b'Text/PLAIN; Charset="utf-8"': ("text/plain", {"charset": "utf-8"}),
    b"text/plain; charset=utf-8 (comment)": ("text/plain", {"charset": "utf-8"}),
    b"text/plain;; charset=a;": ("text/plain", {"charset": "a"}),
    b"attachment; filename=my file.pdf": ("attachment", {"filename": "my file.pdf"}),
    b'attachment; filename="a;b\\".pdf"': ("attachment", {"filename": 'a;b".pdf'}),
    b'attachment; filename="C:\\x\\y.pdf"': ("attachment", {"filename": "C:\\x\\y.pdf"}),
    b"attachment; filename*=utf-8'it'Citt%C3%A0.pdf": ("attachment", {"filename": "Città.pdf"}),
    b"attachment; filename*0=ab; filename*1=c.pdf": ("attachment", {"filename": "abc.pdf"}),
    b"attachment; filename*1*=%A0.pdf; filename*0*=utf-8''Citt%C3": (
        "attachment",
        {"filename": "Città.pdf"},
    ),
    b"attachment; filename=plain.pdf; filename*=utf-8''rich.pdf": (
        "attachment",
        {"filename": "rich.pdf"},
    ),
    b'attachment; filename="=?utf-8?q?Citt=C3=A0.pdf?="': (
        "attachment",
        {"filename": "Città.pdf"},
    ),
    b'attachment; filename="Citt\xc3\xa0.pdf"': ("attachment", {"filename": "Città.pdf"}),
    b"charset=utf-8": ("", {"charset": "utf-8"}),
    b"multipart/mixed boundary=x": ("multipart/mixed", {"boundary": "x"}),
    b"": ("", {}),
}


@pytest.mark.parametrize("value", PARAMETERS)
def test_parameters_are_read(value):
    assert structured(value) == PARAMETERS[value]


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ([b"<a@x.example> <b@x.example>"], ("a@x.example", "b@x.example")),
        ([b"a@x.example b@x.example"], ("a@x.example", "b@x.example")),
        ([b"<a@x.example> (no <comment)"], ("a@x.example",)),
        ([b"Your message of Monday <a@x.example>"], ("a@x.example",)),
        ([b"<a@x.example>\r\n <a@x.example>"], ("a@x.example",)),
        ([b"<a@x.\r\n example>"], ("a@x.example",)),
        ([b""], ()),
    ],
)
def test_ids_have_no_brackets_and_come_once(values, ids):
    assert ids_in(values) == ids


def test_of_very_many_ids_the_first_and_the_last_are_kept():
    ids = ids_in([b"<%d@x.example>" % number for number in range(3_000)])
    assert len(ids) == 1_000
    assert ids[0] == "0@x.example"
    assert ids[-1] == "2999@x.example"


def test_a_message_id_without_at_or_brackets_counts():
    assert first_id([b"  abc "]) == "abc"


MOMENT = datetime(2026, 1, 19, 7, 10, 5, tzinfo=UTC)
MINUTE = MOMENT.replace(second=0)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("Mon, 19 Jan 2026 08:10:05 +0100", MOMENT),
        ("Mon, 19 Jan 2026 08:10:05 +0100 (CET)", MOMENT),
        ("19 Jan 26 08:10:05 +01:00", MOMENT),
        ("Mon, 19 Jan 2026 08:10 CET", MINUTE),
        ("Mon Jan 19 07:10:05 2026", MOMENT),
        ("Mon Jan 19 08:10:05 +0100 2026", MOMENT),
        ("Mon, 19 Jan 2026 02:10:05 EST", MOMENT),
        ("2026-01-19T08:10:05+01:00", MOMENT),
        ("2026-01-19 07:10:05Z", MOMENT),
        ("Mon, 19-Jan-2026 07:10:05 GMT", MOMENT),
        ("lun, 19 gen 2026 08:10:05 +0100", MOMENT),
        ("Mon, 19 Jan 2026 7:10:05 AM", MOMENT),
        ("Mon, 19 January 2026 08:10:05 GMT+0100", MOMENT),
        ("Mon, 19 Jan 126 07:10:05", MOMENT),
        ("Mon, 19 Jan 2026 07:10:05 XYZ", MOMENT),
        ("Mon, 19 Jan 2026", None),
        ("Mon, 32 Jan 2026 08:10:05", None),
        ("Mon, 19 Jan 1969 08:10:05", None),
        ("Mon, 31 Dec 9999 23:10:05 -0100", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_dates_are_read_in_every_form(written, moment):
    assert read_date(written) == moment


def test_a_field_may_be_folded_and_lines_that_are_none_are_passed_over():
    fields = read_fields(b"Subject: a\r\n b\r\ngarbage here\r\nTo : x@a.example\r\n")
    assert fields.text("subject") == "a b"
    assert fields.first("to") == b"x@a.example"
    assert fields.defects == ["no field"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"A: b\n\nc", (5, 6)),
        (b"A: b\r\n\r\nc", (6, 8)),
        (b"A: b\r\r\n\r\r\nc", (7, 10)),
        (b"A: b\n\r\nc\n\nd", (5, 7)),
        (b"A: b", (4, 4)),
        (b"\nc", (0, 1)),
    ],
)
def test_a_header_section_ends_at_the_first_empty_line(raw, expected):
    assert section_end(raw, 0, len(raw)) == expected
