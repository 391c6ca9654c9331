"""A server whose messages have ids of their own (as Gmail, or with OBJECTID), and count what is read.

Folders are labels: one message may lie in several. Folders have ids too, where it says OBJECTID.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from speaking import in_thread

_SET = re.compile(rb"UID FETCH (\S+) \((.*)\)$")


@dataclass
class Label:
    """A folder: its messages, by UID, each the id of one."""

    uids: dict[int, str] = field(default_factory=dict)
    mailbox_id: str = "F1"
    uidvalidity: int = 7


@dataclass
class Labelled:
    """What the server holds, and which bodies were asked for."""

    ability: bytes
    mails: dict[str, bytes] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)
    port: int = 0

    def put(self, id: str, raw: bytes, *names: str) -> None:
        self.mails[id] = raw
        for name in names:
            label = self.labels.setdefault(name, Label(mailbox_id=f"F{len(self.labels)}"))
            label.uids[max(label.uids, default=0) + 1] = id

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        writer.write(b"* OK ready\r\n")
        here = Label()
        while line := (await reader.readline()).rstrip(b"\r\n"):
            tag, _, command = line.partition(b" ")
            name = command.split(b" ")[0].upper()
            if name == b"EXAMINE":
                here = self.labels.get(_named(command), here)
            answer = self._answer(name, command, here)
            writer.write(answer + tag + (b" NO\r\n" if answer == b"* NO\r\n" else b" OK\r\n"))
            if name == b"LOGOUT":
                break
        writer.close()

    def _answer(self, name: bytes, command: bytes, here: Label) -> bytes:
        label = self.labels.get(_named(command))
        match name:
            case b"CAPABILITY":
                return b"* CAPABILITY IMAP4rev1 " + self.ability + b"\r\n"
            case b"LIST":
                return b"".join(b'* LIST () "/" "%s"\r\n' % one.encode() for one in self.labels)
            case b"EXAMINE" | b"STATUS" if label is None:
                return b"* NO\r\n"
            case b"EXAMINE":
                return b"* %d EXISTS\r\n* OK [UIDVALIDITY %d]\r\n* OK [UIDNEXT %d]\r\n%b" % (
                    len(here.uids), here.uidvalidity, max(here.uids, default=0) + 1,
                    b"* OK [MAILBOXID (%s)]\r\n" % here.mailbox_id.encode()
                    if b"OBJECTID" in self.ability else b"",
                )  # fmt: skip
            case b"STATUS":
                assert label is not None
                return b"* STATUS x (MESSAGES %d UIDNEXT %d UIDVALIDITY %d MAILBOXID (%s))\r\n" % (
                    len(label.uids), max(label.uids, default=0) + 1, label.uidvalidity,
                    label.mailbox_id.encode(),
                )  # fmt: skip
            case b"UID":
                return b"".join(self._fetched(command, here))
        return b""

    def _fetched(self, command: bytes, here: Label) -> Iterator[bytes]:
        found = _SET.match(command.partition(b" (CHANGEDSINCE")[0])
        if found is None:
            return
        wanted, items = found[1], found[2].upper()
        for uid, id in here.uids.items():
            if not any(_holds(part, uid) for part in wanted.split(b",")):
                continue
            raw = self.mails[id]
            header = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            said = b"UID %d FLAGS () RFC822.SIZE %d" % (uid, len(raw))
            said += b' INTERNALDATE "02-Mar-2026 09:00:00 +0000"'
            said += b" X-GM-MSGID %s" % id.encode() if b"X-GM-MSGID" in items else b""
            said += b" EMAILID (%s)" % id.encode() if b"EMAILID" in items else b""
            if b"BODY.PEEK[HEADER]" in items:
                said += b" BODY[HEADER]<0> {%d}\r\n%s" % (len(header), header)
            elif b"BODY.PEEK[]" in items:
                self.bodies.append(id)
                said += b" BODY[] {%d}\r\n%s" % (len(raw), raw)
            yield b"* %d FETCH (%s)\r\n" % (uid, said)


def _named(command: bytes) -> str:
    found = re.search(rb'"([^"]*)"', command)
    return found[1].decode() if found else ""


def _holds(part: bytes, uid: int) -> bool:
    first, _, last = part.partition(b":")
    return int(first) <= uid <= (10**10 if last == b"*" else int(last or first))


@contextmanager
def labelled(ability: str) -> Iterator[Labelled]:
    """Run such a server on a port of its own."""
    server = Labelled(ability.encode())

    @asynccontextmanager
    async def listening() -> AsyncIterator[int]:
        async with await asyncio.start_server(server.talk, "127.0.0.1", 0) as found:
            yield found.sockets[0].getsockname()[1]

    with in_thread(listening) as port:
        server.port = port
        yield server
