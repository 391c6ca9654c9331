"""What people said of messages beside links: who has them, whether they rest, that they are settled."""

from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import Final, TypeGuard
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.attending import Said
from domain.attention import (
    AttentionEvent,
    AttentionWord,
    HandedBecause,
    MessageAttentionUndone,
    MessageHandedOver,
    MessageSnoozed,
    MessageTaken,
    MessageWaitContinued,
    MessageWaitPaused,
)
from domain.classes import dataclass
from domain.message import MessageClosed, MessageReopened
from domain.recorded import Recorded
from domain.values import ColleagueId
from projections.projection import Names, Rows, Table

_CLOSED: Final = "closed"
_REOPENED: Final = "reopened"
_Word = AttentionEvent | MessageClosed | MessageReopened


@dataclass(slots=True)
class Word:
    """A word said of a message: `kind` tells which fields count. `undone_at`: until when it held."""

    position: int
    message: UUID
    at: datetime
    kind: str
    order: UUID | None = None
    colleague: UUID | None = None
    until: datetime | None = None
    text: str = ""
    because: str = ""
    undone_at: datetime | None = None


WORD = Table("attention_word", Word, key=("position",), indexes=("(message)",))


@dataclass(slots=True)
class Words:
    """Words in memory, by message."""

    rows: Rows[Word] = field(default_factory=lambda: Rows(WORD))
    of: dict[UUID, dict[int, Word]] = field(default_factory=dict)


def load(
    connection: Connection[TupleRow], names: Names, words: Words, messages: Iterable[UUID]
) -> None:
    """Read what was said of messages."""
    missing = [one for one in messages if one not in words.of]
    words.of.update((one, {}) for one in missing)
    if missing:
        for row in words.rows.fetch(connection, names, "message = ANY(%b)", missing):
            words.of[row.message][row.position] = row


def is_word(event: object) -> TypeGuard[_Word]:
    """Tell whether an event is such a word."""
    return isinstance(event, _Word)


def take(words: Words, recorded: Recorded) -> None:
    """Take a word in."""
    event, said = recorded.event, words.of.setdefault(recorded.stream, {})
    if isinstance(event, MessageAttentionUndone):
        for row in said.values():
            if row.order == event.order and row.undone_at is None:
                said[row.position] = words.rows.put(replace(row, undone_at=recorded.envelope.at))
    elif is_word(event):
        said[recorded.position] = words.rows.put(_row(recorded, event))


def _row(recorded: Recorded, event: object) -> Word:
    word = Word(recorded.position, recorded.stream, recorded.envelope.at, "")
    match event:
        case MessageTaken(order, colleague):
            return replace(word, kind="taken", order=order, colleague=colleague)
        case MessageHandedOver(order, to, because, note):
            given = replace(word, kind="handed_over", order=order, colleague=to, text=note)
            return replace(given, because=because.value)
        case MessageSnoozed(order, until, reason):
            return replace(word, kind="snoozed", order=order, until=until, text=reason)
        case MessageWaitPaused(order, reason):
            return replace(word, kind="paused", order=order, text=reason)
        case MessageWaitContinued(order, reason):
            return replace(word, kind="continued", order=order, text=reason)
        case MessageClosed(reason=reason):
            return replace(word, kind=_CLOSED, because=reason.value)
        case _:
            return replace(word, kind=_REOPENED)


def said_of(words: Words, messages: Iterable[UUID]) -> list[Said]:
    """Give what was said of the attention of messages."""
    return [
        Said(row.at, row.position, word, row.undone_at)
        for message in messages
        for row in words.of.get(message, {}).values()
        if (word := _word(row)) is not None
    ]


def _word(row: Word) -> AttentionWord | None:
    order = row.order or UUID(int=0)
    colleague = ColleagueId(row.colleague) if row.colleague else None
    match row.kind:
        case "taken" if colleague is not None:
            return MessageTaken(order, colleague)
        case "handed_over":
            return MessageHandedOver(order, colleague, HandedBecause(row.because), row.text)
        case "snoozed":
            return MessageSnoozed(order, row.until, row.text)
        case "paused":
            return MessageWaitPaused(order, row.text)
        case "continued":
            return MessageWaitContinued(order, row.text)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Ruling:
    """Somebody said that a message is settled, and why; or, `reason` empty, that it is not."""

    at: datetime
    reason: str = ""


def rulings_of(words: Words, message: UUID) -> Sequence[Ruling]:
    """Give what was said of whether a message needs an answer, in order."""
    rows = sorted(words.of.get(message, {}).values(), key=lambda one: one.position)
    return [
        Ruling(row.at, row.because if row.kind == _CLOSED else "")
        for row in rows
        if row.kind in (_CLOSED, _REOPENED)
    ]
