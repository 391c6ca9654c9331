"""Waits by what may have changed them: messages of their conversations, parties and documents."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.projection import Names
from projections.reader import Reader, columns_of, rows_of
from projections.unanswered import Waiting


async def waits_beside(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, messages: Sequence[UUID]
) -> list[Waiting]:
    """Give what waits in the conversations of messages."""
    return await _open(
        connection,
        names,
        reader,
        "conversation IN (SELECT m.conversation FROM {conversation_member} m"
        " WHERE m.message = ANY(%(ids)s) AND m.to_position IS NULL)",
        messages,
    )


async def waits_about(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, targets: Sequence[UUID]
) -> list[Waiting]:
    """Give what waits for an answer to mail that belongs to one of these parties or documents."""
    return await _open(
        connection,
        names,
        reader,
        "message IN (SELECT l.message FROM {link} l WHERE l.target = ANY(%(ids)s)"
        " AND l.to_position IS NULL)",
        targets,
    )


async def waits_begun_with(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, messages: Sequence[UUID]
) -> dict[UUID, Waiting]:
    """Give the waits that began with messages, ended ones too: of each message the last."""
    query = names.sql(
        "SELECT DISTINCT ON (message) {columns} FROM {waiting} WHERE conversation IN"
        " (SELECT m.conversation FROM {conversation_member} m"
        " WHERE m.message = ANY(%(ids)s) AND m.to_position IS NULL)"
        " AND message = ANY(%(ids)s) AND to_position IS NULL AND {seen}"
        " ORDER BY message, until DESC NULLS FIRST",
        columns=columns_of(Waiting),
        seen=reader.sees("mailboxes"),
    )
    rows = await rows_of(connection, Waiting, query, {**reader.params(), "ids": list(messages)})
    return {row.message: row for row in rows}


async def _open(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    where: LiteralString,
    ids: Sequence[UUID],
) -> list[Waiting]:
    query = names.sql(
        "SELECT {columns} FROM {waiting} WHERE {where}"
        " AND until IS NULL AND to_position IS NULL AND {seen}",
        columns=columns_of(Waiting),
        where=names.sql(where),
        seen=reader.sees("mailboxes"),
    )
    return await rows_of(connection, Waiting, query, {**reader.params(), "ids": list(ids)})
