"""From when to when a conversation waited: stretches of its letters, joined where they overlap."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from domain.classes import dataclass
from projections.letters import Letter, asked_by_itself
from projections.projection import Table
from projections.words import Ruling

REOPENED: Final = "reopened"
BOUNCED: Final = "answer_bounced"


@dataclass(slots=True)
class Waiting:
    """A conversation waits from `since` on for an answer to `message`, until `until`.

    `begun`: when it began to wait, later than `since` where somebody reopened it.
    """

    conversation: UUID
    message: UUID
    since: datetime
    until: datetime | None
    answered_by: UUID | None
    reason: str
    mailboxes: list[UUID]
    from_position: int
    to_position: int | None
    begun: datetime


STOOD: Final[LiteralString] = "tstzrange(begun, CASE WHEN until < begun THEN begun ELSE until END)"
"""From when to when it waited, and from where to where that was known: what the past is asked by."""
KNOWN: Final[LiteralString] = "int8range(from_position, to_position)"

WAITING = Table(
    "waiting",
    Waiting,
    key=("conversation", "message", "begun", "from_position"),
    indexes=("(conversation) WHERE to_position IS NULL",),
    late=(
        "(since, message) INCLUDE (mailboxes) WHERE until IS NULL AND to_position IS NULL",
        "(since, message) WHERE to_position IS NULL",
        f"USING gist ({STOOD})",
        f"USING gist ({KNOWN}) WHERE until IS NULL",
    ),
)


def episodes(
    conversation: UUID,
    asked: Iterable[tuple[Letter, Sequence[Letter]]],
    rulings: Callable[[UUID], Sequence[Ruling]],
    position: int,
) -> Iterator[Waiting]:
    """Join letters that waited at the same time: the clock runs from the first of them.

    With each letter stand all messages of ours that went to who asked, and arrived, in order.
    """
    stretches = [
        one
        for letter, answers in asked
        if not letter.archived
        for one in _stretches(conversation, letter, answers, rulings(letter.message), position)
    ]
    current: Waiting | None = None
    for alone in sorted(stretches, key=lambda one: (one.begun, one.since, one.message)):
        if current is not None and (current.until is None or current.until > alone.begun):
            current = _joined(current, alone)
            continue
        if current is not None:
            yield current
        current = alone
    if current is not None:
        yield current


@dataclass(frozen=True, slots=True)
class _Turn:
    """A moment at which it may change whether a letter waits: an answer, or else a ruling."""

    at: datetime
    reason: str
    answer: Letter | None = None


def _turns(
    letter: Letter, answers: Sequence[Letter], rulings: Sequence[Ruling]
) -> Iterator[_Turn]:
    """Give them in order; an answer comes before what was said in the same moment."""
    said = [_Turn(max(one.at, letter.at), one.reason) for one in rulings]
    later = [_Turn(one.at, "answered", one) for one in answers if one.at >= letter.at]
    yield from sorted([*later, *said], key=lambda one: one.at)


def _stretches(
    conversation: UUID,
    letter: Letter,
    answers: Sequence[Letter],
    rulings: Sequence[Ruling],
    position: int,
) -> Iterator[Waiting]:
    """Give from when to when one letter waited: until a decision or an answer, the earlier.

    What is reopened waits again, as from the beginning; what a second decision says of the same
    holds in the place of the first.
    """
    begun = letter.at if asked_by_itself(letter) else None
    reason = BOUNCED if letter.returned_by else "waiting"
    given = conversation, letter.message, letter.at
    boxes = sorted(letter.mailboxes)
    ended: Waiting | None = None
    needless = False
    """Whether somebody said of what was answered that it needs no answer: that can be taken back."""
    for turn in _turns(letter, answers, rulings):
        by = None if turn.answer is None else turn.answer.message
        if begun is not None and turn.reason:
            if ended is not None:
                yield ended
            row = Waiting(*given, turn.at, by, turn.reason, boxes, position, None, begun)
            ended, begun = row if begun < turn.at or by is not None else None, None
        elif turn.reason and by is None:
            if ended is not None and ended.answered_by is None:
                ended = replace(ended, reason=turn.reason)
            needless = ended is not None and ended.answered_by is not None
        elif not turn.reason and begun is None:
            if not needless:
                begun, reason = turn.at, REOPENED
            needless = False
    if ended is not None:
        yield ended
    if begun is not None:
        yield Waiting(*given, None, None, reason, boxes, position, None, begun)


def _joined(first: Waiting, second: Waiting) -> Waiting:
    """Let the later end hold, for all mailboxes that were written to."""
    boxes = sorted({*first.mailboxes, *second.mailboxes})
    ends_later = first.until is not None and (second.until is None or second.until > first.until)
    last = second if ends_later else first
    return replace(
        first, until=last.until, answered_by=last.answered_by, reason=last.reason, mailboxes=boxes
    )


def what(row: Waiting) -> tuple[object, ...]:
    """Give what a row says, positions aside."""
    return row.message, row.since, row.begun, row.until, row.answered_by, row.reason, row.mailboxes
