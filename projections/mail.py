"""Messages as they are read: what they say, who wrote to whom, where each copy lies."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from projections.projection import Table


@dataclass(slots=True)
class MessageRow:
    """A message as it is now.

    What it says (`subject` … `attachments`) is that of the copy with the smallest (received_at,
    raw_sha256), so that it does not depend on the order in which copies were captured; `content`
    names it. `received_at` is that copy's. `direction` is None until the message is classified.
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
    closed: bool
    close_reason: str
    position: int
    recorded_at: datetime


@dataclass(slots=True)
class ContentRow:
    """What one copy or variant of a message says."""

    message: UUID
    content: str
    header_id: str
    subject: str
    snippet: str
    sender: str
    sender_name: str
    sent_at: datetime | None
    attachments: int
    degraded: bool
    reader: int
    html: bool
    protection: str
    defects: list[str]
    text: str
    text_rest: str | None


@dataclass(slots=True)
class ParticipantRow:
    """An address in the header; `role` is from, sender, reply_to, to, cc, bcc or pec_sender."""

    message: UUID
    content: str
    role: str
    ordinal: int
    address: str
    address_key: str
    name: str


@dataclass(slots=True)
class AttachmentRow:
    """An attachment; `blob` is where its octets lie."""

    message: UUID
    content: str
    ordinal: int
    name: str
    media_type: str
    size: int
    inline: bool
    content_id: str
    blob: str | None


@dataclass(slots=True)
class OccurrenceRow:
    """One place where a message was seen, with that copy's own raw bytes."""

    message: UUID
    position: int
    mailbox: UUID
    folder: str
    role: str
    received_at: datetime
    raw: str
    raw_sha256: str
    size: int
    content: str
    variant: bool
    flags: list[str]
    archived: bool
    recorded_at: datetime


@dataclass(slots=True)
class StateRow:
    """How a message was classified and closed, over an interval of positions and of times."""

    message: UUID
    from_position: int
    to_position: int | None
    from_time: datetime
    to_time: datetime | None
    direction: str | None
    automatic: bool
    kind: str
    wants_answer: bool
    reason: str
    evidence: str
    closed: bool
    close_reason: str


MESSAGE = Table(
    "message",
    MessageRow,
    key=("id",),
    indexes=(
        "(received_at DESC, id DESC)",
        "(header_key) WHERE header_key <> ''",
        "USING gin (mailboxes)",
    ),
)
