"""Which mail nobody has answered yet, and since when.

A conversation waits from the first inbound message that wants an answer until the first later
message of ours that refers to the conversation, or goes to the same correspondent under the same
base subject, or until a person decides. Rows are intervals twice over: `since`/`until` tell how
mail stood at a time, positions tell what was known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

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
from projections import conversations, grounds, grouping, letters, regrouping
from projections.grounds import GROUND, Ground
from projections.letters import LETTER, Letter, Letters
from projections.projection import Names, Projection, Rows, Table
from projections.readings import READING


@dataclass(slots=True)
class Waiting:
    """A conversation waits from `since` on for an answer to `message`, until `until`."""

    conversation: UUID
    message: UUID
    since: datetime
    until: datetime | None
    answered_by: UUID | None
    reason: str
    mailboxes: list[UUID]
    from_position: int
    to_position: int | None = None


WAITING = Table(
    "waiting",
    Waiting,
    key=("conversation", "message", "from_position"),
    indexes=("(conversation) WHERE to_position IS NULL",),
    late=(
        "(since, message) INCLUDE (mailboxes) WHERE until IS NULL AND to_position IS NULL",
        "(since, message) WHERE to_position IS NULL",
    ),
)


_MOST: Final = 2_000
"""Letters that are kept in memory from batch to batch."""


@dataclass(slots=True)
class State:
    """Letters in their conversations, and what waits there."""

    letters: Letters = field(default_factory=Letters)
    waiting: Rows[Waiting] = field(default_factory=lambda: Rows(WAITING))
    grounds: Rows[Ground] = field(default_factory=lambda: Rows(GROUND))
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
    if read:
        for row in state.waiting.fetch(connection, names, open_, list(read)):
            state.open_of.setdefault(row.conversation, []).append(row)
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in and see anew what waits in the conversations that it touches."""
    _group(state, recorded)
    grounds.fold(state.grounds, recorded)
    touched = state.letters.groups.take_changed()
    if letters.take(state.letters, recorded):
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
    _rewrite(state, conversation, list(_episodes(conversation, asked, position)), position)


def _episodes(conversation: UUID, asked: list[Letter], position: int) -> Iterator[Waiting]:
    """Join letters that waited at the same time: the clock runs from the first of them."""
    current: Waiting | None = None
    for letter in asked:
        if letter.archived:
            continue
        alone = _alone(conversation, letter, position)
        if current is not None and (current.until is None or current.until > letter.at):
            current = _joined(current, alone)
            continue
        if current is not None:
            yield current
        current = alone
    if current is not None:
        yield current


def _alone(conversation: UUID, letter: Letter, position: int) -> Waiting:
    until, by, reason = _end(letter)
    boxes = sorted(letter.mailboxes)
    return Waiting(conversation, letter.message, letter.at, until, by, reason, boxes, position)


def _joined(first: Waiting, second: Waiting) -> Waiting:
    """Let the later end hold, for all mailboxes that were written to."""
    boxes = sorted({*first.mailboxes, *second.mailboxes})
    ends_later = first.until is not None and (second.until is None or second.until > first.until)
    last = second if ends_later else first
    return replace(
        first, until=last.until, answered_by=last.answered_by, reason=last.reason, mailboxes=boxes
    )


def _end(letter: Letter) -> tuple[datetime | None, UUID | None, str]:
    """Give when, by what and why a letter's waiting ended: a decision or an answer, the earlier."""
    answered, closed = letter.answered_at, letter.closed_at
    if closed is not None and (answered is None or closed < answered):
        return max(closed, letter.at), None, letter.close_reason or "closed"
    if answered is not None:
        return answered, letter.answered_by, "answered"
    return None, None, "waiting"


def _rewrite(state: State, conversation: UUID, now: list[Waiting], position: int) -> None:
    """End rows that no longer hold and begin those that do; equal rows stay."""
    before = state.open_of.get(conversation, [])
    kept = []
    for row in before:
        same = next((one for one in now if _same(one, row)), None)
        if same is not None:
            now.remove(same)
            kept.append(row)
        elif row.from_position == position:
            state.waiting.remove(row.conversation, row.message, row.from_position)
        else:
            row.to_position = position
            state.waiting.put(row)
    state.open_of[conversation] = kept + [state.waiting.put(row) for row in now]


def _same(one: Waiting, other: Waiting) -> bool:
    return _what(one) == _what(other)


def _what(row: Waiting) -> tuple[object, ...]:
    return row.message, row.since, row.until, row.answered_by, row.reason, row.mailboxes


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    letters.flush(connection, names, state.letters)
    state.waiting.flush(connection, names)
    state.grounds.flush(connection, names)


CORRESPONDENCE = Projection(
    name="correspondence",
    version=7,
    tables=(*conversations.TABLES, LETTER, READING, WAITING, GROUND),
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
        MessageReread,
    ),
    load=load,
    fold=fold,
    flush=flush,
    extend=extend,
)
"""Conversations and what waits in them are filled by one fold: waiting is decided for each
conversation."""
