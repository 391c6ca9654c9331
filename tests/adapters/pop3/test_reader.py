"""How answers are cut: whatever the pieces in which they come, and octet for octet."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.pop3.reader import Answer, Reader

ROOM = 1_000_000
LINES = st.lists(st.text(".aé\r\n\0", max_size=6).map(str.encode), max_size=8)


def stuffed(body: bytes) -> bytes:
    """Send a message as RFC 1939 says; a line ends with CRLF and nothing else."""
    lines = body.split(b"\r\n")
    return (
        b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b".\r\n"
    )


def read(wire: bytes, *longs: bool, step: int = 0) -> list[Answer]:
    reader, found, wanted = Reader(100), [], list(longs)
    for piece in range(0, len(wire), step or len(wire)):
        reader.feed(wire[piece : piece + (step or len(wire))])
        while wanted and (answer := reader.next(long=wanted[0], allowed=ROOM)) is not None:
            found.append(answer)
            wanted.pop(0)
    assert not reader.pending
    return found


@given(LINES, st.integers(1, 9))
def test_a_message_comes_as_it_was_whatever_the_pieces(lines, step):
    body = b"".join(line + b"\r\n" for line in lines)
    wire = b"+OK here\r\n" + stuffed(body) + b"-ERR no\r\n" + b"+OK\r\n" + stuffed(body)
    answers = read(wire, True, True, True, step=step)
    assert answers[0] == Answer(b"+OK", b"here", body)
    assert answers[1] == Answer(b"-ERR", b"no")
    assert answers[2].body == body


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"...\r\n..a\r\n.\r\n", b"..\r\n.a\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),  # a server that does not double the dot: RFC 1939 3
        (b"a\n.\r\n\r\n.\r\n", b"a\n.\r\n\r\n"),  # a lone LF ends no line
        (b"a\r.\r\n.\r\n", b"a\r.\r\n"),
    ],
)
def test_dots_are_taken_off_where_the_server_put_them(wire, body):
    for step in (1, 2, 3, 100):
        assert read(b"+OK\r\n" + wire, True, step=step)[0].body == body


def test_each_octet_is_looked_at_a_bounded_number_of_times():
    """A message in a hundred thousand pieces is read as fast as its octets come."""
    reader = Reader(100)
    reader.feed(b"+OK\r\n")
    for piece in itertools.repeat(b"x" * 10, 100_000):
        reader.feed(piece)
        assert reader.next(long=True, allowed=2_000_000) is None
    assert len(reader._held) - reader._searched <= 4


@pytest.mark.parametrize(
    ("wire", "long", "kind"),
    [
        (b"x" * 101, False, TroubleKind.TOO_MUCH_DATA),
        (b"+OK " + b"x" * 200 + b"\r\n", False, TroubleKind.TOO_MUCH_DATA),
        (b"HTTP/1.1 400 no\r\n", False, TroubleKind.PROTOCOL),
        (b"\0\xff\x80\r\n", False, TroubleKind.PROTOCOL),
        (b"\r\n", False, TroubleKind.PROTOCOL),
        (b"+OKAY\r\n", False, TroubleKind.PROTOCOL),
        (b"+OK\r\n" + b"x" * (ROOM + 1), True, TroubleKind.TOO_MUCH_DATA),
        (b"+OK\r\n" + b"x" * (ROOM + 1) + b"\r\n.\r\n", True, TroubleKind.TOO_MUCH_DATA),
    ],
)
def test_what_has_no_measure_or_no_meaning_is_refused(wire, long, kind):
    reader = Reader(100)
    reader.feed(wire)
    with pytest.raises(ServerTrouble) as trouble:
        reader.next(long=long, allowed=ROOM)
    assert trouble.value.kind is kind
