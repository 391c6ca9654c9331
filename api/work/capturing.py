"""What is captured of one arrival: where its octets lie, and what is told of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from adapters.blobs import Stored
from adapters.mime.dates import read_date
from adapters.mime.reader import Reading
from api.work.arrivals import Arrival
from api.work.keeping import Derived, kept, octets_of
from domain.content import Content
from domain.identity import MessageIdentity
from domain.message import CaptureEvent, Message, MessageReceived

_UNREAD: Final = Reading(Content(reader=0))


@dataclass(frozen=True, slots=True)
class Seen:
    """An arrival with its identity, and what the reader found in it."""

    arrival: Arrival
    identity: MessageIdentity
    place: UUID
    exact: UUID
    sha256: str
    reading: Reading = _UNREAD


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the octets of one arrival lie."""

    raw: Stored
    derived: Derived = field(default_factory=Derived)


def is_mere_copy(seen: Seen, known: Mapping[UUID, Message]) -> bool:
    """Say whether its content is known: nothing but its raw octets is kept of it."""
    return seen.identity.content_key in known[seen.identity.message].contents


def header_of(raw: bytes) -> bytes:
    """Give the header alone."""
    return raw.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]


def varies(seen: Seen, known: Mapping[UUID, Message]) -> bool:
    """Say whether its message is known, and its content is not."""
    return known[seen.identity.message].known and not is_mere_copy(seen, known)


def all_octets_of(seen: Seen, known: Mapping[UUID, Message]) -> Iterator[bytes]:
    """Give what is stored of it: the raw octets first."""
    yield seen.arrival.raw
    if not is_mere_copy(seen, known):
        yield from octets_of(seen.reading)


def kept_of(seen: Seen, known: Mapping[UUID, Message], stored: Iterator[Stored]) -> Kept:
    """Say where these lie, as they were stored one by one."""
    raw = next(stored)
    if is_mere_copy(seen, known):
        return Kept(raw)
    return Kept(raw, Derived.of(seen.reading, stored))


def received_of(seen: Seen, stored: Kept) -> MessageReceived:
    """Tell of it as of the first copy of its message."""
    arrival, content = seen.arrival, seen.reading.content
    at = arrival.received_at or _delivered_at(content)
    before = arrival.place.archived_before
    return MessageReceived(
        mailbox=arrival.place.mailbox,
        role=arrival.place.role,
        received_at=at,
        size=len(arrival.raw),
        raw=stored.raw.name,
        content_key=seen.identity.content_key,
        header_key=seen.identity.header_key,
        folder=arrival.place.folder,
        raw_sha256=seen.sha256,
        content=kept(content),
        files=stored.derived.names,
        text_rest=stored.derived.text_rest,
        flags=arrival.flags,
        archived=before is not None and at < before,
        whole_size=arrival.whole_size,
    )


def _delivered_at(content: Content) -> datetime:
    """Take the topmost Received, which the last server wrote (RFC 5321 4.4); Date may lie."""
    stamp = (content.traced("received") or "").rpartition(";")[2]
    return read_date(stamp) or content.sent_at or datetime.now(UTC)


def named_in(event: object, stored: Kept) -> Iterator[Stored]:
    """Give the blobs that an event names."""
    yield stored.raw
    if isinstance(event, CaptureEvent) and event.content is not None:
        yield from stored.derived.stored()
