"""A mail server that cuts the dialogue where it was told to, and is an oracle of its own.

It notes each mail in the moment in which it takes it, whatever it says to that, and knows nothing
of what the sender believes. One port is one mailbox; which mail it is about is told by ENVID.
"""

import asyncio
import os
import re
import signal
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.proofs.cuts import ACCEPTING, CONNECTING, FILED, INSIDE, SAYINGS, Cut

_OFFERS: Final = "250-sink.example\r\n250-8BITMIME\r\n{more}250-AUTH PLAIN LOGIN\r\n250 DSN\r\n"
_ENVID: Final = re.compile(rb"ENVID=([0-9a-f]{32})")
_RCPT: Final = re.compile(rb"RCPT TO:<([^>]*)>", re.IGNORECASE)
_OWN_ID: Final = re.compile(rb"^Message-ID: <([^>]*)>", re.MULTILINE)


class _Gone(Exception):
    """The connection is over."""


@dataclass
class Sink:
    """What was taken, and which cuts have struck."""

    file: Callable[[int, bytes], None]
    """Files a mail that was taken from a port among the sent ones, where that server does so."""
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    struck: list[Cut] = field(default_factory=list)
    killed: int = 0
    worker: int = 0
    """The process that sends now; 0 while there is none."""
    copies: Callable[[], int] = int
    """Counts what lies in the folder of sent mail."""
    awaited: int | None = None
    """When so many lie there, the process that sends is killed."""
    last: str = ""
    """The mail, by ENVID, whose content came last: of all before it what was said is recorded."""
    asked: str = ""
    """The mail whose content was asked for last: it may be on its way."""
    died_with: set[str] = field(default_factory=set)
    """Those at which processes were killed: what was said of them last may not be recorded."""

    def await_copy(self) -> None:
        """Kill the process that sends when it has filed its next copy."""
        self.awaited = self.copies() + 1

    def watch(self) -> None:
        """Look whether that is so."""
        if self.awaited is not None and self.copies() >= self.awaited:
            self.awaited = None
            self.kill()

    def kill(self) -> None:
        """Kill the process that sends."""
        if pid := self.worker:
            self.worker = 0
            self.died_with.update((self.last, self.asked))
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed += 1


@dataclass
class Box:
    """What strikes on the connections of one port, and its mails by ENVID."""

    connecting: list[Cut] = field(default_factory=list)
    mails: dict[str, Cut] = field(default_factory=dict)
    together: bool = False
    """Whether commands are taken together (RFC 2920)."""


class _Talk:
    """One connection."""

    def __init__(
        self,
        sink: Sink,
        box: Box,
        port: int,
        tls: ssl.SSLContext | None,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._sink, self._box, self._port, self._tls = sink, box, port, tls
        self._reader, self._writer = streams
        self._mail = ""
        self._people: list[str] = []
        self._named = 0
        self._greeted = 0

    async def go_on(self) -> None:
        try:
            await self._answer("connect", b"")
            await self._answer("banner", b"220 sink.example ESMTP\r\n")
            while line := await self._reader.readline():
                await self._hear(line)
        except (_Gone, OSError, ValueError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writer.transport.abort()

    async def _hear(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"EHLO":
            self._greeted += 1
            first = self._greeted == 1
            more = "250-STARTTLS\r\n" if self._tls else ""
            more += "250-PIPELINING\r\n" if self._box.together else ""
            offers = _OFFERS.format(more=more).encode()
            await self._answer("EHLO" if first else "EHLO again", offers)
        elif verb == b"STAR" and self._tls is not None:
            if await self._answer("STARTTLS", b"220 go ahead\r\n"):
                await self._writer.start_tls(self._tls)
                self._tls = None
        elif verb == b"AUTH":
            await self._answer("AUTH", b"235 2.7.0 welcome\r\n")
        elif verb == b"MAIL":
            found = _ENVID.search(line)
            self._mail = found[1].decode() if found else ""
            self._people, self._named = [], 0
            await self._answer("MAIL", b"250 2.1.0 ok\r\n")
        elif verb == b"RCPT":
            await self._recipient(line)
        elif verb == b"DATA":
            if await self._answer("DATA", b"354 go on\r\n"):
                self._sink.asked = self._mail
                await self._content()
        else:
            self._writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")

    async def _recipient(self, line: bytes) -> None:
        found = _RCPT.match(line)
        self._named += 1
        if found and await self._answer(f"RCPT {self._named}", b"250 2.1.5 ok\r\n"):
            self._people.append(found[1].decode())

    async def _content(self) -> None:
        received = b""
        cut = self._box.mails.get(self._mail)
        if cut is not None and cut.phase in INSIDE:
            received = await self._reader.readexactly(int(cut.phase.split()[1]))
            self._sink.last = self._mail
            await self._answer(cut.phase, b"")
            if cut.how in SAYINGS:
                await self._rest(received, takes=cut.how in ACCEPTING)
        received += await self._whole()
        if not received.endswith(b"\r\n.\r\n"):
            raise _Gone
        cut = self._box.mails.get(self._mail)
        last = cut is not None and cut.phase == "the last word"
        if not last or cut is None or cut.taken:
            self._take(received)
        if cut is not None and cut.how == FILED:
            self._sink.await_copy()
        if await self._answer("the last word", b"250 2.0.0 Ok: queued\r\n"):
            await self._answer("afterwards", b"")

    async def _rest(self, received: bytes, *, takes: bool) -> None:
        """Hear a mail to its end of which all was said; who said that he has it has it then."""
        received += await self._whole()
        if takes and received.endswith(b"\r\n.\r\n"):
            self._take(received)
        raise _Gone

    async def _whole(self) -> bytes:
        """Read up to the end of a mail, or of the connection."""
        received = b""
        while line := await self._reader.readline():
            self._sink.last = self._mail
            received += line
            if line == b".\r\n":
                break
        return received

    def _take(self, received: bytes) -> None:
        raw = b"".join(x.removeprefix(b".") for x in received[:-3].splitlines(keepends=True))
        found = _OWN_ID.search(raw)
        for one in self._people:
            self._sink.taken[found[1].decode() if found else "", one] += 1
        self._sink.file(self._port, raw)

    async def _answer(self, phase: str, polite: bytes) -> bool:
        """Answer, or do what was told for here; give whether it was answered as usual."""
        cut = self._struck(phase)
        if cut is None or cut.how == FILED:
            self._writer.write(polite)
            return True
        if cut.kills:
            await self._kill(cut, polite)
        if said := SAYINGS.get(cut.how):
            self._writer.write(said)
            return False
        if cut.how == "stall":
            await self._reader.read()  # until the other side has had enough
        elif cut.how == "half a reply":
            self._writer.write(b"25")
            await self._writer.drain()
        raise _Gone

    async def _kill(self, cut: Cut, polite: bytes) -> None:
        if delay := cut.how.partition("+")[2]:
            self._writer.write(polite)
            await self._writer.drain()
            await asyncio.sleep(int(delay) / 1_000)
        self._sink.kill()
        raise _Gone

    def _struck(self, phase: str) -> Cut | None:
        """Give the cut that strikes here, and strike it off."""
        if phase in CONNECTING:
            cuts = self._box.connecting
            found = next((one for one in cuts if one.phase == phase), None)
            if found is not None:
                cuts.remove(found)
        else:
            found = self._box.mails.get(self._mail)
            if found is None or found.phase != phase:
                return None
            del self._box.mails[self._mail]
        if found is not None:
            self._sink.struck.append(found)
        return found


class Server:
    """The server, in a thread of its own; a port is opened for each mailbox."""

    def __init__(self, sink: Sink, tls: ssl.SSLContext | None = None) -> None:
        self._sink = sink
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, box: Box, *, starttls: bool = False) -> int:
        """Open a port on which this strikes; give its number."""
        return asyncio.run_coroutine_threadsafe(self._open(box, starttls), self._loop).result(10)

    async def _open(self, box: Box, starttls: bool) -> int:  # noqa: FBT001
        def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            port = writer.get_extra_info("sockname")[1]
            tls = self._tls if starttls else None
            talk = _Talk(self._sink, box, port, tls, (reader, writer))
            task = self._loop.create_task(talk.go_on())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        server = await asyncio.start_server(meet, "127.0.0.1", 0, limit=1 << 20)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    @contextmanager
    def running(self) -> Iterator["Server"]:
        """Run it until the block is left."""
        thread = threading.Thread(target=self._loop.run_forever, name="cutting")
        thread.start()
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def tls_of(folder: Path) -> ssl.SSLContext:
    """Give what the server secures its connections with: the certificate that lies there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context
