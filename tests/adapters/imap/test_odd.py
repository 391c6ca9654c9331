"""Servers that are honest and odd: what they refuse, hide or misjudge is singled out and told."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import pytest

from adapters.imap.session import ImapSession
from adapters.imap.values import Fetched, ImapAccount, Limits, Oversize, Unfetchable

PATIENT = Limits(connect=10, command=10, fetch=10)
POLITE = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1\r\nTAG OK\r\n",
    "LOGIN": b"TAG OK\r\n",
    "EXAMINE": b"* 3 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 4]\r\nTAG OK\r\n",
    "LOGOUT": b"* BYE\r\nTAG OK\r\n",
}


def store(
    mails: dict[int, bytes], refused: int = 0, form: bytes = b""
) -> Callable[[bytes, bytes, asyncio.StreamWriter], Awaitable[None]]:
    """Serve these mails, lie about their sizes, and refuse every set that holds one of them."""

    async def fetch(command: bytes, tag: bytes, writer: asyncio.StreamWriter) -> None:
        uids = [
            uid
            for uid in mails
            for part in command.split()[3].split(b",")
            if int(part.split(b":")[0]) <= uid <= int(part.split(b":")[-1].replace(b"*", b"9999"))
        ]
        if refused in uids and b"BODY" in command:
            writer.write(tag + b" NO [SERVERBUG] cannot\r\n")
            return
        piece = re.search(rb"<(\d+)\.(\d+)>", command)
        for uid in uids:
            start, count = (int(piece[1]), int(piece[2])) if piece else (0, 10**9)
            body = mails[uid][start : start + count]
            shown = form or b"{%d}\r\n%s" % (len(body), body)
            writer.write(b"* %d FETCH (UID %d RFC822.SIZE 9 BODY[] %s)\r\n" % (uid, uid, shown))
            await writer.drain()
        writer.write(tag + b" OK\r\n")

    return fetch


@asynccontextmanager
async def keeping(
    mails: dict[int, bytes], refused: int = 0, form: bytes = b""
) -> AsyncIterator[int]:
    fetch = store(mails, refused, form)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        try:
            while line := await reader.readline():
                tag, name = line.split()[:2]
                if name == b"UID" and b"FETCH" in line:
                    await fetch(line, tag, writer)
                elif name == b"UID":
                    writer.write(b"* SEARCH " + line.split()[-1] + b"\r\n" + tag + b" OK\r\n")
                else:
                    writer.write(POLITE[name.decode()].replace(b"TAG", tag))
        except OSError:
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def account(port: int) -> ImapAccount:
    return ImapAccount("127.0.0.1", port, "plain", "anna", "secret")


async def fetched(
    port: int, messages: list[tuple[int, int]], limits: Limits = PATIENT
) -> list[Fetched | Oversize | Unfetchable]:
    async with ImapSession(account(port), limits) as session:
        await session.select("INBOX")
        return [item async for items in session.fetch(messages) for item in items]


async def test_a_message_that_the_server_refuses_is_singled_out():
    mails = {uid: b"mail %d" % uid for uid in range(1, 60)}
    async with keeping(mails, refused=23) as port:
        items = await fetched(port, [(uid, 9) for uid in mails])
    assert [x.uid for x in items] == list(mails)
    assert [x for x in items if isinstance(x, Unfetchable)] == [
        Unfetchable(23, "the server refuses UID FETCH: [SERVERBUG] cannot")
    ]
    assert all(x.raw == mails[x.uid] for x in items if isinstance(x, Fetched))


async def test_a_size_that_is_a_lie_is_found_out():
    mails = {1: b"a" * 10, 2: b"b" * 3_000_000, 3: b"c" * 10}
    async with keeping(mails) as port:
        items = await fetched(port, [(1, 9), (2, 9), (3, 9)])
    assert [x.raw for x in items if isinstance(x, Fetched)] == list(mails.values())


async def test_a_message_that_grows_beyond_measure_is_kept_as_its_header():
    mails = {1: b"Subject: x\r\n\r\n" + b"b" * 3_000_000}
    limits = replace(PATIENT, whole=5, largest=2_000_000)
    async with keeping(mails) as port:
        items = await fetched(port, [(1, 9)], limits)
    assert isinstance(items[0], Oversize)
    assert items[0].header == b"Subject: x\r\n\r\n"


@pytest.mark.parametrize("form", [b"{0}\r\n", b'""'])
async def test_an_empty_message_is_a_message(form):
    async with keeping({1: b""}, form=form) as port:
        assert await fetched(port, [(1, 0)]) == [Fetched(1, (), None, b"")]


async def test_a_message_that_the_server_keeps_to_itself_is_told():
    async with keeping({1: b""}, form=b"NIL") as port:
        assert await fetched(port, [(1, 9)]) == [
            Unfetchable(1, "the server lists it and does not give it")
        ]


async def test_a_busy_reader_makes_the_server_wait():
    mails = dict.fromkeys(range(1, 31), b"x" * 3_000_000)
    async with keeping(mails) as port, ImapSession(account(port), PATIENT) as session:
        await session.select("INBOX")
        seen: list[int] = []
        async for items in session.fetch([(uid, len(raw)) for uid, raw in mails.items()]):
            seen += [x.uid for x in items]
            assert sum(len(x.raw) for x in items if isinstance(x, Fetched)) <= 9_000_000
            await asyncio.sleep(0)
    assert all(a < b for a, b in pairwise(seen))
    assert len(seen) == 30
