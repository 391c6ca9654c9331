"""An instance that fetches maildrops, and mail for them."""

import asyncio
from datetime import UTC, datetime

from adapters.imap.values import Limits
from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, configure
from api.work.instance import Carteggio
from api.work.sync import Sync, Synced
from domain.message import MessageReceived
from dovecot import MailAccount
from instances import events_of

BOX = "info@firm.example"
NOW = datetime.now(UTC)


def mail(number: int, size: int = 0, when: datetime = NOW) -> bytes:
    date = when.strftime("%a, %d %b %Y %H:%M:%S +0000")
    return (
        f"Received: from a.example by b.example; {date}\r\n"
        f"From: ada@acme.example\r\nTo: {BOX}\r\nDate: {date}\r\n"
        f"Message-ID: <{number}@acme.example>\r\nSubject: {number}\r\n\r\n.{'x' * size}\r\n"
    ).encode()


class Fetching:
    """An instance that fetches a maildrop from the server."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker) -> None:
        self.carteggio, self.worker = carteggio, worker

    def add(
        self,
        account: MailAccount,
        box: str = BOX,
        delete_after: int | None = None,
        port: int = 0,
        password: str = "",
    ) -> None:
        server = account.server
        entered = Entered(
            address=box,
            host=server.host,
            port=port or server.pop3,
            security="plain",
            user=account.user,
            password=password or account.password,
            protocol="pop3",
            delete_after_days=delete_after,
        )
        configure(self.carteggio, entered)
        self.carteggio.feed.catch_up()

    def __call__(self, *boxes: str, largest: int = 1_000_000) -> list[Synced]:
        return asyncio.run(self.within(*boxes, largest=largest))

    async def within(
        self, *boxes: str, largest: int = 1_000_000, wait: float = 20
    ) -> list[Synced]:
        limits = Limits(connect=wait, command=wait, fetch=wait, largest=largest)
        return await Sync(self.carteggio, self.worker, limits).all(boxes)

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with self.carteggio.database.connect() as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []


def received(fetch: Fetching) -> list[MessageReceived]:
    return events_of(fetch.carteggio, "message.received")
