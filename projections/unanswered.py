"""Which mail nobody has answered yet, and since when.

A conversation waits from the first inbound message that wants an answer until the first later
message of ours that refers to the conversation, or goes to the same correspondent under the same
base subject, or until a person decides. Rows are intervals twice over: `since`/`until` tell how
mail stood at a time, positions tell what was known.
"""

from collections.abc import Collection, Sequence
from dataclasses import field, replace
from functools import partial
from typing import Final, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.attention import (
    MessageAttentionUndone,
    MessageHandedOver,
    MessageSnoozed,
    MessageTaken,
    MessageWaitContinued,
    MessageWaitPaused,
)
from domain.classes import dataclass
from domain.message import (
    MessageClassified,
    MessageClosed,
    MessageCompleted,
    MessageCopyFound,
    MessageLinked,
    MessageReceived,
    MessageReopened,
    MessageSetApart,
    MessageThreaded,
    MessageUnlinked,
)
from domain.recorded import Recorded
from domain.regrouping import ConversationRegrouped, ConversationRegroupingUndone
from domain.rereading import MessageReread
from projections import attention, conversations, grounds, grouping, letters, regrouping, words
from projections.attention import ATTENTION, Attended
from projections.conversations import Says
from projections.episodes import WAITING, Waiting, episodes, what
from projections.grounds import GROUND, Ground
from projections.letters import LETTER, Letter, Letters
from projections.projection import Names, Projection, Rows
from projections.readings import READING
from projections.words import WORD, Words

__all__ = ["CORRESPONDENCE", "WAITING", "Waiting"]
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
    said = letters.heard(state.letters, recorded)
    _group(state, recorded, said)
    grounds.fold(state.grounds, recorded)
    touched = state.letters.groups.take_changed()
    if words.is_word(recorded.event):
        words.take(state.words, recorded)
    if letters.take(state.letters, recorded, said) or words.is_word(recorded.event):
        touched |= {state.letters.groups.conversation_of[recorded.stream]}
    for conversation in touched:
        _see_anew(state, conversation, recorded.position)


def _group(state: State, recorded: Recorded, said: Says | None) -> None:
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
            grouping.fold(groups, recorded, said)


def _see_anew(state: State, conversation: UUID, position: int) -> None:
    """Find for each letter of a conversation what answers it, and rewrite what waits."""
    members = state.letters.groups.members_of.get(conversation, {})
    mail = [one for one in map(state.letters.rows.get, members) if one is not None]
    back = letters.returned_in(state.letters, mail)
    asked, aside = _answered(state, mail, back)
    asking = {one.message for one, _ in asked}
    for letter in mail:
        if letter.answered_by is not None and letter.message not in asking:
            unasked = replace(letter, answered_by=None, answered_at=None, returned_by=None)
            state.letters.rows.put(unasked)
    rulings = partial(words.rulings_of, state.words)
    now = list(episodes(conversation, asked, rulings, position))
    _rewrite(state, conversation, now, position)
    said = words.said_of(state.words, members)
    reached = [
        letters.passed_on(one) if one.message in aside else one
        for one in mail
        if one.message not in back
    ]
    attention.see_anew(state.attention, conversation, said, reached, position)


def _answered(
    state: State, mail: Sequence[Letter], back: Collection[UUID]
) -> tuple[list[tuple[Letter, list[Letter]]], set[UUID]]:
    """Find what answers each letter; give besides which of ours went past one that waited.

    With each letter stand all mails of ours that went to who asked, and arrived.
    """
    said = letters.spoken(mail)
    asked: list[tuple[Letter, list[Letter]]] = []
    aside = set[UUID]()
    for one in (one for one, _ in said if letters.asks(one)):
        past = letters.gone_past(state.letters, one, said)
        ours = [each for each, by_us in said if by_us]
        to_them = [each for each in ours if each.message not in past]
        now = letters.answered(state.letters, one, to_them, back)
        asked.append((now, [each for each in to_them if each.message not in back]))
        aside |= {
            each.message
            for each in ours
            if each.message in past
            and each.at >= one.at
            and (now.answered_at is None or each.at < now.answered_at)
        }
    return asked, aside


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
    version=12,
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
        MessageLinked,
        MessageUnlinked,
    ),
    load=load,
    fold=fold,
    flush=flush,
    extend=extend,
)
"""Conversations and what waits in them are filled by one fold: waiting is decided for each
conversation."""
