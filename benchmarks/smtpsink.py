"""A server that takes any mail and keeps none, in a process of its own: what sending is measured by."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.stage import ROOT

_OFFERS = b"250-sink.example\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n"
_SAID = {
    b"EHLO": _OFFERS,
    b"MAIL": b"250 2.1.0 ok\r\n",
    b"RCPT": b"250 2.1.5 ok\r\n",
    b"DATA": b"354 go on\r\n",
    b"RSET": b"250 ok\r\n",
    b"QUIT": b"221 bye\r\n",
}


class Talk(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._octets = b""
        self._inside = False
        self.envelope: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._octets += data
        while self._taken():
            pass

    def took(self, content: bytes) -> None:
        """Do with a mail what is to be done: nothing; its envelope is there until then."""

    def _taken(self) -> bool:
        """Take one command, or the content of one mail."""
        end = b"\r\n.\r\n" if self._inside else b"\r\n"
        one, there, rest = self._octets.partition(end)
        if not there:
            return False
        self._octets = rest
        if self._inside:
            self._inside = False
            self.took(one)
            self.envelope.clear()
            self._transport.write(b"250 2.0.0 Ok: queued as 4XyZ12\r\n")
            return True
        name = one[:4].upper()
        self._inside = name == b"DATA"
        if name in (b"MAIL", b"RCPT"):
            self.envelope.append(one)
        self._transport.write(_SAID.get(name, b"500 5.5.1 what\r\n"))
        return True


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Talk, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def sink() -> Iterator[int]:
    """Run it until the block is left; give its port."""
    words = [sys.executable, "-m", "benchmarks.smtpsink"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    asyncio.run(_serve())
