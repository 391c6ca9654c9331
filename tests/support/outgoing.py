"""Mail that is to leave: letters, queued as whoever sends them queues them, and a server for them."""

import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.outgoing import MailQueued, Recipient, RecipientRole
from domain.sendingside import usual_rates
from domain.values import Address, BlobName, MailboxId, MessageId
from events import envelope

if TYPE_CHECKING:
    import subprocess

    from adapters.mime.worker import ReadingWorker
    from api.work.instance import Carteggio
    from api.work.lane import Lane
    from api.work.outbox import Outbox
    from api.work.resting import Rest
    from api.work.sendingways import Ways
    from commands import Instance
    from domain.choosing import Target
    from domain.leaving import OutgoingState

BOX = "info@firma.example"
PEOPLE = ("anna@rossi.example", "b@bianchi.example")
NOW = datetime.now(UTC)


def letter(number: int) -> bytes:
    return (
        f"Message-ID: <{number}@firma.example>\r\nFrom: {BOX}\r\n"
        f"To: {', '.join(PEOPLE)}\r\nDate: Mon, 05 Jan 2026 08:00:00 +0000\r\n"
        f"Subject: Ordine {number}\r\n\r\n.Ecco l'ordine.\r\n"
    ).encode()


@asynccontextmanager
async def lane_of(
    carteggio: "Carteggio",
    box: MailboxId,
    worker: "ReadingWorker",
    ways: "Ways | None" = None,
) -> AsyncIterator["Lane"]:
    """Give the lane of a mailbox, as a process that works has it."""
    from api.work.flightmarks import Marks  # noqa: PLC0415
    from api.work.lane import Lane  # noqa: PLC0415
    from api.work.leases import Locks  # noqa: PLC0415
    from api.work.reception import Reception  # noqa: PLC0415
    from api.work.sendingways import Ways  # noqa: PLC0415

    reception = Reception(carteggio.journal, carteggio.blobs, worker, "smtp", exact=False)
    locks, marks = Locks(carteggio.database), Marks(carteggio.database)
    try:
        yield Lane(carteggio, box, ways or Ways(carteggio), reception, locks, marks)
    finally:
        await locks.close()
        await marks.close()


@asynccontextmanager
async def lane_to(
    port: int, carteggio: "Carteggio", box: MailboxId, worker: "ReadingWorker"
) -> AsyncIterator["Lane"]:
    """Give the lane of a mailbox that sends by a server here, whatever is configured."""
    from adapters.smtp.values import SmtpAccount  # noqa: PLC0415
    from api.work.sendingways import Known, Way, Ways  # noqa: PLC0415

    class Here(Ways):
        async def of(self, known: Known) -> Way:
            account = SmtpAccount(
                "127.0.0.1", port, "plain", "anna", "secret", reach=carteggio.reach
            )
            return Way(account, usual_rates(""))

    async with lane_of(carteggio, box, worker, Here(carteggio)) as lane:
        yield lane


@dataclass
class Office:
    """Who sends from one mailbox of an instance."""

    carteggio: "Carteggio"
    address: str = BOX
    targets: tuple["Target", ...] = field(default=())

    @property
    def outbox(self) -> "Outbox":
        from api.work.outbox import Outbox  # noqa: PLC0415

        return Outbox(self.carteggio)

    @property
    def box(self) -> MailboxId:
        from domain.identity import mailbox_id  # noqa: PLC0415

        return mailbox_id(self.carteggio.identity_key, self.address)

    def queue(self, number: int = 1, *, due: datetime | None = None) -> UUID:
        """Queue a letter, due from now on unless it is said; give its id."""
        raw, mail = letter(number), UUID(f"{number + 1:08x}{self.box.hex[8:]}")
        self.outbox.queue(
            mail, self._queued(number, raw, due or datetime.now(UTC)), raw, envelope()
        )
        return mail

    def _queued(self, number: int, raw: bytes, due: datetime) -> MailQueued:
        from domain.identity import identify  # noqa: PLC0415

        return MailQueued(
            mailbox=self.box,
            message=MessageId(identify(self.carteggio.identity_key, raw).message),
            raw=BlobName(""),
            raw_sha256=sha256(raw).hexdigest(),
            size=len(raw),
            not_before=due,
            message_id=f"{number}@firma.example",
            sender=Address(self.address),
            recipients=tuple(Recipient(Address(one), RecipientRole.TO) for one in PEOPLE),
            subject=f"Ordine {number}",
            targets=self.targets,
        )

    def sends_by(self, port: int, **more: Any) -> None:
        """Say that the mailbox sends by a server on this machine."""
        from api.work.sendingside import EnteredSending, configure_sending  # noqa: PLC0415

        server = self.address, "127.0.0.1", port, "plain", "password", "anna"
        entered = EnteredSending(*server, **{"password": "secret"} | more)  # type: ignore[arg-type]
        configure_sending(self.carteggio, entered)
        self.carteggio.feed.catch_up()

    def state(self, mail: UUID) -> "OutgoingState":
        return self.outbox.state(mail).state

    def rests(self) -> "list[Rest]":
        from api.work.resting import Rests  # noqa: PLC0415

        return Rests(self.carteggio.database).now()

    def goes_on(self) -> None:
        from api.work.resting import Rests  # noqa: PLC0415

        Rests(self.carteggio.database).end(self.box)

    def rows(self) -> list[tuple[UUID, str, bool]]:
        with self.carteggio.database.pool.connection() as connection:
            query = "SELECT mail, state, keep FROM outbox ORDER BY mail"
            return list(connection.execute(query).fetchall())

    def until(self, holds: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until something holds, looked at whenever read models move."""
        from psycopg.sql import SQL, Identifier  # noqa: PLC0415

        from api.work.feed import feed_channel  # noqa: PLC0415

        began = time.monotonic()
        with self.carteggio.database.connect(direct=True) as connection:
            name = Identifier(feed_channel(self.carteggio.database))
            connection.execute(SQL("LISTEN {}").format(name))
            while not holds():
                assert time.monotonic() - began < seconds, (self.rows(), self.rests())
                list(connection.notifies(timeout=0.1, stop_after=1))


@contextmanager
def office_of(instance: "Instance") -> Iterator[Office]:
    """Open an instance of the command line beside its processes."""
    from adapters.home import Home  # noqa: PLC0415
    from adapters.settings import load_settings  # noqa: PLC0415
    from api.compose import compose  # noqa: PLC0415

    home = Home(instance.home)
    with compose(home, load_settings(home)) as carteggio:
        yield Office(carteggio)


@contextmanager
def working(instance: "Instance") -> Iterator["subprocess.Popen[str]"]:
    """Run `carteggio work` until the block is left, unless it was ended before."""
    from commands import ended  # noqa: PLC0415

    process = instance.start("work", CARTEGGIO_MAIL_NETWORKS_ALLOWED="127.0.0.0/8")
    try:
        yield process
    finally:
        if process.poll() is None:
            ended(process, signal.SIGTERM)
