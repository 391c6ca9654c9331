"""A message: captured once, seen in many places, linked, classified, closed."""

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import Annotated, assert_never
from uuid import UUID

from domain import choosing, marking
from domain.capture import (
    CaptureEvent,
    CaptureMessage,
    FolderRole,
    Further,
    MessageCompleted,
    MessageCopyFound,
    MessageReceived,
    as_copy,
    as_whole,
)
from domain.choosing import (
    Choices,
    ChoosingCommand,
    ChoosingEvent,
    TargetKind,
)
from domain.classes import dataclass
from domain.marking import (
    MarkingCommand,
    MarkingEvent,
    Marks,
    MessageMarked,
    MessageMoved,
    OrderMove,
    Place,
    moved,
)
from domain.values import MessageId, Personal, Rejected

__all__ = [
    "CaptureEvent", "CaptureMessage", "CloseMessage", "CloseReason", "Direction", "FolderRole",
    "Further", "LinkState", "Message", "MessageClassified", "MessageClosed", "MessageCommand",
    "MessageCompleted", "MessageCopyFound", "MessageEvent", "MessageLinked", "MessageMoved",
    "MessageReceived", "MessageReopened", "MessageUnlinked", "OrderMove", "ReopenMessage",
    "TargetKind", "decide", "evolve", "initial",
]  # fmt: skip


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
    ANSWERED_BY_PHONE = "answered_by_phone"
    DELEGATED = "delegated"
    NO_ANSWER_NEEDED = "no_answer_needed"
    COURTESY = "courtesy"
    SPAM = "spam"
    DUPLICATE = "duplicate"


# ---- events


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
    the candidates that lost, `choice` the remembered choice on which it rests, `inherited_from` the
    message whose link it takes over, or that told of the address. A later event on the same target
    replaces an earlier one.
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
    choice: UUID | None = None


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
class MessageSetApart:
    """A message was found to begin a conversation of its own, though it refers to `ancestor`.

    `rule`, `rule_version`, `confidence`, `where` and `evidence` are as in `message.linked`. Without
    `ancestor` what was found before is taken back: its ground is gone.
    """

    ancestor: MessageId | None
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
    """A person took such a decision back, or said that mail which waits no more needs an answer.

    That is mail which asks for nothing, or whose answer was none.
    """

    note: Annotated[str, Personal] = ""


MessageEvent = (
    CaptureEvent
    | MarkingEvent
    | MessageClassified
    | MessageLinked
    | MessageUnlinked
    | MessageThreaded
    | MessageSetApart
    | ChoosingEvent
    | MessageClosed
    | MessageReopened
)


# ---- commands


@dataclass(frozen=True, slots=True)
class CloseMessage:
    """Say that a message needs no answer."""

    reason: CloseReason
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReopenMessage:
    """Take that back, or say that a message from outside needs an answer, or another one."""

    note: str = ""


MessageCommand = (
    CaptureMessage | MarkingCommand | OrderMove | ChoosingCommand | CloseMessage | ReopenMessage
)


# ---- state


@dataclass(frozen=True, slots=True)
class Message:
    """What decisions ask of a message, and no more."""

    known: bool = False
    closed: MessageClosed | None = None
    inbound: bool = False
    marks: Mapping[Place, Marks] = field(default_factory=dict)
    copies: Mapping[Place, CaptureEvent] = field(default_factory=dict)
    """The copy that was last found in each place, or came there from another."""
    occurrences: frozenset[UUID] = field(default=frozenset())
    contents: frozenset[str] = field(default=frozenset())
    headers: frozenset[str] = field(default=frozenset())
    """Those of the contents that are a header alone."""
    choices: Choices = field(default_factory=dict)


initial = Message()


def evolve(message: Message, event: object) -> Message:
    """Give the message after an event; occurrences are the capture tables' business."""
    match event:
        case MessageReceived() | MessageCopyFound() | MessageCompleted():
            return _seen(message, event)
        case MessageMarked(mailbox, folder, flags, gone=gone, moved_to=to):
            marks = {**message.marks, (mailbox, folder): Marks(flags, gone, to)}
            return replace(message, marks=marks)
        case MessageMoved(mailbox, folder=folder, moved_to=to, flags_before=before):
            place, target = (mailbox, folder), (mailbox, to)
            left = {place: Marks(before, gone=True, moved_to=to)}
            copies = {target: message.copies[place], **message.copies}
            marks = {**message.marks, **left, target: Marks(event.flags)}
            return replace(message, marks=marks, copies=copies)
        case event if isinstance(event, ChoosingEvent):
            return replace(message, choices=choosing.evolve(message.choices, event))
        case MessageClassified(direction):
            return replace(message, inbound=direction is Direction.INBOUND)
        case MessageClosed():
            return replace(message, closed=event)
        case MessageReopened():
            return replace(message, closed=None)
        case _:
            return message


def _seen(message: Message, copy: CaptureEvent) -> Message:
    place, key = (copy.mailbox, copy.folder), frozenset({copy.content_key})
    return replace(
        message,
        known=True,
        contents=message.contents | key,
        headers=message.headers if copy.whole_size is None else message.headers | key,
        marks={**message.marks, place: Marks(copy.flags)},
        copies={**message.copies, place: copy},
    )


# ---- decisions


def decide(message: Message, command: MessageCommand) -> list[MessageEvent]:
    """Return what happens. An empty list means that it has happened already."""
    if isinstance(command, CaptureMessage):
        return _captured(message, command)
    if not message.known:
        raise Rejected("NOT_FOUND", "there is no such message")
    if isinstance(command, MarkingCommand):
        return [*marking.decide(message.marks, command)]
    if isinstance(command, ChoosingCommand):
        return [*choosing.decide(message.choices, command)]
    match command:
        case OrderMove():
            return [*moved(message.marks, command, message.copies)]
        case CloseMessage(reason, note):
            closed = MessageClosed(reason, note)
            return [] if closed == message.closed else [closed]
        case ReopenMessage(note):
            return [MessageReopened(note)] if message.closed or message.inbound else []
        case _ as never:
            assert_never(never)


def _captured(message: Message, command: CaptureMessage) -> list[MessageEvent]:
    """The whole of what is known by its header alone is no variant of that, if it has this header."""
    received, header = command.received, command.header_content_key
    if command.occurrence in message.occurrences:
        return []
    if not message.known:
        return [received]
    differs = received.content_key not in message.contents
    if differs and header in message.headers and message.headers == message.contents:
        return [as_whole(received, header)]
    return [as_copy(received, variant=differs)]
