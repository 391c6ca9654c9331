"""Reading: what happened to any object, as far as the reader may be told."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable, Identifier

from domain.classes import dataclass
from projections.clearance import confidential
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
    slice_of,
)
from projections.trail import EntryRow

OLDEST_FIRST = Order("trail.oldest", ("e.position",), descending=False, kinds="i")
NEWEST_FIRST = Order("trail.newest", ("e.position",), kinds="i")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries of the whole log; times are the recorded ones: [from, to)."""

    object: UUID | None = None
    actor_id: str = ""
    events: tuple[str, ...] = ()
    from_time: datetime | None = None
    to_time: datetime | None = None


async def trail_of(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    object_id: UUID,
    at: Page = FIRST_PAGE,
    as_of: AsOf = NOW,
    order: Order = OLDEST_FIRST,
    manager: Reader | None = None,
) -> Slice[EntryRow]:
    """Give what happened to an object; `as_of.time` is compared with the recorded time."""
    wanted = AuditFilter(object_id)
    return await log(connection, names, reader, wanted, at, as_of, order, manager)


async def log(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    wanted: AuditFilter,
    at: Page = FIRST_PAGE,
    as_of: AsOf = NOW,
    order: Order = NEWEST_FIRST,
    manager: Reader | None = None,
) -> Slice[EntryRow]:
    """Give what happened in the company, as far as the reader sees what it happened to.

    What tells how mailboxes are managed is for the `manager` of them; None: nobody is one.
    """
    concerns = names.sql(
        "e.position IN (SELECT o.position FROM {trail_entry} o WHERE o.stream = %(object)s"
        " UNION ALL SELECT s.position FROM {trail_subject} s WHERE s.object = %(object)s)"
    )
    conditions: Sequence[tuple[object, Composable]] = (
        (wanted.object, concerns),
        (wanted.actor_id or None, SQL("e.actor_id = %(actor_id)s")),
        (wanted.events or None, SQL("e.name = ANY(%(events)s)")),
        (wanted.from_time, SQL("e.recorded_at >= %(from_time)s")),
        (wanted.to_time, SQL("e.recorded_at < %(to_time)s")),
        (as_of.position, SQL("e.position <= %(position)s")),
        (as_of.time, SQL("e.recorded_at <= %(time)s")),
    )
    chosen = [condition for value, condition in conditions if value is not None]
    source = names.sql(
        "FROM {trail_entry} e LEFT JOIN {trail_scope} scope ON scope.stream = e.stream"
        " WHERE {all}",
        all=SQL(" AND ").join([*chosen, *visible(names, reader, manager)]),
    )
    managed = list(manager.mailboxes or ()) if manager else []
    values = {**reader.params(), **_values(wanted, as_of), "managed": managed}
    columns = told_columns(reader)
    return await slice_of(connection, EntryRow, columns, source, order, at, values)


def _values(wanted: AuditFilter, as_of: AsOf) -> dict[str, object]:
    return {
        "object": wanted.object,
        "actor_id": wanted.actor_id,
        "events": list(wanted.events),
        "from_time": wanted.from_time,
        "to_time": wanted.to_time,
        "position": as_of.position,
        "time": as_of.time,
    }


def told_columns(reader: Reader) -> Composable:
    """Give the columns of entries; what a reader may not be told is left out of them."""
    if reader.mailboxes is None:
        return columns_of(EntryRow, "e")
    values = {
        "own": SQL("(e.copy_in IS NULL OR {})").format(reader.sees("ARRAY[e.copy_in]")),
        "quotable": SQL("(e.quotes = '' OR (e.quotes = 'message' AND NOT scope.varied))"),
    }
    told = {
        "summary": SQL("CASE WHEN {own} AND {quotable} THEN e.summary ELSE '' END"),
        "data": SQL(
            "CASE WHEN NOT {own} THEN '' WHEN {quotable} THEN e.data"
            " ELSE (e.data::jsonb - 'evidence' - 'inherited_from')::text END"
        ),
    }
    return SQL(", ").join(
        told[spec.name].format(**values) if spec.name in told else Identifier("e", spec.name)
        for spec in fields(EntryRow)
    )


def visible(names: Names, reader: Reader, manager: Reader | None) -> Iterable[Composable]:
    """Give the conditions on entries `e` with their `scope` that a reader is told of."""
    yield SQL(
        "CASE WHEN scope.managed THEN {managed} ELSE scope.stream IS NULL OR {seen} END"
    ).format(managed=_managed(manager), seen=reader.sees("scope.mailboxes"))
    yield SQL("(e.name <> 'document.sent' OR {})").format(reader.sees("ARRAY[e.copy_in]"))
    yield SQL("(NOT e.blind OR {})").format(reader.sees("scope.sent_from"))
    if reader.clearance is not None:
        yield names.sql(
            "NOT EXISTS (SELECT FROM (SELECT e.stream AS id UNION ALL"
            " SELECT c.object FROM {trail_subject} c WHERE c.position = e.position) AS named"
            " WHERE named.id IN ({above}))",
            above=confidential(names),
        )


def _managed(manager: Reader | None) -> Composable:
    if manager is None:
        return SQL("false")
    if manager.mailboxes is None:
        return SQL("true")
    return SQL("coalesce(e.managed_in, scope.mailboxes) && %(managed)s::uuid[]")
