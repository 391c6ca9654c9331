"""What is asked of each message before it can be told what nobody has answered.

A letter is a message as the question sees it: which way it went, whether it wants an answer, which
one answers it. A topic is a person and a base subject: there an answer in a new message meets its
question.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.content import Content
from domain.message import (
    Direction,
    MessageClassified,
    MessageClosed,
    MessageCopyFound,
    MessageReceived,
    MessageReopened,
)
from domain.recorded import Recorded
from domain.subject import base_subject
from projections import conversations
from projections.conversations import Groups, ref
from projections.projection import Names, Rows, Table
from projections.reader import Reader, columns_of, rows_of

ANSWER_WINDOW = timedelta(days=30)
"""An answer in a new message counts only so long after the question."""


@dataclass(slots=True)
class Letter:
    """What is asked of a message here. `answered_by` is the message that ends its waiting."""

    message: UUID
    at: datetime
    mailboxes: list[UUID]
    asked_under: list[UUID]
    """Topics under which its writers ask, if it turns out to be inbound."""
    answers_under: list[UUID]
    """Topics under which its readers are answered, if it turns out to be ours."""
    archived: bool
    direction: str | None = None
    automatic: bool = False
    wants: bool = False
    closed_at: datetime | None = None
    close_reason: str | None = None
    answered_by: UUID | None = None
    answered_at: datetime | None = None


@dataclass(slots=True)
class Exchange:
    """A message under one correspondent and base subject: where answers in new messages meet."""

    topic: UUID
    message: UUID


LETTER = Table("letter", Letter, key=("message",))
EXCHANGE = Table("letter_exchange", Exchange, key=("topic", "message"), indexes=("(message)",))


@dataclass(slots=True)
class Letters:
    """The letters that a batch touches, and where they meet."""

    groups: Groups
    rows: Rows[Letter] = field(default_factory=lambda: Rows(LETTER))
    exchanges: Rows[Exchange] = field(default_factory=lambda: Rows(EXCHANGE))
    letters_of: dict[UUID, set[UUID]] = field(default_factory=dict)
    topics_of: dict[UUID, set[UUID]] = field(default_factory=dict)


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> Letters:
    """Read the conversations of the batch's messages, and those that share a topic with them.

    What is seen anew is always a whole conversation with all topics of its letters, so that the
    result does not depend on where batches begin and end.
    """
    state = Letters(conversations.load(connection, names, batch))
    streams = {one.stream for one in batch}
    letters = state.rows.fetch(connection, names, "message = ANY(%b)", list(streams))
    topics = {topic for one in letters for topic in (*one.asked_under, *one.answers_under)}
    topics.update(topic for recorded in batch for topic in _topics_in(recorded))
    near = streams | _on_topics(connection, names, state, topics)
    _extend(connection, names, state, near)
    members = set(state.groups.conversation_of)
    whole = _topics_of(connection, names, state, members)
    near |= members | _on_topics(connection, names, state, whole)
    state.rows.fetch(connection, names, "message = ANY(%b)", list(near))
    return state


def _extend(
    connection: Connection[TupleRow], names: Names, state: Letters, messages: set[UUID]
) -> None:
    """Read the whole conversations of messages."""
    present = "message = ANY(%b) AND to_position IS NULL"
    found = state.groups.members.fetch(connection, names, present, list(messages))
    conversations.extend(connection, names, state.groups, {one.conversation for one in found})


def _on_topics(
    connection: Connection[TupleRow], names: Names, state: Letters, topics: set[UUID]
) -> set[UUID]:
    rows = state.exchanges.fetch(connection, names, "topic = ANY(%b)", list(topics))
    for row in rows:
        _meet(state, row)
    return {row.message for row in rows}


def _topics_of(
    connection: Connection[TupleRow], names: Names, state: Letters, messages: set[UUID]
) -> set[UUID]:
    rows = state.exchanges.fetch(connection, names, "message = ANY(%b)", list(messages))
    for row in rows:
        _meet(state, row)
    return {row.topic for row in rows}


def _meet(state: Letters, row: Exchange) -> None:
    state.letters_of.setdefault(row.topic, set()).add(row.message)
    state.topics_of.setdefault(row.message, set()).add(row.topic)


def take(state: Letters, recorded: Recorded) -> bool:
    """Bring the message's letter up to date; tell whether it asks or answers, or did before.

    A message that was not classified yet does neither.
    """
    event, before = recorded.event, state.rows.get(recorded.stream)
    if isinstance(event, MessageReceived):
        _new_letter(state, recorded.stream, event)
        return False
    if before is None:
        return False
    letter = state.rows.put(_changed(state, before, recorded))
    return any(asks(one) or answers(one) for one in (before, letter))


def _changed(state: Letters, letter: Letter, recorded: Recorded) -> Letter:
    event = recorded.event
    match event:
        case MessageCopyFound():
            letter = _also_seen(letter, event)
            _set_topics(state, letter)
        case MessageClassified():
            letter = replace(
                letter,
                direction=event.direction.value,
                automatic=event.automatic,
                wants=event.wants_answer,
            )
            _set_topics(state, letter)
        case MessageClosed():
            at = recorded.envelope.at
            letter = replace(letter, closed_at=at, close_reason=event.reason.value)
        case MessageReopened():
            letter = replace(letter, closed_at=None, close_reason=None)
        case _:
            pass
    return letter


def _also_seen(letter: Letter, copy: MessageCopyFound) -> Letter:
    asked, answered_under = _topics(copy.content) if copy.content else (set(), set())
    return replace(
        letter,
        mailboxes=sorted({*letter.mailboxes, copy.mailbox}),
        at=min(letter.at, copy.received_at),
        archived=letter.archived and copy.archived,
        asked_under=sorted({*letter.asked_under, *asked}),
        answers_under=sorted({*letter.answers_under, *answered_under}),
    )


def _new_letter(state: Letters, message: UUID, event: MessageReceived) -> None:
    asked, answers = _topics(event.content)
    state.rows.put(
        Letter(
            message,
            event.received_at,
            [event.mailbox],
            sorted(asked),
            sorted(answers),
            event.archived,
        )
    )


def _topics_in(recorded: Recorded) -> set[UUID]:
    event = recorded.event
    if not isinstance(event, MessageReceived | MessageCopyFound) or event.content is None:
        return set()
    asked, answered_under = _topics(event.content)
    return asked | answered_under


def _topics(content: Content) -> tuple[set[UUID], set[UUID]]:
    """Give the topics of a message's writers and of its readers: a person and a base subject."""
    base = base_subject(content.subject)
    if not base:
        return set(), set()
    inner = (content.pec_sender,) if content.pec_sender else ()
    writers = {ref(f"{one.key}\n{base}") for one in (*content.authors, *content.reply_to, *inner)}
    readers = {ref(f"{one.key}\n{base}") for one in (*content.to, *content.cc)}
    return writers, readers


def _set_topics(state: Letters, letter: Letter) -> None:
    """A question lies under its writers' topics, an answer under its readers'."""
    now: set[UUID] = set()
    if asks(letter):
        now = set(letter.asked_under)
    elif answers(letter):
        now = set(letter.answers_under)
    before = state.topics_of.pop(letter.message, set())
    for topic in before - now:
        state.exchanges.remove(topic, letter.message)
        state.letters_of[topic].discard(letter.message)
    for topic in now:
        row = Exchange(topic, letter.message)
        if topic not in before:
            state.exchanges.put(row)
        _meet(state, row)


def order(letter: Letter) -> tuple[datetime, UUID]:
    """Give what letters are sorted by."""
    return letter.at, letter.message


def answers(letter: Letter) -> bool:
    """Tell whether a letter may answer another: a person of ours wrote it to the outside."""
    return letter.direction == Direction.OUTBOUND.value and not letter.automatic


def asks(letter: Letter) -> bool:
    """Tell whether a letter wants an answer."""
    return letter.direction == Direction.INBOUND.value and letter.wants and not letter.automatic


def answered(state: Letters, letter: Letter, ours: list[Letter]) -> Letter:
    """Find the first later message of ours in the conversation, or on the topic."""
    later = next((one for one in ours if one.at > letter.at), None)
    candidates = [one for one in (later, _on_topic(state, letter)) if one is not None]
    first = min(candidates, key=order, default=None)
    by, at = (None, None) if first is None else (first.message, first.at)
    if (by, at) != (letter.answered_by, letter.answered_at):
        letter = state.rows.put(replace(letter, answered_by=by, answered_at=at))
    return letter


def _on_topic(state: Letters, letter: Letter) -> Letter | None:
    near = {
        other
        for topic in state.topics_of.get(letter.message, ())
        for other in state.letters_of.get(topic, ())
    }
    later = (
        one
        for one in map(state.rows.get, near)
        if one is not None and answers(one) and letter.at < one.at <= letter.at + ANSWER_WINDOW
    )
    return min(later, key=order, default=None)


def flush(connection: Connection[TupleRow], names: Names, state: Letters) -> None:
    """Write what changed."""
    conversations.flush(connection, names, state.groups)
    state.rows.flush(connection, names)
    state.exchanges.flush(connection, names)


async def letters_of(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, messages: Sequence[UUID]
) -> dict[UUID, Letter]:
    """Give for messages whether they want an answer and what answered them."""
    query = names.sql(
        "SELECT {columns} FROM {letter} WHERE message = ANY(%(messages)s) AND {seen}",
        columns=columns_of(Letter),
        seen=reader.sees("mailboxes"),
    )
    params = {"messages": list(messages), **reader.params()}
    rows = await rows_of(connection, Letter, query, params)
    return {row.message: row for row in rows}
