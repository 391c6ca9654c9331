"""What was noted, in plain English."""

from domain.note import (
    DocumentNoteChanged,
    DocumentNoted,
    DocumentNoteWithdrawn,
    MessageNoteChanged,
    MessageNoted,
    MessageNoteWithdrawn,
    NoteEvent,
)

_SHOWN = 120


def of_notes(event: NoteEvent) -> str:
    """Say what was noted."""
    match event:
        case MessageNoted(text=text) | DocumentNoted(text=text):
            return f"noted: {_short(text)}"
        case MessageNoteChanged(text=text) | DocumentNoteChanged(text=text):
            return f"a note was changed: {_short(text)}"
        case MessageNoteWithdrawn() | DocumentNoteWithdrawn():
            return "a note was withdrawn"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…"
