"""A mailbox on a real mail server, fetched into an instance, with another mail program beside it."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from adapters.ids import uuid7
from adapters.imap.values import Limits
from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, accounts_of, configure
from api.work.instance import Carteggio
from api.work.ordering import MarksWanted, MoveWanted, Ordering
from api.work.sync import Sync, Synced
from domain.identity import account_id, mailbox_id
from domain.marking import MessageMarked, MessageOrderFailed
from domain.message import MessageReceived
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind
from dovecot import MailAccount
from instances import events_of
from projections import folders, messages
from projections.reader import EVERYTHING

BOX = "info@firm.example"
NOW = datetime.now(UTC)
OFFERED = "imap_capability = IMAP4rev1 SASL-IR ID ENABLE IDLE LITERAL+ UIDPLUS MOVE SPECIAL-USE"
LEVELS = {"qresync": "", "condstore": f"{OFFERED} CONDSTORE\n", "neither": f"{OFFERED}\n"}
"""What a server is to say that it can, for each level of seeing changes."""


def mail(number: int) -> bytes:
    return (
        f"From: ada@acme.example\r\nTo: {BOX}\r\nDate: Mon, 2 Mar 2026 09:00:00 +0100\r\n"
        f"Message-ID: <{number}@acme.example>\r\nSubject: {number}\r\n\r\nText.\r\n"
    ).encode()


@contextmanager
def unwritable(carteggio: Carteggio, *raws: bytes) -> Iterator[None]:
    """Let there be no place for the octets of these mails."""
    folder = carteggio.home.blobs / carteggio.company
    names = [one.name for one in carteggio.blobs.put_many([(uuid7(), raw) for raw in raws])]
    places = [folder / name[:2] for name in names]
    for place, name in zip(places, names, strict=True):
        (place / name).unlink()
        place.rename(place.with_suffix(".away"))
        place.touch()
    try:
        yield
    finally:
        for place in places:
            place.unlink()
            place.with_suffix(".away").rename(place)


def standing_apart(
    carteggio: Carteggio, made: Callable[[int], bytes], others: Iterable[int]
) -> int:
    """Give the number of a mail whose octets lie in another folder than those of the others."""

    def place(number: int) -> str:
        return carteggio.blobs.put_many([(uuid7(), made(number))])[0].name[:2]

    taken = {place(number) for number in others}
    return next(number for number in count(1000) if place(number) not in taken)


class Box:
    """A mailbox on a server, fetched into an instance."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker, account: MailAccount) -> None:
        self.carteggio, self.worker, self.account = carteggio, worker, account
        self.lead_to(account.server.imap)

    def lead_to(self, port: int) -> None:
        """Say at which port the server is."""
        account = self.account
        host = account.server.host
        entered = Entered(BOX, host, port, "plain", account.user, account.password)
        configure(self.carteggio, entered)
        self.carteggio.feed.catch_up()

    def choose(self, *folders: str) -> None:
        """Say which folders are fetched."""
        server, user = self.account.server, self.account
        login = (user.user, user.password)
        configure(
            self.carteggio,
            Entered(BOX, server.host, server.imap, "plain", *login, folders=folders),
        )
        self.carteggio.feed.catch_up()

    def account_id(self) -> UUID:
        key = self.carteggio.identity_key
        return account_id(key, mailbox_id(key, BOX))

    def fetch(self, trouble: str = "") -> Synced:
        """Look into the account once, as a process that has just begun, with no other trouble."""
        limits = Limits(connect=10, command=20, fetch=20)
        (synced,) = asyncio.run(Sync(self.carteggio, self.worker, limits).all())
        assert synced.trouble == trouble
        self.carteggio.feed.catch_up()
        return synced

    def mark(
        self, subject: str, *added: str, removed: Sequence[str] = (), command: str | None = None
    ) -> int | None:
        """Order marks, as somebody through the API."""
        wanted = MarksWanted(added, tuple(removed))
        return self._orders().mark(self.id(subject), wanted, by_ada(command))

    def move(
        self, subject: str, to: str, source: str = "", command: str | None = None
    ) -> int | None:
        """Order a message into another folder."""
        wanted = MoveWanted(mailbox_id(self.carteggio.identity_key, BOX), to, source)
        return self._orders().move(self.id(subject), wanted, by_ada(command))

    def _orders(self) -> Ordering:
        return Ordering(self.carteggio, asyncio.run(accounts_of(self.carteggio)))

    def id(self, subject: str) -> UUID:
        """Give the id of the message with a subject."""
        found = self.carteggio.journal.read(0, limit=10_000, names=["message.received"])
        return next(one.stream for one in found if _subject(one.event) == subject)

    def waiting(self) -> int:
        """Count the orders that are not carried out yet."""
        with self.carteggio.database.connect() as connection:
            row = connection.execute("SELECT count(*) FROM outward_order").fetchone()
        return row[0] if row else 0

    def hurry(self) -> None:
        """Let orders that wait for another try be due now."""
        with self.carteggio.database.connect() as connection:
            connection.execute("UPDATE outward_order SET due_at = clock_timestamp()")

    def age(self, by: timedelta) -> None:
        """Let orders have been given so long ago."""
        with self.carteggio.database.connect() as connection:
            connection.execute("UPDATE outward_order SET ordered_at = ordered_at - %s", (by,))

    def tries(self) -> int:
        """Count how often the server was to be asked, of orders that still wait."""
        with self.carteggio.database.connect() as connection:
            row = connection.execute(
                "SELECT coalesce(sum(tries), 0) FROM outward_order"
            ).fetchone()
        return row[0] if row else 0

    def on_server(self, folder: str = "INBOX") -> dict[str, set[str]]:
        """Give the messages of a folder as another mail program sees them: subject, flags."""
        with self.account.login() as client:
            client.select(f'"{folder}"', readonly=True)
            _, found = client.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        pairs = [one for one in found if isinstance(one, tuple)]
        return {
            text.decode().partition(":")[2].strip(): set(
                said.partition(b"FLAGS (")[2].partition(b")")[0].decode().split()
            )
            - {"\\Recent"}
            for said, text in pairs
        }

    def failed(self) -> list[MessageOrderFailed]:
        return events_of(self.carteggio, "message.order_failed")

    def do(self, *commands: tuple[str, ...], folder: str = "INBOX") -> None:
        """Act as another mail program."""
        with self.account.login() as client:
            client.select(folder)
            for command in commands:
                assert client.uid(*command)[0] == "OK"
            client.expunge()

    def marked(self) -> list[MessageMarked]:
        return events_of(self.carteggio, "message.marked")

    def received(self) -> list[MessageReceived]:
        return events_of(self.carteggio, "message.received")

    def places(self) -> set[tuple[str, str, tuple[str, ...], bool]]:
        """Give where each message lies by the read models: subject, folder, flags, gone."""

        async def ask() -> set[tuple[str, str, tuple[str, ...], bool]]:
            async with self.carteggio.reading() as asked:
                rows = (await messages.page(*asked, EVERYTHING, messages.MessageFilter())).rows
                subjects = {one.id: one.subject for one in rows}
                found = await messages.occurrences_of(*asked, EVERYTHING, list(subjects))
            return {
                (subjects[id], one.folder, tuple(one.flags), one.gone)
                for id, places in found.items()
                for one in places
            }

        return asyncio.run(ask())

    def unread(self) -> dict[str, int]:
        async def ask() -> dict[str, int]:
            async with self.carteggio.reading() as asked:
                return {
                    one.folder: one.unseen for one in await folders.captured(*asked, EVERYTHING)
                }

        return asyncio.run(ask())


def by_ada(command: str | None = None) -> Envelope:
    """Give the envelope of what a person orders."""
    actor = Actor(ActorKind.CLIENT, "tok_ada")
    return Envelope(uuid7(), datetime.now(UTC), actor, Origin("graphql"), command_id=command)


def _subject(event: object) -> str:
    return event.content.subject if isinstance(event, MessageReceived) else ""
