"""Reading: the company itself, its colleagues, mailboxes and accounts."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.directory import AccountRow, ColleagueRow, CompanyRow, MailboxRow
from projections.projection import Names
from projections.reader import Reader

Connection = AsyncConnection[TupleRow]


async def company(connection: Connection, names: Names, reader: Reader) -> CompanyRow | None:
    """Give the company's own description; None before its first."""
    raise NotImplementedError


async def colleagues(connection: Connection, names: Names, reader: Reader) -> list[ColleagueRow]:
    """Give the people of the company by name."""
    raise NotImplementedError


async def mailboxes(connection: Connection, names: Names, reader: Reader) -> list[MailboxRow]:
    """Give the mailboxes that the reader sees, by address."""
    raise NotImplementedError


async def mailboxes_by_ids(connection: Connection, names: Names, reader: Reader, ids: Sequence[UUID]) -> dict[UUID, MailboxRow]:
    """Give many mailboxes at once, as far as the reader sees them."""
    raise NotImplementedError


async def mailbox_by_address(connection: Connection, names: Names, reader: Reader, address: str) -> MailboxRow | None:
    """Give the mailbox of an address."""
    raise NotImplementedError


async def accounts(connection: Connection, names: Names, reader: Reader) -> list[AccountRow]:
    """Give the accounts of the mailboxes that the reader sees."""
    raise NotImplementedError
