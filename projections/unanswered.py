"""Which mail nobody has answered yet, and since when.

A conversation waits from the first inbound message that wants an answer until the first later
message of ours that refers to the conversation, or goes to the same correspondent under the same
base subject, or until a person decides. Rows are intervals twice over: `since`/`until` tell how
mail stood at a time, positions tell what was known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from domain.attention import (
    MessageAttentionUndone,
    MessageHandedOver,
    MessageSnoozed,
    MessageTaken,
    MessageWaitContinued,
    MessageWaitPaused,
)
from domain.message import (
    MessageClassified,
    MessageClosed,
    MessageCompleted,
    MessageCopyFound,
    MessageReceived,
    MessageReopened,
    MessageSetApart,
    MessageThreaded,
)
from domain.recorded import Recorded
from domain.regrouping import ConversationRegrouped, ConversationRegroupingUndone
from domain.rereading import MessageReread
from projections import attention, conversations, grounds, grouping, letters, regrouping, words
from projections.attention import ATTENTION, Attended
from projections.grounds import GROUND, Ground
from projections.letters import LETTER, Letters
from projections.projection import Names, Projection, Rows
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
from projections.readings import READING
from projections.waits import WAITING, Waiting, episodes, what
from projections.words import WORD, Words

__all__ = [
    "ALL_THAT_WAITS", "CORRESPONDENCE", "LONGEST_WAIT_FIRST", "LONGEST_WAIT_LAST", "WAITING",
    "Waiting", "WaitingFilter", "waiting_in", "waiting_of",
]  # fmt: skip
_MOST: Final = 2_000
"""Letters that are kept in memory from batch to batch."""


@dataclass(slots=True)
class State:
    """Letters in their conversations, and what waits there."""

    letters: Letters = field(default_factory=Letters)
    waiting: Rows[Waiting] = field(default_factory=lambda: Rows(WAITING))
    grounds: Rows[Ground] = field(default_factory=lambda: Rows(GROUND))
    words: Words = field(default_factory=Words)
    attention: Attended = field(default_factory=Attended)
    open_of: dict[UUID, list[Waiting]] = field(default_factory=dict)


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the letters of the batch and what waits in their conversations."""
    return extend(connection, names, batch, State())


def extend(
    connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded], before: State
) -> State:
    """Read what is not there yet from the batch before; of very much, begin anew."""
    state = before if len(before.letters.rows) < _MOST else State()
    read = letters.extend(connection, names, state.letters, batch)
    grounds.extend(connection, names, state.grounds, batch)
    open_: LiteralString = "conversation = ANY(%b) AND to_position IS NULL"
    words.load(connection, names, state.words, letters.touched(state.letters, batch, read))
    if read:
        attention.load(connection, names, state.attention, read)
        for row in state.waiting.fetch(connection, names, open_, list(read)):
            state.open_of.setdefault(row.conversation, []).append(row)
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in and see anew what waits in the conversations that it touches."""
    _group(state, recorded)
    grounds.fold(state.grounds, recorded)
    touched = state.letters.groups.take_changed()
    if words.is_word(recorded.event):
        words.take(state.words, recorded)
    if letters.take(state.letters, recorded) or words.is_word(recorded.event):
        touched |= {state.letters.groups.conversation_of[recorded.stream]}
    for conversation in touched:
        _see_anew(state, conversation, recorded.position)


def _group(state: State, recorded: Recorded) -> None:
    groups = state.letters.groups
    match recorded.event:
        case MessageThreaded() as event:
            grouping.go_on(groups, recorded, event)
        case MessageSetApart() as event:
            regrouping.set_apart(groups, recorded, event)
        case ConversationRegrouped() as event:
            regrouping.place(groups, recorded, event)
        case ConversationRegroupingUndone():
            regrouping.take_back(groups, recorded)
        case _:
            grouping.fold(groups, recorded, letters.heard(state.letters, recorded))


def _see_anew(state: State, conversation: UUID, position: int) -> None:
    """Find for each letter of a conversation what answers it, and rewrite what waits."""
    members = state.letters.groups.members_of.get(conversation, {})
    mail = [one for one in map(state.letters.rows.get, members) if one is not None]
    ours = sorted((one for one in mail if letters.answers(one)), key=letters.order)
    asked = [
        letters.answered(state.letters, one, ours)
        for one in sorted(filter(letters.asks, mail), key=letters.order)
    ]
    asking = {one.message for one in asked}
    for letter in mail:
        if letter.answered_by is not None and letter.message not in asking:
            state.letters.rows.put(replace(letter, answered_by=None, answered_at=None))
    rulings = partial(words.rulings_of, state.words)
    now = list(episodes(conversation, asked, rulings, position))
    _rewrite(state, conversation, now, position)
    said = words.said_of(state.words, members)
    attention.see_anew(state.attention, conversation, said, mail, position)


def _rewrite(state: State, conversation: UUID, now: list[Waiting], position: int) -> None:
    """End rows that no longer hold and begin those that do; equal rows stay."""
    before = state.open_of.get(conversation, [])
    kept = []
    for row in before:
        same = next((one for one in now if what(one) == what(row)), None)
        if same is not None:
            now.remove(same)
            kept.append(row)
        elif row.from_position == position:
            state.waiting.remove(*state.waiting.key_of(row))
        else:
            row.to_position = position
            state.waiting.put(row)
    state.open_of[conversation] = kept + [state.waiting.put(row) for row in now]


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    letters.flush(connection, names, state.letters)
    state.waiting.flush(connection, names)
    state.words.rows.flush(connection, names)
    state.attention.rows.flush(connection, names)
    state.grounds.flush(connection, names)


CORRESPONDENCE = Projection(
    name="correspondence",
    version=8,
    tables=(*conversations.TABLES, LETTER, READING, WAITING, GROUND, WORD, ATTENTION),
    hears=(
        MessageReceived,
        MessageCopyFound,
        MessageCompleted,
        MessageClassified,
        MessageThreaded,
        MessageSetApart,
        ConversationRegrouped,
        ConversationRegroupingUndone,
        MessageClosed,
        MessageReopened,
        MessageTaken,
        MessageHandedOver,
        MessageSnoozed,
        MessageWaitPaused,
        MessageWaitContinued,
        MessageAttentionUndone,
        MessageReread,
    ),
    load=load,
    fold=fold,
    flush=flush,
    extend=extend,
)
"""Conversations and what waits in them are filled by one fold: waiting is decided for each
conversation."""


LONGEST_WAIT_FIRST: Final = Order("waiting", ("since", "message"), descending=False)
LONGEST_WAIT_LAST: Final = Order("waiting.newest", ("since", "message"))


@dataclass(frozen=True, slots=True)
class WaitingFilter:
    """Which of what waits; an empty filter means all. Mail waits in each of its mailboxes."""

    mailboxes: tuple[UUID, ...] = ()
    party: UUID | None = None
    before: datetime | None = None
    """Only what has waited since before this moment."""


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
    source = names.sql(
        "FROM {waiting} w WHERE {known} AND {waits} AND {seen}{boxes}{party}{before}",
        known=as_of.known,
        waits=_waits(as_of),
        seen=reader.sees("mailboxes"),
        boxes=SQL(" AND mailboxes && %(boxes)s::uuid[]" if wanted.mailboxes else ""),
        party=(
            names.sql(_WITH_PARTY, linked=reader.sees("l.mailboxes"))
            if wanted.party is not None
            else SQL("")
        ),
        before=SQL(" AND since < %(before)s" if wanted.before is not None else ""),
    )
    params = {
        "position": as_of.position,
        "time": as_of.time,
        **reader.params(),
        "boxes": list(wanted.mailboxes),
        "party": wanted.party,
        "before": wanted.before,
    }
    columns = columns_of(Waiting)
    return await slice_of(connection, Waiting, columns, source, order, page, params)


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
    " AND l.to_position IS NULL AND l.state IN ('automatic', 'confirmed') AND {linked})"
)


def _waits(as_of: AsOf) -> SQL:
    if as_of.time is None:
        return SQL("until IS NULL")
    return SQL("begun <= %(time)s AND (until IS NULL OR until > %(time)s)")
