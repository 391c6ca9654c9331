"""Mail that presents a document, queued and taken over by a server, without any server."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from domain.document import DocumentRecord, DocumentRegistered, RegisterDocument
from domain.leaving import BeginSending, Conclude
from domain.outgoing import MailQueued, Recipient, RecipientRole, Result, Said
from domain.values import Address, BlobName, DocumentId, MailboxId, MessageId
from events import envelope

if TYPE_CHECKING:
    from api.work.instance import Carteggio

BOX = MailboxId(UUID(int=1))
REPORT = DocumentId(UUID(int=77))
PEOPLE = ("anna@rossi.example", "b@bianchi.example")


@dataclass
class Papers:
    """The documents of a company, and the mail by which they are sent."""

    carteggio: "Carteggio"

    def register(self, paper: DocumentId = REPORT, number: str = "W-2026/118") -> None:
        """Let the ERP tell of a work report."""
        from domain import document  # noqa: PLC0415

        record = DocumentRecord("work_report", number, None)
        told = DocumentRegistered("erp", f"W{paper.int}", record)
        self.carteggio.journal.record(paper, document, RegisterDocument(told), envelope())

    def queue(
        self,
        number: int = 1,
        paper: DocumentId | None = REPORT,
        box: MailboxId = BOX,
        *,
        presents: bool = True,
    ) -> UUID:
        """Let a mail wait that presents the document, or only concerns it."""
        from api.work.outbox import Outbox  # noqa: PLC0415

        raw, mail = b"Subject: %d\r\n\r\nEcco il rapporto.\r\n" % number, UUID(int=900 + number)
        queued = MailQueued(
            mailbox=box,
            message=MessageId(UUID(int=500 + number)),
            raw=BlobName(""),
            raw_sha256=sha256(raw).hexdigest(),
            size=len(raw),
            not_before=datetime.now(UTC),
            message_id=f"{number}@firma.example",
            sender=Address("info@firma.example"),
            recipients=tuple(Recipient(Address(one), RecipientRole.TO) for one in PEOPLE),
            document=paper,
            presents=presents,
            files=("ab" * 32,),
            file_names=("Rapporto 118.pdf",),
        )
        Outbox(self.carteggio).queue(mail, queued, raw, envelope())
        return mail

    def conclude(self, mail: UUID, *said: Said) -> int | None:
        """Let a server say something of those who are left."""
        from api.work.outbox import Outbox  # noqa: PLC0415

        outbox = Outbox(self.carteggio)
        at, state = datetime.now(UTC), outbox.state(mail)
        for_whom = dict(zip(sorted(state.left), said, strict=True))
        results = {place: Result(place, one, 250) for place, one in for_whom.items()}
        outbox.record(mail, BeginSending(max(at, state.due or at)), envelope())
        command = Conclude(state.attempt + 1, at, results, {})
        return outbox.record(mail, command, envelope())

    def send(
        self, number: int = 1, paper: DocumentId | None = REPORT, box: MailboxId = BOX
    ) -> UUID:
        """Let such a mail leave."""
        mail = self.queue(number, paper, box)
        self.conclude(mail, Said.ACCEPTED, Said.ACCEPTED)
        return mail

    def caught_up(self) -> int:
        """Let everything follow; give the position then."""
        self.carteggio.feed.catch_up()
        return self.carteggio.journal.head()
