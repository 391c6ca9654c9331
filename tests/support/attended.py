"""An instance whose accounts are attended while a test runs."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any
from uuid import UUID

from psycopg.sql import SQL, Identifier

from adapters.imap.values import Limits
from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, Security, configure, order
from api.work.attendant import Pace
from api.work.attending import Attending
from api.work.feed import feed_channel
from api.work.instance import Carteggio
from api.work.looks import AccountState, states_of
from api.work.sync import Sync
from domain.account import PauseAccount, ResumeAccount
from domain.identity import account_id, mailbox_id
from domain.marking import MessageMarked
from domain.message import MessageReceived
from dovecot import MailAccount
from instances import events_of
from projections.reader import EVERYTHING, Page
from projections.waits import waiting_in
from speaking import Say

BOX = "info@firm.example"
NEVER = 3_600
LIMITS = Limits(connect=2, command=3, fetch=5, answer=200_000, patience=1)


class Office:
    """An instance whose accounts are attended while a test runs."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker) -> None:
        self.carteggio, self._worker = carteggio, worker

    def add(self, account: MailAccount, box: str = BOX, **more: object) -> None:
        server = account.server
        given: dict[str, Any] = {
            "address": box, "host": server.host, "port": server.imap, "security": "plain",
            "user": account.user, "password": account.password,
        }  # fmt: skip
        configure(self.carteggio, Entered(**(given | more)))

    def add_at(
        self, port: int, box: str = BOX, security: Security = "plain", ca_file: str = ""
    ) -> UUID:
        """Add an account on a server that speaks by a script."""
        entered = Entered(box, "127.0.0.1", port, security, "anna", "secret", ca_file)
        configure(self.carteggio, entered)
        key = self.carteggio.identity_key
        return account_id(key, mailbox_id(key, box))

    def order(self, command: PauseAccount | ResumeAccount, box: str = BOX) -> None:
        order(self.carteggio, box, command)

    @contextmanager
    def attended(
        self, interval: float = NEVER, limits: Limits = LIMITS, patience: float = 1.0
    ) -> Iterator[None]:
        """Attend the accounts, with a feed beside it, until the block is left."""
        stop = Event()

        async def attend() -> None:
            sync = Sync(self.carteggio, self._worker, limits)
            pace = Pace(interval, least=0.1, patience=patience)
            await Attending(self.carteggio, sync, pace).run(stop)

        threads = [
            Thread(target=self.carteggio.feed.run, args=(stop,), name="tests-feed"),
            Thread(target=lambda: asyncio.run(attend()), name="tests-attending"),
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def until(self, holds: Callable[[], bool], seconds: float = 30) -> float:
        """Wait until something holds, looked at whenever read models move; give how long it took."""
        began = time.monotonic()
        with self.carteggio.database.connect(direct=True) as connection:
            name = Identifier(feed_channel(self.carteggio.database))
            connection.execute(SQL("LISTEN {}").format(name))
            while not holds():
                assert time.monotonic() - began < seconds, (self.troubles(), self.leases())
                list(connection.notifies(timeout=0.1, stop_after=1))
        return time.monotonic() - began

    def waiting(self) -> int:
        """Count what nobody has answered."""

        async def ask() -> int:
            async with self.carteggio.reading() as asked:
                found = await waiting_in(*asked, EVERYTHING, Page(first=100))
            return len(found.rows)

        return asyncio.run(ask())

    def received(self) -> list[MessageReceived]:
        return events_of(self.carteggio, "message.received")

    def marked(self) -> list[MessageMarked]:
        return events_of(self.carteggio, "message.marked")

    def states(self) -> list[AccountState]:
        return list(states_of(self.carteggio).values())

    def troubles(self) -> Counter[str]:
        return Counter(one.trouble for one in self.states())

    def leases(self) -> list[int]:
        """Count the accounts of each worker."""
        with self.carteggio.database.connect() as connection:
            rows = connection.execute("SELECT count(*) FROM account_lease GROUP BY worker")
            return sorted(row[0] for row in rows)

    def fetched(self, count: int = 1) -> bool:
        return len([one for one in self.states() if one.fetched_at and not one.trouble]) == count


def counted(looks: list[float]) -> Say:
    async def examine(tag: bytes, writer: asyncio.StreamWriter) -> None:
        looks.append(time.monotonic())
        writer.write(
            b"* 0 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 1]\r\n" + tag + b" OK\r\n"
        )

    return examine
