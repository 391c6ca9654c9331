"""In which places mail was seen: the ledger that makes capture repeatable. State, not events."""

from collections.abc import Iterable, Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg import Connection

from domain import message
from domain.message import Message

Row = tuple[UUID, UUID, UUID, str]
"""The same bytes seen in a folder, with their line ends and without; message and content key."""


def known(connection: Connection[Any], occurrences: Iterable[UUID], *, exact: bool) -> set[UUID]:
    """Give which of these occurrences are in the ledger; `exact` ones mind line ends."""
    query: LiteralString = (
        "SELECT exact FROM occurrence WHERE exact = ANY(%b)"
        if exact
        else "SELECT place FROM occurrence WHERE place = ANY(%b)"
    )
    return {row[0] for row in connection.execute(query, (list(occurrences),))}


def look_up(connection: Connection[Any], messages: Iterable[UUID]) -> dict[UUID, Message]:
    """Give the state of messages, as far as capturing asks for it."""
    states = dict.fromkeys(messages, message.initial)
    rows = connection.execute(
        "SELECT message, array_agg(exact) || array_agg(place), array_agg(content_key) FROM occurrence"
        " WHERE message = ANY(%b) GROUP BY message",
        (list(states),),
    )
    for id, occurrences, contents in rows:
        states[id] = Message(
            known=True, occurrences=frozenset(occurrences), contents=frozenset(contents)
        )
    return states


def enter(connection: Connection[Any], rows: Sequence[Row]) -> None:
    """Enter what was taken in."""
    columns = [[row[at] for row in rows] for at in range(4)]
    connection.execute(
        "INSERT INTO occurrence (exact, place, message, content_key)"
        " SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::uuid[], %b::text[])",
        columns,
    )
