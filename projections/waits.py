"""Reading: what waits for an answer, now or as of a moment, as pages or as a whole."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composed

from domain.classes import dataclass
from projections.attention import then
from projections.episodes import KNOWN, STOOD
from projections.forms import told
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
    rows_of,
    slice_of,
)
from projections.tags import talk_tagged
from projections.unanswered import Waiting

LONGEST_WAIT_FIRST: Final = Order("waiting", ("since", "message"), descending=False)
LONGEST_WAIT_LAST: Final = Order("waiting.newest", ("since", "message"))


@dataclass(frozen=True, slots=True)
class WaitingFilter:
    """Which of what waits; an empty filter means all. Mail waits in each of its mailboxes."""

    mailboxes: tuple[UUID, ...] = ()
    party: UUID | None = None
    before: datetime | None = None
    """Only what has waited since before this moment."""
    messages: tuple[UUID, ...] | None = None
    """Only what began with one of these."""
    text: str = ""
    """Only what has this in its subject, or in its sender's name or address, case aside."""
    awake: bool = False
    """Only what is not snoozed."""
    tag: str = ""
    """Only conversations of which a message has this tag (domain.tagging.key_of)."""


ALL_THAT_WAITS: Final = WaitingFilter()


async def waiting_in(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    page: Page = FIRST_PAGE,
    as_of: AsOf = NOW,
    wanted: WaitingFilter = ALL_THAT_WAITS,
    order: Order = LONGEST_WAIT_FIRST,
) -> Slice[Waiting]:
    """Give what waits, the longest first, of the mailboxes that `reader` may see.

    With `as_of.time` how mail stood then, as known today; with `as_of.position` what was known
    to wait when that event was the last.
    """
    source, params = _source(names, reader, as_of, wanted)
    columns = columns_of(Waiting)
    return await slice_of(connection, Waiting, columns, source, order, page, params)


async def all_waits(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    as_of: AsOf = NOW,
    wanted: WaitingFilter = ALL_THAT_WAITS,
) -> list[Waiting]:
    """Give all that waits of the mailboxes that `reader` may see, in no order."""
    source, params = _source(names, reader, as_of, wanted)
    query = SQL("SELECT {} {}").format(columns_of(Waiting), source)
    return await rows_of(connection, Waiting, query, params)


def _source(
    names: Names, reader: Reader, as_of: AsOf, wanted: WaitingFilter
) -> tuple[Composed, dict[str, object]]:
    """Give FROM and WHERE of what waits, and their values."""
    linked = {"linked": reader.sees("l.mailboxes"), "linked_then": as_of.known_of("l.")}
    conditions = (
        SQL(" AND mailboxes && %(boxes)s::uuid[]" if wanted.mailboxes else ""),
        SQL("") if wanted.party is None else names.sql(_WITH_PARTY, **linked),
        SQL("" if wanted.before is None else " AND since < %(before)s"),
        SQL("" if wanted.messages is None else " AND message = ANY(%(messages)s)"),
        _with_text(names, reader) if wanted.text else SQL(""),
        _awake(names, as_of) if wanted.awake else SQL(""),
        SQL(" AND {}").format(talk_tagged(names, reader, as_of)) if wanted.tag else SQL(""),
    )
    source = names.sql(
        "FROM {waiting} w WHERE {known} AND {waits} AND {seen}{conditions}",
        known=_known(as_of),
        waits=_waits(as_of),
        seen=reader.sees("mailboxes"),
        conditions=SQL("").join(conditions),
    )
    text = wanted.text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    values = {
        "position": as_of.position,
        "time": as_of.time,
        "boxes": [one for one in wanted.mailboxes if reader.may_see(one)],
        "party": wanted.party,
        "before": wanted.before,
        "messages": list(wanted.messages or ()),
        "text": f"%{text}%",
        "tag": wanted.tag,
    }
    return source, {**reader.params(), **values}


async def waiting_of(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    messages: Sequence[UUID],
    as_of: AsOf = NOW,
) -> dict[UUID, Waiting]:
    """Give the waits that began with these messages and have not ended."""
    query = names.sql(
        "SELECT {columns} FROM {waiting} WHERE message = ANY(%(messages)s) AND conversation IN"
        " (SELECT m.conversation FROM {conversation_member} m WHERE m.message = ANY(%(messages)s))"
        " AND {known} AND {waits} AND {seen}",
        columns=columns_of(Waiting),
        known=as_of.known,
        waits=_waits(as_of),
        seen=reader.sees("mailboxes"),
    )
    values = {"messages": list(messages), "position": as_of.position, "time": as_of.time}
    rows = await rows_of(connection, Waiting, query, {**reader.params(), **values})
    return {row.message: row for row in rows}


_WITH_PARTY: Final[LiteralString] = (
    " AND EXISTS (SELECT FROM {link} l WHERE l.message = w.message AND l.target = %(party)s"
    " AND {linked_then} AND l.state IN ('automatic', 'confirmed') AND {linked})"
)
_WITH_TEXT: Final[LiteralString] = (
    " AND EXISTS (SELECT FROM {message} m WHERE m.id = w.message AND {there} AND"
    " ({subject} ILIKE %(text)s OR {sender} ILIKE %(text)s OR {sender_name} ILIKE %(text)s))"
)


def _with_text(names: Names, reader: Reader) -> Composed:
    """Ask for words that the reader is shown of the message with which a wait began."""
    return names.sql(
        _WITH_TEXT,
        there=reader.sees("m.mailboxes"),
        subject=told(names, reader, "subject"),
        sender=told(names, reader, "sender"),
        sender_name=told(names, reader, "sender_name"),
    )


def _awake(names: Names, as_of: AsOf) -> Composed:
    return names.sql(
        " AND NOT EXISTS (SELECT FROM {attention} WHERE conversation = w.conversation AND snoozed"
        " AND {known} AND {then})",
        known=as_of.known,
        then=then(as_of),
    )


def _known(as_of: AsOf) -> SQL:
    """Ask by the index of what was known where no moment is given: that tells more apart."""
    if as_of.position is None or as_of.time is not None:
        return as_of.known
    return SQL(f"{KNOWN} @> %(position)s::int8")


def _waits(as_of: AsOf) -> SQL:
    if as_of.time is None:
        return SQL("until IS NULL")
    return SQL(f"{STOOD} @> %(time)s::timestamptz")
