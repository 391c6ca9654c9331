"""A document was sent: told once for each mail that presents it, when a server took that over.

It lies in the stream of the document (domain/document.py), beside what the ERP says of it.
"""

from datetime import datetime
from typing import Annotated, assert_never
from uuid import UUID

from domain.classes import dataclass
from domain.values import MailboxId, MessageId, Personal, TemplateId


@dataclass(frozen=True, slots=True)
class DocumentSent:
    """A document was sent: a server took the mail that presents it over, for somebody at least.

    `mail` is the mail in the outbox, `message` the message as which its copy is known, `mailbox`
    the one that it left from. `kind` is the ERP's word for such a document, then. `recipients`
    counts for how many the mail was taken over by then; others may have been put off, and follow.
    `files` are SHA-256 of the attachments' octets (hex), in the order of `file_names`. `accepted_at`
    is when the server's word was recorded, or when it came out that the mail had left.
    """

    mail: UUID
    message: MessageId
    mailbox: MailboxId
    kind: str
    recipients: int
    accepted_at: datetime
    template: TemplateId | None = None
    template_version: int = 0
    certified: bool = False
    files: tuple[str, ...] = ()
    file_names: Annotated[tuple[str, ...], Personal] = ()


SentDocumentEvent = DocumentSent


@dataclass(frozen=True, slots=True)
class TellSent:
    """Say that a document was sent."""

    sent: DocumentSent


SentDocumentCommand = TellSent


@dataclass(frozen=True, slots=True)
class SentDocument:
    """By which mails it was sent."""

    mails: frozenset[UUID] = frozenset()


initial = SentDocument()


def evolve(document: SentDocument, event: object) -> SentDocument:
    """Give by which mails it was sent after an event."""
    match event:
        case DocumentSent(mail=mail):
            return SentDocument(document.mails | {mail})
        case _:
            return document


def decide(document: SentDocument, command: SentDocumentCommand) -> list[SentDocumentEvent]:
    """Return what happens. An empty list means that it was told of this mail already."""
    match command:
        case TellSent(sent):
            return [] if sent.mail in document.mails else [sent]
        case _ as never:
            assert_never(never)
