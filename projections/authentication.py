"""What our own mail servers said about who sent a mail (RFC 8601), for each copy of it."""

from collections.abc import Sequence
from dataclasses import field
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.authentication import ServerDistrusted, ServerTrusted, first_of_each
from domain.classes import dataclass
from domain.message import MessageCompleted, MessageCopyFound, MessageReceived
from domain.recorded import Recorded
from domain.rereading import MessageReread
from domain.values import BlobName
from projections.projection import Names, Projection, Rows, Table
from projections.reader import Reader, columns_of, rows_of


@dataclass(slots=True)
class ResultRow:
    """What a server found by one method for the copies with certain octets (`raw`).

    `position` is that of the event that told it; of equal octets the last one counts. Servers that
    are not ours stand here too, as they may be trusted later: they are not shown.
    """

    message: UUID
    position: int
    ordinal: int
    raw: str
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
    anew: set[UUID] = field(default_factory=set)
    """Messages that the batch reads anew: their rows may go."""


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the servers that the batch is about."""
    state = State()
    servers = [
        one.stream for one in batch if isinstance(one.event, ServerTrusted | ServerDistrusted)
    ]
    if servers:
        state.trusted.fetch(connection, names, "id = ANY(%b)", servers)
    state.anew = {one.stream for one in batch if isinstance(one.event, MessageReread)}
    if state.anew:
        state.results.fetch(connection, names, "message = ANY(%b)", list(state.anew))
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    match recorded.event:
        case MessageReceived(content=content, raw=raw):
            _put(state, recorded, raw, content.trace)
        case MessageCopyFound(trace=trace, raw=raw) | MessageCompleted(trace=trace, raw=raw):
            _put(state, recorded, raw, trace)
        case MessageReread(content=content, raw=raw) if content is not None:
            for one in state.results:
                if (one.message, one.raw) == (recorded.stream, raw):
                    state.results.remove(one.message, one.position, one.ordinal)
            _put(state, recorded, raw, content.trace)
        case ServerTrusted(server):
            state.trusted.put(TrustedRow(recorded.stream, server))
        case ServerDistrusted():
            state.trusted.remove(recorded.stream)


def _put(
    state: State, recorded: Recorded, raw: BlobName, trace: Sequence[tuple[str, str]]
) -> None:
    for at, one in enumerate(first_of_each(trace)):
        row = ResultRow(
            message=recorded.stream,
            position=recorded.position,
            ordinal=at,
            raw=raw,
            server=one.server,
            method=one.method,
            result=one.result,
            about=one.about,
        )
        state.results.put(row) if recorded.stream in state.anew else state.results.add(row)


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.results.flush(connection, names)
    state.trusted.flush(connection, names)


authentication = Projection(
    "authentication",
    version=2,
    tables=(RESULT, TRUSTED),
    hears=(
        MessageReceived,
        MessageCopyFound,
        MessageCompleted,
        MessageReread,
        ServerTrusted,
        ServerDistrusted,
    ),
    load=load,
    fold=fold,
    flush=flush,
    uses=("occurrence",),
)


async def results_of(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, messages: Sequence[UUID]
) -> dict[tuple[UUID, int], list[ResultRow]]:
    """Give by message and copy what trusted servers found, of copies that the reader sees.

    A copy is named by the position at which it came to its place.
    """
    query = names.sql(
        "SELECT r.message, o.position, r.ordinal, r.raw, r.server, r.method, r.result, r.about"
        " FROM {authentication_result} r JOIN {occurrence} o"
        " ON o.message = r.message AND o.raw = r.raw WHERE r.message = ANY(%(messages)s)"
        " AND r.position = (SELECT max(l.position) FROM {authentication_result} l"
        " WHERE l.message = r.message AND l.raw = r.raw)"
        " AND r.server IN (SELECT server FROM {trusted_server}) AND {seen}"
        " ORDER BY r.message, o.position, r.ordinal",
        seen=reader.sees("ARRAY[o.mailbox]"),
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
