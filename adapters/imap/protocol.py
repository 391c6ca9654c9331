"""aioimaplib's protocol with a receive path of our own.

The library reads recursively, once per line, and hangs when that fails; it rescans answers, never
fails commands when the connection is lost, and measures nothing. This subclass keeps its connection
and tags, and replaces how bytes come in and how commands wait.
"""

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import aioimaplib

from adapters.imap.splitter import Response, Splitter
from adapters.imap.values import ImapTrouble, Limits, TroubleKind, words
from adapters.reach import Reach, open_to

UNASKED = 256 * 1024
"""How much a server may say while nothing is asked of it."""
READ_AHEAD = 8_000_000
"""How much is taken in while the one who reads is busy; then the server has to wait."""

# RFC 3501 7.3, RFC 7162 3.2.10: the folder that is selected is no longer as we know it.
_NEWS = re.compile(rb"\* (?:\d+ (?:EXISTS|EXPUNGE|FETCH)\b|VANISHED )", re.IGNORECASE)

Taker = Callable[[Response], bool]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended (OK, NO, BAD), with the server's words."""

    status: bytes
    text: bytes

    @property
    def ok(self) -> bool:
        """Say whether it was done."""
        return self.status == b"OK"


class Pending:
    """A command that was sent and waits for its end; `take` is offered what comes meanwhile."""

    def __init__(self, name: str, take: Taker, allowed: int) -> None:
        self.name = name
        self.take = take
        self.allowed = allowed
        self.done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.done.add_done_callback(_looked_at)

    def end(self, how: Answer | ImapTrouble) -> None:
        """Tell whoever waits; and let go of what took the answer, which may hold this in turn."""
        self.take = _nobody
        if self.done.done():
            return
        if isinstance(how, Answer):
            self.done.set_result(how)
        else:
            self.done.set_exception(how)


def _nobody(_: Response) -> bool:
    return False


def _looked_at(done: asyncio.Future[Any]) -> None:
    """Let asyncio know that nobody has to wait for an abandoned command."""
    if not done.cancelled():
        done.exception()


class Protocol(aioimaplib.IMAP4ClientProtocol):  # type: ignore[misc] # the library is not typed
    """Takes in what the server sends, and ends every command, be it by trouble."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        super().__init__(loop)
        self.greeting: asyncio.Future[Response] = loop.create_future()
        self.greeting.add_done_callback(_looked_at)
        self.trouble: ImapTrouble | None = None
        self.news = asyncio.Event()
        """Set when the server tells, unasked, that the selected folder has changed."""
        self._splitter = Splitter(limits)
        self._pending: dict[bytes, Pending] = {}
        self.upgrading = False
        """Whether TLS was agreed on (STARTTLS) and does not stand yet."""
        self._challenge: asyncio.Future[bytes] | None = None
        self._unasked = UNASKED
        self._farewell = b""
        self._busy = False
        self._ahead = 0

    @property
    def wire(self) -> asyncio.Transport:
        """Give what bytes go through, once the connection stands."""
        return cast("asyncio.Transport", self.transport)

    # The library calls its argument `d`, asyncio `data`.
    def data_received(self, data: bytes) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take in what arrived; whatever is wrong with it ends the connection, with its reason."""
        if self.trouble is not None:
            return
        try:
            self._charge(len(data))
            for response in self._splitter.feed(data):
                self._refuse_before_tls()
                self._respond(response)
            if self._splitter.pending:
                self._refuse_before_tls()
        except ImapTrouble as trouble:
            self.fail(trouble)
            return
        self._hold_back(len(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """End every command at once."""
        reason = words(self._farewell) if self._farewell else str(exc or "it closed it")
        self.fail(
            ImapTrouble(TroubleKind.LOST, f"the server ended the connection: {reason}"),
        )
        super().connection_lost(exc)

    def fail(self, trouble: ImapTrouble) -> None:
        """End the connection and everything that waits on it; the first trouble is the one told."""
        if self.trouble is not None:
            return
        self.trouble = trouble
        for done in (self.greeting, self._challenge):
            if done is not None and not done.done():
                done.set_exception(trouble)
        for pending in self._pending.values():
            pending.end(trouble)
        self._pending.clear()
        if self.transport is not None:
            self.wire.abort()

    def begin(self, command: bytes, take: Taker, allowed: int) -> Pending:
        """Send a command; `allowed` octets may come in answer."""
        if self.trouble is not None:
            raise self.trouble
        tag = self.new_tag().encode()
        pending = Pending(command.partition(b" ")[0].decode(), take, allowed)
        self._pending[tag] = pending
        self.wire.write(tag + b" " + command + b"\r\n")
        return pending

    def challenge(self) -> asyncio.Future[bytes]:
        """Give what the server will say when it asks to go on with `+`."""
        self._challenge = asyncio.get_running_loop().create_future()
        self._challenge.add_done_callback(_looked_at)
        return self._challenge

    def _refuse_before_tls(self) -> None:
        """Take nothing between the OK to STARTTLS and TLS: it could be anybody's (CVE-2011-0411)."""
        if self.upgrading:
            raise ImapTrouble(TroubleKind.TLS, "the server goes on talking after STARTTLS")

    def busy(self, *, busy: bool) -> None:
        """Say that the one who reads is busy, or no longer is."""
        self._busy, self._ahead = busy, 0
        if not busy and self.trouble is None and not self.wire.is_reading():
            self.wire.resume_reading()

    def _hold_back(self, size: int) -> None:
        self._ahead += size
        if self._busy and self._ahead > READ_AHEAD and self.wire.is_reading():
            self.wire.pause_reading()

    def _charge(self, size: int) -> None:
        """Count what comes against what the oldest command allows."""
        oldest = next(iter(self._pending.values()), None)
        if oldest is None:
            self._unasked -= size
            left, name = self._unasked, "nothing"
        else:
            oldest.allowed -= size
            left, name = oldest.allowed, oldest.name
        if left < 0:
            sentence = f"the server sends more than it should in answer to {name}"
            raise ImapTrouble(TroubleKind.TOO_MUCH_DATA, sentence)

    def _respond(self, response: Response) -> None:
        line = response[0]
        if not self.greeting.done():
            self.greeting.set_result(response)
        elif line.startswith(b"* "):
            self._untagged(response)
        elif line.startswith(b"+"):
            if self._challenge is not None and not self._challenge.done():
                self._challenge.set_result(line[1:].strip())
        elif line:
            self._tagged(line)

    def _untagged(self, response: Response) -> None:
        if response[0][2:6].upper() == b"BYE ":
            self._farewell = response[0][6:]
            if not any(pending.name == "LOGOUT" for pending in self._pending.values()):
                said = words(self._farewell)
                raise ImapTrouble(TroubleKind.LOST, f"the server ended the connection: {said}")
        for pending in self._pending.values():
            if pending.take(response):
                return
        if _NEWS.match(response[0]):
            self.news.set()

    def _tagged(self, line: bytes) -> None:
        tag, _, rest = line.partition(b" ")
        status, _, text = rest.partition(b" ")
        pending = self._pending.get(tag)
        if pending is None or status.upper() not in (b"OK", b"NO", b"BAD"):
            said = words(line)
            raise ImapTrouble(TroubleKind.PROTOCOL, f"the server says what no server says: {said}")
        del self._pending[tag]
        self.upgrading = pending.name == "STARTTLS" and status.upper() == b"OK"
        pending.end(Answer(status.upper(), text))
        self._unasked = UNASKED


class Client(aioimaplib.IMAP4):  # type: ignore[misc] # the library is not typed
    """The library's client, made with our protocol."""

    protocol: Protocol
    _client_task: asyncio.Task[object]

    def __init__(
        self,
        host: str,
        port: int,
        limits: Limits,
        ssl_context: ssl.SSLContext | None,
        reach: Reach,
    ) -> None:
        self._limits = limits
        self._reach = reach
        # The library takes None where there is no TLS, though its annotation does not say so.
        context = cast("ssl.SSLContext", ssl_context)
        super().__init__(host, port, timeout=limits.command, ssl_context=context)

    def create_client(
        self,
        host: str,
        port: int,
        loop: asyncio.AbstractEventLoop | None,
        conn_lost_cb: object = None,  # noqa: ARG002 # part of the library's signature
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Begin to connect, as the library does, with our protocol in the place of its own."""
        running = loop or asyncio.get_running_loop()
        protocol = self.protocol = Protocol(running, self._limits)
        opening = open_to(lambda: protocol, host, port, self._reach, ssl_context)
        self._client_task = running.create_task(opening)

    async def connected(self) -> Protocol:
        """Wait until the connection stands, with TLS where it was asked for."""
        await self._client_task
        return self.protocol
