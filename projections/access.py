"""The access tokens: which there are, what each may do."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.projection import Names
from projections.reader import Reader


@dataclass(slots=True)
class TokenRow:
    """A token; `mailboxes` None means every mailbox."""

    id: UUID
    name: str
    secret_hash: str
    scopes: list[str]
    mailboxes: list[UUID] | None
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


async def token(connection: AsyncConnection[TupleRow], names: Names, reader: Reader, token_id: UUID) -> TokenRow | None:
    """Give a token, a revoked one too: who lets in must look."""
    raise NotImplementedError


async def tokens(connection: AsyncConnection[TupleRow], names: Names, reader: Reader) -> list[TokenRow]:
    """Give all tokens, the newest first."""
    raise NotImplementedError
