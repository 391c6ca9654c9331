"""The rows in which messages are kept as they are read now."""

from datetime import datetime
from uuid import UUID

from domain.classes import dataclass
from domain.message import FolderRole, MessageReceived
from domain.recorded import Recorded
from projections.contents import ContentRow
from projections.projection import Table


@dataclass(slots=True)
class MessageRow:
    """A message as it is now.

    What it says (`subject` … `attachments`) is that of the copy with the smallest (received_at,
    raw_sha256), so that it does not depend on the order in which copies were captured; `content`
    names it. `received_at` is that copy's. `whole_size` tells that only headers are known, of a mail
    of so many octets: any whole copy goes before them. `direction` is None until the message is classified.
    `sent_from` are the mailboxes in whose Sent folder it lies.
    """

    id: UUID
    header_key: str
    shares_header_id: bool
    content: str
    raw_sha256: str
    received_at: datetime
    mailboxes: list[UUID]
    sent_from: list[UUID]
    header_id: str
    subject: str
    snippet: str
    sender: str
    sender_name: str
    sent_at: datetime | None
    size: int
    attachments: int
    variants: int
    degraded: bool
    reader: int
    direction: str | None
    automatic: bool
    kind: str
    wants_answer: bool
    reason: str
    evidence: str
    archived: bool
    whole_size: int | None
    closed: bool
    close_reason: str
    position: int
    recorded_at: datetime


MESSAGE = Table(
    "message",
    MessageRow,
    key=("id",),
    indexes=("(header_key) WHERE header_key <> ''",),
    late=("(received_at DESC, id DESC)", "USING gin (mailboxes)"),
)


def first_row(recorded: Recorded, event: MessageReceived, content: ContentRow) -> MessageRow:
    """Give the row of a message that was just received."""
    return MessageRow(
        id=recorded.stream,
        header_key=event.header_key,
        shares_header_id=False,
        content=event.content_key,
        raw_sha256=event.raw_sha256,
        received_at=event.received_at,
        mailboxes=[event.mailbox],
        sent_from=[event.mailbox] if event.role is FolderRole.SENT else [],
        header_id=content.header_id,
        subject=content.subject,
        snippet=content.snippet,
        sender=content.sender,
        sender_name=content.sender_name,
        sent_at=content.sent_at,
        size=event.size,
        attachments=content.attachments,
        variants=0,
        degraded=content.degraded,
        reader=content.reader,
        direction=None,
        automatic=False,
        kind="",
        wants_answer=False,
        reason="",
        evidence="",
        archived=event.archived,
        whole_size=event.whole_size,
        closed=False,
        close_reason="",
        position=recorded.position,
        recorded_at=recorded.recorded_at,
    )


def show(row: MessageRow, shown: ContentRow) -> None:
    """Let a message say what one of its forms says."""
    row.content, row.header_id = shown.content, shown.header_id
    row.subject, row.snippet = shown.subject, shown.snippet
    row.sender, row.sender_name = shown.sender, shown.sender_name
    row.sent_at, row.attachments = shown.sent_at, shown.attachments
    row.degraded, row.reader = shown.degraded, shown.reader
