"""Reading: messages, alone, in lists, and in bulk."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.contents import AttachmentRow, ContentRow, ParticipantRow
from projections.mail import MessageRow, OccurrenceRow
from projections.projection import Names
from projections.reader import FIRST_PAGE, NOW, AsOf, Order, Page, Reader, Slice

Connection = AsyncConnection[TupleRow]
NEWEST_FIRST = Order("message.newest", ("m.received_at", "m.id"))
OLDEST_FIRST = Order("message.oldest", ("m.received_at", "m.id"), descending=False)


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages; an empty filter means all. Times are when mail was received: [from, to)."""

    mailboxes: tuple[UUID, ...] = ()
    directions: tuple[str, ...] = ()
    party: UUID | None = None
    document: UUID | None = None
    from_time: datetime | None = None
    to_time: datetime | None = None
    has_attachments: bool | None = None
    is_linked: bool | None = None
    automatic: bool | None = None


async def by_id(connection: Connection, names: Names, reader: Reader, message: UUID, as_of: AsOf = NOW) -> MessageRow | None:
    """Give a message, classified and closed as it was then; None if it was not there yet."""
    raise NotImplementedError


async def by_ids(connection: Connection, names: Names, reader: Reader, messages: Sequence[UUID]) -> dict[UUID, MessageRow]:
    """Give many messages at once."""
    raise NotImplementedError


async def by_header_key(connection: Connection, names: Names, reader: Reader, header_key: str) -> list[MessageRow]:
    """Give the messages with a Message-ID, by its keyed hash (domain.identity.header_key)."""
    raise NotImplementedError


async def page(connection: Connection, names: Names, reader: Reader, wanted: MessageFilter, at: Page = FIRST_PAGE, order: Order = NEWEST_FIRST) -> Slice[MessageRow]:
    """Give messages by the time they were received (NEWEST_FIRST or OLDEST_FIRST)."""
    raise NotImplementedError


async def contents_of(connection: Connection, names: Names, reader: Reader, messages: Sequence[UUID]) -> dict[UUID, ContentRow]:
    """Give what is shown of each message, its text included."""
    raise NotImplementedError


async def variants_of(connection: Connection, names: Names, reader: Reader, message: UUID) -> list[ContentRow]:
    """Give every form in which a message was seen, the one shown first."""
    raise NotImplementedError


async def occurrences_of(connection: Connection, names: Names, reader: Reader, messages: Sequence[UUID], as_of: AsOf = NOW) -> dict[UUID, list[OccurrenceRow]]:
    """Give the places where each message was seen, as far as the reader sees them."""
    raise NotImplementedError


async def participants_of(connection: Connection, names: Names, reader: Reader, messages: Sequence[UUID]) -> dict[UUID, list[ParticipantRow]]:
    """Give the addresses of each message; Bcc only to who reads the mailbox that sent it."""
    raise NotImplementedError


async def attachments_of(connection: Connection, names: Names, reader: Reader, messages: Sequence[UUID]) -> dict[UUID, list[AttachmentRow]]:
    """Give the attachments of each message."""
    raise NotImplementedError


async def all_ids(connection: Connection, names: Names, reader: Reader, wanted: MessageFilter, at_once: int = 500) -> AsyncIterator[list[UUID]]:
    """Give the ids of all matching messages in portions, the oldest first, by a server's cursor."""
    raise NotImplementedError
    yield []
