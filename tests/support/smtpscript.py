"""An SMTP server that answers by a script: for servers that no honest program imitates."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from adapters.smtp.values import Phase
from speaking import Say, text

OFFERS = (
    b"250-smtp.example\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 DSN\r\n"
)
POLITE: dict[str, Say] = {
    "": text(b"220 smtp.example ESMTP\r\n"),
    "EHLO": text(OFFERS),
    "AUTH": text(b"235 2.7.0 welcome\r\n"),
    "MAIL": text(b"250 2.1.0 ok\r\n"),
    "RCPT": text(b"250 2.1.5 ok\r\n"),
    "DATA": text(b"354 go on\r\n"),
    "CONTENT": text(b"250 2.0.0 Ok: queued as 4XyZ12\r\n"),
    "RSET": text(b"250 ok\r\n"),
    "QUIT": text(b"221 bye\r\n"),
}
"""`""` is the greeting, `INSIDE` the first line of a mail, `CONTENT` what comes after its end."""

Answers = Mapping[str, Say | list[Say]]


class Sink:
    """What a server heard, and the mails that it took, as they were meant."""

    def __init__(self, heard: list[bytes] | None = None) -> None:
        self.heard: list[bytes] = [] if heard is None else heard
        self.mails: list[bytes] = []
        self.connections = 0

    def commands(self) -> list[str]:
        """Give what was said in the first place; EHLO is said anew by and by."""
        said = [one.decode().rstrip("\r\n") for one in self.heard]
        return said[:1] + [one for one in said[1:] if not one.startswith("EHLO")]


class _Talk:
    """One connection."""

    def __init__(
        self,
        answers: Answers,
        sink: Sink,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._answers = answers
        self._sink = sink
        self._reader = reader
        self._writer = writer
        self._asked: Counter[str] = Counter()

    async def go_on(self) -> None:
        try:
            await self._answer("")
            while line := await self._reader.readline():
                self._sink.heard.append(line)
                name = line[:8].split()[0].decode("latin-1").upper() if line.split() else "EMPTY"
                if await self._answer(name) and name == "DATA":
                    await self._take()
        except (OSError, ValueError):
            pass
        finally:
            self._writer.transport.abort()

    async def _answer(self, name: str) -> bool:
        """Say what the script has; give whether that is what it has at first, or always."""
        say = self._answers.get(name, text(b"500 5.5.1 what\r\n"))
        steps = say if isinstance(say, list) else [say]
        step, self._asked[name] = (
            steps[min(self._asked[name], len(steps) - 1)],
            self._asked[name] + 1,
        )
        await step(b"", self._writer)
        return step is POLITE.get(name)

    async def _take(self) -> None:
        lines: list[bytes] = []
        while (line := await self._reader.readline()) != b".\r\n":
            if not line:
                return
            if not lines and "INSIDE" in self._answers:
                await self._answer("INSIDE")
            lines.append(line.removeprefix(b"."))
        self._sink.mails.append(b"".join(lines))
        await self._answer("CONTENT")


@asynccontextmanager
async def speaking(answers: Answers, sink: Sink | None = None) -> AsyncIterator[int]:
    """Answer each command by its name; of a list one after the other, on each connection anew."""
    talks: set[asyncio.Task[None]] = set()
    kept = sink or Sink()

    def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept.connections += 1
        talk = _Talk(answers, kept, reader, writer)
        talks.add(asyncio.get_running_loop().create_task(talk.go_on()))

    server = await asyncio.start_server(meet, "127.0.0.1", 0, limit=1 << 20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


class Told:
    """What was told of a mail's parts."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []

    async def __call__(self, phase: Phase) -> None:
        self.phases.append(phase)
