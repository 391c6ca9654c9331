"""Reading: messages, alone, in lists, and in bulk."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import LiteralString, TypeVar
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable

from domain.classes import dataclass
from projections.contents import AttachmentRow, ContentRow, ParticipantRow
from projections.forms import shown, told
from projections.mail import MessageRow, show
from projections.occurrences import OccurrenceRow
from projections.projection import Names
from projections.reader import (
    FIRST_PAGE,
    NOW,
    AsOf,
    Order,
    Page,
    Reader,
    Slice,
    columns_of,
    rows_of,
    slice_of,
)
from projections.states import StateRow
from projections.tags import tagged

Connection = AsyncConnection[TupleRow]
NEWEST_FIRST = Order("message.newest", ("m.received_at", "m.id"))
OLDEST_FIRST = Order("message.oldest", ("m.received_at", "m.id"), descending=False)

Part = TypeVar("Part", AttachmentRow, ContentRow, OccurrenceRow, ParticipantRow)


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages; an empty filter means all. Times are when mail was received: [from, to).

    A message belongs to a party or document by an automatic or confirmed link; `tag` is a tag's key.
    """

    mailboxes: tuple[UUID, ...] = ()
    directions: tuple[str, ...] = ()
    party: UUID | None = None
    document: UUID | None = None
    from_time: datetime | None = None
    to_time: datetime | None = None
    has_attachments: bool | None = None
    is_linked: bool | None = None
    automatic: bool | None = None
    tag: str | None = None


async def by_id(
    connection: Connection, names: Names, reader: Reader, message: UUID, as_of: AsOf = NOW
) -> MessageRow | None:
    """Give a message, classified and closed as it was then; None if it was not there yet."""
    return (await by_ids(connection, names, reader, [message], as_of)).get(message)


async def by_ids(
    connection: Connection,
    names: Names,
    reader: Reader,
    messages: Sequence[UUID],
    as_of: AsOf = NOW,
) -> dict[UUID, MessageRow]:
    """Give many messages at once, as they were then; those not there yet are absent."""
    condition = SQL("m.id = ANY(%(ids)s)")
    found = await _where(connection, names, reader, condition, ids=list(messages))
    if as_of != NOW:
        then = {row.id: row for row in found if _there(row, as_of)}
        states = await _states_of(connection, names, list(then), as_of)
        found = [_as_it_was(row, states.get(id), as_of) for id, row in then.items()]
    await as_seen(connection, names, reader, found)
    return {row.id: row for row in found}


def _there(row: MessageRow, as_of: AsOf) -> bool:
    if as_of.position is not None:
        return row.position <= as_of.position
    return as_of.time is not None and row.received_at <= as_of.time


async def _states_of(
    connection: Connection, names: Names, messages: Sequence[UUID], as_of: AsOf
) -> dict[UUID, StateRow]:
    if as_of.position is not None:
        then = SQL("from_position <= %(position)s AND coalesce(to_position > %(position)s, true)")
    else:
        then = SQL("from_time <= %(time)s AND coalesce(to_time > %(time)s, true)")
    query = names.sql(
        "SELECT {columns} FROM {message_state} WHERE message = ANY(%(ids)s) AND {then}",
        columns=columns_of(StateRow),
        then=then,
    )
    values = {"ids": list(messages), "position": as_of.position, "time": as_of.time}
    return {row.message: row for row in await rows_of(connection, StateRow, query, values)}


def _as_it_was(row: MessageRow, state: StateRow | None, as_of: AsOf) -> MessageRow:
    """What a message is does not depend on when we found it out; what people decided does."""
    row.closed = state is not None and state.closed
    row.close_reason = state.close_reason if state is not None else ""
    if as_of.position is None:
        return row
    row.direction = state.direction if state is not None else None
    row.automatic = state is not None and state.automatic
    row.wants_answer = state is not None and state.wants_answer
    row.kind, row.reason, row.evidence = (
        (state.kind, state.reason, state.evidence) if state is not None else ("", "", "")
    )
    return row


async def by_header_key(
    connection: Connection, names: Names, reader: Reader, header_key: str
) -> list[MessageRow]:
    """Give the messages with a Message-ID, by its keyed hash (domain.identity.header_key)."""
    condition = SQL("m.header_key = %(key)s AND m.header_key <> ''")
    found = await _where(connection, names, reader, condition, key=header_key)
    await as_seen(connection, names, reader, found)
    return found


async def page(
    connection: Connection,
    names: Names,
    reader: Reader,
    wanted: MessageFilter,
    at: Page = FIRST_PAGE,
    order: Order = NEWEST_FIRST,
) -> Slice[MessageRow]:
    """Give messages by the time they were received (NEWEST_FIRST or OLDEST_FIRST)."""
    source, values = _matching(names, reader, wanted)
    columns = columns_of(MessageRow, "m")
    found = await slice_of(connection, MessageRow, columns, source, order, at, values)
    await as_seen(connection, names, reader, found.rows)
    return found


async def all_ids(
    connection: Connection,
    names: Names,
    reader: Reader,
    wanted: MessageFilter,
    at_once: int = 500,
) -> AsyncIterator[list[UUID]]:
    """Give the ids of all matching messages in portions, the oldest first, by a server's cursor."""
    source, values = _matching(names, reader, wanted)
    query = SQL("SELECT m.id {} ORDER BY m.received_at, m.id").format(source)
    async with connection.transaction(), connection.cursor("message_ids") as cursor:
        await cursor.execute(query, values)
        while portion := await cursor.fetchmany(at_once):
            yield [row[0] for row in portion]


async def counted(connection: Connection, names: Names, reader: Reader) -> dict[UUID, int]:
    """Count the messages of each mailbox, however many copies of one were seen there."""
    said = "SELECT mailbox, count(*) FROM {message}, unnest(mailboxes) AS mailbox WHERE {sees} GROUP BY 1"
    query = names.sql(said, sees=reader.sees("ARRAY[mailbox]"))
    found = await connection.execute(query, reader.params())
    return dict(await found.fetchall())


async def contents_of(
    connection: Connection, names: Names, reader: Reader, messages: Sequence[UUID]
) -> dict[UUID, ContentRow]:
    """Give what is shown of each message, its text included."""
    query = names.sql(
        "SELECT {columns} FROM {message} m JOIN {message_content} c"
        " ON c.message = m.id AND c.content = {shown} WHERE m.id = ANY(%(ids)s) AND {sees}",
        columns=columns_of(ContentRow, "c"),
        shown=shown(names, reader),
        sees=reader.sees("m.mailboxes"),
    )
    values = {**reader.params(), "ids": list(messages)}
    return {row.message: row for row in await rows_of(connection, ContentRow, query, values)}


async def variants_of(
    connection: Connection, names: Names, reader: Reader, message: UUID
) -> list[ContentRow]:
    """Give every form in which a message was seen where the reader looks, the one shown first."""
    query = names.sql(
        "SELECT {columns} FROM {message} m JOIN {message_content} c ON c.message = m.id"
        " WHERE m.id = %(id)s AND {sees} AND EXISTS (SELECT FROM {occurrence} o"
        " WHERE o.message = m.id AND o.content = c.content AND {there})"
        " ORDER BY c.content <> {shown}, c.content",
        columns=columns_of(ContentRow, "c"),
        there=reader.sees("ARRAY[o.mailbox]"),
        shown=shown(names, reader),
        sees=reader.sees("m.mailboxes"),
    )
    return await rows_of(connection, ContentRow, query, {**reader.params(), "id": message})


async def occurrences_of(
    connection: Connection,
    names: Names,
    reader: Reader,
    messages: Sequence[UUID],
    as_of: AsOf = NOW,
) -> dict[UUID, list[OccurrenceRow]]:
    """Give the places where each message was seen, as far as the reader sees them."""
    query = names.sql(
        "SELECT {columns} FROM {occurrence} o WHERE o.message = ANY(%(ids)s) AND {sees}"
        " AND NOT (o.gone AND o.ordered = 'refused')"
        " AND coalesce(o.position <= %(position)s::int8, true)"
        " AND coalesce(o.received_at <= %(time)s::timestamptz, true)"
        " ORDER BY o.message, o.received_at, o.raw_sha256, o.position",
        columns=columns_of(OccurrenceRow, "o"),
        sees=reader.sees("ARRAY[o.mailbox]"),
    )
    values = {"ids": list(messages), "position": as_of.position, "time": as_of.time}
    found = await rows_of(connection, OccurrenceRow, query, {**reader.params(), **values})
    return _by_message(found)


async def participants_of(
    connection: Connection, names: Names, reader: Reader, messages: Sequence[UUID]
) -> dict[UUID, list[ParticipantRow]]:
    """Give the addresses of each message; Bcc only to who reads the mailbox that sent it."""
    query = names.sql(
        "SELECT {columns} FROM {message} m JOIN {participant} p"
        " ON p.message = m.id AND p.content = {shown} WHERE m.id = ANY(%(ids)s) AND {sees}"
        " UNION ALL SELECT b.message, m.content, 'bcc',"
        " row_number() OVER (PARTITION BY b.message ORDER BY b.address_key) - 1,"
        " b.address, b.address_key, b.name FROM {message} m JOIN"
        " (SELECT DISTINCT ON (message, address_key) * FROM {blind_copy}"
        " WHERE message = ANY(%(ids)s) ORDER BY message, address_key, address, name) b"
        " ON b.message = m.id WHERE {sent} ORDER BY message, role, ordinal",
        columns=columns_of(ParticipantRow, "p"),
        shown=shown(names, reader),
        sees=reader.sees("m.mailboxes"),
        sent=reader.sees("m.sent_from"),
    )
    values = {**reader.params(), "ids": list(messages)}
    return _by_message(await rows_of(connection, ParticipantRow, query, values))


async def attachments_of(
    connection: Connection, names: Names, reader: Reader, messages: Sequence[UUID]
) -> dict[UUID, list[AttachmentRow]]:
    """Give the attachments of each message."""
    query = names.sql(
        "SELECT {columns} FROM {message} m JOIN {attachment} a"
        " ON a.message = m.id AND a.content = {shown} WHERE m.id = ANY(%(ids)s) AND {sees}"
        " ORDER BY a.message, a.ordinal",
        columns=columns_of(AttachmentRow, "a"),
        shown=shown(names, reader),
        sees=reader.sees("m.mailboxes"),
    )
    values = {**reader.params(), "ids": list(messages)}
    return _by_message(await rows_of(connection, AttachmentRow, query, values))


def _by_message(rows: list[Part]) -> dict[UUID, list[Part]]:
    found: dict[UUID, list[Part]] = {}
    for row in rows:
        found.setdefault(row.message, []).append(row)
    return found


async def _where(
    connection: Connection, names: Names, reader: Reader, condition: Composable, **values: object
) -> list[MessageRow]:
    query = names.sql(
        "SELECT {columns} FROM {message} m WHERE {condition} AND {sees}"
        " ORDER BY m.received_at, m.id",
        columns=columns_of(MessageRow, "m"),
        condition=condition,
        sees=reader.sees("m.mailboxes"),
    )
    return await rows_of(connection, MessageRow, query, {**reader.params(), **values})


async def as_seen(
    connection: Connection, names: Names, reader: Reader, rows: Sequence[MessageRow]
) -> None:
    """Let messages of several forms say what the first copy that the reader sees says.

    Their places in lists stay, by the first copy of all.
    """
    several = [row for row in rows if row.variants]
    if reader.mailboxes is None or not several:
        return
    asked = connection, names, reader, [row.id for row in several]
    forms, copies = await contents_of(*asked), await occurrences_of(*asked)
    for row in several:
        if row.content != forms[row.id].content:
            row.evidence = ""  # it quotes the first form
        show(row, forms[row.id])
        row.size, row.raw_sha256 = copies[row.id][0].size, copies[row.id][0].raw_sha256


_LINKED: LiteralString = (
    "EXISTS (SELECT FROM {link} l WHERE l.message = m.id AND l.to_position IS NULL"
    " AND l.state IN ('automatic', 'confirmed') AND {which} AND {sees})"
)


def _matching(
    names: Names, reader: Reader, wanted: MessageFilter
) -> tuple[Composable, dict[str, object]]:
    """Give FROM … WHERE … of the messages that match a filter, and its values."""

    def linked(which: LiteralString) -> Composable:
        return names.sql(_LINKED, which=SQL(which), sees=reader.sees("l.mailboxes"))

    files = told(names, reader, "attachments")
    conditions: list[tuple[object, Composable]] = [
        (wanted.mailboxes or None, SQL("m.mailboxes && %(mailboxes)s::uuid[]")),
        (wanted.directions or None, SQL("m.direction = ANY(%(directions)s)")),
        (wanted.from_time, SQL("m.received_at >= %(from_time)s")),
        (wanted.to_time, SQL("m.received_at < %(to_time)s")),
        (wanted.has_attachments, SQL("({} > 0) = %(has_attachments)s").format(files)),
        (wanted.automatic, SQL("m.automatic = %(automatic)s")),
        (wanted.party, linked("l.target = %(party)s")),
        (wanted.document, linked("l.target = %(document)s")),
        (wanted.tag, tagged(names)),
        (wanted.is_linked, SQL("{} = %(is_linked)s").format(linked("true"))),
    ]
    chosen = [condition for value, condition in conditions if value is not None]
    source = names.sql(
        "FROM {message} m WHERE {all}",
        all=SQL(" AND ").join([*chosen, reader.sees("m.mailboxes")]),
    )
    return source, {**reader.params(), **_values(wanted)}


def _values(wanted: MessageFilter) -> dict[str, object]:
    return {
        "mailboxes": list(wanted.mailboxes),
        "directions": list(wanted.directions),
        "party": wanted.party,
        "document": wanted.document,
        "from_time": wanted.from_time,
        "to_time": wanted.to_time,
        "has_attachments": wanted.has_attachments,
        "automatic": wanted.automatic,
        "is_linked": wanted.is_linked,
        "tag": wanted.tag,
    }
