"""Reading: what happened after a position, as far as the reader may be told, in order."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable

from domain.catalog import CATALOG
from domain.classes import dataclass
from projections.projection import Names
from projections.reader import Reader, rows_of
from projections.trail import EntryRow
from projections.trails import told_columns, visible

_NOUNS: Final = {
    "message", "conversation", "party", "document", "outgoing", "delivery", "approval",
}  # fmt: skip
CHANGES: Final = tuple(kind.name for kind in CATALOG if kind.name.partition(".")[0] in _NOUNS)
"""The names of events that are told to who follows: of mail, and of what it is about."""


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes: events by name, of mail seen in one of `mailboxes` (empty: any).

    `party`, `document`: what concerns it, or mail that belongs to it now.
    """

    events: tuple[str, ...] = CHANGES
    mailboxes: tuple[UUID, ...] = ()
    party: UUID | None = None
    document: UUID | None = None


async def changes(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    wanted: ChangeFilter,
    after: int,
    upto: int,
    most: int,
) -> list[EntryRow]:
    """Give the first changes with a position in (after, upto]."""
    of_mailboxes = SQL(
        "(scope.mailboxes && %(mailboxes)s::uuid[] OR e.copy_in = ANY(%(mailboxes)s::uuid[]))"
    )
    conditions: Sequence[tuple[object, Composable]] = (
        (True, SQL("e.position > %(after)s AND e.position <= %(upto)s")),
        (True, SQL("e.name = ANY(%(events)s)")),
        (wanted.mailboxes, of_mailboxes),
        (wanted.party, _concerns(names, reader, SQL("%(party)s"))),
        (wanted.document, _concerns(names, reader, SQL("%(document)s"))),
    )
    chosen = [condition for value, condition in conditions if value]
    query = names.sql(
        "SELECT {columns} FROM {trail_entry} e LEFT JOIN {trail_scope} scope"
        " ON scope.stream = e.stream WHERE {all} ORDER BY e.position LIMIT %(most)s",
        columns=told_columns(reader),
        all=SQL(" AND ").join([*chosen, *visible(names, reader, None)]),
    )
    values = {
        **reader.params(),
        "after": after,
        "upto": upto,
        "most": most,
        "events": list(wanted.events),
        "mailboxes": list(wanted.mailboxes),
        "party": wanted.party,
        "document": wanted.document,
    }
    return await rows_of(connection, EntryRow, query, values)


def _concerns(names: Names, reader: Reader, object: Composable) -> Composable:
    return names.sql(
        "(e.stream = {object} OR EXISTS (SELECT FROM {trail_subject} s"
        " WHERE s.position = e.position AND s.object = {object})"
        " OR e.stream IN (SELECT l.message FROM {link} l WHERE l.target = {object}"
        " AND l.to_position IS NULL AND l.state IN ('automatic', 'confirmed') AND {seen}))",
        object=object,
        seen=reader.sees("l.mailboxes"),
    )
