"""The audit trail of any object: what happened to it, when, by whom and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable

from domain.access import TokenIssued, TokenRevoked
from domain.account import AccountConfigured
from domain.catalog import CATALOG
from domain.company import MailboxRegistered
from domain.document import DocumentChanged, DocumentRegistered
from domain.message import MessageCopyFound, MessageLinked, MessageReceived, MessageUnlinked
from domain.party import ContactRegistered, ContactRemoved
from domain.recorded import Erased, Recorded
from projections.projection import Names, Projection, Rows, Table
from projections.reader import (
    FIRST_PAGE,
    NOW,
    AsOf,
    Order,
    Page,
    Reader,
    Slice,
    columns_of,
    slice_of,
)
from projections.sentences import data_of, sentence

OLDEST_FIRST = Order("trail.oldest", ("e.position",), descending=False)
NEWEST_FIRST = Order("trail.newest", ("e.position",))


@dataclass(slots=True)
class EntryRow:
    """An event as people read it; `data` is JSON, cut to 8 KB. `at` is the actor's clock."""

    position: int
    event_id: UUID
    name: str
    recorded_at: datetime
    at: datetime
    actor_kind: str
    actor_id: str
    on_behalf_of: str
    command_id: str | None
    correlation: UUID | None
    causation: UUID | None
    channel: str
    stream: UUID
    stream_version: int
    summary: str
    data: str
    erased: bool


@dataclass(slots=True)
class SubjectRow:
    """An object that an event names beside its own stream's."""

    object: UUID
    position: int


@dataclass(slots=True)
class ScopeRow:
    """The mailboxes through which a stream is seen; streams without such a row are seen by all."""

    stream: UUID
    mailboxes: list[UUID]


ENTRY = Table(
    "trail_entry", EntryRow, key=("position",), late=("(stream, position)",), late_key=True
)
SUBJECT = Table(
    "trail_subject", SubjectRow, key=("object", "position"), late=("(position)",), late_key=True
)
SCOPE = Table("trail_scope", ScopeRow, key=("stream",))


@dataclass(slots=True)
class State:
    """What a batch touches."""

    entries: Rows[EntryRow] = field(default_factory=lambda: Rows(ENTRY))
    subjects: Rows[SubjectRow] = field(default_factory=lambda: Rows(SUBJECT))
    scopes: Rows[ScopeRow] = field(default_factory=lambda: Rows(SCOPE))


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read through which mailboxes the batch's streams are seen."""
    state = State()
    received = {one.stream for one in batch if isinstance(one.event, MessageReceived)}
    widened = {one.stream for one in batch if _narrows(one)} - received
    if widened:
        state.scopes.fetch(connection, names, "stream = ANY(%b)", list(widened))
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Write one event down."""
    if _narrows(recorded):
        _widen(state, recorded)
    state.entries.add(_entry(recorded))
    for one in _named(recorded.event):
        state.subjects.add(SubjectRow(one, recorded.position))


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.entries.flush(connection, names)
    state.subjects.flush(connection, names)
    state.scopes.flush(connection, names)


_SCOPED: Final = (
    MessageReceived,
    MessageCopyFound,
    MailboxRegistered,
    AccountConfigured,
    TokenIssued,
    TokenRevoked,
)
_SCOPED_NAMES: Final = ("message.", "mailbox.", "account.", "token.")


def _narrows(recorded: Recorded) -> bool:
    """Tell whether an event's stream is not for everybody; what was erased stays so."""
    if isinstance(recorded.event, Erased):
        return recorded.name.startswith(_SCOPED_NAMES)
    return isinstance(recorded.event, _SCOPED)


def _widen(state: State, recorded: Recorded) -> None:
    row = state.scopes.get(recorded.stream)
    known = set(row.mailboxes) if row is not None else set()
    seen = known | set(_seen_through(recorded))
    if row is None or seen != known:
        state.scopes.put(ScopeRow(recorded.stream, sorted(seen)))


def _seen_through(recorded: Recorded) -> Iterable[UUID]:
    match recorded.event:
        case MessageReceived() | MessageCopyFound() | AccountConfigured() as event:
            yield event.mailbox
        case MailboxRegistered():
            yield recorded.stream


def _named(event: object) -> Iterable[UUID]:
    match event:
        case MessageLinked(target=target) | MessageUnlinked(target=target):
            yield target
        case ContactRegistered(contact=contact) | ContactRemoved(contact=contact):
            yield contact
        case DocumentRegistered(record=record) | DocumentChanged(record=record):
            if record.party is not None:
                yield record.party
        case AccountConfigured(mailbox=mailbox):
            yield mailbox


def _entry(recorded: Recorded) -> EntryRow:
    envelope = recorded.envelope
    principal = envelope.on_behalf_of
    return EntryRow(
        position=recorded.position,
        event_id=envelope.event_id,
        name=recorded.name,
        recorded_at=recorded.recorded_at,
        at=envelope.at,
        actor_kind=envelope.actor.kind.value,
        actor_id=envelope.actor.id,
        on_behalf_of="" if principal is None else f"{principal.kind.value}:{principal.id}",
        command_id=envelope.command_id,
        correlation=envelope.correlation,
        causation=envelope.causation,
        channel=envelope.origin.channel,
        stream=recorded.stream,
        stream_version=recorded.version,
        summary=sentence(recorded.event),
        data=data_of(recorded.event),
        erased=isinstance(recorded.event, Erased),
    )


trail = Projection(
    "trail",
    version=1,
    tables=(ENTRY, SUBJECT, SCOPE),
    hears=tuple(kind.event for kind in CATALOG),
    load=load,
    fold=fold,
    flush=flush,
    uses=("party", "contact", "document"),
)

# ---- reading


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries of the whole log; times are the recorded ones: [from, to)."""

    object: UUID | None = None
    actor_id: str = ""
    events: tuple[str, ...] = ()
    from_time: datetime | None = None
    to_time: datetime | None = None


async def trail_of(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    object_id: UUID,
    at: Page = FIRST_PAGE,
    as_of: AsOf = NOW,
    order: Order = OLDEST_FIRST,
) -> Slice[EntryRow]:
    """Give what happened to an object; `as_of.time` is compared with the recorded time."""
    return await log(connection, names, reader, AuditFilter(object_id), at, as_of, order)


async def log(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    wanted: AuditFilter,
    at: Page = FIRST_PAGE,
    as_of: AsOf = NOW,
    order: Order = NEWEST_FIRST,
) -> Slice[EntryRow]:
    """Give what happened in the company, as far as the reader sees what it happened to."""
    concerns = names.sql(
        "e.position IN (SELECT o.position FROM {trail_entry} o WHERE o.stream = %(object)s"
        " UNION ALL SELECT s.position FROM {trail_subject} s WHERE s.object = %(object)s)"
    )
    conditions: Sequence[tuple[object, Composable]] = (
        (wanted.object, concerns),
        (wanted.actor_id or None, SQL("e.actor_id = %(actor_id)s")),
        (wanted.events or None, SQL("e.name = ANY(%(events)s)")),
        (wanted.from_time, SQL("e.recorded_at >= %(from_time)s")),
        (wanted.to_time, SQL("e.recorded_at < %(to_time)s")),
        (as_of.position, SQL("e.position <= %(position)s")),
        (as_of.time, SQL("e.recorded_at <= %(time)s")),
    )
    chosen = [condition for value, condition in conditions if value is not None]
    source = names.sql(
        "FROM {trail_entry} e LEFT JOIN {trail_scope} scope ON scope.stream = e.stream"
        " WHERE {all}",
        all=SQL(" AND ").join([*chosen, *_visible(names, reader)]),
    )
    values = {**reader.params(), **_values(wanted, as_of)}
    columns = columns_of(EntryRow, "e")
    return await slice_of(connection, EntryRow, columns, source, order, at, values)


def _values(wanted: AuditFilter, as_of: AsOf) -> dict[str, object]:
    return {
        "object": wanted.object,
        "actor_id": wanted.actor_id,
        "events": list(wanted.events),
        "from_time": wanted.from_time,
        "to_time": wanted.to_time,
        "position": as_of.position,
        "time": as_of.time,
    }


def _visible(names: Names, reader: Reader) -> Iterable[Composable]:
    yield SQL("(scope.stream IS NULL OR {})").format(reader.sees("scope.mailboxes"))
    if reader.clearance is not None:
        yield names.sql(
            "NOT EXISTS (SELECT FROM (SELECT e.stream AS id UNION ALL"
            " SELECT c.object FROM {trail_subject} c WHERE c.position = e.position) AS named"
            " WHERE named.id IN ("
            "SELECT p.id FROM {party} p WHERE p.privacy_level > %(clearance)s"
            " UNION ALL SELECT k.id FROM {contact} k WHERE k.privacy_level > %(clearance)s"
            " UNION ALL SELECT d.id FROM {document} d JOIN {party} p ON p.id = d.party"
            " WHERE p.privacy_level > %(clearance)s))"
        )
