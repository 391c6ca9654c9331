"""Which folders mail was captured from, and how much lies in each."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from uuid import UUID, uuid5

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from domain.marking import MessageMarked
from domain.message import (
    CaptureEvent,
    MessageCompleted,
    MessageCopyFound,
    MessageMoved,
    MessageReceived,
)
from domain.recorded import Recorded
from projections.projection import Names, Projection, Rows, Table
from projections.reader import Reader, columns_of, rows_of


@dataclass(slots=True)
class FolderRow:
    """A folder of a mailbox; `copies` counts occurrences, `unseen` those that lie there unread."""

    id: UUID
    mailbox: UUID
    folder: str
    role: str
    copies: int
    unseen: int
    size: int
    first_received_at: datetime
    last_received_at: datetime
    last_recorded_at: datetime


FOLDER = Table("folder", FolderRow, key=("id",))


@dataclass(slots=True)
class State:
    """What a batch touches."""

    folders: Rows[FolderRow] = field(default_factory=lambda: Rows(FOLDER))


def folder_id(mailbox: UUID, folder: str) -> UUID:
    """Give a folder's id: names can be longer than an index bears."""
    return uuid5(mailbox, folder)


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the folders of the batch."""
    state = State()
    places = {
        (one.event.mailbox, folder)
        for one in batch
        if isinstance(one.event, CaptureEvent | MessageMarked | MessageMoved)
        for folder in _folders(one.event)
    }
    if places:
        ids = [folder_id(*place) for place in places]
        state.folders.fetch(connection, names, "id = ANY(%b)", ids)
    return state


def _folders(event: CaptureEvent | MessageMarked | MessageMoved) -> Sequence[str]:
    if isinstance(event, MessageMoved):
        return event.folder, event.moved_to
    return (event.folder,)


def fold(state: State, recorded: Recorded) -> None:
    """Count a copy, or see it leave."""
    match recorded.event:
        case MessageReceived() | MessageCopyFound() | MessageCompleted() as event:
            _count(state, recorded, event, event.folder)
        case MessageMarked() as event:
            _mark(state, recorded, event)
        case MessageMoved() as event:
            _move(state, recorded, event)


def _count(
    state: State, recorded: Recorded, event: CaptureEvent | MessageMoved, folder: str
) -> None:
    own = folder_id(event.mailbox, folder)
    row = state.folders.get(own) or _empty(own, folder, recorded, event)
    row.role = event.role.value
    row.copies += 1
    row.unseen += _unseen(event.flags)
    row.size += event.size
    row.first_received_at = min(row.first_received_at, event.received_at)
    row.last_received_at = max(row.last_received_at, event.received_at)
    row.last_recorded_at = recorded.recorded_at
    state.folders.put(row)


def _mark(state: State, recorded: Recorded, event: MessageMarked) -> None:
    row = state.folders.get(folder_id(event.mailbox, event.folder))
    if row is None:  # erased
        return
    row.unseen += not event.gone and _unseen(event.flags)
    row.unseen -= not event.gone_before and _unseen(event.flags_before)
    row.last_recorded_at = recorded.recorded_at
    state.folders.put(row)


def _move(state: State, recorded: Recorded, event: MessageMoved) -> None:
    left = state.folders.get(folder_id(event.mailbox, event.folder))
    if left is not None:  # else erased
        left.unseen -= _unseen(event.flags_before)
        left.last_recorded_at = recorded.recorded_at
        state.folders.put(left)
    if not event.known_there:
        _count(state, recorded, event, event.moved_to)
        return
    there = state.folders.get(folder_id(event.mailbox, event.moved_to))
    if there is not None:
        there.unseen += not event.lay_there and _unseen(event.flags)
        there.last_recorded_at = recorded.recorded_at
        state.folders.put(there)


def _unseen(flags: Sequence[str]) -> bool:
    return "seen" not in flags


def _empty(
    own: UUID, folder: str, recorded: Recorded, event: CaptureEvent | MessageMoved
) -> FolderRow:
    return FolderRow(
        id=own,
        mailbox=event.mailbox,
        folder=folder,
        role=event.role.value,
        copies=0,
        unseen=0,
        size=0,
        first_received_at=event.received_at,
        last_received_at=event.received_at,
        last_recorded_at=recorded.recorded_at,
    )


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.folders.flush(connection, names)


folders = Projection(
    "folders",
    version=3,
    tables=(FOLDER,),
    hears=(MessageReceived, MessageCopyFound, MessageCompleted, MessageMarked, MessageMoved),
    load=load,
    fold=fold,
    flush=flush,
)


async def captured(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[FolderRow]:
    """Give the folders of the mailboxes that the reader sees."""
    query = names.sql(
        'SELECT {columns} FROM {folder} WHERE {sees} ORDER BY mailbox, folder COLLATE "C"',
        columns=columns_of(FolderRow),
        sees=reader.sees("ARRAY[mailbox]"),
    )
    return await rows_of(connection, FolderRow, query, reader.params())
