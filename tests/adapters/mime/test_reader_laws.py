"""What holds for any octets at all."""

import time
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.mime.reader import Reading, read, unread

SAMPLE = (
    b"From: A <a@a.example>\r\nTo: =?utf-8?q?B?= <b@b.example>\r\nSubject: =?utf-8?B?w6A=?=\r\n"
    b"Date: Mon, 19 Jan 2026 08:10:05 +0100\r\nMessage-ID: <a@a.example>\r\n"
    b'Return-Path: <>\r\nContent-Type: multipart/report; boundary="b"\r\n\r\n--b\r\n'
    b"Content-Type: text/html; charset=utf-7\r\n\r\n<p>+2AA- x</p>\r\n--b\r\n"
    b"Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n\r\nStatus: 5.1.1\r\n--b\r\n"
    b"Content-Type: application/pdf; name*=utf-8''%C3%A0.pdf\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\naGFsbG8=\r\n--b--\r\n"
)
pieces = st.sampled_from(
    [
        b"From: ", b"To: ", b"Subject: ", b"Content-Type: ", b"multipart/mixed; boundary=b", b"--b",
        b"message/rfc822", b"text/html", b"=?utf-8?q?", b"?=", b"\n", b"\r\n", b"\n\n", b" ", b'"',
        b"(", b")", b"<", b">", b"@", b",", b";", b":", b"*0*=utf-8''", b"\0", b"\xff", b"\xed\xa0\x80",
        b"charset=utf-7", b"+2AA-", b"X-Ricevuta: x\n", b"X-Trasporto: x\n", b"<postacert>", b"base64",
    ]
)  # fmt: skip
octets = st.binary(max_size=400) | st.lists(pieces, max_size=60).map(b"".join)


def texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in texts(item)]
    if is_dataclass(value):
        return [text for one in fields(value) for text in texts(getattr(value, one.name))]
    return []


def holds(reading: Reading) -> None:
    assert len(reading.files) == len(reading.content.attachments)
    assert not any("fault" in defect for defect in reading.content.defects)
    for text in texts(reading.content):
        assert "\0" not in text
        text.encode()


@given(octets)
@example(b"")
@example(b"\r")
@example(b"\xef\xbb\xbf")
def test_any_octets_are_read_into_clean_text(raw):
    holds(read(raw))
    assert read(raw) == read(raw)


@given(octets)
def test_any_octets_can_be_left_unread(raw):
    for text in texts(unread(raw, "because\0").content):
        assert "\0" not in text
        text.encode()


@given(st.integers(0, len(SAMPLE)))
def test_a_mail_cut_anywhere_is_read(length):
    holds(read(SAMPLE[:length]))


@given(st.integers(0, len(SAMPLE) - 1), st.integers(0, 7))
def test_a_mail_with_a_flipped_bit_is_read(place, bit):
    damaged = bytearray(SAMPLE)
    damaged[place] ^= 1 << bit
    holds(read(bytes(damaged)))


TEXT = b"Content-Type: text/plain; "
HOSTILE = {
    "60 MB": b"Subject: x\n\n" + b"line\n" * 12_000_000,
    "100,000 fields": b"".join(b"X-%d: v\n" % n for n in range(100_000)) + b"\nbody",
    "a long id": b"Message-ID: <" + b"a" * 15_000 + b"@a.example>\n\n",
    "semicolons": b"Content-Type: text/plain" + b";" * 100_000 + b"\n\n",
    "sections": TEXT + b"".join(b"name*%d=v; " % n for n in range(20_000)) + b"\n\n",
    "quotes": b"From: " + b'"' * 60_000 + b"\n\n",
    "escaped quotes": b"From: " + b'"\\' * 30_000 + b"\n\n",
    "comments": b"From: " + b"(" * 60_000 + b"\n\n",
    "recipients": b"To: " + b"a@b.example, " * 50_000 + b"\n\n",
    "encoded words": b"Subject: " + b"=?a?q?" * 10_000 + b"\n\n",
    "openings": b"Subject: " + b"=?" * 30_000 + b"\n\n",
    "nested messages": b"Content-Type: message/rfc822\n\n" * 1_000,
    "false boundaries": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n"
    + b"--bb\n" * 500_000,
    "nested HTML": b"Content-Type: text/html\n\n" + b"<div>" * 200_000,
    "flowed": b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * 1_000_000,
    "entities": b"X-Ricevuta: x\nContent-Type: text/xml\n\n<postacert>" + b"<a>&lt;" * 100_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_mail_is_read_within_the_limit_of_a_message(kind):
    begun = time.process_time()
    holds(read(HOSTILE[kind]))
    assert time.process_time() - begun < 5
