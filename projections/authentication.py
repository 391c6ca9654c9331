"""What our own mail servers said about who sent a mail (RFC 8601), for each copy of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.authentication import ServerDistrusted, ServerTrusted, first_of_each
from domain.message import MessageCompleted, MessageCopyFound, MessageReceived
from domain.recorded import Recorded
from projections.projection import Names, Projection, Rows, Table
from projections.reader import Reader, columns_of, rows_of


@dataclass(slots=True)
class ResultRow:
    """What a server found for one copy by one method; `position` is that of the copy.

    Servers that are not ours stand here too, as they may be trusted later: they are not shown.
    """

    message: UUID
    position: int
    ordinal: int
    mailbox: UUID
    server: str
    method: str
    result: str
    about: str


@dataclass(slots=True)
class TrustedRow:
    """A server that is believed."""

    id: UUID
    server: str


RESULT = Table("authentication_result", ResultRow, key=("message", "position", "ordinal"), late_key=True)  # fmt: skip
TRUSTED = Table("trusted_server", TrustedRow, key=("id",))


@dataclass(slots=True)
class State:
    """What a batch touches."""

    results: Rows[ResultRow] = field(default_factory=lambda: Rows(RESULT))
    trusted: Rows[TrustedRow] = field(default_factory=lambda: Rows(TRUSTED))


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the servers that the batch is about."""
    state = State()
    servers = [
        one.stream for one in batch if isinstance(one.event, ServerTrusted | ServerDistrusted)
    ]
    if servers:
        state.trusted.fetch(connection, names, "id = ANY(%b)", servers)
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    match recorded.event:
        case MessageReceived(content=content, mailbox=mailbox):
            _put(state, recorded, mailbox, content.trace)
        case MessageCopyFound(trace=trace, mailbox=mailbox):
            _put(state, recorded, mailbox, trace)
        case MessageCompleted(trace=trace, mailbox=mailbox):
            _put(state, recorded, mailbox, trace)
        case ServerTrusted(server):
            state.trusted.put(TrustedRow(recorded.stream, server))
        case ServerDistrusted():
            state.trusted.remove(recorded.stream)


def _put(
    state: State, recorded: Recorded, mailbox: UUID, trace: Sequence[tuple[str, str]]
) -> None:
    for at, one in enumerate(first_of_each(trace)):
        state.results.add(
            ResultRow(
                message=recorded.stream,
                position=recorded.position,
                ordinal=at,
                mailbox=mailbox,
                server=one.server,
                method=one.method,
                result=one.result,
                about=one.about,
            )
        )


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.results.flush(connection, names)
    state.trusted.flush(connection, names)


authentication = Projection(
    "authentication",
    version=1,
    tables=(RESULT, TRUSTED),
    hears=(MessageReceived, MessageCopyFound, MessageCompleted, ServerTrusted, ServerDistrusted),
    load=load,
    fold=fold,
    flush=flush,
)


async def results_of(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, messages: Sequence[UUID]
) -> dict[tuple[UUID, int], list[ResultRow]]:
    """Give by message and copy what trusted servers found, of copies that the reader sees."""
    query = names.sql(
        "SELECT {columns} FROM {authentication_result} r WHERE r.message = ANY(%(messages)s)"
        " AND r.server IN (SELECT server FROM {trusted_server}) AND {seen}"
        " ORDER BY r.message, r.position, r.ordinal",
        columns=columns_of(ResultRow, "r"),
        seen=reader.sees("ARRAY[r.mailbox]"),
    )
    values = {**reader.params(), "messages": list(messages)}
    found: dict[tuple[UUID, int], list[ResultRow]] = {}
    for row in await rows_of(connection, ResultRow, query, values):
        found.setdefault((row.message, row.position), []).append(row)
    return found


async def trusted(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[TrustedRow]:
    """Give the servers that are believed, which every `reader` may know, by name."""
    del reader
    query = names.sql(
        'SELECT {columns} FROM {trusted_server} ORDER BY server COLLATE "C"',
        columns=columns_of(TrustedRow),
    )
    return await rows_of(connection, TrustedRow, query, {})
