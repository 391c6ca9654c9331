"""Notes on messages and documents, as they stand: told to whoever sees what they are about."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg import Connection as Filling
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable

from domain.classes import dataclass
from domain.note import (
    DocumentNoteChanged,
    DocumentNoted,
    DocumentNoteWithdrawn,
    MessageNoteChanged,
    MessageNoted,
    MessageNoteWithdrawn,
)
from domain.recorded import Recorded
from projections.projection import Names, Projection, Rows, Table
from projections.reader import Reader, columns_of, rows_of


@dataclass(slots=True)
class NoteRow:
    """A note; `object` is the message or document. `changed_at` None: it says what it said first.

    A withdrawn one is kept without its text, so that its id leads to what it was about.
    """

    id: UUID
    object: UUID
    about: str
    text: str
    actor_kind: str
    actor_id: str
    at: datetime
    changed_at: datetime | None
    withdrawn: bool
    position: int


NOTE = Table("note", NoteRow, key=("id",), indexes=("(object)",))
MESSAGE, DOCUMENT = "message", "document"
_ADDED = MessageNoted | DocumentNoted
_CHANGED = MessageNoteChanged | DocumentNoteChanged
_WITHDRAWN = MessageNoteWithdrawn | DocumentNoteWithdrawn


@dataclass(slots=True)
class State:
    """What a batch touches."""

    rows: Rows[NoteRow] = field(default_factory=lambda: Rows(NOTE))


def load(connection: Filling[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the notes that the batch changes."""
    state = State()
    events = (one.event for one in batch)
    if changed := {one.note for one in events if isinstance(one, _CHANGED | _WITHDRAWN)}:
        state.rows.fetch(connection, names, "id = ANY(%b)", list(changed))
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    event = recorded.event
    if isinstance(event, _ADDED):
        state.rows.put(_added(recorded, event))
        return
    row = state.rows.get(event.note) if isinstance(event, _CHANGED | _WITHDRAWN) else None
    if row is None:
        return
    if isinstance(event, _CHANGED):
        row.text, row.changed_at = event.text, recorded.recorded_at
    else:
        row.text, row.withdrawn = "", True
    row.position = recorded.position
    state.rows.put(row)


def flush(connection: Filling[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.rows.flush(connection, names)


def _added(recorded: Recorded, event: MessageNoted | DocumentNoted) -> NoteRow:
    by = recorded.envelope.on_behalf_of or recorded.envelope.actor
    return NoteRow(
        id=event.note,
        object=recorded.stream,
        about=MESSAGE if isinstance(event, MessageNoted) else DOCUMENT,
        text=event.text,
        actor_kind=by.kind.value,
        actor_id=by.id,
        at=recorded.recorded_at,
        changed_at=None,
        withdrawn=False,
        position=recorded.position,
    )


notes = Projection(
    "notes",
    version=1,
    tables=(NOTE,),
    hears=(
        MessageNoted,
        MessageNoteChanged,
        MessageNoteWithdrawn,
        DocumentNoted,
        DocumentNoteChanged,
        DocumentNoteWithdrawn,
    ),
    load=load,
    fold=fold,
    flush=flush,
    uses=("message", "document", "party", "conversation_member"),
)

# ---- reading

Connection = AsyncConnection[TupleRow]


async def notes_of(
    connection: Connection, names: Names, reader: Reader, objects: Sequence[UUID]
) -> dict[UUID, list[NoteRow]]:
    """Give the notes that stand on messages and documents, the oldest first."""
    condition = "n.object = ANY(%(ids)s) AND NOT n.withdrawn"
    rows = await _where(connection, names, reader, condition, ids=list(objects))
    found: dict[UUID, list[NoteRow]] = {}
    for row in rows:
        found.setdefault(row.object, []).append(row)
    return found


async def notes_in(
    connection: Connection, names: Names, reader: Reader, conversations: Sequence[UUID]
) -> dict[UUID, list[NoteRow]]:
    """Give those on the messages of conversations, the oldest first."""
    query = names.sql(
        "SELECT c.conversation, c.message FROM {conversation_member} c"
        " WHERE c.conversation = ANY(%(ids)s) AND c.to_position IS NULL"
    )
    cursor = await connection.execute(query, {"ids": list(conversations)})
    of = {message: conversation for conversation, message in await cursor.fetchall()}
    found: dict[UUID, list[NoteRow]] = {}
    for rows in (await notes_of(connection, names, reader, list(of))).values():
        for row in rows:
            found.setdefault(of[row.object], []).append(row)
    return {id: sorted(rows, key=_place) for id, rows in found.items()}


async def note(connection: Connection, names: Names, reader: Reader, id: UUID) -> NoteRow | None:
    """Give a note, a withdrawn one too; None if the reader does not see what it is about."""
    rows = await _where(connection, names, reader, "n.id = ANY(%(ids)s)", ids=[id])
    return next(iter(rows), None)


def _place(row: NoteRow) -> tuple[datetime, UUID]:
    return row.at, row.id


async def _where(
    connection: Connection,
    names: Names,
    reader: Reader,
    condition: LiteralString,
    **values: object,
) -> list[NoteRow]:
    query = names.sql(
        "SELECT {columns} FROM {note} n WHERE {condition} AND {seen} ORDER BY n.at, n.id",
        columns=columns_of(NoteRow, "n"),
        condition=SQL(condition),
        seen=_seen(names, reader),
    )
    return await rows_of(connection, NoteRow, query, {**reader.params(), **values})


def _seen(names: Names, reader: Reader) -> Composable:
    """A note is as confidential as its message, or as the party of its document."""
    return names.sql(
        "CASE WHEN n.about = 'message' THEN EXISTS (SELECT FROM {message} m"
        " WHERE m.id = n.object AND {sees}) ELSE EXISTS (SELECT FROM {document} d"
        " LEFT JOIN {party} p ON p.id = d.party"
        " WHERE d.id = n.object AND (p.id IS NULL OR {cleared})) END",
        sees=reader.sees("m.mailboxes"),
        cleared=reader.cleared("p.privacy_level"),
    )
