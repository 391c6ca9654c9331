"""A mailbox that sends by a scripted server and is fetched from a real one."""

import asyncio
import email.utils
import imaplib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from domain.leaving import Outgoing
from domain.outgoing import MailQueued, Recipient, RecipientRole
from domain.values import Address, BlobName, MailboxId, MessageId
from events import envelope
from outgoing import lane_of
from smtpscript import POLITE, Answers, Sink, speaking

if TYPE_CHECKING:
    from adapters.mime.worker import ReadingWorker
    from api.work.instance import Carteggio
    from api.work.outbox import Outbox
    from dovecot import MailAccount

BOX = "info@firma.example"
PEOPLE = ("anna@rossi.example", "b@bianchi.example")
MONDAY = datetime(2026, 1, 5, 8, tzinfo=UTC)


def letter(number: int, people: Sequence[str] = PEOPLE) -> bytes:
    """Write a mail as it leaves, with our id in the three places where it stands."""
    own = f"<{number}@firma.example>"
    return (
        f"Message-ID: {own}\r\nX-Carteggio-Id: {own}\r\nReferences: {own}\r\nFrom: {BOX}\r\n"
        f"To: {', '.join(people)}\r\nDate: {email.utils.format_datetime(MONDAY)}\r\n"
        f"Subject: Ordine {number}\r\n\r\n.Ecco l'ordine {number}.\r\n"
    ).encode()


@dataclass
class Postbox:
    """The mailbox, its outbox, and what the server took."""

    carteggio: "Carteggio"
    worker: "ReadingWorker"
    account: "MailAccount | None" = None
    sink: Sink = field(default_factory=Sink)
    sent_copy: str = "append"
    due: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def outbox(self) -> "Outbox":
        from api.work.outbox import Outbox  # noqa: PLC0415

        return Outbox(self.carteggio)

    @property
    def id(self) -> MailboxId:
        from domain.identity import mailbox_id  # noqa: PLC0415

        return mailbox_id(self.carteggio.identity_key, BOX)

    def enter(self, sent_copy: str = "append", sent: str = "") -> None:
        """Say where the mailbox is fetched, if it is, and what becomes of copies."""
        from api.work.accounts import Entered, configure  # noqa: PLC0415

        self.sent_copy = sent_copy
        if self.account is not None:
            server, user = self.account.server, self.account
            login = (user.user, user.password)
            entered = Entered(BOX, server.host, server.imap, "plain", *login, sent=sent)
            configure(self.carteggio, entered)
        self.sends_by(25)

    def sends_by(self, port: int) -> None:
        """Say by what it sends."""
        from api.work.sendingside import EnteredSending, configure_sending  # noqa: PLC0415

        server = BOX, "127.0.0.1", port, "plain", "none"
        configure_sending(self.carteggio, EnteredSending(*server, sent_copy=self.sent_copy))  # type: ignore[arg-type]
        self.carteggio.feed.catch_up()

    def queue(self, number: int = 1, people: Sequence[str] = PEOPLE) -> UUID:
        from domain.identity import identify  # noqa: PLC0415

        raw, mail = letter(number, people), UUID(int=900 + number)
        queued = MailQueued(
            mailbox=self.id,
            message=MessageId(identify(self.carteggio.identity_key, raw).message),
            raw=BlobName(""),
            raw_sha256=sha256(raw).hexdigest(),
            size=len(raw),
            not_before=self.due,
            message_id=f"{number}@firma.example",
            sender=Address(BOX),
            recipients=tuple(Recipient(Address(one), RecipientRole.TO) for one in people),
        )
        self.outbox.queue(mail, queued, raw, envelope())
        return mail

    def state(self, mail: UUID) -> Outgoing:
        return self.outbox.state(mail)

    async def drain(self, answers: Answers | None = None) -> None:
        """Send what is due, whether the lane rests or not."""
        async with speaking(POLITE | dict(answers or {}), self.sink) as port:
            await asyncio.to_thread(self._go_on, port)
            async with lane_of(self.carteggio, self.id, self.worker) as lane:
                await lane.drain()

    def _go_on(self, port: int) -> None:
        from api.work.resting import Rests  # noqa: PLC0415

        Rests(self.carteggio.database).end(self.id)
        self.sends_by(port)

    async def look_after(self, times: int = 1) -> None:
        """Look for what is due after that, as if its time had come each time."""
        from adapters.imap.values import Limits  # noqa: PLC0415
        from api.work.aftercare import look_after  # noqa: PLC0415
        from api.work.consent import Consents  # noqa: PLC0415

        limits = Limits(connect=10, command=20)
        for _ in range(times):
            await asyncio.to_thread(self.hurry)
            await look_after(self.carteggio, Consents(self.carteggio), self.id, limits)

    def import_mail(self, *raws: bytes, folder: str = "INBOX") -> None:
        """Take in mail that came to the mailbox."""
        from api.work.arrivals import Arrival, Place  # noqa: PLC0415
        from api.work.places import role_of  # noqa: PLC0415
        from api.work.reception import Reception  # noqa: PLC0415

        opened = self.carteggio
        reception = Reception(opened.journal, opened.blobs, self.worker, "imap", exact=False)
        place = Place(self.id, folder, role_of(folder))
        arrivals = [Arrival(one, place, datetime.now(UTC), ()) for one in raws]
        reception.store(reception.read(arrivals))
        opened.feed.catch_up()

    def hurry(self) -> None:
        """Let what is looked for be due now."""
        with self.carteggio.database.pool.connection() as connection:
            connection.execute("UPDATE sent_look SET due = clock_timestamp()")

    def looks(self) -> list[str]:
        """Give what is still looked for."""
        with self.carteggio.database.pool.connection() as connection:
            rows = connection.execute("SELECT what FROM sent_look ORDER BY mail, what").fetchall()
        return [str(one[0]) for one in rows]

    def in_folder(self, folder: str = "Sent") -> list[tuple[str, bytes]]:
        """Give what lies in a folder of the server, with its flags."""
        assert self.account is not None
        with self.account.login() as client:
            answer, _ = client.select(f'"{folder}"', readonly=True)
            if answer != "OK":
                return []
            _, found = client.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])")
        return [
            (" ".join(sorted(str(x) for x in imaplib.ParseFlags(one[0]))), one[1])
            for one in found
            if isinstance(one, tuple)
        ]
