"""From when to when a conversation waited: stretches of its letters, joined where they overlap."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

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
    asked: Iterable[Letter],
    rulings: Callable[[UUID], Sequence[Ruling]],
    position: int,
) -> Iterator[Waiting]:
    """Join letters that waited at the same time: the clock runs from the first of them."""
    stretches = [
        one
        for letter in asked
        if not letter.archived
        for one in _stretches(conversation, letter, rulings(letter.message), position)
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


def _stretches(
    conversation: UUID, letter: Letter, rulings: Sequence[Ruling], position: int
) -> Iterator[Waiting]:
    """Give from when to when one letter waited: until a decision or an answer, the earlier.

    What is reopened waits again, as from the beginning.
    """
    boxes = sorted(letter.mailboxes)
    begun = letter.at if asked_by_itself(letter) else None
    reason = BOUNCED if letter.returned_by else "waiting"
    for ruling in rulings:
        at = max(ruling.at, letter.at)
        if letter.answered_at is not None and letter.answered_at <= at:
            break
        if ruling.reason and begun is not None and begun < at:
            yield Waiting(
                conversation, letter.message, letter.at, at, None, ruling.reason, boxes,
                position, None, begun,
            )  # fmt: skip
        if ruling.reason:
            begun = None
        elif begun is None:
            begun, reason = at, REOPENED
    if begun is not None:
        answered = letter.answered_at is not None
        yield Waiting(
            conversation, letter.message, letter.at, letter.answered_at, letter.answered_by,
            "answered" if answered else reason, boxes, position, None, begun,
        )  # fmt: skip


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
