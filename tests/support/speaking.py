"""IMAP servers that answer by a script, on a port of their own."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Literal, cast

from adapters.mailservers import TroubleKind

GREETING = b"* OK ready\r\n"
CAPABLE = b"* CAPABILITY IMAP4rev1\r\n"

Say = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
Security = Literal["plain", "starttls", "tls"]


@dataclass(frozen=True)
class Script:
    """What a server says, and in what trouble it has to end."""

    name: str
    kind: TroubleKind
    answers: dict[str, Say]
    security: Security = "plain"


def text(octets: bytes) -> Say:
    """Say this, with the tag of the command in the place of TAG."""

    async def say(tag: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(octets.replace(b"TAG", tag))

    return say


def forever(octets: bytes, before: bytes = b"") -> Say:
    async def say(tag: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(before.replace(b"TAG", tag))
        while not writer.is_closing():
            writer.write(octets * 1_000)
            await writer.drain()

    return say


def trickle(octets: bytes, before: bytes = b"") -> Say:
    async def say(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(before)
        while not writer.is_closing():
            writer.write(octets)
            await asyncio.sleep(0.01)

    return say


def then_drop(octets: bytes) -> Say:
    async def say(tag: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(octets.replace(b"TAG", tag))
        await writer.drain()
        writer.close()

    return say


def securing(context: ssl.SSLContext, before: bytes = b"", after: bytes = b"") -> Say:
    """Say something in clear, agree on TLS, and say something under it."""

    async def say(tag: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(before.replace(b"TAG", tag))
        await writer.start_tls(context)
        writer.write(after)

    return say


def securing_in_vain(context: ssl.SSLContext, before: bytes = b"") -> Say:
    """Do not agree on TLS, and tell the other side why, which asyncio's servers do not."""

    async def say(tag: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(before.replace(b"TAG", tag))
        cast("asyncio.Transport", writer.transport).pause_reading()
        own = socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno()))
        own.settimeout(20)
        await asyncio.to_thread(context.wrap_socket, own, server_side=True)

    return say


SILENCE = text(b"")
POLITE = {
    "CAPABILITY": text(CAPABLE + b"TAG OK\r\n"),
    "LOGIN": text(b"TAG OK\r\n"),
    "LIST": text(b'* LIST () "/" INBOX\r\nTAG OK\r\n'),
    "EXAMINE": text(b"* 3 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 4]\r\nTAG OK\r\n"),
    "UID": text(b"* 1 FETCH (UID 1 RFC822.SIZE 9)\r\nTAG OK\r\n"),
    "LOGOUT": text(b"* BYE\r\nTAG OK\r\n"),
}


@asynccontextmanager
async def speaking(
    answers: Mapping[str, Say], greeting: Say | None = None, heard: list[bytes] | None = None
) -> AsyncIterator[int]:
    """Run a server that answers each command by a script; `""` in it stands for the greeting."""
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await (greeting or answers.get("", text(GREETING)))(b"", writer)
            while line := await reader.readline():
                if heard is not None:
                    heard.append(line)
                tag, name = (*line.split(), b"SECRET")[:2]
                what = "BODY" if b"BODY" in line else name.decode()
                await answers.get(what, text(b"TAG BAD what\r\n"))(tag, writer)
        except (OSError, ValueError):
            pass
        finally:
            writer.transport.abort()

    def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.get_running_loop().create_task(talk(reader, writer)))

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


@contextmanager
def spoken(answers: Mapping[str, Say], greeting: Say | None = None) -> Iterator[int]:
    """Run such a server in a thread of its own, for tests that are not in a loop."""
    with in_thread(lambda: speaking(answers, greeting)) as port:
        yield port


@contextmanager
def in_thread(server: Callable[[], AbstractAsyncContextManager[int]]) -> Iterator[int]:
    """Run a server in a thread of its own; give its port."""
    ports: list[int] = []
    running, stop = Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        async with server() as port:
            ports.append(port)
            loops.append(asyncio.get_running_loop())
            running.set()
            await stop.wait()

    thread = Thread(target=lambda: asyncio.run(serve()), name="tests-imap")
    thread.start()
    try:
        assert running.wait(20)
        yield ports[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()
