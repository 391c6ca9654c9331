"""A POP3 server that answers by a script: for servers that no honest program imitates."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from speaking import SILENCE, Say, forever, text, then_drop, trickle

__all__ = [
    "MAIL",
    "POLITE",
    "SILENCE",
    "Answers",
    "Say",
    "forever",
    "holding",
    "speaking",
    "text",
    "then_drop",
    "trickle",
]

Answers = dict[str, Say | list[Say]]

MAIL = b"Subject: x\r\n\r\nhello\r\n"


POLITE: dict[str, Say] = {
    "": text(b"+OK ready\r\n"),
    "CAPA": text(b"+OK\r\nUSER\r\nTOP\r\nUIDL\r\nPIPELINING\r\n.\r\n"),
    "USER": text(b"+OK\r\n"),
    "PASS": text(b"+OK\r\n"),
    "STAT": text(b"+OK 3 63\r\n"),
    "LIST": text(b"+OK\r\n1 21\r\n2 21\r\n3 21\r\n.\r\n"),
    "UIDL": text(b"+OK\r\n1 a\r\n2 b\r\n3 c\r\n.\r\n"),
    "RETR": text(b"+OK\r\n" + MAIL + b".\r\n"),
    "TOP": text(b"+OK\r\nSubject: x\r\n\r\n.\r\n"),
    "DELE": text(b"+OK\r\n"),
    "QUIT": text(b"+OK\r\n"),
}


def holding(*mails: tuple[bytes, bytes], uidl: bool = True) -> Answers:
    """Give the script of a maildrop that holds these mails, as (unique id, mail)."""

    def lines(words: list[bytes]) -> Say:
        rows = b"".join(b"%d %s\r\n" % (n, word) for n, word in enumerate(words, 1))
        return text(b"+OK\r\n" + rows + b".\r\n")

    def stuffed(raw: bytes) -> Say:
        return text(b"+OK\r\n" + raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")

    headers = [raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" for _, raw in mails]
    script: Answers = {
        "STAT": text(b"+OK %d 1\r\n" % len(mails)),
        "LIST": lines([b"%d" % len(raw) for _, raw in mails]),
        "UIDL": lines([name for name, _ in mails]) if uidl else text(b"-ERR what\r\n"),
        "CAPA": POLITE["CAPA"] if uidl else text(b"+OK\r\nTOP\r\n.\r\n"),
        "RETR": [stuffed(raw) for _, raw in mails],
        "TOP": [stuffed(header) for header in headers],
    }
    return {**POLITE, **script}


@asynccontextmanager
async def speaking(
    answers: Mapping[str, Say | list[Say]], heard: list[bytes] | None = None
) -> AsyncIterator[int]:
    """Answer each command by its name, the greeting by none; of a list one after the other."""
    asked: Counter[str] = Counter()
    talks: set[asyncio.Task[None]] = set()

    async def answer(name: str, writer: asyncio.StreamWriter) -> None:
        say = answers.get(name, text(b"-ERR what\r\n"))
        steps = say if isinstance(say, list) else [say]
        step, asked[name] = steps[min(asked[name], len(steps) - 1)], asked[name] + 1
        await step(b"", writer)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer("", writer)
            while line := await reader.readline():
                if heard is not None:
                    heard.append(line)
                await answer(line[:4].decode("latin-1").strip().upper(), writer)
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
