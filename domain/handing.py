"""The words of mails that tell colleagues who has conversations now, or that theirs wait.

It names no subject and no number: a mail among us that did would be linked to the document it names.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from domain.classes import dataclass

_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A conversation, as whoever is told may see it; `writer` is empty where he may not."""

    mailbox: str
    since: datetime
    writer: str = ""


def subject_of(count: int, *, yours: bool) -> str:
    """Say how many, and whether they are his from now on."""
    what = "A conversation" if count == 1 else f"{count} conversations"
    if yours:
        return f"{what} handed over to you"
    return f"{what} of yours handed over"


def text_of(lines: Sequence[Line], by: str, to: str, note: str) -> str:
    """Say who gave what to whom, and why; `to` empty: to the people of their mailboxes."""
    whom = to or "the people of the mailbox"
    said = [f"{by} handed this over to {whom}."]
    said += [f"“{note}”"] if note else []
    said += [_said(one) for one in lines[:_MOST]]
    if len(lines) > _MOST:
        said.append(f"and {len(lines) - _MOST} more.")
    said.append("Since when they wait has not changed.")
    return "\n\n".join(said) + "\n"


# ---- reminders


def reminder_subject(count: int) -> str:
    """Say how many wait for him."""
    return "A conversation waits for you" if count == 1 else f"{count} conversations wait for you"


def reminder_text(lines: Sequence[Line], by: str, note: str) -> str:
    """Say who reminds him of what, all of it, the longest wait first."""
    said = [f"{by} reminds you of what waits for an answer."]
    said += [f"“{note}”"] if note else []
    said.append("\n".join(_said(one) for one in sorted(lines, key=lambda one: one.since)))
    return "\n\n".join(said) + "\n"


def _said(one: Line) -> str:
    return f"{one.writer or 'Somebody'}, in {one.mailbox}, since {one.since:%Y-%m-%d %H:%M (%Z)}"
