"""Notes are added, changed and withdrawn; each word stays in the stream."""

import pytest

from domain import note
from domain.document import DocumentRecord, DocumentRegistered
from domain.message import MessageReceived
from domain.note import (
    LONGEST,
    AddNote,
    ChangeNote,
    DocumentNoteChanged,
    DocumentNoted,
    DocumentNoteWithdrawn,
    MessageNoteChanged,
    MessageNoted,
    MessageNoteWithdrawn,
    WithdrawNote,
)
from domain.values import NoteId
from events import example, stream
from given import Story

ONE, OTHER = NoteId(stream("one")), NoteId(stream("other"))
MESSAGE = example(MessageReceived)
ORDER = DocumentRegistered("erp", "O1", DocumentRecord("order", "1", None))
FAMILIES = [
    (MESSAGE, MessageNoted, MessageNoteChanged, MessageNoteWithdrawn),
    (ORDER, DocumentNoted, DocumentNoteChanged, DocumentNoteWithdrawn),
]


def notes() -> Story:
    return Story(note.initial, note.evolve, note.decide)


@pytest.mark.parametrize(("there", "noted", "changed", "withdrawn"), FAMILIES)
def test_a_note_is_added_changed_and_withdrawn(there, noted, changed, withdrawn):
    first, second, gone = noted(ONE, "He rang."), changed(ONE, "He wrote."), withdrawn(ONE)
    notes().given(there).when(AddNote(ONE, "  He rang.\n")).then(first)
    notes().given(there, first).when(AddNote(ONE, "He rang.")).then_nothing()
    notes().given(there, first).when(AddNote(OTHER, "He rang.")).then(noted(OTHER, "He rang."))
    notes().given(there, first).when(ChangeNote(ONE, "He rang. ")).then_nothing()
    notes().given(there, first).when(ChangeNote(ONE, "He wrote.")).then(second)
    notes().given(there, first, second).when(WithdrawNote(ONE)).then(gone)
    notes().given(there, first, gone).when(WithdrawNote(ONE)).then_nothing()
    notes().given(there, first, gone).when(ChangeNote(ONE, "x")).then_refused("NOT_FOUND")
    notes().given(there, first, gone).when(AddNote(ONE, "x")).then_nothing()


@pytest.mark.parametrize("text", ["", " \n", "x" * (LONGEST + 1)])
def test_a_note_says_something_and_not_too_much(text):
    notes().given(MESSAGE).when(AddNote(ONE, text)).then_refused("INVALID")
    notes().given(MESSAGE, MessageNoted(ONE, "a")).when(ChangeNote(ONE, text)).then_refused(
        "INVALID"
    )


@pytest.mark.parametrize("command", [AddNote(ONE, "x"), ChangeNote(ONE, "x"), WithdrawNote(ONE)])
def test_nothing_is_noted_about_what_is_not_there(command):
    notes().when(command).then_refused("NOT_FOUND")


@pytest.mark.parametrize("command", [ChangeNote(OTHER, "x"), WithdrawNote(OTHER)])
def test_a_note_that_nobody_wrote_is_not_changed(command):
    notes().given(MESSAGE, MessageNoted(ONE, "a")).when(command).then_refused("NOT_FOUND")
