"""Messages as they are read: what they say, who wrote to whom, where each copy lies."""

from collections.abc import Iterator, Sequence
from dataclasses import field
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from domain.marking import MessageMarked, MessageOrderFailed, Place
from domain.message import (
    CaptureEvent,
    FolderRole,
    Further,
    MessageClassified,
    MessageClosed,
    MessageCompleted,
    MessageCopyFound,
    MessageMoved,
    MessageReceived,
    MessageReopened,
)
from domain.recorded import Recorded
from domain.rereading import MessageReread
from projections.contents import TABLES as CONTENTS
from projections.contents import Said
from projections.messagerows import MESSAGE, MessageRow, first_row, show
from projections.occurrences import (
    MOVED,
    OCCURRENCE,
    REFUSED,
    OccurrenceRow,
    further,
    occurrence,
)
from projections.projection import Names, Projection, Rows
from projections.states import STATE, StateRow, States

__all__ = ["MESSAGE", "MessageRow", "mail", "show"]

TABLES = (MESSAGE, OCCURRENCE, STATE, *CONTENTS)


@dataclass(slots=True)
class State:
    """What a batch touches. `sharing` leads from a Message-ID's hash to a message with it.

    Once two share it, all of them are marked: so any one of them will do. `marked` are the places
    of those messages that events of the batch mark.
    """

    messages: Rows[MessageRow] = field(default_factory=lambda: Rows(MESSAGE))
    said: Said = field(default_factory=Said)
    occurrences: Rows[OccurrenceRow] = field(default_factory=lambda: Rows(OCCURRENCE))
    states: States = field(default_factory=States)
    sharing: dict[str, UUID] = field(default_factory=dict)
    marked: dict[UUID, list[OccurrenceRow]] = field(default_factory=dict)


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the messages that the batch touches, and those that share a Message-ID with them."""
    state = State()
    received = {one.stream for one in batch if isinstance(one.event, MessageReceived)}
    old = {one.stream for one in batch} - received
    keys = {one.event.header_key for one in batch if isinstance(one.event, MessageReceived)}
    same = _with_header_keys(connection, names, list(keys - {""}))
    if old or same:
        state.messages.fetch(connection, names, "id = ANY(%b)", [*old, *same])
    for row in state.messages:
        if row.id in same:
            state.sharing[row.header_key] = row.id
    if old:
        state.states.load(connection, names, list(old))
    if marked := set(_changing_places(state, batch)):
        state.marked = {message: [] for message in marked}
        stored = [message for message in marked if state.messages.get(message)]
        if stored:
            for place in state.occurrences.fetch(connection, names, "message = ANY(%b)", stored):
                state.marked[place.message].append(place)
    if hiding := [one.stream for one in batch if _hides(one)]:
        state.said.blind_copies.fetch(connection, names, "message = ANY(%b)", hiding)
    if reread := {one.stream for one in batch if isinstance(one.event, MessageReread)}:
        state.said.read_anew(connection, names, reread)
    if varied := list(_varied(state, batch)):
        state.said.contents.fetch(connection, names, "message = ANY(%b)", varied)
    return state


def _with_header_keys(
    connection: Connection[TupleRow], names: Names, keys: list[str]
) -> set[UUID]:
    if not keys:
        return set()
    query = names.sql(
        "SELECT DISTINCT ON (header_key) id FROM {message}"
        " WHERE header_key = ANY(%s) AND header_key <> '' ORDER BY header_key"
    )
    return {row[0] for row in connection.execute(query, [keys])}


def _hides(recorded: Recorded) -> bool:
    return isinstance(recorded.event, Further) and bool(recorded.event.bcc)


def _changing_places(state: State, batch: Sequence[Recorded]) -> Iterator[UUID]:
    """Give the messages of which known places may change: by a mark, or a further copy in one."""
    boxes: dict[UUID, set[UUID]] = {}
    for recorded in batch:
        event = recorded.event
        if isinstance(event, CaptureEvent):
            row = state.messages.get(recorded.stream)
            known = boxes.setdefault(recorded.stream, set(row.mailboxes if row else ()))
            if event.mailbox in known:
                yield recorded.stream
            known.add(event.mailbox)
        elif isinstance(event, MessageMarked | MessageMoved | MessageOrderFailed):
            yield recorded.stream


def _varied(state: State, batch: Sequence[Recorded]) -> Iterator[UUID]:
    """Give the stored messages of which another content may have to be shown."""
    for recorded in batch:
        event, row = recorded.event, state.messages.get(recorded.stream)
        if row is None:
            continue
        if isinstance(event, Further) and (row.variants or event.content is not None):
            yield row.id


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    event = recorded.event
    if isinstance(event, MessageReceived):
        _received(state, recorded, event)
        return
    row = state.messages.get(recorded.stream)
    if row is None:  # erased
        return
    match event:
        case MessageCopyFound() | MessageCompleted():
            _copied(state, recorded, event, row)
        case MessageMarked(mailbox, folder, flags, gone=gone):
            _mark(state, recorded.stream, (mailbox, folder), flags, gone=gone)
        case MessageOrderFailed(mailbox, moved_to=to):
            _refuse(state, row.id, (mailbox, to))
        case MessageMoved():
            _move(state, recorded, event, row)
        case MessageReread():
            _reread(state, event, row)
        case MessageClassified():
            row.direction, row.automatic, row.kind = (
                event.direction.value,
                event.automatic,
                event.kind,
            )
            row.wants_answer, row.reason = event.wants_answer, event.reason
            row.evidence = event.evidence
            _renew(state, recorded, row)
        case MessageClosed(reason):
            row.closed, row.close_reason = True, reason.value
            _renew(state, recorded, row)
        case MessageReopened():
            row.closed, row.close_reason = False, ""
            _renew(state, recorded, row)


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.messages.flush(connection, names)
    state.occurrences.flush(connection, names)
    state.states.flush(connection, names)
    state.said.flush(connection, names)


def _renew(state: State, recorded: Recorded, row: MessageRow) -> None:
    state.messages.put(row)
    state.states.renew(
        StateRow(
            message=row.id,
            from_position=recorded.position,
            to_position=None,
            from_time=recorded.recorded_at,
            to_time=None,
            direction=row.direction,
            automatic=row.automatic,
            kind=row.kind,
            wants_answer=row.wants_answer,
            reason=row.reason,
            evidence=row.evidence,
            closed=row.closed,
            close_reason=row.close_reason,
        )
    )


def _received(state: State, recorded: Recorded, event: MessageReceived) -> None:
    content = state.said.take(recorded.stream, event.content, event)
    row = first_row(recorded, event, content)
    state.said.hide(recorded.stream, event.raw, event.content.bcc)
    _put_occurrence(state, recorded, event, variant=False)
    state.messages.put(row)
    if event.header_key:
        _share(state, row)


def _share(state: State, row: MessageRow) -> None:
    other = state.messages.get(state.sharing.setdefault(row.header_key, row.id))
    if other is None or other is row:
        return
    row.shares_header_id = True
    if not other.shares_header_id:
        other.shares_header_id = True
        state.messages.put(other)


def _copied(state: State, recorded: Recorded, event: Further, row: MessageRow) -> None:
    _mark(state, recorded.stream, (event.mailbox, event.folder), event.flags)
    completed = _completed(state, recorded, event)
    if completed is None:
        _put_occurrence(state, recorded, event, variant=_varies(event))
    state.said.hide(row.id, event.raw, event.bcc)
    if event.content is not None:
        state.said.take(row.id, event.content, event)
        row.variants += completed is None or _several(state, recorded.stream)
    row.mailboxes = sorted({*row.mailboxes, event.mailbox})
    if event.role is FolderRole.SENT:
        row.sent_from = sorted({*row.sent_from, event.mailbox})
    row.archived = row.archived and event.archived
    ours = event.whole_size is not None, event.received_at, event.raw_sha256
    if ours < (row.whole_size is not None, row.received_at, row.raw_sha256):
        row.received_at, row.raw_sha256 = event.received_at, event.raw_sha256
        row.whole_size = event.whole_size
        row.size = event.size
        shown = state.said.contents.get(row.id, event.content_key)
        if shown is not None:
            show(row, shown)
    state.messages.put(row)


def _varies(event: Further) -> bool:
    return isinstance(event, MessageCopyFound) and event.variant


def _completed(state: State, recorded: Recorded, event: Further) -> OccurrenceRow | None:
    """Put a whole mail into the place in which its header was seen; None where that was not so."""
    for one in state.marked.get(recorded.stream, ()) if event.whole_size is None else ():
        if (one.mailbox, one.folder) == (event.mailbox, event.folder) and one.whole_size:
            one.raw, one.raw_sha256, one.size = event.raw, event.raw_sha256, event.size
            one.content, one.whole_size, one.flags = event.content_key, None, list(event.flags)
            return state.occurrences.put(one)
    return None


def _several(state: State, message: UUID) -> bool:
    return len({one.content for one in state.marked[message]}) > 1


def _reread(state: State, event: MessageReread, row: MessageRow) -> None:
    """Let a message say what was read last."""
    if event.content is not None:
        state.said.hide_anew(row.id, event.raw, event.content.bcc)
    if not event.content_key:
        return
    shown = state.said.take_anew(row.id, event)
    if shown is not None and row.content == event.content_key:
        show(row, shown)
        state.messages.put(row)


def _mark(
    state: State, message: UUID, place: Place, flags: Sequence[str], *, gone: bool = False
) -> None:
    """Mark all that was seen in a place: marks are those of the message there, not of a copy."""
    for one in state.marked.get(message, ()):
        if (one.mailbox, one.folder) == place:
            one.flags, one.gone = list(flags), gone
            if one.ordered == REFUSED and not gone:
                one.ordered = ""
            state.occurrences.put(one)


def _refuse(state: State, message: UUID, place: Place) -> None:
    """Note that an order failed that alone would have brought a message to a place."""
    for one in state.marked.get(message, ()):
        if (one.mailbox, one.folder) == place and one.ordered:
            one.ordered = REFUSED
            state.occurrences.put(one)


def _move(state: State, recorded: Recorded, event: MessageMoved, row: MessageRow) -> None:
    """Let a message leave a folder for another, where a further copy lies if none did before."""
    places = state.marked.get(row.id, [])
    copies = [one for one in places if one.raw == event.raw and one.mailbox == event.mailbox]
    _mark(state, row.id, (event.mailbox, event.folder), event.flags_before, gone=True)
    for one in places:
        if (one.mailbox, one.folder) == (event.mailbox, event.moved_to):
            one.ordered = MOVED if one.ordered == REFUSED and one.gone else ""
    _mark(state, row.id, (event.mailbox, event.moved_to), event.flags)
    if copies and not event.known_there:
        places.append(state.occurrences.put(further(copies[-1], recorded, event)))
    if event.role is FolderRole.SENT:
        row.sent_from = sorted({*row.sent_from, event.mailbox})
        state.messages.put(row)


def _put_occurrence(
    state: State, recorded: Recorded, event: CaptureEvent, *, variant: bool
) -> None:
    row = occurrence(recorded, event, variant=variant)
    if (marked := state.marked.get(recorded.stream)) is None:
        state.occurrences.add(row)
    else:
        marked.append(state.occurrences.put(row))


mail = Projection(
    "mail",
    version=8,
    tables=TABLES,
    hears=(
        MessageReceived, MessageCopyFound, MessageCompleted, MessageMarked, MessageMoved,
        MessageOrderFailed, MessageClassified, MessageClosed, MessageReopened, MessageReread,
    ),
    load=load,
    fold=fold,
    flush=flush,
)  # fmt: skip
