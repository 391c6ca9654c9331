"""What a server says is cut and read the same, however it arrives."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.imap.folders import listed, to_wire, with_roles
from adapters.imap.grammar import fetch_items, internal_date, quoted, uid_set, values
from adapters.imap.splitter import Splitter
from adapters.imap.utf7 import decode_folder, encode_folder
from adapters.imap.values import ImapAccount, Limits, RemoteFolder, Role

_line = st.binary(max_size=30).map(lambda x: x.replace(b"\r\n", b"").rstrip(b"}\r") + b".")
_response = st.tuples(_line, st.lists(st.tuples(st.binary(max_size=40), _line), max_size=3))


@given(st.lists(_response, max_size=6), st.lists(st.integers(1, 50), min_size=1))
def test_responses_are_cut_the_same_however_they_arrive(responses, steps):
    wire, expected = b"", []
    for first, more in responses:
        parts = [b"* " + first]
        for literal, line in more:
            parts[-1] += b"{%d}" % len(literal)
            parts += [literal, line]
        for number, part in enumerate(parts):
            wire += part if number % 2 else part + b"\r\n"
        expected.append(parts)
    splitter, found, at, turn = Splitter(Limits()), [], 0, 0
    while at < len(wire):
        step = steps[turn % len(steps)]
        found += splitter.feed(wire[at : at + step])
        at, turn = at + step, turn + 1
    assert found == expected
    assert not splitter.pending


def test_what_looks_like_a_literal_in_free_text_is_none():
    assert Splitter(Limits()).feed(b"* OK see {12}\r\nA1 NO {3}\r\n") == [
        [b"* OK see {12}"],
        [b"A1 NO {3}"],
    ]


def test_an_answer_to_fetch_is_read_with_its_strings_and_lists():
    response = [
        b'* 3 fetch (UID 7 FLAGS (\\Seen $x) X "a \\"b\\" (" BODY[] {3}',
        b"(1)",
        b" N NIL)",
    ]
    assert fetch_items(response) == {
        b"UID": b"7",
        b"FLAGS": [b"\\Seen", b"$x"],
        b"X": b'a "b" (',
        b"BODY[]": b"(1)",
        b"N": None,
    }
    assert fetch_items([b"* 3 EXISTS"]) is None
    assert values([b'x "NIL" NIL']) == [b"x", b"NIL", None]


@pytest.mark.parametrize(
    ("wire", "when"),
    [
        (b" 1-Jan-2024 10:00:00 +0000", datetime(2024, 1, 1, 10, tzinfo=UTC)),
        (b"01-jan-2024 11:30:00 +0130", datetime(2024, 1, 1, 10, tzinfo=UTC)),
        (b"31-Dec-2023 22:00:00 -1200", datetime(2024, 1, 1, 10, tzinfo=UTC)),
        (b"00-Jan-0000 00:00:00 +0000", None),
        (b"31-Feb-2024 00:00:00 +0000", None),
        (b"01-Jan-0001 00:00:00 +1200", None),
        (b"01-Jan-2024 00:00:00 +9999", None),
        (b"", None),
        (None, None),
    ],
)
def test_internal_dates(wire, when):
    assert internal_date(wire) == when


@given(st.sets(st.integers(1, 60)))
def test_a_set_of_uids_holds_exactly_those(uids):
    found: set[int] = set()
    for part in filter(None, uid_set(uids).decode().split(",")):
        first, _, last = part.partition(":")
        found |= set(range(int(first), int(last or first) + 1))
    assert found == uids


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_folder_names_survive_the_wire(name):
    assert decode_folder(encode_folder(name)) == name
    assert encode_folder(name).isascii()


def test_folder_names_are_written_as_rfc_3501_shows_them():
    assert encode_folder("~peter/mail/台北/日本語") == "~peter/mail/&U,BTFw-/&ZeVnLIqe-"
    assert decode_folder("a&b &x- &AOA") == "a&b &x- &AOA"
    assert quoted(to_wire('A\\"B & C')) == b'"A\\\\\\"B &- C"'
    with pytest.raises(ValueError, match="CR"):
        quoted(b"a\r\nb")


def roles(*lines: bytes) -> dict[str, Role]:
    found = [one for line in lines if (one := listed([line]))]
    return {x.name: x.role for x in with_roles(found) if x.role is not Role.OTHER}


@pytest.mark.parametrize(
    "name",
    ["Sent", "Sent Items", "Posta inviata", "Gesendete Objekte", "Éléments envoyés", "Wysłane"],
)
def test_the_sent_folder_is_known_by_name(name):
    wire = to_wire(name)
    assert roles(
        b'* LIST () "." "INBOX"',
        b'* LIST () "." "INBOX.' + wire + b'"',
        b'* LIST () "." "INBOX.old.' + wire + b'"',
    ) == {"INBOX": Role.INBOX, f"INBOX.{name}": Role.SENT}


def test_the_flag_counts_more_than_the_name():
    assert roles(
        b'* LIST (\\HasNoChildren) "/" inbox',
        b'* LIST () "/" Sent',
        b'* LIST (\\Sent) "/" "Postausgang"',
        b'* LIST (\\Noselect) "/" "[Gmail]"',
        b"* LIST () NIL {3}",
    ) == {"inbox": Role.INBOX, "Postausgang": Role.SENT}


def test_a_name_may_come_as_a_literal():
    one = listed([b'* LIST () "/" {7}', b"Citt&AO", b""])
    assert one
    assert one[2] == RemoteFolder("Citt&AO", Role.OTHER, b"Citt&AO")


def test_a_password_is_never_shown():
    assert "secret" not in repr(ImapAccount("h", 1, "plain", "u", "secret"))
