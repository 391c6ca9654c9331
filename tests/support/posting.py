"""Mail that leaves in tests, and what comes back: queued, sent to a scripted server, answered."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from benchmarks.receiptmaker import Sent
from domain.choosing import TargetKind
from domain.outgoing import MailQueued, Recipient, RecipientRole
from domain.values import Address, BlobName, MailboxId, MessageId
from events import envelope
from outgoing import lane_to
from smtpscript import POLITE, Answers, Sink, speaking
from speaking import text

if TYPE_CHECKING:
    from adapters.mime.worker import ReadingWorker
    from api.work.instance import Carteggio
    from api.work.reception import Reception
    from projections.deliveryrows import DeliveryRow

PEC = "ufficio@pec.firma.example"
OFFICE = "info@firma.example"
ORDER = UUID(int=77)
ANNA, BEPPE, CARLA = "anna@rossi.example", "beppe@bianchi.example", "carla@verdi.example"
NOW = datetime.now(UTC).replace(microsecond=0)
ACCEPTED, LATER = text(b"250 2.1.5 ok\r\n"), text(b"451 4.2.1 later\r\n")
UNKNOWN = text(b"550 5.1.1 no such user\r\n")


@dataclass
class Posting:
    """An instance from which mail leaves, and to which answers come."""

    carteggio: "Carteggio"
    worker: "ReadingWorker"
    sink: Sink = field(default_factory=Sink)
    boxes: dict[str, MailboxId] = field(default_factory=dict)

    def box(self, address: str) -> MailboxId:
        from api.work.importing import register_mailbox  # noqa: PLC0415

        if address not in self.boxes:
            self.boxes[address] = register_mailbox(self.carteggio, address)
        return self.boxes[address]

    def queue(
        self, number: int = 1, people: Iterable[str] = (ANNA, BEPPE, CARLA), sender: str = OFFICE
    ) -> Sent:
        """Let a mail wait to leave; give it as others will know it."""
        from api.work.outbox import Outbox  # noqa: PLC0415
        from domain.identity import identify  # noqa: PLC0415

        people = tuple(people)
        mail, id = UUID(int=900 + number), f"{number}@{sender.partition('@')[2]}"
        raw = (
            f"Message-ID: <{id}>\r\nFrom: {sender}\r\nTo: {', '.join(people)}\r\n"
            f"Date: Mon, 05 Jan 2026 08:00:00 +0000\r\nSubject: Offerta {number}\r\n\r\nEcco.\r\n"
        ).encode()
        queued = MailQueued(
            mailbox=self.box(sender),
            message=MessageId(identify(self.carteggio.identity_key, raw).message),
            raw=BlobName(""),
            raw_sha256=sha256(raw).hexdigest(),
            size=len(raw),
            not_before=NOW,
            message_id=id,
            sender=Address(sender),
            recipients=tuple(Recipient(Address(one), RecipientRole.TO) for one in people),
            subject=f"Offerta {number}",
            targets=((TargetKind.DOCUMENT, ORDER),),
            certified=sender == PEC,
        )
        Outbox(self.carteggio).queue(mail, queued, raw, envelope())
        return Sent(id, sender, people, mail.hex, queued.subject)

    async def send(self, sender: str = OFFICE, answers: Answers | None = None) -> None:
        """Let all leave that is due, to a server that answers so."""
        async with (
            speaking(POLITE | dict(answers or {}), self.sink) as port,
            lane_to(port, self.carteggio, self.box(sender), self.worker) as lane,
        ):
            await lane.drain()

    def capture(self, *raws: bytes, box: str = OFFICE, at: datetime = NOW) -> None:
        """Take mail in, as it came to a mailbox."""
        from api.work.arrivals import Arrival, Place  # noqa: PLC0415
        from domain.message import FolderRole  # noqa: PLC0415

        reception = self._reception()
        place = Place(self.box(box), "INBOX", FolderRole.INBOX)
        for raw in raws:
            reception.store(reception.read([Arrival(raw, place, at, ())]))

    def _reception(self) -> "Reception":
        from api.work.reception import Reception  # noqa: PLC0415

        opened = self.carteggio
        return Reception(opened.journal, opened.blobs, self.worker, "smtp", exact=False)

    def sent(self, mail: UUID) -> Sent:
        """Give a mail as others know it."""
        queued = self.queued(mail)
        people = tuple(one.address.spec for one in queued.recipients)
        return Sent(queued.message_id, queued.sender.spec, people, mail.hex, queued.subject)

    async def rows_of(self, mail: UUID) -> "list[DeliveryRow]":
        """Give what the read model says of a mail by its id."""
        return await self.rows(self.sent(mail))

    async def rows(self, sent: Sent) -> "list[DeliveryRow]":
        """Give what the read model says of a mail."""
        from projections.delivered import deliveries_of  # noqa: PLC0415
        from projections.reader import EVERYTHING  # noqa: PLC0415

        self.carteggio.feed.catch_up()
        message = self.message(sent)
        async with self.carteggio.reading() as asked:
            return (await deliveries_of(*asked, EVERYTHING, [message])).get(message, [])

    async def states(self, sent: Sent) -> list[str]:
        return [one.state for one in await self.rows(sent)]

    def message(self, sent: Sent) -> MessageId:
        return self.queued(UUID(hex=sent.envid)).message

    def queued(self, mail: UUID) -> MailQueued:
        from api.work.outbox import Outbox  # noqa: PLC0415

        queued = Outbox(self.carteggio).state(mail).queued
        assert queued is not None
        return queued

    def content(self) -> dict[str, list[str]]:
        """Give all rows of the read model."""
        from api.work.feed import active_names  # noqa: PLC0415
        from projections.deliveries import deliveries  # noqa: PLC0415
        from worlds import content_of  # noqa: PLC0415

        self.carteggio.feed.catch_up()
        with self.carteggio.database.connect() as connection:
            return content_of(connection, active_names(connection, [deliveries]), deliveries)


def later(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


@pytest.fixture
def posting(carteggio: "Carteggio", worker: "ReadingWorker") -> Posting:
    return Posting(carteggio, worker)


@pytest.fixture
def storm_at(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let automatic answers of a mailbox be a storm after few of them; tell after how many."""
    for module in ("domain.autoreply", "api.work.autoreplying"):
        monkeypatch.setattr(f"{module}.MOST_OF_A_MAILBOX", 6)
    return 6
