"""A message that was taken in, as it is answered or passed on: what it says, and its octets."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from adapters.blobs import BlobMissing, Damaged
from adapters.keyring import KeyDestroyed
from api.work.instance import Carteggio
from domain import rereading
from domain.content import Content
from domain.rereading import Read
from domain.values import BlobName, MailboxId, MessageId, Rejected
from projections import messages
from projections.reader import Reader


@dataclass(frozen=True, slots=True)
class Original:
    """A message in the form that the reader is shown; `files` are its attachments' blobs, in order."""

    id: MessageId
    mailbox: MailboxId
    received_at: datetime
    content: Content
    raw: BlobName
    files: tuple[BlobName, ...]


async def original(carteggio: Carteggio, reader: Reader, message: UUID) -> Original:
    """Give a message that the reader sees; Rejected: there is none for him, or it was erased."""
    async with carteggio.reading() as (connection, names):
        asked = connection, names, reader
        row = await messages.by_id(*asked, message)
        seen = (await messages.occurrences_of(*asked, [message])).get(message, [])
    if row is None or not seen:
        raise Rejected("NOT_FOUND", "there is no such message that you may see")
    copy = min(seen, key=lambda one: one.content != row.content)
    read = await asyncio.to_thread(_as_read, carteggio, message, row.content)
    return Original(
        id=MessageId(message),
        mailbox=MailboxId(copy.mailbox),
        received_at=row.received_at,
        content=read.content,
        raw=BlobName(copy.raw),
        files=read.files,
    )


def _as_read(carteggio: Carteggio, message: UUID, content_key: str) -> Read:
    """Give how a form of a message reads, the whole of its text included."""
    readings = rereading.initial
    for recorded in carteggio.journal.stream(message):
        readings = rereading.evolve(readings, recorded.event)
    found = (one for one in readings.of.values() if one.content_key == content_key)
    read = next(found, None)
    if read is None:
        raise Rejected("ERASED", "this message was erased")
    if read.text_rest is None:
        return read
    rest = octets_of(carteggio, message, read.text_rest).decode("utf-8", "replace")
    return replace(read, content=replace(read.content, text=read.content.text + rest))


def octets_of(carteggio: Carteggio, message: UUID, blob: BlobName) -> bytes:
    """Open what belongs to a message; Rejected: it was erased, or is lost."""
    try:
        return carteggio.blobs.get(blob, message)
    except KeyDestroyed:
        raise Rejected("ERASED", "this message was erased") from None
    except (BlobMissing, Damaged):
        raise Rejected("LOST", "its octets are lost; an operator runs: carteggio doctor") from None
