"""Reading: the timeline of a party or a document."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable, Identifier

from domain.classes import dataclass
from projections.forms import shown
from projections.history import LinkRow
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
    slice_of,
)

Connection = AsyncConnection[TupleRow]
NEWEST_FIRST = Order("timeline.newest", ("l.at", "l.message"))
OLDEST_FIRST = Order("timeline.oldest", ("l.at", "l.message"), descending=False)


@dataclass(frozen=True, slots=True)
class TimelineFilter:
    """Which part of a timeline; times are when mail was received: [from, to)."""

    directions: tuple[str, ...] = ()
    mailboxes: tuple[UUID, ...] = ()
    from_time: datetime | None = None
    to_time: datetime | None = None
    rules: tuple[str, ...] = ()


EVERYTHING: Final = TimelineFilter()


@dataclass(frozen=True, slots=True)
class Correspondence:
    """How much was written, and over which time."""

    received: int
    sent: int
    internal: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Sent:
    address_key: str


async def timeline(
    connection: Connection,
    names: Names,
    reader: Reader,
    target: UUID,
    wanted: TimelineFilter = EVERYTHING,
    at: Page = FIRST_PAGE,
    as_of: AsOf = NOW,
    order: Order = NEWEST_FIRST,
) -> Slice[LinkRow]:
    """Give the automatic and confirmed links of a party or document; `message` is the mail's id."""
    source = _source(names, reader, wanted, as_of)
    values = {**reader.params(), **_values(wanted, as_of), "target": target}
    columns = link_columns(names, reader)
    return await slice_of(connection, LinkRow, columns, source, order, at, values)


async def correspondence(
    connection: Connection,
    names: Names,
    reader: Reader,
    target: UUID,
    since: datetime | None = None,
) -> Correspondence:
    """Count the messages of a party or document by direction."""
    wanted = TimelineFilter(from_time=since)
    query = SQL(
        "SELECT count(*) FILTER (WHERE l.direction = 'inbound'),"
        " count(*) FILTER (WHERE l.direction = 'outbound'),"
        " count(*) FILTER (WHERE l.direction = 'internal'), min(l.at), max(l.at) {}"
    ).format(_source(names, reader, wanted, NOW))
    values = {**reader.params(), **_values(wanted, NOW), "target": target}
    found = await one_of(connection, Correspondence, query, values)
    return found or Correspondence(0, 0, 0, None, None)


async def last_sent_as(
    connection: Connection, names: Names, reader: Reader, target: UUID, addresses: Sequence[str]
) -> str | None:
    """Give as which of these addresses was last written about a document, or with a party.

    `addresses` are in lower case. The last hundred messages that went out are looked at.
    """
    wanted = TimelineFilter(directions=("outbound",))
    query = names.sql(
        "SELECT p.address_key FROM (SELECT l.message, l.at {source}"
        " ORDER BY l.at DESC, l.message DESC LIMIT 100) AS sent"
        " JOIN {participant} p ON p.message = sent.message AND p.role = 'from'"
        " WHERE p.address_key = ANY(%(addresses)s) ORDER BY sent.at DESC, sent.message DESC LIMIT 1",
        source=_source(names, reader, wanted, NOW),
    )
    values = {**reader.params(), **_values(wanted, NOW), "target": target}
    found = await one_of(connection, _Sent, query, {**values, "addresses": list(addresses)})
    return found.address_key if found else None


def link_columns(names: Names, reader: Reader) -> Composable:
    """Give the columns of links; the evidence only if it stands in what the reader is shown.

    That of an inherited link stands in other mail: there it is told.
    """
    if reader.mailboxes is None:
        return columns_of(LinkRow, "l")
    evidence = names.sql(
        "CASE WHEN l.inherited_from IS NULL AND EXISTS (SELECT FROM {message} m"
        " WHERE m.id = l.message AND m.content = {shown}) THEN l.evidence ELSE '' END",
        shown=shown(names, reader),
    )
    return SQL(", ").join(
        evidence if spec.name == "evidence" else Identifier("l", spec.name)
        for spec in fields(LinkRow)
    )


COUNTS: Final = SQL("l.state IN ('automatic', 'confirmed')")
"""Links that are taken as given; suggested and ambiguous ones wait for a person."""


def _source(names: Names, reader: Reader, wanted: TimelineFilter, as_of: AsOf) -> Composable:
    conditions: Sequence[tuple[object, Composable]] = (
        (wanted.directions or None, SQL("l.direction = ANY(%(directions)s)")),
        (wanted.mailboxes or None, SQL("l.mailboxes && %(mailboxes)s::uuid[]")),
        (wanted.rules or None, SQL("l.rule = ANY(%(rules)s)")),
        (wanted.from_time, SQL("l.at >= %(from_time)s")),
        (wanted.to_time, SQL("l.at < %(to_time)s")),
        (as_of.time, SQL("l.at <= %(time)s")),
    )
    chosen = [condition for value, condition in conditions if value is not None]
    return names.sql(
        "FROM {link} l WHERE l.target = %(target)s AND {all}",
        all=SQL(" AND ").join([*chosen, COUNTS, as_of.known_of("l."), reader.sees("l.mailboxes")]),
    )


def _values(wanted: TimelineFilter, as_of: AsOf) -> dict[str, object]:
    return {
        "directions": list(wanted.directions),
        "mailboxes": list(wanted.mailboxes),
        "rules": list(wanted.rules),
        "from_time": wanted.from_time,
        "to_time": wanted.to_time,
        "time": as_of.time,
        "position": as_of.position,
    }
