"""aiosmtplib's protocol, stricter: nothing may come that was not asked for.

The library reads replies within bounds (32 kB, lines of 8 kB) and pairs them with commands, but
passes over what comes between, and keeps what comes behind a reply for the next command. Here that
is kept only for commands that were said together (RFC 2920): each is asked for in its turn.
"""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Sequence
from typing import Final, cast

from aiosmtplib import (
    SMTPReadTimeoutError,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from aiosmtplib.protocol import MAX_RESPONSE_LENGTH, SMTPProtocol

from adapters.mailservers import ServerTrouble, TroubleKind, too_late, words

_TOO_LONG: Final = "Response too long"
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")


class Protocol(SMTPProtocol):
    """A connection; after any trouble it is ended, and the first trouble is the one told."""

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.trouble: ServerTrouble | None = None
        self.upgrading = False
        """Whether TLS was asked for (STARTTLS) and does not stand yet."""
        self._said: deque[bytes] = deque()

    @property
    def wire(self) -> asyncio.Transport:
        """Give what octets go through, once the connection stands."""
        return cast("asyncio.Transport", self.transport)

    def data_received(self, data: bytes) -> None:
        """Take in what arrived; what answers nothing ends the connection once it was read."""
        awaited = self._awaited()
        if awaited or not self._said:
            super().data_received(data)
        elif len(self._buffer) + len(data) <= MAX_RESPONSE_LENGTH:
            self._buffer += data  # it answers what is asked for next
        else:
            self.fail(_odd(_TOO_LONG))
        if not self._said and (not awaited or (self._buffer and not self._awaited())):
            self.trouble = self.trouble or self._uncalled_for(
                bytes(self._buffer) if awaited else data
            )

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember why, and end what waits."""
        if self.trouble is None:
            self.trouble = _lost(str(exc or ""))
        super().connection_lost(exc)

    def fail(self, trouble: ServerTrouble) -> None:
        """End the connection at once."""
        self.trouble = self.trouble or trouble
        if self.transport is not None:
            self.wire.abort()

    @property
    def unheard(self) -> Sequence[bytes]:
        """Give the commands that were said and not asked for yet."""
        return tuple(self._said)

    def say(self, commands: Sequence[bytes]) -> None:
        """Give commands together; `ask` for each of them then, in this order (RFC 2920)."""
        self.check()
        if any(map(_CONTROL.search, commands)):
            raise ValueError("a command with a control character")
        self._said.extend(commands)
        self.write(b"".join(one + b"\r\n" for one in commands))

    async def ask(self, command: bytes, seconds: float, name: str = "") -> SMTPResponse:
        """Give a command, unless it was said, and wait for its reply; secrets have a `name` to go by."""
        if self._said and self._said[0] == command:
            said = self._next(seconds)
        else:
            self.check()
            said = self.execute_command(command, timeout=seconds)
        return await self._heard(said, name or command.partition(b" ")[0].decode(), seconds)

    async def greeting(self, seconds: float) -> SMTPResponse:
        """Wait for the server's first words."""
        return await self._heard(self.read_response(seconds), "the greeting", seconds)

    async def content(self, octets: bytes, seconds: float) -> SMTPResponse:
        """Send what DATA was answered for, and wait for the last word on it."""
        said = await self._heard(self._sent(octets, seconds), "the mail", seconds)
        if self.transport is not None and self.wire.get_write_buffer_size():
            early = "the server accepts a mail before it ends"
            trouble = ServerTrouble(TroubleKind.PROTOCOL, early)
            self.fail(trouble)  # it shall not have the rest
            if said.code // 100 == 2:
                raise trouble
        return said

    def check(self) -> None:
        """Raise the trouble of a connection that nothing more can be said over."""
        if self.trouble is None and not self.is_connected:
            self.trouble = _lost("")
        if self.trouble is not None:
            self.fail(self.trouble)
            raise self.trouble

    def secured(self, transport: asyncio.Transport | None) -> None:
        """Go on over TLS."""
        self.transport = transport or self.transport
        self.upgrading = False

    async def _next(self, seconds: float) -> SMTPResponse:
        """Give the reply to the next of what was said; what comes behind the last ends all."""
        self._said.popleft()
        reply = self._read_response_from_buffer()
        if reply is None:
            self.check()
            return await self.read_response(seconds)
        if self._buffer and not self._said and self.trouble is None:
            self.trouble = self._uncalled_for(bytes(self._buffer))
        return reply

    async def _sent(self, octets: bytes, seconds: float) -> SMTPResponse:
        self.write(octets)
        return await self.read_response(seconds)

    async def _heard(
        self, said: Awaitable[SMTPResponse], what: str, seconds: float
    ) -> SMTPResponse:
        """Wait for a reply; whatever is wrong with it, or with the wait, ends the connection."""
        try:
            reply = await said
        except SMTPReadTimeoutError:
            trouble = too_late(what, seconds)
        except SMTPServerDisconnected:
            trouble = self.trouble or _lost("")
        except SMTPResponseException as refusal:
            trouble = _odd(refusal.message)
        except BaseException:
            self.fail(ServerTrouble(TroubleKind.LOST, "the connection was closed by us"))
            raise
        else:
            if 200 <= reply.code <= 599:  # RFC 5321 4.2
                return reply
            trouble = _odd(str(reply))
        self.fail(trouble)
        raise trouble

    def _awaited(self) -> bool:
        waiter = self._response_waiter
        return waiter is not None and self._response_pending and not waiter.done()

    def _uncalled_for(self, said: bytes) -> ServerTrouble:
        """Take nothing that was not asked for, least of all before TLS (CVE-2011-0411)."""
        if self.upgrading:
            return ServerTrouble(TroubleKind.TLS, "the server goes on talking after STARTTLS")
        if said.startswith(b"421"):  # RFC 5321 3.8: e.g. for idleness
            return _lost(words(said))
        return ServerTrouble(TroubleKind.PROTOCOL, "the server talks without being asked")


def _lost(why: str) -> ServerTrouble:
    reason = why or "it closed it"
    return ServerTrouble(TroubleKind.LOST, f"the server ended the connection: {reason}")


def _odd(message: str) -> ServerTrouble:
    if message.startswith(_TOO_LONG):
        sentence = "the server sends more than it should in one reply"
        return ServerTrouble(TroubleKind.TOO_MUCH_DATA, sentence)
    said = words(message.encode("utf-8", "surrogateescape"))
    return ServerTrouble(TroubleKind.PROTOCOL, f"the server says what no server says: {said}")
