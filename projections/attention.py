"""Whose conversations are, and how they stand, over intervals of time and of positions.

Filled with what waits, as that knows which messages belong together. A conversation of which nobody
said anything, and that was passed on to nobody, has no row.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from domain.attending import Attention, Because, Happening, Said, Wrote, course
from domain.classes import dataclass
from projections import letters
from projections.letters import Letter
from projections.projection import Names, Rows, Table
from projections.reader import NOW, AsOf, Reader, columns_of, rows_of


@dataclass(slots=True)
class AttentionRow:
    """How a conversation stood from `since` until `until`, as known from a position to another.

    `state` is how it stands if it waits: waiting, in_hand, snoozed or paused.
    """

    conversation: UUID
    since: datetime
    until: datetime | None
    state: str
    owner: UUID | None
    because: str
    owned_at: datetime | None
    note: str
    in_hand: bool
    passed_on: bool
    snoozed: bool
    snoozed_until: datetime | None
    paused: bool
    reason: str
    mailboxes: list[UUID]
    """Where its mail is seen."""
    from_position: int
    to_position: int | None = None

    @property
    def attention(self) -> Attention:
        """Give what it says."""
        return Attention(
            since=self.since,
            until=self.until,
            owner=self.owner,
            because=Because(self.because),
            owned_at=self.owned_at,
            note=self.note,
            in_hand=self.in_hand,
            passed_on=self.passed_on,
            snoozed=self.snoozed,
            snoozed_until=self.snoozed_until,
            paused=self.paused,
            reason=self.reason,
        )


ATTENTION = Table(
    "attention",
    AttentionRow,
    key=("conversation", "since", "from_position"),
    indexes=("(conversation) WHERE to_position IS NULL",),
    late=("(conversation) WHERE to_position IS NULL AND snoozed",),
)


@dataclass(slots=True)
class Attended:
    """Rows in memory, and by conversation those that stand."""

    rows: Rows[AttentionRow] = field(default_factory=lambda: Rows(ATTENTION))
    standing: dict[UUID, list[AttentionRow]] = field(default_factory=dict)


def load(
    connection: Connection[TupleRow], names: Names, state: Attended, conversations: Iterable[UUID]
) -> None:
    """Read how conversations stand."""
    where: LiteralString = "conversation = ANY(%b) AND to_position IS NULL"
    for row in state.rows.fetch(connection, names, where, list(conversations)):
        state.standing.setdefault(row.conversation, []).append(row)


def see_anew(
    state: Attended,
    conversation: UUID,
    said: Sequence[Said],
    mail: Sequence[Letter],
    position: int,
) -> None:
    """Find how a conversation stood from when to when, and rewrite what no longer holds."""
    passed_on = any(letters.passes_on(one) for one in mail)
    spans = course(said, _wrote(mail)) if said or passed_on else []
    boxes = sorted({box for one in mail for box in one.mailboxes})
    now = dict.fromkeys(spans, boxes)
    kept = []
    for row in state.standing.pop(conversation, ()):
        if now.get(row.attention) == row.mailboxes:
            del now[row.attention]
            kept.append(row)
        elif row.from_position == position:
            state.rows.remove(*state.rows.key_of(row))
        else:
            row.to_position = position
            state.rows.put(row)
    kept += [state.rows.put(_row(conversation, one, boxes, position)) for one in now]
    if kept:
        state.standing[conversation] = kept


def _wrote(mail: Iterable[Letter]) -> Iterator[Wrote]:
    for one in mail:
        if one.archived:
            continue
        if letters.passes_on(one):
            yield Wrote(one.at, one.heard, Happening.PASSED_ON)
        elif letters.answers(one):
            yield Wrote(one.at, one.heard, Happening.ANSWERED)
        elif letters.asks(one):
            yield Wrote(one.at, one.heard, Happening.ASKED)
        elif letters.is_theirs(one):
            yield Wrote(one.at, one.heard, Happening.WROTE)


def _row(conversation: UUID, one: Attention, mailboxes: list[UUID], position: int) -> AttentionRow:
    return AttentionRow(
        conversation=conversation,
        since=one.since,
        until=one.until,
        state=one.state.value,
        owner=one.owner,
        because=one.because.value,
        owned_at=one.owned_at,
        note=one.note,
        in_hand=one.in_hand,
        passed_on=one.passed_on,
        snoozed=one.snoozed,
        snoozed_until=one.snoozed_until,
        paused=one.paused,
        reason=one.reason,
        mailboxes=mailboxes,
        from_position=position,
    )


# ---- reading


async def attention_of(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    conversations: Sequence[UUID],
    as_of: AsOf = NOW,
) -> dict[UUID, Attention]:
    """Give how conversations stand of which something was said, as far as `reader` sees them.

    With `as_of.time` how they stood then; with `as_of.position` as it was known then.
    """
    query = names.sql(
        "SELECT {columns} FROM {attention} WHERE conversation = ANY(%(ids)s)"
        " AND {known} AND {then} AND {seen}",
        columns=columns_of(AttentionRow),
        known=as_of.known,
        then=then(as_of),
        seen=reader.sees("mailboxes"),
    )
    values = {"ids": list(conversations), "position": as_of.position, "time": as_of.time}
    rows = await rows_of(connection, AttentionRow, query, {**reader.params(), **values})
    return {row.conversation: row.attention for row in rows}


async def pauses_of(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    conversations: Sequence[UUID],
    as_of: AsOf = NOW,
) -> dict[UUID, list[tuple[datetime, datetime | None]]]:
    """Give from when to when the clocks of conversations stood, in order; None: they stand now."""
    query = names.sql(
        "SELECT {columns} FROM {attention} WHERE conversation = ANY(%(ids)s) AND paused"
        " AND {known} AND {seen} ORDER BY conversation, since",
        columns=columns_of(AttentionRow),
        known=as_of.known,
        seen=reader.sees("mailboxes"),
    )
    values = {"ids": list(conversations), "position": as_of.position}
    rows = await rows_of(connection, AttentionRow, query, {**reader.params(), **values})
    found: dict[UUID, list[tuple[datetime, datetime | None]]] = {}
    for row in rows:
        spans = found.setdefault(row.conversation, [])
        if spans and spans[-1][1] == row.since:
            spans[-1] = spans[-1][0], row.until
        else:
            spans.append((row.since, row.until))
    return found


async def said_on(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    conversations: Sequence[UUID],
) -> dict[UUID, list[UUID]]:
    """Give the messages on which a word about a conversation is said, of those `reader` sees.

    They are those that wait there, so that each goes on with it if they are parted; else the last.
    """
    query = names.sql(
        "SELECT c.conversation, l.message, l.answered_by IS NULL AND l.direction = 'inbound'"
        " AND (l.reopened OR (l.wants AND NOT l.automatic)) FROM {conversation_member} c"
        " JOIN {letter} l ON l.message = c.message"
        " WHERE c.conversation = ANY(%(ids)s) AND c.to_position IS NULL AND {seen}"
        " ORDER BY l.at, l.message",
        seen=reader.sees("l.mailboxes"),
    )
    cursor = await connection.execute(query, {**reader.params(), "ids": list(conversations)})
    last: dict[UUID, list[UUID]] = {}
    asking: dict[UUID, list[UUID]] = {}
    for conversation, message, asks in await cursor.fetchall():
        last[conversation] = [message]
        if asks:
            asking.setdefault(conversation, []).append(message)
    return last | asking


async def asked_in(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    conversations: Sequence[UUID],
) -> dict[UUID, list[UUID]]:
    """Give the mailboxes to which those outside wrote in conversations that `reader` sees."""
    query = names.sql(
        "SELECT c.conversation, array_agg(DISTINCT box) FROM {conversation_member} c"
        " JOIN {letter} l ON l.message = c.message CROSS JOIN unnest(l.mailboxes) AS box"
        " WHERE c.conversation = ANY(%(ids)s) AND c.to_position IS NULL"
        " AND l.direction = 'inbound' AND {seen} GROUP BY c.conversation",
        seen=reader.sees("l.mailboxes"),
    )
    cursor = await connection.execute(query, {**reader.params(), "ids": list(conversations)})
    return dict(await cursor.fetchall())


def then(as_of: AsOf) -> SQL:
    """Give the predicate on `since` and `until`; it needs %(time)s where that is given."""
    if as_of.time is None:
        return SQL("since <= now() AND (until IS NULL OR until > now())")
    return SQL("since <= %(time)s AND (until IS NULL OR until > %(time)s)")
