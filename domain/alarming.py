"""The words of a mail that tells of waits which are at risk, or too late.

It names no subject and no number: a mail among us that did would be linked to the document it names.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.alarms import Stage
from domain.calendars import Clock
from domain.classes import dataclass

_MOST: int = 50
_WANTED = {
    Clock.FIRST_ANSWER: "a first answer",
    Clock.NEXT_ANSWER: "a next answer",
    Clock.SOLUTION: "a solution",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A wait, as whoever is told may see it; `writer` is empty where he may not see the mail."""

    stage: Stage
    clock: Clock
    mailbox: str
    since: datetime
    due: datetime
    writer: str = ""
    escalated: bool = False


def subject_of(lines: Sequence[Line]) -> str:
    """Say how many are late, and how many soon are."""
    late = sum(one.stage is Stage.BREACH for one in lines)
    soon = len(lines) - late
    parts = [f"{late} too late"] if late else []
    parts += [f"{soon} due soon"] if soon else []
    return f"Waiting for an answer: {', '.join(parts)}"


def text_of(lines: Sequence[Line]) -> str:
    """Say of each since when it waits and by when it is, or was, due: what is late first."""
    ordered = sorted(lines, key=lambda one: (one.stage is Stage.WARNING, one.due))
    said = [_said(one) for one in ordered[:_MOST]]
    if len(ordered) > _MOST:
        said.append(f"and {len(ordered) - _MOST} more.")
    return "\n\n".join(said) + "\n"


def _said(one: Line) -> str:
    head = "Too late" if one.stage is Stage.BREACH else "Due soon"
    who = f"{one.writer} waits" if one.writer else "Somebody waits"
    why = " You are told as it was not answered in time." if one.escalated else ""
    return (
        f"{head}: {who} in {one.mailbox} for {_WANTED[one.clock]} since {_shown(one.since)};"
        f" due {_shown(one.due)}.{why}"
    )


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} ({at.tzname()})"
