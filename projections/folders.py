"""Which folders mail was captured from, and how much lies in each."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.projection import Names
from projections.reader import Reader


@dataclass(slots=True)
class FolderRow:
    """A folder of a mailbox; `copies` counts occurrences, `unseen` those without \\Seen."""

    id: UUID
    mailbox: UUID
    folder: str
    role: str
    copies: int
    unseen: int
    size: int
    first_received_at: datetime
    last_received_at: datetime
    last_recorded_at: datetime


async def folders(connection: AsyncConnection[TupleRow], names: Names, reader: Reader) -> list[FolderRow]:
    """Give the folders of the mailboxes that the reader sees."""
    raise NotImplementedError
