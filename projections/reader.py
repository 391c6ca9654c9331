"""Who reads, as of when, and which page: the arguments that every reading function takes."""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any, Final, Generic, LiteralString, TypeVar, cast
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, args_row
from psycopg.sql import SQL, Composable, Composed, Identifier, Placeholder

from domain.classes import dataclass
from domain.likeness import bare
from domain.values import Rejected

COUNTED_EXACTLY: Final = 1_000
"""Totals beyond this are given as "more than": counting everything is what makes lists slow."""

_CURSOR_VERSION: Final = 1

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reader:
    """What may be seen: mail of `mailboxes`, records up to the privacy level `clearance`.

    None means all of it.
    """

    mailboxes: tuple[UUID, ...] | None
    clearance: int | None = None

    def sees(self, mailboxes: LiteralString) -> Composable:
        """Give the predicate over a uuid[] column; it needs `self.params()`."""
        return SQL("true") if self.mailboxes is None else SQL(f"{mailboxes} && %(reader)s::uuid[]")

    def may_see(self, mailbox: UUID) -> bool:
        """Tell whether mail of a mailbox may be seen."""
        return self.mailboxes is None or mailbox in self.mailboxes

    def cleared(self, level: LiteralString) -> Composable:
        """Give the predicate over a privacy level; it needs `self.params()`."""
        return SQL("true") if self.clearance is None else SQL(f"{level} <= %(clearance)s")

    def params(self) -> dict[str, object]:
        """Give the values of the predicates."""
        mailboxes = None if self.mailboxes is None else list(self.mailboxes)
        return {"reader": mailboxes, "clearance": self.clearance}


EVERYTHING: Final = Reader(mailboxes=None)
"""For the operator at the command line, who holds the keys anyway."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """`position`: what was known then; `time`: how mail stood then; neither: now."""

    position: int | None = None
    time: datetime | None = None

    @property
    def known(self) -> SQL:
        """Give the predicate on rows with from_position and to_position; it needs %(position)s."""
        return self.known_of("")

    def known_of(self, row: LiteralString) -> SQL:
        """Give the same of rows under a name, as `m.`."""
        if self.position is None:
            return SQL(f"{row}to_position IS NULL")
        return _within(f"{row}from_position", f"{row}to_position", "%(position)s")

    def held(self, begun: LiteralString, ended: LiteralString, row: LiteralString = "") -> SQL:
        """Give the predicate on rows that held between two of their columns; it needs %(time)s, too."""
        if self.time is None:
            return self.known_of(row)
        return _within(f"{row}{begun}", f"{row}{ended}", "%(time)s")


NOW: Final = AsOf()


def _within(begun: LiteralString, ended: LiteralString, at: LiteralString) -> SQL:
    return SQL(f"{begun} <= {at} AND ({ended} IS NULL OR {ended} > {at})")


@dataclass(frozen=True, slots=True)
class Page:
    """A page by keyset: `first` after a key, or, if `last` is given, `last` before a key."""

    first: int = 50
    after: tuple[object, ...] | None = None
    last: int | None = None
    before: tuple[object, ...] | None = None
    counted: bool = True
    """False: nobody asks how many there are on all pages."""


FIRST_PAGE: Final = Page()


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """The rows of a page; `total` is exact up to 1,000, beyond or uncounted `total_exact` is False."""

    rows: list[T]
    has_next: bool
    has_previous: bool
    total: int
    total_exact: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A total order of rows: its name is in the cursors, its columns are the key.

    `kinds` says what the columns hold: t a time, d a day, u a UUID, i a number, s a text.
    """

    name: str
    columns: tuple[LiteralString, ...]
    descending: bool = True
    kinds: str = "tu"

    def key(self, row: object) -> tuple[object, ...]:
        """Give the key of a row: what its cursor holds."""
        names = (column.partition(" ")[0].rpartition(".")[2] for column in self.columns)
        return tuple(getattr(row, name) for name in names)

    def cursor(self, row: object) -> str:
        """Give the cursor of a row."""
        return encode_cursor(self.name, self.key(row))


def text_key(text: str) -> str:
    """Give the form in which names are compared and ordered: no case, accents, or extra spaces.

    It is cut, because an index bears no value beyond a third of a page.
    """
    return " ".join(bare(text).split())[:200]


def encode_cursor(order: str, key: tuple[object, ...]) -> str:
    """Write a place in an order as opaque text."""
    said = json.dumps([_CURSOR_VERSION, order, [_tagged(value) for value in key]]).encode()
    return base64.urlsafe_b64encode(zlib.crc32(said).to_bytes(4, "big") + said).decode()


def decode_cursor(order: Order, text: str) -> tuple[object, ...]:
    """Read such a text again; refuse one that is damaged, made up, or of another order."""
    try:
        octets = base64.b64decode(text, altchars=b"-_", validate=True)
        if zlib.crc32(octets[4:]) != int.from_bytes(octets[:4], "big"):
            raise ValueError
        version, name, values = json.loads(octets[4:])
        key = tuple(_READ[tag](value) for tag, value in values)
        kinds = "".join(tag for tag, _ in values)
    except _MADE_UP:
        raise _damaged() from None
    if version != _CURSOR_VERSION or name != order.name:
        raise Rejected("INVALID", f"the cursor belongs to another list than {order.name}")
    if kinds != order.kinds:
        raise _damaged()
    return key


def _damaged() -> Rejected:
    return Rejected("INVALID", "the cursor is damaged; begin again without one")


def _text(value: object) -> str:
    """Give a text that a database takes: without NUL, or half of a surrogate pair."""
    text = str(value)
    if b"\0" in text.encode():
        raise ValueError
    return text


_MADE_UP: Final = (
    ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip
"""What is raised in reading what is no cursor."""

_READ: Final[Mapping[str, Any]] = {
    "t": datetime.fromisoformat, "d": date.fromisoformat, "u": UUID, "i": int, "s": _text,
}  # fmt: skip


def _tagged(value: object) -> tuple[str, object]:
    match value:
        case datetime():
            return "t", value.isoformat()
        case date():
            return "d", value.isoformat()
        case UUID():
            return "u", value.hex
        case int():
            return "i", value
        case _:
            return "s", str(value)


def columns_of(row: type[Any], alias: str = "") -> Composed:
    """Give the columns of a row's dataclass, in the order in which it takes them."""
    names = [(alias, spec.name) if alias else (spec.name,) for spec in fields(row)]
    return SQL(", ").join(Identifier(*name) for name in names)


async def rows_of(
    connection: AsyncConnection[TupleRow],
    row: type[T],
    query: Composable,
    params: Mapping[str, object],
) -> list[T]:
    """Run a query whose columns are the fields of `row`."""
    async with connection.cursor(binary=True, row_factory=args_row(row)) as cursor:
        await cursor.execute(cast("Composed", query), params)
        return await cursor.fetchall()


async def one_of(
    connection: AsyncConnection[TupleRow],
    row: type[T],
    query: Composable,
    params: Mapping[str, object],
) -> T | None:
    """Run such a query for one row at most."""
    return next(iter(await rows_of(connection, row, query, params)), None)


async def slice_of(
    connection: AsyncConnection[TupleRow],
    row: type[T],
    columns: Composable,
    source: Composable,
    order: Order,
    page: Page,
    params: Mapping[str, object],
) -> Slice[T]:
    """Give a page of `SELECT columns source`; `source` is FROM … WHERE …, without an order."""
    backward = page.last is not None
    wanted = page.first if page.last is None else page.last
    edge = page.before if backward else page.after
    query = SQL("SELECT {} {}").format(columns, source) + _beyond(order, edge, backward=backward)
    values = {**params, "wanted": wanted + 1, **_edge(edge)}
    found = await rows_of(connection, row, query, values)
    rows, more = found[:wanted], len(found) > wanted
    whole = edge is None and not more
    if whole or not page.counted:
        total = len(rows)
    else:
        total = await capped_count(connection, source, params)
    exact = total <= COUNTED_EXACTLY and (whole or page.counted)
    total = min(total, COUNTED_EXACTLY)
    if backward:
        return Slice(rows[::-1], edge is not None, more, total, exact)
    return Slice(rows, more, edge is not None, total, exact)


async def capped_count(
    connection: AsyncConnection[TupleRow], source: Composable, params: Mapping[str, object]
) -> int:
    """Count the rows of FROM … WHERE …, but no further than one beyond the cap."""
    query = SQL("SELECT count(*) FROM (SELECT 1 {} LIMIT {}) AS counted").format(
        source, COUNTED_EXACTLY + 1
    )
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(query, params)
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


def _beyond(order: Order, edge: tuple[object, ...] | None, *, backward: bool) -> Composed:
    """Row comparison `(a, b) < (x, y)` follows the index in both directions."""
    downward = order.descending is not backward
    columns = [SQL(column) for column in order.columns]
    condition: Composable = SQL("")
    if edge is not None:
        places = SQL(", ").join(Placeholder(f"edge_{at}") for at in range(len(columns)))
        than = SQL("<") if downward else SQL(">")
        condition = SQL(" AND ({}) {} ({})").format(SQL(", ").join(columns), than, places)
    way = SQL(" DESC") if downward else SQL("")
    by = SQL(", ").join(column + way for column in columns)
    return SQL("{} ORDER BY {} LIMIT %(wanted)s").format(condition, by)


def _edge(edge: tuple[object, ...] | None) -> dict[str, object]:
    if edge is None:
        return {}
    return {f"edge_{at}": value for at, value in enumerate(edge)}
