"""A message: captured once, seen in many places, linked, classified, closed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, assert_never
from uuid import UUID

from domain import marking
from domain.content import Content
from domain.marking import MarkingCommand, MarkingEvent, Marks, MessageMarked, Place, moved
from domain.values import Address, BlobName, MailboxId, MessageId, Personal, Rejected


class FolderRole(StrEnum):
    """What a folder is for (RFC 6154 special use, as far as decisions ask)."""

    INBOX = "inbox"
    SENT = "sent"
    OTHER = "other"


class TargetKind(StrEnum):
    """What a message can be linked to."""

    PARTY = "party"
    DOCUMENT = "document"


class LinkState(StrEnum):
    """How sure a link is. Automatic and confirmed links count; the others wait for a person."""

    AUTOMATIC = "automatic"
    CONFIRMED = "confirmed"
    SUGGESTED = "suggested"
    AMBIGUOUS = "ambiguous"


class Direction(StrEnum):
    """Which way a message went, seen from the company."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class CloseReason(StrEnum):
    """Why a message needs no answer any more, though none was captured."""

    ANSWERED_ELSEWHERE = "answered_elsewhere"
    NO_ANSWER_NEEDED = "no_answer_needed"
    COURTESY = "courtesy"
    SPAM = "spam"
    DUPLICATE = "duplicate"


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
    """The same message was seen in a further place, or ordered there; its raw bytes are kept too.

    `trace`, `signals` and `bcc` may differ between copies of equal content: a list adds its header
    fields, only the sender's copy names blind recipients. `content` and `files` are given for a
    variant: a copy whose content differs. `whole_size` is as in `message.received`; where a message
    was known by its header alone, the whole of it is a variant.
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
class MessageClassified:
    """It was decided which way a message went, whether a machine wrote it, what it asks for.

    `kind` names the sort of machine mail (auto_reply, bounce, list, …), empty for a person's; or
    `web_form` or `forwarded`, where somebody wrote through the form, or the colleague, that is in
    `evidence`. `reason` is the rule's own word for why; `evidence` the very header or words.
    """

    direction: Direction
    automatic: bool
    kind: str
    wants_answer: bool
    reason: str
    rule_version: int
    evidence: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class MessageLinked:
    """A message was found, or said, to belong to a party or a document.

    `rule` is empty when a person linked it. `confidence` is in percent. `where` names the place of
    the evidence (from, to, subject, reply, …), `evidence` is the verbatim snippet. `rejected` are
    the candidates that lost. A later event on the same target replaces an earlier one.
    """

    kind: TargetKind
    target: UUID
    state: LinkState
    rule: str
    rule_version: int
    confidence: int
    where: str
    evidence: Annotated[str, Personal]
    inherited_from: MessageId | None = None
    rejected: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageUnlinked:
    """A link was taken back: its ground is gone (`rule` says which), or a person said so."""

    kind: TargetKind
    target: UUID
    rule: str
    rule_version: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MessageThreaded:
    """A message was found to go on with another that it does not refer to.

    `rule`, `rule_version`, `confidence`, `where` and `evidence` are as in `message.linked`. Without
    `parent` what was found before is taken back: its ground is gone.
    """

    parent: MessageId | None
    rule: str
    rule_version: int
    confidence: int
    where: str
    evidence: Annotated[str, Personal]


@dataclass(frozen=True, slots=True)
class MessageClosed:
    """A person decided that a message needs no (further) answer."""

    reason: CloseReason
    note: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class MessageReopened:
    """A person took such a decision back."""

    note: Annotated[str, Personal] = ""


MessageEvent = (
    MessageReceived
    | MessageCopyFound
    | MarkingEvent
    | MessageClassified
    | MessageLinked
    | MessageUnlinked
    | MessageThreaded
    | MessageClosed
    | MessageReopened
)


# ---- commands


@dataclass(frozen=True, slots=True)
class CaptureMessage:
    """Keep one occurrence of a message; `occurrence` tells the same place seen again."""

    occurrence: UUID
    received: MessageReceived


@dataclass(frozen=True, slots=True)
class CloseMessage:
    """Say that a message needs no answer."""

    reason: CloseReason
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReopenMessage:
    """Take that back."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class OrderMove:
    """Move a message from one folder of a mailbox into another, which is for `role`."""

    mailbox: MailboxId
    folder: str
    to: str
    role: FolderRole


MessageCommand = CaptureMessage | MarkingCommand | OrderMove | CloseMessage | ReopenMessage


# ---- state


@dataclass(frozen=True, slots=True)
class Message:
    """What decisions ask of a message, and no more."""

    known: bool = False
    closed: bool = False
    marks: Mapping[Place, Marks] = field(default_factory=dict)
    copies: Mapping[Place, MessageReceived | MessageCopyFound] = field(default_factory=dict)
    """The copy that was last found in each place."""
    occurrences: frozenset[UUID] = field(default=frozenset())
    contents: frozenset[str] = field(default=frozenset())


initial = Message()


def evolve(message: Message, event: object) -> Message:
    """Give the message after an event; occurrences are the capture tables' business."""
    match event:
        case MessageReceived() | MessageCopyFound():
            place = (event.mailbox, event.folder)
            marks = {**message.marks, place: Marks(event.flags)}
            copies = {**message.copies, place: event}
            contents = message.contents | {event.content_key}
            return replace(message, known=True, contents=contents, marks=marks, copies=copies)
        case MessageMarked(mailbox, folder, flags, gone=gone, moved_to=to):
            marks = {**message.marks, (mailbox, folder): Marks(flags, gone, to)}
            return replace(message, marks=marks)
        case MessageClosed():
            return replace(message, closed=True)
        case MessageReopened():
            return replace(message, closed=False)
        case _:
            return message


# ---- decisions


def decide(message: Message, command: MessageCommand) -> list[MessageEvent]:
    """Return what happens. An empty list means that it has happened already."""
    if isinstance(command, CaptureMessage):
        return _captured(message, command)
    if not message.known:
        raise Rejected("NOT_FOUND", "there is no such message")
    if isinstance(command, MarkingCommand):
        return [*marking.decide(message.marks, command)]
    match command:
        case OrderMove():
            return _moved(message, command)
        case CloseMessage(reason, note):
            return [] if message.closed else [MessageClosed(reason, note)]
        case ReopenMessage(note):
            return [MessageReopened(note)] if message.closed else []
        case _ as never:
            assert_never(never)


def _captured(message: Message, command: CaptureMessage) -> list[MessageEvent]:
    if command.occurrence in message.occurrences:
        return []
    if not message.known:
        return [command.received]
    return [_copy_of(command.received, variant=_differs(message, command.received))]


def _moved(message: Message, command: OrderMove) -> list[MessageEvent]:
    """What lay in the other folder before comes back to it; else the copy lies there too now."""
    if command.folder == command.to:
        return []
    place = (command.mailbox, command.folder)
    left = moved(message.marks, place, command.to)
    if (command.mailbox, command.to) in message.marks:
        return [*left]
    known = message.copies[place]
    copy = _copy_of(known, variant=False) if isinstance(known, MessageReceived) else known
    flags = message.marks[place].flags
    plain = replace(copy, variant=False, content=None, files=(), text_rest=None, flags=flags)
    return [*left, replace(plain, folder=command.to, role=command.role)]


def _differs(message: Message, received: MessageReceived) -> bool:
    return received.content_key not in message.contents


def _copy_of(received: MessageReceived, *, variant: bool) -> MessageCopyFound:
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
