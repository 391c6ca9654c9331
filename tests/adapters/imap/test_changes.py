"""What a server tells of changes is read, whatever form it gives it, and nothing more."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.imap.changes import Changes
from adapters.imap.session import ImapSession
from adapters.imap.values import ImapAccount, ImapTrouble, Limits, TroubleKind

LIMITS = Limits(connect=5, command=2, fetch=5)
KNOWN = range(1, 11)
POLITE = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 ENABLE QRESYNC\r\nTAG OK\r\n",
    b"LOGIN": b"TAG OK\r\n",
    b"ENABLE": b"* ENABLED QRESYNC\r\nTAG OK\r\n",
    b"EXAMINE": b"* 4 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 12]\r\n"
    b"* OK [HIGHESTMODSEQ 7]\r\nTAG OK\r\n",
    b"FETCH": b"TAG OK\r\n",
    b"SEARCH": b"TAG OK\r\n",
    b"LOGOUT": b"* BYE\r\nTAG OK\r\n",
}


async def changes(lines: dict[bytes, bytes], modseq: int = 5) -> tuple[Changes, bytes]:
    """Ask a server that answers each command with these lines; give also what it was asked."""
    asked: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        with suppress(OSError, asyncio.CancelledError):
            while line := (await reader.readline()).split():
                name = line[2] if line[1] == b"UID" else line[1]
                asked.append(b" ".join(line[1:]))
                writer.write((POLITE | lines)[name].replace(b"TAG", line[0]))
        writer.transport.abort()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        here = ImapAccount("127.0.0.1", port, "plain", "anna", "secret")
        async with ImapSession(here, LIMITS) as session:
            await session.select("INBOX")
            found = await session.changes(10, modseq)
    return found, b"\n".join(asked)


async def test_a_server_with_qresync_tells_flags_and_what_vanished():
    said = b"* VANISHED (EARLIER) 2:3,7\r\n* 1 FETCH (UID 1 FLAGS (\\Seen $x) MODSEQ (6))\r\nTAG OK\r\n"
    found, asked = await changes({b"FETCH": said})
    assert b"UID FETCH 1:10 (UID FLAGS) (CHANGEDSINCE 5 VANISHED)" in asked
    assert (found.flags, found.gone(KNOWN)) == ({1: ("seen",)}, {2, 3, 7})


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted).map(tuple)),
    st.sets(st.integers(0, 50)),
)
def test_gone_is_what_lies_in_some_range(ranges, known):
    gone = Changes(vanished=ranges).gone(known)
    assert gone == {uid for uid in known if any(a <= uid <= b for a, b in ranges)}


async def test_where_more_ranges_vanished_than_are_kept_it_is_asked_what_is_there():
    ranges = b",".join(b"%d" % uid for uid in range(10, 210_000, 2))
    lines = {
        b"FETCH": b"* VANISHED (EARLIER) %s\r\nTAG OK\r\n" % ranges,
        b"SEARCH": b"* SEARCH 1 2 3 4\r\nTAG OK\r\n",
    }
    found, asked = await changes(lines)
    assert b"UID SEARCH UID 1:10" in asked
    assert found.gone(KNOWN) == set(range(5, 11))


async def test_a_range_backwards_or_beyond_measure_costs_nothing():
    said = b"* VANISHED 4000000000:9,x,3:y,%s\r\nTAG OK\r\n" % (b"9" * 50)
    found, _ = await changes({b"FETCH": said})
    assert found.gone(KNOWN) == {9, 10}


async def test_a_server_that_takes_qresync_back_is_asked_what_is_there():
    said = {b"ENABLE": b"TAG BAD what\r\n", b"SEARCH": b"* SEARCH 1 2\r\n* SEARCH 4\r\nTAG OK\r\n"}
    found, asked = await changes(said)
    assert b"VANISHED" not in asked
    assert b"UID SEARCH UID 1:10" in asked
    assert found.gone([1, 2, 3, 4, 5]) == {3, 5}


async def test_a_server_that_leaves_out_what_it_says_is_there_takes_nothing_away():
    found, _ = await changes({b"FETCH": b"* 1 FETCH (UID 1 FLAGS ())\r\nTAG OK\r\n"}, modseq=0)
    assert found.gone(KNOWN) == set()
    assert not found.some_may_be_gone


async def test_without_a_point_to_start_from_all_flags_say_what_is_there():
    said = b"* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 3 FLAGS (\\Flagged))\r\n"
    said += b"* 3 FETCH (UID 4 FLAGS ())\r\nTAG OK\r\n"
    found, asked = await changes({b"FETCH": said}, modseq=0)
    assert b"CHANGEDSINCE" not in asked
    assert found.flags == {1: (), 3: ("flagged",), 4: ()}
    assert found.gone([1, 2, 3, 4]) == {2}


@pytest.mark.parametrize("said", [b"TAG NO [SERVERBUG] no\r\n", b"TAG BAD what\r\n"])
async def test_a_refusal_is_told_and_nothing_taken_for_gone(said):
    with pytest.raises(ImapTrouble) as trouble:
        await changes({b"FETCH": said})
    assert trouble.value.kind is TroubleKind.REFUSED
