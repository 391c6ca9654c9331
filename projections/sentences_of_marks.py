"""Marks and moves of messages on mail servers, in plain English."""

from collections.abc import Iterable, Mapping
from typing import Final

from domain.marking import (
    FailureReason,
    MarkingEvent,
    MessageMarked,
    MessageMoved,
    MessageOrderFailed,
)

_FAILURES: Final[Mapping[FailureReason, str]] = {
    FailureReason.GONE: "it no longer lay there",
    FailureReason.NO_FOLDER: "there is no such folder; create it there and order it again",
    FailureReason.NOT_ALLOWED: "the account may not change this folder",
    FailureReason.FULL: "no room is left there; order it again when there is some",
    FailureReason.REFUSED: "it refuses",
    FailureReason.TOO_LATE: "it could not be reached for a month; order it again if it still holds",
    FailureReason.ACCOUNT_REMOVED: "its account was removed, so nothing is done there any more",
}


def of_marks(event: MarkingEvent) -> str:
    """Say what was marked or moved, or could not be."""
    match event:
        case MessageMoved(folder=folder, moved_to=to):
            return f"moved from {folder} to {to}"
        case MessageMarked(folder=folder, moved_to=to) if to:
            return f"moved from {folder} to {to}"
        case MessageMarked(gone=gone) if gone != event.gone_before:
            return f"left {event.folder}" if gone else f"lies in {event.folder} again"
        case MessageMarked():
            flags, before = set(event.flags), set(event.flags_before)
            return f"marked in {event.folder}: {_changes(flags - before, before - flags)}"
        case MessageOrderFailed(folder=folder, moved_to=to):
            changes = _changes(event.added, event.removed)
            what = f"moved from {folder} to {to}" if to else f"marked in {folder} ({changes})"
            said = f" (it says: {cut(event.said)})" if event.said else ""
            return f"could not be {what} on the mail server: {_FAILURES[event.reason]}{said}"


def _changes(added: Iterable[str], removed: Iterable[str]) -> str:
    return " ".join([f"+{one}" for one in sorted(added)] + [f"-{one}" for one in sorted(removed)])


def cut(text: str, limit: int = 120) -> str:
    """Give the beginning of what people wrote, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
