"""The first steps towards a mail server, one by one, before anybody says who they are.

A session does them all at once; here each can be looked at: the addresses of a name, the
connection, what is agreed on to secure it, and the certificate that the server shows.
"""

import asyncio
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal, Self

from adapters.certificates import Certificate, read_certificate
from adapters.mailservers import ServerTrouble, TroubleKind, greeted, opening, words
from adapters.reach import USUAL, Reach, open_streams

_LINES = 100
"""More lines than any server says before it is ready, or answers STARTTLS."""


_ANY, _TAGGED, _LAST = (re.compile(one) for one in (rb"", rb"a ", rb"(?!\d{3}-)"))
# RFC 3501 6.2.1, RFC 2595 4, RFC 3207 4: what ends a greeting, an answer; what is asked, and granted.
_ASKING: Final = {
    "imap": (re.compile(rb"\*"), _TAGGED, (b"a STARTTLS\r\n",), b"A OK"),
    "pop3": (_ANY, _ANY, (b"STLS\r\n",), b"+OK"),
    "smtp": (_LAST, _LAST, (b"EHLO [127.0.0.1]\r\n", b"STARTTLS\r\n"), b"220"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is, and by which words it is asked for TLS."""

    host: str
    port: int
    protocol: Literal["imap", "pop3", "smtp"]
    security: str
    reach: Reach = USUAL

    def __str__(self) -> str:
        """Write it as people do."""
        return f"{self.host}:{self.port}"


async def addresses(place: Place, seconds: float) -> list[str]:
    """Ask which addresses the server's name has."""
    asked = asyncio.get_running_loop().getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    found = await opening(asked, place.host, seconds)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Handshake:
    """A connection that was only just made; nobody logs in over it."""

    def __init__(
        self, place: Place, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._place = place
        self._reader = reader
        self._writer = writer

    @classmethod
    async def begin(cls, place: Place, seconds: float) -> Self:
        """Connect, and nothing more."""
        connecting = open_streams(place.host, place.port, place.reach)
        return cls(place, *await opening(connecting, str(place), seconds))

    @property
    def peer(self) -> str:
        """Give the address that answered."""
        return str(self._writer.get_extra_info("peername")[0])

    async def secure(self, context: ssl.SSLContext, seconds: float) -> None:
        """Agree on TLS as the session would; ServerTrouble says why that fails."""
        step = opening(self._secured(context), str(self._place), seconds)
        await greeted(step, self._place.security)

    async def _secured(self, context: ssl.SSLContext) -> None:
        if self._place.security == "starttls":
            await self._ask_for_tls()
        await self._writer.start_tls(context, server_hostname=self._place.host)

    @property
    def version(self) -> str:
        """Give the version of TLS that was agreed on."""
        secured = self._writer.get_extra_info("ssl_object")
        return str(secured.version()) if secured else ""

    @property
    def certificate(self) -> Certificate | None:
        """Give what the server's certificate says; None where it cannot be read."""
        secured = self._writer.get_extra_info("ssl_object")
        octets = secured.getpeercert(binary_form=True) if secured else None
        return read_certificate(octets) if octets else None

    def drop(self) -> None:
        """End the connection at once."""
        self._writer.transport.abort()

    async def _ask_for_tls(self) -> None:
        """Ask as the protocol does; nothing follows but TLS."""
        ready, end, ask, good = _ASKING[self._place.protocol]
        await self._line(ready)
        said = b""
        for command in ask:
            self._writer.write(command)
            said = await self._line(end)
        if not said.upper().startswith(good):
            sentence = f"no secure connection, so nothing was sent: the server says: {words(said)}"
            raise ServerTrouble(TroubleKind.TLS, sentence)

    async def _line(self, beginning: re.Pattern[bytes]) -> bytes:
        """Give the first line that begins so; what cannot be read as lines is shown as it is."""
        line = b""
        with suppress(ValueError):  # longer than any line
            for _ in range(_LINES):
                line = await self._reader.readline()
                if not line or beginning.match(line):
                    break
        return line


async def shown(place: Place, seconds: float) -> Certificate | None:
    """Look at a certificate that is not trusted, over a connection of its own that says nothing."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with suppress(ServerTrouble):
        handshake = await Handshake.begin(place, seconds)
        try:
            await handshake.secure(context, seconds)
            return handshake.certificate
        finally:
            handshake.drop()
    return None
