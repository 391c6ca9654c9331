"""Access: which tokens there are, what each may do, and with whom mailboxes are shared."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable

from domain.access import TokenIssued, TokenRevoked
from domain.classes import dataclass
from domain.mailbox import MailboxShared, MailboxShareRevoked
from domain.recorded import Recorded
from projections.projection import Names, Projection, Rows, Table
from projections.reader import Reader, columns_of, one_of, rows_of


@dataclass(slots=True)
class TokenRow:
    """A token; `mailboxes` None means every mailbox; a `colleague`'s sees what he is a member of."""

    id: UUID
    name: str
    secret_hash: str
    scopes: list[str]
    mailboxes: list[UUID] | None
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    colleague: UUID | None


@dataclass(slots=True)
class MemberRow:
    """A colleague who sees a mailbox; `since` is when he got this role."""

    mailbox: UUID
    colleague: UUID
    role: str
    since: datetime


TOKEN = Table("token", TokenRow, key=("id",))
MEMBER = Table("member", MemberRow, key=("mailbox", "colleague"), indexes=("(colleague)",))


@dataclass(slots=True)
class State:
    """What a batch touches."""

    tokens: Rows[TokenRow] = field(default_factory=lambda: Rows(TOKEN))
    members: Rows[MemberRow] = field(default_factory=lambda: Rows(MEMBER))


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the tokens and the shared mailboxes of the batch."""
    state = State()
    streams = {one.stream for one in batch if isinstance(one.event, TokenIssued | TokenRevoked)}
    if streams:
        state.tokens.fetch(connection, names, "id = ANY(%b)", list(streams))
    shared = MailboxShared | MailboxShareRevoked
    if boxes := {one.stream for one in batch if isinstance(one.event, shared)}:
        state.members.fetch(connection, names, "mailbox = ANY(%b)", list(boxes))
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    match recorded.event:
        case TokenIssued(secret_hash, scopes, mailboxes, expires_at, name, colleague):
            state.tokens.put(
                TokenRow(
                    id=recorded.stream,
                    name=name,
                    secret_hash=secret_hash,
                    scopes=[scope.value for scope in scopes],
                    mailboxes=None if mailboxes is None else list(mailboxes),
                    issued_at=recorded.recorded_at,
                    expires_at=expires_at,
                    revoked_at=None,
                    colleague=colleague,
                )
            )
        case TokenRevoked():
            row = state.tokens.get(recorded.stream)
            if row is not None:
                row.revoked_at = recorded.recorded_at
                state.tokens.put(row)
        case MailboxShared(colleague, role):
            own, since = recorded.stream, recorded.recorded_at
            state.members.put(MemberRow(own, colleague, role.value, since))
        case MailboxShareRevoked(colleague):
            state.members.remove(recorded.stream, colleague)


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.tokens.flush(connection, names)
    state.members.flush(connection, names)


access = Projection(
    "access",
    version=2,
    tables=(TOKEN, MEMBER),
    hears=(TokenIssued, TokenRevoked, MailboxShared, MailboxShareRevoked),
    load=load,
    fold=fold,
    flush=flush,
)


async def token(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, token_id: UUID
) -> TokenRow | None:
    """Give a token, a revoked one too. Who lets in asks with the reader EVERYTHING."""
    query = names.sql(
        "SELECT {columns} FROM {token} WHERE id = %(id)s AND {sees}",
        columns=columns_of(TokenRow),
        sees=_no_wider(reader),
    )
    return await one_of(connection, TokenRow, query, {**reader.params(), "id": token_id})


async def tokens(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[TokenRow]:
    """Give the tokens that see no more than the reader does, the newest first."""
    query = names.sql(
        "SELECT {columns} FROM {token} WHERE {sees} ORDER BY issued_at DESC, id",
        columns=columns_of(TokenRow),
        sees=_no_wider(reader),
    )
    return await rows_of(connection, TokenRow, query, reader.params())


def _no_wider(reader: Reader) -> Composable:
    if reader.mailboxes is None:
        return SQL("true")
    return SQL("colleague IS NULL AND mailboxes <@ %(reader)s::uuid[]")


async def members(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[MemberRow]:
    """Give with whom the mailboxes that the reader sees are shared, the oldest share first."""
    query = names.sql(
        "SELECT {columns} FROM {member} WHERE {sees} ORDER BY mailbox, since, colleague",
        columns=columns_of(MemberRow),
        sees=reader.sees("ARRAY[mailbox]"),
    )
    return await rows_of(connection, MemberRow, query, reader.params())


async def shared_with(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, colleague: UUID
) -> list[MemberRow]:
    """Give the mailboxes of a colleague. Who lets in asks with the reader EVERYTHING."""
    query = names.sql(
        "SELECT {columns} FROM {member} WHERE colleague = %(colleague)s AND {sees}",
        columns=columns_of(MemberRow),
        sees=reader.sees("ARRAY[mailbox]"),
    )
    return await rows_of(connection, MemberRow, query, {**reader.params(), "colleague": colleague})
