"""Reading: what messages are linked to, why, and what still waits for a person's choice."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable

from projections.history import COUNTER, HistoryMessageRow, LinkRow
from projections.projection import Names
from projections.reader import (
    FIRST_PAGE,
    NOW,
    AsOf,
    Order,
    Page,
    Reader,
    Slice,
    columns_of,
    one_of,
    rows_of,
    slice_of,
)
from projections.timelines import COUNTS, link_columns

Connection = AsyncConnection[TupleRow]
NEWEST_FIRST = Order("worklist.newest", ("h.at", "h.message"))


async def link(connection: Connection, names: Names, reader: Reader, link: UUID) -> LinkRow | None:
    """Give one link, also one that was taken back."""
    query = names.sql(
        "SELECT {columns} FROM {link} l WHERE l.id = %(id)s AND {sees}",
        columns=link_columns(names, reader),
        sees=reader.sees("l.mailboxes"),
    )
    return await one_of(connection, LinkRow, query, {**reader.params(), "id": link})


async def links_of(
    connection: Connection,
    names: Names,
    reader: Reader,
    messages: Sequence[UUID],
    as_of: AsOf = NOW,
    *,
    revoked: bool = False,
) -> dict[UUID, list[LinkRow]]:
    """Give the links of each message in every state; on wish also those taken back by then."""
    begun = SQL("coalesce(l.from_position <= %(position)s::int8, true)")
    query = names.sql(
        "SELECT {columns} FROM {link} l WHERE l.message = ANY(%(ids)s) AND {known} AND {sees}"
        " ORDER BY l.message, l.from_position, l.id",
        columns=link_columns(names, reader),
        known=begun if revoked else as_of.known_of("l."),
        sees=reader.sees("l.mailboxes"),
    )
    values = {**reader.params(), "ids": list(messages), "position": as_of.position}
    found: dict[UUID, list[LinkRow]] = {}
    for row in await rows_of(connection, LinkRow, query, values):
        found.setdefault(row.message, []).append(row)
    return found


async def parties_of(
    connection: Connection,
    names: Names,
    reader: Reader,
    messages: Sequence[UUID],
    as_of: AsOf = NOW,
) -> dict[UUID, list[UUID]]:
    """Give the parties of each message: automatic and confirmed links."""
    return await _targets(connection, names, reader, "party", messages, as_of)


async def documents_of(
    connection: Connection,
    names: Names,
    reader: Reader,
    messages: Sequence[UUID],
    as_of: AsOf = NOW,
) -> dict[UUID, list[UUID]]:
    """Give the documents of each message: automatic and confirmed links."""
    return await _targets(connection, names, reader, "document", messages, as_of)


async def unmatched(
    connection: Connection,
    names: Names,
    reader: Reader,
    at: Page = FIRST_PAGE,
    *,
    automatic: bool | None = None,
) -> Slice[HistoryMessageRow]:
    """Give mail from or to outside without a link to any party, the newest first."""
    which = SQL(
        "h.parties = 0 AND h.direction IN ('inbound', 'outbound')"
        " AND coalesce(h.automatic = %(automatic)s::bool, true)"
    )
    return await _worklist(connection, names, reader, which, at, automatic=automatic)


async def ambiguous(
    connection: Connection, names: Names, reader: Reader, at: Page = FIRST_PAGE
) -> Slice[HistoryMessageRow]:
    """Give mail whose party a person must choose, the newest first."""
    return await _worklist(connection, names, reader, SQL("h.ambiguous > 0"), at)


async def suggested(
    connection: Connection, names: Names, reader: Reader, at: Page = FIRST_PAGE
) -> Slice[HistoryMessageRow]:
    """Give mail with suggested links that wait for a person, the newest first."""
    return await _worklist(connection, names, reader, SQL("h.suggested > 0"), at)


async def _worklist(
    connection: Connection,
    names: Names,
    reader: Reader,
    which: Composable,
    at: Page,
    **values: object,
) -> Slice[HistoryMessageRow]:
    source = names.sql(
        "FROM {history_message} h WHERE {which} AND {sees}",
        which=which,
        sees=reader.sees("h.mailboxes"),
    )
    columns, params = columns_of(HistoryMessageRow, "h"), {**reader.params(), **values}
    return await slice_of(connection, HistoryMessageRow, columns, source, NEWEST_FIRST, at, params)


async def _targets(
    connection: Connection,
    names: Names,
    reader: Reader,
    kind: str,
    messages: Sequence[UUID],
    as_of: AsOf,
) -> dict[UUID, list[UUID]]:
    query = names.sql(
        "SELECT l.message, l.target FROM {link} l WHERE l.message = ANY(%(ids)s)"
        " AND l.kind = %(kind)s AND {counts} AND {known} AND {sees}"
        " ORDER BY l.message, l.from_position, l.target",
        counts=COUNTS,
        known=as_of.known_of("l."),
        sees=reader.sees("l.mailboxes"),
    )
    values = {"ids": list(messages), "kind": kind, "position": as_of.position}
    found: dict[UUID, list[UUID]] = {}
    cursor = await connection.execute(query, {**reader.params(), **values})
    async for message, target in cursor:
        found.setdefault(message, []).append(target)
    return found


async def linked_after(connection: Connection, names: Names, reader: Reader, position: int) -> int:
    """Count the messages captured after a position that belong to a party or document."""
    query = names.sql(
        "SELECT count(DISTINCT l.message) FROM {link} l WHERE l.from_position > %(position)s"
        " AND l.to_position IS NULL AND l.state IN ('automatic', 'confirmed') AND {sees}"
        " AND EXISTS (SELECT FROM {message} m WHERE m.id = l.message AND m.position > %(position)s)",
        sees=reader.sees("l.mailboxes"),
    )
    values = {**reader.params(), "position": position}
    row = await (await connection.execute(query, values)).fetchone()
    return int(row[0]) if row else 0


async def linked_since(
    connection: Connection, names: Names, reader: Reader, target: UUID, position: int
) -> int:
    """Count the messages that belong to a party or document by links made after a position."""
    query = names.sql(
        "SELECT count(*) FROM {link} l WHERE l.target = %(target)s AND {counts}"
        " AND l.to_position IS NULL AND l.from_position > %(position)s AND {sees}",
        counts=COUNTS,
        sees=reader.sees("l.mailboxes"),
    )
    values = {**reader.params(), "target": target, "position": position}
    row = await (await connection.execute(query, values)).fetchone()
    return int(row[0]) if row else 0


def candidates(said: Iterable[LinkRow], address: str, *, only_by_it: bool = False) -> list[UUID]:
    """Give the parties that links found by an address (key), else by other evidence, suggest."""
    of_parties = [one for one in said if one.kind == "party"]
    by_it = [one for one in of_parties if one.evidence.casefold() == address]
    chosen = by_it or [one for one in of_parties if one.state in COUNTER and not only_by_it]
    return [one.target for one in sorted(chosen, key=lambda one: -one.confidence)]
