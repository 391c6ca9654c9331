"""Copies of a message are captured: the first one, further ones, the whole after its header.

They are facts on the stream of the message; what follows from a copy is decided in domain/message.py.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.classes import dataclass
from domain.content import Content
from domain.values import Address, BlobName, MailboxId, Personal


class FolderRole(StrEnum):
    """What a folder is for (RFC 6154 special use, as far as decisions ask)."""

    INBOX = "inbox"
    SENT = "sent"
    OTHER = "other"


# ---- events


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message was captured for the first time; its raw bytes are durable.

    Its stream id is the message's identity (domain/identity.py). `content_key` is a keyed hash of
    what makes a copy the same, `header_key` of the Message-ID alone. `archived`: older than the
    first import's cut-off, so nothing waits for an answer. `files` lie in the order of
    `content.attachments`. Text beyond 64 KB is in the blob `text_rest`. With `whole_size` it is the
    header alone of a message of so many octets, which was too large to be fetched.
    """

    mailbox: MailboxId
    role: FolderRole
    received_at: datetime
    size: int
    raw: BlobName
    content_key: str
    header_key: str
    folder: Annotated[str, Personal]
    raw_sha256: Annotated[str, Personal]
    content: Annotated[Content, Personal]
    files: tuple[BlobName, ...] = ()
    text_rest: BlobName | None = None
    flags: tuple[str, ...] = ()
    archived: bool = False
    whole_size: int | None = None


@dataclass(frozen=True, slots=True)
class MessageCopyFound:
    """The same message was seen in a further place; its raw bytes are kept too.

    `trace`, `signals` and `bcc` may differ between copies of equal content: a list adds its header
    fields, only the sender's copy names blind recipients. `content` and `files` are given for a
    variant: a copy whose content differs. `whole_size` is as in `message.received`; a whole copy
    takes the place of the header alone in its folder. What was stored before there were
    `message.moved` and `message.completed` also follows a `message.marked` with `moved_to`, for
    the folder of an order, and a variant may be the whole of what was known by its header.
    """

    mailbox: MailboxId
    role: FolderRole
    received_at: datetime
    size: int
    raw: BlobName
    content_key: str
    folder: Annotated[str, Personal]
    raw_sha256: Annotated[str, Personal]
    trace: Annotated[tuple[tuple[str, str], ...], Personal] = ()
    signals: Annotated[tuple[tuple[str, str], ...], Personal] = ()
    bcc: Annotated[tuple[Address, ...], Personal] = ()
    variant: bool = False
    content: Annotated[Content | None, Personal] = None
    files: tuple[BlobName, ...] = ()
    text_rest: BlobName | None = None
    flags: tuple[str, ...] = ()
    archived: bool = False
    whole_size: int | None = None


@dataclass(frozen=True, slots=True)
class MessageCompleted:
    """The whole of a message came of which the header alone was known so far.

    `header_content_key` is the `content_key` under which the header was kept: the whole has the
    same header, and stands for it from now on. It takes its place in `folder` if it lay there; else
    it lies in a further one. The other fields are as in `message.received`.
    """

    mailbox: MailboxId
    role: FolderRole
    received_at: datetime
    size: int
    raw: BlobName
    content_key: str
    header_content_key: str
    folder: Annotated[str, Personal]
    raw_sha256: Annotated[str, Personal]
    content: Annotated[Content, Personal]
    files: tuple[BlobName, ...] = ()
    text_rest: BlobName | None = None
    flags: tuple[str, ...] = ()
    archived: bool = False

    @property
    def whole_size(self) -> None:
        """It is no header alone."""
        return

    @property
    def trace(self) -> tuple[tuple[str, str], ...]:
        """Give the header fields that may differ from copy to copy."""
        return self.content.trace

    @property
    def signals(self) -> tuple[tuple[str, str], ...]:
        """Give what tells machine mail."""
        return self.content.signals

    @property
    def bcc(self) -> tuple[Address, ...]:
        """Give the blind recipients that this copy names."""
        return self.content.bcc


CaptureEvent = MessageReceived | MessageCopyFound | MessageCompleted
Further = MessageCopyFound | MessageCompleted
"""What tells of a copy of a message that is known."""


# ---- commands


@dataclass(frozen=True, slots=True)
class CaptureMessage:
    """Keep one occurrence of a message; `occurrence` tells the same place seen again.

    `header_content_key` is the content key that the header alone would have; it is asked for where
    a message is known by such.
    """

    occurrence: UUID
    received: MessageReceived
    header_content_key: str = ""


# ---- what a copy is told as


def as_copy(received: MessageReceived, *, variant: bool) -> MessageCopyFound:
    """Tell of a copy of a known message; of a variant also what it says."""
    return MessageCopyFound(
        mailbox=received.mailbox,
        role=received.role,
        received_at=received.received_at,
        size=received.size,
        raw=received.raw,
        content_key=received.content_key,
        folder=received.folder,
        raw_sha256=received.raw_sha256,
        trace=received.content.trace,
        signals=received.content.signals,
        bcc=received.content.bcc,
        variant=variant,
        content=received.content if variant else None,
        files=received.files if variant else (),
        text_rest=received.text_rest if variant else None,
        flags=received.flags,
        archived=received.archived,
        whole_size=received.whole_size,
    )


def as_whole(received: MessageReceived, header_content_key: str) -> MessageCompleted:
    """Tell of the whole of a message that was known by its header."""
    return MessageCompleted(
        mailbox=received.mailbox,
        role=received.role,
        received_at=received.received_at,
        size=received.size,
        raw=received.raw,
        content_key=received.content_key,
        header_content_key=header_content_key,
        folder=received.folder,
        raw_sha256=received.raw_sha256,
        content=received.content,
        files=received.files,
        text_rest=received.text_rest,
        flags=received.flags,
        archived=received.archived,
    )
