"""Header text, charsets, transfer encodings and names."""

import pytest

from adapters.mime.charsets import decode
from adapters.mime.transfer import base64, decoded
from adapters.mime.words import unstructured

SUBJECTS = {
    b"plain": "plain",
    b"=?utf-8?Q?Citt=C3=A0?=": "Città",
    b"=?iso-8859-1?Q?Caff=E8?= =?iso-8859-1?Q?_nero?=": "Caffè nero",
    b"=?utf-8?B?Q2l0dMM=?= =?utf-8?B?oA==?=": "Città",
    b"=?utf-8*it?q?Citt=C3=A0?=": "Città",
    b"a =?utf-8?q?b?= c": "a b c",
    b"=?utf-8?q?spaces are wrong?=": "spaces are wrong",
    b"=?unknown-set?q?Citt=C3=A0?=": "Città",
    b"=?iso-8859-1?Q?a=80?=": "a€",
    b"Citt\xc3\xa0": "Città",
    b"Citt\xe0": "Città",
    b"=?iso-8859-1?Q?Citt\xe0?=": "Città",
    b"=?utf-8?q?never closed": "=?utf-8?q?never closed",
    b"folded\r\n line": "folded line",
    b"nul\0 here": "nul here",
    b"=?utf-8?q?a=00b=0D=0Ac?=": "ab c",
    b"=?gb2312?B?xOO6ww==?=": "你好",
    b"=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=": "テスト",
}


@pytest.mark.parametrize("raw", SUBJECTS)
def test_a_subject_is_decoded(raw):
    assert unstructured(raw) == SUBJECTS[raw]


@pytest.mark.parametrize(
    ("octets", "label", "text"),
    [
        (b"\x93x\x94", "iso-8859-1", "“x”"),
        (b"\x81", "latin1", "\x81"),
        (b"\x85", "cp850", "à"),
        (b"\xb0\xa1", "ks_c_5601-1987", "가"),
        (b"\xf9\xec\xe5\xed", "iso-8859-8-i", "שלום"),
        (b"+AOA-", "utf-7", "à"),
        (b"+2AA-x", "utf-7", "\ufffdx"),
        (b"\x8a", "x-mac-roman", "ä"),
        (b"h\0i\0", "utf-16", "hi"),
        (b"\0h\0i", "utf-16", "hi"),
        (b"x\0y", "", "xy"),
        (b"caff\xe8", "utf-8", "caffè"),
        (b"caff\xc3\xa8", "us-ascii", "caffè"),
        (b"\\u0041", "unicode_escape", "\\u0041"),
        (b"abc", "punycode", "abc"),
        (b"616263", "hex", "616263"),
    ],
)
def test_octets_are_read_by_what_the_label_means(octets, label, text):
    assert decode(octets, label) == text


@pytest.mark.parametrize(
    ("encoding", "body", "octets"),
    [
        ("base64", b"aGFs\r\nbG8=", b"hallo"),
        ("base64", b"aGFsbG8", b"hallo"),
        ("base64", b"aGFs*bG8=\n-- \nfooter", b"hallo"),
        ("base64", b"a", b""),
        ("quoted-printable", b"caff=E8=\r\n nero =ZZ", b"caff\xe8 nero =ZZ"),
        ("x-uuencode", b"begin 644 a.txt\n%:&%L;&\\\n`\nend\n", b"hallo"),
        ("8bit", b"\xff", b"\xff"),
        ("nonsense", b"x", b"x"),
    ],
)
def test_a_transfer_encoding_is_undone_as_far_as_it_goes(encoding, body, octets):
    assert decoded(body, encoding) == octets


def test_base64_ends_at_its_padding():
    assert base64(b"aGk=\n\nThis list is run by example.org\n") == b"hi"
