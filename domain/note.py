"""Notes: internal explanations on a message (so on a sent mail, too) or a document.

They lie in the stream of what they are about, sealed under its key, and are part of no mail: what
makes octets never reads them. What a note said before it was changed or withdrawn stays in its trail.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Annotated, Final, assert_never

from domain.classes import dataclass
from domain.document import DocumentRegistered
from domain.message import MessageReceived
from domain.values import NoteId, Personal, Rejected

LONGEST: Final = 20_000


@dataclass(frozen=True, slots=True)
class MessageNoted:
    """Somebody wrote a note about a message, for the company's own people alone."""

    note: NoteId
    text: Annotated[str, Personal]


@dataclass(frozen=True, slots=True)
class MessageNoteChanged:
    """A note about a message says something else from now on."""

    note: NoteId
    text: Annotated[str, Personal]


@dataclass(frozen=True, slots=True)
class MessageNoteWithdrawn:
    """A note about a message is shown no more."""

    note: NoteId


@dataclass(frozen=True, slots=True)
class DocumentNoted:
    """Somebody wrote a note about a document, for the company's own people alone."""

    note: NoteId
    text: Annotated[str, Personal]


@dataclass(frozen=True, slots=True)
class DocumentNoteChanged:
    """A note about a document says something else from now on."""

    note: NoteId
    text: Annotated[str, Personal]


@dataclass(frozen=True, slots=True)
class DocumentNoteWithdrawn:
    """A note about a document is shown no more."""

    note: NoteId


NoteEvent = (
    MessageNoted
    | MessageNoteChanged
    | MessageNoteWithdrawn
    | DocumentNoted
    | DocumentNoteChanged
    | DocumentNoteWithdrawn
)


@dataclass(frozen=True, slots=True)
class AddNote:
    """Write a note."""

    note: NoteId
    text: str


@dataclass(frozen=True, slots=True)
class ChangeNote:
    """Let a note say something else."""

    note: NoteId
    text: str


@dataclass(frozen=True, slots=True)
class WithdrawNote:
    """Show a note no more."""

    note: NoteId


NoteCommand = AddNote | ChangeNote | WithdrawNote


@dataclass(frozen=True, slots=True)
class Noted:
    """What decisions ask: what the stream is about, and what its notes say; None: withdrawn."""

    message: bool = False
    document: bool = False
    notes: Mapping[NoteId, str | None] = field(default_factory=dict)


initial = Noted()


def evolve(noted: Noted, event: object) -> Noted:
    """Give the notes after an event."""
    match event:
        case MessageReceived():
            return replace(noted, message=True)
        case DocumentRegistered():
            return replace(noted, document=True)
        case MessageNoted(note, text) | MessageNoteChanged(note, text):
            return replace(noted, notes={**noted.notes, note: text})
        case DocumentNoted(note, text) | DocumentNoteChanged(note, text):
            return replace(noted, notes={**noted.notes, note: text})
        case MessageNoteWithdrawn(note) | DocumentNoteWithdrawn(note):
            return replace(noted, notes={**noted.notes, note: None})
        case _:
            return noted


def decide(noted: Noted, command: NoteCommand) -> list[NoteEvent]:
    """Return what happens. An empty list means that it is so already."""
    if not noted.message and not noted.document:
        raise Rejected("NOT_FOUND", "there is no such message or document")
    if not isinstance(command, AddNote) and command.note not in noted.notes:
        raise Rejected("NOT_FOUND", "there is no such note")
    said, about_message = noted.notes.get(command.note), noted.message
    match command:
        case AddNote(note, text):
            if command.note in noted.notes:
                return []
            made = MessageNoted if about_message else DocumentNoted
            return [made(note, _read(text))]
        case ChangeNote(note, text):
            if said is None:
                raise Rejected("NOT_FOUND", "the note was withdrawn; write a new one")
            changed = MessageNoteChanged if about_message else DocumentNoteChanged
            return [] if said == _read(text) else [changed(note, _read(text))]
        case WithdrawNote(note):
            gone = MessageNoteWithdrawn if about_message else DocumentNoteWithdrawn
            return [] if said is None else [gone(note)]
        case _ as never:
            assert_never(never)


def _read(text: str) -> str:
    clean = text.strip()
    if not clean or len(clean) > LONGEST:
        raise Rejected("INVALID", f"a note has from 1 to {LONGEST:,} characters")
    return clean
