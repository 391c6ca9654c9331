"""Notes as people have them: added, changed, withdrawn. No mail is made of them."""

from uuid import UUID

from api.work.instance import Carteggio
from domain import note
from domain.note import AddNote, ChangeNote, WithdrawNote
from domain.recorded import Envelope
from domain.values import NoteId


def add(
    carteggio: Carteggio, about: UUID, id: NoteId, text: str, envelope: Envelope
) -> int | None:
    """Write a note on a message or document; give its position, None if it is there already."""
    return carteggio.journal.record(about, note, AddNote(id, text), envelope)


def change(
    carteggio: Carteggio, about: UUID, id: NoteId, text: str, envelope: Envelope
) -> int | None:
    """Let a note say something else; give the position, None if it says so already."""
    return carteggio.journal.record(about, note, ChangeNote(id, text), envelope)


def withdraw(carteggio: Carteggio, about: UUID, id: NoteId, envelope: Envelope) -> int | None:
    """Show a note no more; give the position, None if it was withdrawn already."""
    return carteggio.journal.record(about, note, WithdrawNote(id), envelope)
