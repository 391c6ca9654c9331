"""Copies of a message are read anew: by a better reader, or in better circumstances.

What a message says is what its raw octets say, as they were read last. This is decided on the
stream of the message, beside domain/message.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Annotated

from domain.capture import CaptureEvent, MessageCompleted, MessageCopyFound, MessageReceived
from domain.classes import dataclass
from domain.content import Content
from domain.values import BlobName, MailboxId, Personal, Rejected

# ---- events


@dataclass(frozen=True, slots=True)
class MessageReread:
    """A copy was read anew from its raw octets; what is said here replaces what was read before.

    `raw` names the copy, in `mailbox`; `reader` is the version of the reader. `content` is absent
    where it reads the same as before. `content_key` is that of the form whose content it replaces,
    with `files` and `text_rest`; it is empty for a copy that has no content of its own: there
    `content` holds `trace`, `signals` and `bcc`, and nothing else.
    """

    mailbox: MailboxId
    raw: BlobName
    reader: int
    content_key: str
    content: Annotated[Content | None, Personal] = None
    files: tuple[BlobName, ...] = ()
    text_rest: BlobName | None = None


RereadingEvent = MessageReread
Saying = CaptureEvent | MessageReread
"""What tells how a copy reads."""

# ---- commands


@dataclass(frozen=True, slots=True)
class RereadCopy:
    """Take over what a reader finds in the octets of a copy now."""

    raw: BlobName
    content: Content
    files: tuple[BlobName, ...] = ()
    text_rest: BlobName | None = None


# ---- state


@dataclass(frozen=True, slots=True)
class Read:
    """How a copy reads. Without `content_key` only what may differ by copy is given."""

    mailbox: MailboxId
    content_key: str
    content: Content
    files: tuple[BlobName, ...] = ()
    text_rest: BlobName | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """How each copy of a message reads so far, by its raw octets."""

    of: Mapping[BlobName, Read] = field(default_factory=dict)

    @property
    def degraded(self) -> bool:
        """Tell whether a copy could not be read in full."""
        return any(one.content.degraded for one in self.of.values())


initial = Readings()


def evolve(readings: Readings, event: object) -> Readings:
    """Give how the copies read after an event; of the same octets the first copy counts."""
    match event:
        case MessageReceived() | MessageCopyFound() | MessageCompleted():
            if event.raw in readings.of:
                return readings
            return Readings({**readings.of, event.raw: _first(event)})
        case MessageReread(raw=raw, content=None) if raw in readings.of:
            before = readings.of[raw]
            content = replace(before.content, reader=event.reader)
            return Readings({**readings.of, raw: replace(before, content=content)})
        case MessageReread(raw=raw, content=content) if content is not None:
            read = Read(event.mailbox, event.content_key, content, event.files, event.text_rest)
            return Readings({**readings.of, raw: read})
        case _:
            return readings


def _first(copy: CaptureEvent) -> Read:
    if copy.content is not None:
        return Read(copy.mailbox, copy.content_key, copy.content, copy.files, copy.text_rest)
    return Read(copy.mailbox, "", _as_traced(copy))


def _as_traced(copy: CaptureEvent) -> Content:
    if not isinstance(copy, MessageCopyFound):
        return by_copy(copy.content)
    return Content(reader=0, trace=copy.trace, signals=copy.signals, bcc=copy.bcc)


# ---- decisions


def decide(readings: Readings, command: RereadCopy) -> list[RereadingEvent]:
    """Return what reads otherwise. What could be read before is not given up for a worse reading."""
    before, now = readings.of.get(command.raw), command.content
    if before is None:
        raise Rejected("NOT_FOUND", "the message has no such copy")
    if now.reader < before.content.reader or (now.degraded and not before.content.degraded):
        return []
    event = MessageReread(before.mailbox, command.raw, now.reader, before.content_key)
    if not before.content_key:
        traced, known = by_copy(now), by_copy(before.content)
        same = traced == replace(known, reader=now.reader)
        return [] if same else [replace(event, content=traced)]
    reads = replace(before, content=now, files=command.files, text_rest=command.text_rest)
    if reads == before:
        return []
    if reads == replace(before, content=replace(before.content, reader=now.reader)):
        return [event]
    return [replace(event, content=now, files=command.files, text_rest=command.text_rest)]


def by_copy(content: Content) -> Content:
    """Give what may differ between copies of equal content, and nothing else."""
    return Content(
        reader=content.reader, trace=content.trace, signals=content.signals, bcc=content.bcc
    )


def as_read_now(events: Iterable[object]) -> list[CaptureEvent]:
    """Give the copies that a message's events tell of, as if they had been read so at first."""
    copies: list[CaptureEvent] = []
    readings = initial
    for event in events:
        readings = evolve(readings, event)
        if isinstance(event, CaptureEvent):
            copies.append(event)
    return [_read_so(one, readings.of[one.raw]) for one in copies]


def _read_so(copy: CaptureEvent, read: Read) -> CaptureEvent:
    if copy.content is not None and copy.content_key == read.content_key:
        files, rest = read.files, read.text_rest
        copy = replace(copy, content=read.content, files=files, text_rest=rest)
    if not isinstance(copy, MessageCopyFound):
        return copy
    said = read.content
    return replace(copy, trace=said.trace, signals=said.signals, bcc=said.bcc)
