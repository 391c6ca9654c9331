"""The receiving side of a POP3 connection: answers come in the order of the commands."""

import asyncio
from collections import deque
from typing import Any, cast

from adapters.mailservers import ServerTrouble, TroubleKind, words
from adapters.pop3.reader import Answer, Reader
from adapters.pop3.values import Limits


class Pending:
    """A command that was sent and waits for its answer."""

    def __init__(self, name: str, allowed: int) -> None:
        self.name = name
        self.allowed = allowed
        """How much the body of the answer may hold; 0 if there is none."""
        self.wanted = True
        self.done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.done.add_done_callback(_looked_at)


def _looked_at(done: asyncio.Future[Any]) -> None:
    """Let asyncio know that nobody has to wait for an abandoned command."""
    if not done.cancelled():
        done.exception()


class Protocol(asyncio.Protocol):
    """Takes in what the server sends, and ends every command, be it by trouble."""

    def __init__(self, limits: Limits) -> None:
        self.trouble: ServerTrouble | None = None
        self.upgrading = False
        """Whether TLS was asked for (STLS) and does not stand yet."""
        self.greeting = Pending("the greeting", 0)
        self._limits = limits
        self._reader = Reader(limits.line)
        self._pending: deque[Pending] = deque([self.greeting])
        self._transport: asyncio.Transport | None = None
        self._held = 0

    @property
    def wire(self) -> asyncio.Transport:
        """Give what octets go through, once the connection stands."""
        if self._transport is None:
            raise RuntimeError("the connection does not stand yet")
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what octets go through."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take in what arrived; whatever is wrong with it ends the connection, with its reason."""
        if self.trouble is not None:
            return
        try:
            self._reader.feed(data)
            self._take()
        except ServerTrouble as trouble:
            self.fail(trouble)

    def connection_lost(self, exc: Exception | None) -> None:
        """End every command at once."""
        reason = str(exc or "it closed it")
        self.fail(ServerTrouble(TroubleKind.LOST, f"the server ended the connection: {reason}"))

    def fail(self, trouble: ServerTrouble) -> None:
        """End the connection and everything that waits on it; the first trouble is the one told."""
        if self.trouble is not None:
            return
        self.trouble = trouble
        for pending in self._pending:
            if not pending.done.done():
                pending.done.set_exception(trouble)
        self._pending.clear()
        self._reader = Reader(self._limits.line)
        if self._transport is not None:
            self._transport.abort()

    def secured(self, transport: asyncio.Transport | None) -> None:
        """Go on over TLS."""
        if transport is not None:
            self._transport = transport
        self.upgrading = False

    def begin(self, command: bytes, allowed: int = 0, name: str = "") -> Pending:
        """Send a command; a body of `allowed` octets may come in answer.

        Secrets have a `name` to go by.
        """
        if self.trouble is not None:
            raise self.trouble
        pending = Pending(name or command.partition(b" ")[0].decode(), allowed)
        self._pending.append(pending)
        self.wire.write(command + b"\r\n")
        return pending

    def taken(self, answer: Answer) -> None:
        """Say that an answer was looked at, so that there is room for more."""
        self._held -= len(answer.body)
        if self.trouble is None and self._held <= self._limits.ahead:
            self._resume()

    def forget(self, pending: Pending) -> None:
        """Say that nobody waits for an answer any more; it is passed over when it comes."""
        pending.wanted = False
        if pending.done.done() and not pending.done.cancelled() and not pending.done.exception():
            self.taken(pending.done.result())

    def _resume(self) -> None:
        if not self.wire.is_reading() and not self.wire.is_closing():
            self.wire.resume_reading()

    def _take(self) -> None:
        while self._pending:
            pending = self._pending[0]
            answer = self._reader.next(long=pending.allowed > 0, allowed=pending.allowed)
            if answer is None:
                break
            self._answered(pending, answer)
        if self._reader.pending and (self.upgrading or not self._pending):
            raise self._uncalled_for()
        if self._held > self._limits.ahead and self.wire.is_reading():
            self.wire.pause_reading()

    def _answered(self, pending: Pending, answer: Answer) -> None:
        """Pass an answer on to its command."""
        self._pending.popleft()
        if pending.name == "STLS":
            self.upgrading = answer.ok
        if pending.wanted and not pending.done.done():
            self._held += len(answer.body)
            pending.done.set_result(answer)

    def _uncalled_for(self) -> ServerTrouble:
        """Take nothing that was not asked for, least of all before TLS (CVE-2011-0411)."""
        if self.upgrading:
            return ServerTrouble(TroubleKind.TLS, "the server goes on talking after STLS")
        answer = self._reader.next(long=False, allowed=0)
        if answer is not None and not answer.ok:  # e.g. a logout for idleness
            said = words(answer.text)
            return ServerTrouble(TroubleKind.LOST, f"the server ends the connection: {said}")
        return ServerTrouble(TroubleKind.PROTOCOL, "the server talks without being asked")
