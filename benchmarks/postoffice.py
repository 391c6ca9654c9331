"""An SMTP server that lays mail into mailboxes, or hands it to programs that answer it."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from itertools import count
from typing import TYPE_CHECKING, Final

from benchmarks.smtpsink import Talk

if TYPE_CHECKING:
    from dovecot import MailAccount

_PATH: Final = re.compile(rb"<([^>]*)>")
_SAID_BY_PROGRAMS: Final = (b"auto-submitted:", b"x-auto-response-suppress:")
_AHEAD: Final = timedelta(seconds=2)
"""A mailbox tells times in whole seconds: what comes now has come after what was said just before."""
Responder = Callable[["PostOffice", EmailMessage, str], None]
"""Is given what was written to an address of its domain, and that address."""


@dataclass
class PostOffice:
    """Where mail goes: mailboxes by their addresses, programs by their domains."""

    mailboxes: dict[str, "MailAccount"] = field(default_factory=dict)
    responders: dict[str, Responder] = field(default_factory=dict)
    forgetful: set[str] = field(default_factory=set)
    """Addresses whose servers know nothing of RFC 3834: no null return path, none of its fields."""
    delivered: dict[str, int] = field(default_factory=dict)
    """How much was laid into each mailbox."""
    left: dict[str, int] = field(default_factory=dict)
    """How much was handed over by each author."""
    _numbers: Iterator[int] = field(default_factory=count)
    _carriers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, sender: str, to: str, subject: str) -> None:
        """Let somebody write, without any field that would tell what he is."""
        now = format_datetime(datetime.now(UTC))
        raw = (
            f"From: {sender}\r\nTo: {to}\r\nDate: {now}\r\nSubject: {subject}\r\n"
            f"Message-ID: <{next(self._numbers)}@{sender.partition('@')[2]}>\r\n\r\nWann?\r\n"
        ).encode()
        self._lay(sender, to, raw)

    def take(self, path: str, to: str, raw: bytes) -> None:
        """Take a mail over from a server that hands it on."""
        mail = message_from_bytes(raw, policy=policy.default)
        author = mail["From"].addresses[0].addr_spec
        with self._lock:
            self.left[author] = self.left.get(author, 0) + 1
        responder = self.responders.get(to.partition("@")[2])
        if responder is not None:
            self._carriers.submit(responder, self, mail, to)
            return
        if to in self.forgetful:
            path = author
            kept = [x for x in raw.split(b"\r\n") if not x.lower().startswith(_SAID_BY_PROGRAMS)]
            raw = b"\r\n".join(kept)
        self._carriers.submit(self._lay, path, to, raw)

    def _lay(self, path: str, to: str, raw: bytes) -> None:
        box = self.mailboxes[to]
        when = datetime.now(UTC) + _AHEAD
        box.append(f"Return-Path: <{path}>\r\n".encode() + raw, when=when)
        with self._lock:
            self.delivered[to] = self.delivered.get(to, 0) + 1

    @contextmanager
    def opened(self) -> Iterator[int]:
        """Take mail until the block is left; give the port."""
        office = self

        class Counter(Talk):
            def took(self, content: bytes) -> None:
                path, *people = (_path(one) for one in self.envelope)
                for one in people:
                    office.take(path, one, content + b"\r\n")

        ready, loop, port = threading.Event(), asyncio.new_event_loop(), 0

        async def listen() -> None:
            nonlocal port
            server = await loop.create_server(Counter, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            ready.set()

        def run() -> None:
            loop.run_until_complete(listen())
            loop.run_forever()

        thread = threading.Thread(target=run, name="post office")
        thread.start()
        try:
            ready.wait()
            yield port
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            self._carriers.shutdown()


def _path(said: bytes) -> str:
    found = _PATH.search(said)
    return found[1].decode() if found else ""
