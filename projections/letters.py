"""What is asked of each message before it can be told what nobody has answered.

A letter is a message as the question sees it: which way it went, whether it wants an answer, which
one answers it. A topic is a person and a base subject: there an answer in a new message meets its
question.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.message import (
    Direction,
    Further,
    MessageClassified,
    MessageClosed,
    MessageCompleted,
    MessageCopyFound,
    MessageReceived,
    MessageReopened,
)
from domain.recorded import Recorded
from domain.rereading import MessageReread, Saying
from projections import conversations, readings
from projections.conversations import Groups, known_before
from projections.projection import Names, Rows, Table
from projections.reader import Reader, columns_of, rows_of
from projections.readings import READING, Joins, Reading, topics

ANSWER_WINDOW = timedelta(days=30)
"""An answer in a new message counts only so long after the question."""

_INBOUND: Final = Direction.INBOUND.value
_OUTBOUND: Final = Direction.OUTBOUND.value


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
    """Letters in memory, and where they meet.

    What is seen anew is always a whole conversation. So of each conversation in memory all letters
    are there, and all answers on the topics under which these ask: the result does not depend on
    where batches begin and end.
    """

    groups: Groups = field(default_factory=Groups)
    rows: Rows[Letter] = field(default_factory=lambda: Rows(LETTER))
    exchanges: Rows[Exchange] = field(default_factory=lambda: Rows(EXCHANGE))
    questions: dict[UUID, set[UUID]] = field(default_factory=dict)
    """Messages that ask, by topic."""
    replies: dict[UUID, set[UUID]] = field(default_factory=dict)
    """Messages that answer, by topic."""
    known: set[UUID] = field(default_factory=set)
    """Topics of which all letters are in memory."""
    readings: Rows[Reading] = field(default_factory=lambda: Rows(READING))
    """What the forms say of those messages that have several."""


def extend(
    connection: Connection[TupleRow], names: Names, state: Letters, batch: Sequence[Recorded]
) -> set[UUID]:
    """Read what a batch touches and is not in memory yet; give the conversations read."""
    read = conversations.extend(connection, names, state.groups, batch)
    old = known_before(batch)
    _read_letters(connection, names, state, old | _members(state, read))
    if varied := {one.stream for one in batch if _may_say_more(one)} & old:
        state.readings.fetch(connection, names, "message = ANY(%b)", list(varied))
    asked, answers_under = _topics_of(state, batch, old)
    _know(connection, names, state, asked | answers_under)
    questions = {one for topic in answers_under for one in state.questions.get(topic, ())}
    further = conversations.extend_to(connection, names, state.groups, questions)
    _read_letters(connection, names, state, _members(state, further))
    near = map(state.rows.get, _members(state, read | further))
    _know(connection, names, state, {topic for one in near if one for topic in _asks_under(one)})
    return read | further


def _may_say_more(recorded: Recorded) -> bool:
    event = recorded.event
    return isinstance(event, Further | MessageReread) and event.content is not None


def _members(state: Letters, groups: Iterable[UUID]) -> set[UUID]:
    return {message for one in groups for message in state.groups.members_of[one]}


def _topics_of(
    state: Letters, batch: Sequence[Recorded], old: Iterable[UUID]
) -> tuple[set[UUID], set[UUID]]:
    """Give the topics under which the messages of a batch may ask, or may answer."""
    asked: set[UUID] = set()
    answers_under: set[UUID] = set()
    for recorded in batch:
        event = recorded.event
        if isinstance(event, Saying) and event.content is not None:
            writers, readers = topics(event.content)
            asked |= writers
            answers_under |= readers
    for letter in filter(None, map(state.rows.get, old)):
        asked.update(letter.asked_under)
        answers_under.update(letter.answers_under)
    return asked, answers_under


def _read_letters(
    connection: Connection[TupleRow], names: Names, state: Letters, messages: Iterable[UUID]
) -> None:
    missing = [one for one in messages if state.rows.get(one) is None]
    if missing:
        state.rows.fetch(connection, names, "message = ANY(%b)", missing)


def _know(
    connection: Connection[TupleRow], names: Names, state: Letters, topics: set[UUID]
) -> None:
    """Read all letters on some topics."""
    missing = list(topics - state.known)
    if not missing:
        return
    state.known.update(missing)
    met = state.exchanges.fetch(connection, names, "topic = ANY(%b)", missing)
    _read_letters(connection, names, state, {row.message for row in met})
    for row in met:
        letter = state.rows.get(row.message)
        if letter is not None:
            _meet(state, letter, row.topic)


def _meet(state: Letters, letter: Letter, topic: UUID) -> None:
    place = state.questions if asks(letter) else state.replies
    place.setdefault(topic, set()).add(letter.message)


def heard(state: Letters, recorded: Recorded) -> Joins | None:
    """Give what joins an event's message to others from now on; None where that does not change."""
    letter, member = state.rows.get(recorded.stream), state.groups.member(recorded.stream)
    before = None
    if letter is not None and member is not None:
        before = Joins(member.refs, letter.asked_under, letter.answers_under)
    return readings.heard(state.readings, recorded, before)


def take(state: Letters, recorded: Recorded, said: Joins | None) -> bool:
    """Bring the message's letter up to date; tell whether it asks or answers, or did before.

    `said` is what joins it to others, where that changes. A message that was not classified yet does neither.
    """
    event, before = recorded.event, state.rows.get(recorded.stream)
    if isinstance(event, MessageReceived) and said is not None:
        _new_letter(state, recorded.stream, event, said)
        return False
    if before is None:
        return False
    letter = _changed(before, recorded)
    if said is not None:
        under = sorted(said.asked), sorted(said.answered)
        letter = replace(letter, asked_under=under[0], answers_under=under[1])
    state.rows.put(letter)
    _set_topics(state, before, letter)
    return any(asks(one) or answers(one) for one in (before, letter))


def _changed(letter: Letter, recorded: Recorded) -> Letter:
    event = recorded.event
    match event:
        case MessageCopyFound() | MessageCompleted():
            letter = _also_seen(letter, event)
        case MessageClassified():
            letter = replace(
                letter,
                direction=event.direction.value,
                automatic=event.automatic,
                wants=event.wants_answer,
            )
        case MessageClosed():
            at = recorded.envelope.at
            letter = replace(letter, closed_at=at, close_reason=event.reason.value)
        case MessageReopened():
            letter = replace(letter, closed_at=None, close_reason=None)
        case _:
            pass
    return letter


def _also_seen(letter: Letter, copy: Further) -> Letter:
    return replace(
        letter,
        mailboxes=sorted({*letter.mailboxes, copy.mailbox}),
        at=min(letter.at, copy.received_at),
        archived=letter.archived and copy.archived,
    )


def _new_letter(state: Letters, message: UUID, event: MessageReceived, said: Joins) -> None:
    state.rows.put(
        Letter(
            message,
            event.received_at,
            [event.mailbox],
            sorted(said.asked),
            sorted(said.answered),
            event.archived,
        )
    )


def _set_topics(state: Letters, before: Letter, letter: Letter) -> None:
    """A question lies under its writers' topics, an answer under its readers'."""
    then, now = set(_meets_under(before)), set(_meets_under(letter))
    for topic in then:
        _part(state, letter.message, topic)
        if topic not in now:
            state.exchanges.remove(topic, letter.message)
    for topic in now:
        _meet(state, letter, topic)
        if topic not in then:
            state.exchanges.put(Exchange(topic, letter.message))


def _meets_under(letter: Letter) -> Sequence[UUID]:
    return letter.answers_under if answers(letter) else _asks_under(letter)


def _asks_under(letter: Letter) -> Sequence[UUID]:
    return letter.asked_under if asks(letter) else ()


def _part(state: Letters, message: UUID, topic: UUID) -> None:
    for place in (state.questions, state.replies):
        place.get(topic, set()).discard(message)


def questions_near(state: Letters, message: UUID) -> set[UUID]:
    """Give the questions that a message may answer by its topics, if it answers at all."""
    letter = state.rows.get(message)
    if letter is None or not answers(letter):
        return set()
    return {one for topic in letter.answers_under for one in state.questions.get(topic, ())}


def order(letter: Letter) -> tuple[datetime, UUID]:
    """Give what letters are sorted by."""
    return letter.at, letter.message


def answers(letter: Letter) -> bool:
    """Tell whether a letter may answer another: a person of ours wrote it to the outside."""
    return letter.direction == _OUTBOUND and not letter.automatic


def asks(letter: Letter) -> bool:
    """Tell whether a letter wants an answer."""
    return letter.direction == _INBOUND and letter.wants and not letter.automatic


def answered(state: Letters, letter: Letter, ours: list[Letter]) -> Letter:
    """Find the first message of ours after it, in the conversation or on the topic.

    In the same second counts as after: servers know no smaller part (RFC 9051 2.3.3).
    """
    later = next((one for one in ours if one.at >= letter.at), None)
    candidates = [one for one in (later, _on_topic(state, letter)) if one is not None]
    first = min(candidates, key=order, default=None)
    by, at = (None, None) if first is None else (first.message, first.at)
    if (by, at) != (letter.answered_by, letter.answered_at):
        letter = state.rows.put(replace(letter, answered_by=by, answered_at=at))
    return letter


def _on_topic(state: Letters, letter: Letter) -> Letter | None:
    last = letter.at + ANSWER_WINDOW
    near = {other for topic in letter.asked_under for other in state.replies.get(topic, ())}
    later = (
        one for one in map(state.rows.get, near) if one is not None and letter.at <= one.at <= last
    )
    return min(later, key=order, default=None)


def flush(connection: Connection[TupleRow], names: Names, state: Letters) -> None:
    """Write what changed."""
    conversations.flush(connection, names, state.groups)
    state.rows.flush(connection, names)
    state.exchanges.flush(connection, names)
    state.readings.flush(connection, names)


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
