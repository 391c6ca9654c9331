"""Questions about mail that left: what became of it, who answered, who cannot be reached."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from domain.aliveness import EXPIRES, Evidence, Invalid, invalid
from domain.classes import dataclass
from projections.deliveryrows import DeliveryRow, SentMailRow
from projections.projection import Names
from projections.reader import (
    FIRST_PAGE,
    Order,
    Page,
    Reader,
    Slice,
    columns_of,
    rows_of,
    slice_of,
)

Connection = AsyncConnection[TupleRow]
NEWEST_FIRST: Final = Order("sent.newest", ("at", "mail"))
_MOST_BOUNCES: Final = 1_000


@dataclass(frozen=True, slots=True)
class SentFilter:
    """Which mail that left, or is to leave; an empty filter means all.

    `target` is a document or party that it belongs to, by its sender's word or by its links.
    """

    target: UUID | None = None
    message: UUID | None = None
    mailboxes: tuple[UUID, ...] = ()
    failed: bool = False
    """Only what failed for a recipient at least."""
    certified: bool | None = None


EVERY_SENT: Final = SentFilter()


async def sent_mail(
    connection: Connection,
    names: Names,
    reader: Reader,
    page: Page = FIRST_PAGE,
    wanted: SentFilter = EVERY_SENT,
) -> Slice[SentMailRow]:
    """Give mail that left from mailboxes that the reader sees, the newest first."""
    conditions = (
        (wanted.target, names.sql(_OF_TARGET, linked=reader.sees("l.mailboxes"))),
        (wanted.message, SQL("s.message = %(message)s")),
        (wanted.mailboxes or None, SQL("s.mailbox = ANY(%(boxes)s)")),
        (wanted.failed or None, SQL("s.failed")),
        (wanted.certified, SQL("s.certified = %(certified)s")),
    )
    chosen = [one for value, one in conditions if value is not None]
    source = names.sql(
        "FROM {sent_mail} s WHERE {all}",
        all=SQL(" AND ").join([*chosen, reader.sees("ARRAY[s.mailbox]")]),
    )
    params = {
        **reader.params(),
        "target": wanted.target,
        "message": wanted.message,
        "boxes": list(wanted.mailboxes),
        "certified": wanted.certified,
    }
    columns = columns_of(SentMailRow, "s")
    return await slice_of(connection, SentMailRow, columns, source, NEWEST_FIRST, page, params)


async def sent_by_ids(
    connection: Connection, names: Names, reader: Reader, mails: Collection[UUID]
) -> list[SentMailRow]:
    """Give mails by their ids that left, or are to leave, from mailboxes that the reader sees."""
    query = names.sql(
        "SELECT {columns} FROM {sent_mail} WHERE mail = ANY(%(mails)s) AND {seen}",
        columns=columns_of(SentMailRow),
        seen=reader.sees("ARRAY[mailbox]"),
    )
    return await rows_of(connection, SentMailRow, query, {**reader.params(), "mails": list(mails)})


_OF_TARGET: Final[LiteralString] = (
    "s.mail IN (SELECT mail FROM {sent_mail} WHERE targets @> ARRAY[%(target)s::uuid]"
    " UNION SELECT o.mail FROM {link} l JOIN {sent_mail} o ON o.message = l.message"
    " WHERE l.target = %(target)s AND l.to_position IS NULL"
    " AND l.state IN ('automatic', 'confirmed') AND {linked})"
)


async def deliveries_of(
    connection: Connection, names: Names, reader: Reader, messages: Collection[UUID]
) -> dict[UUID, list[DeliveryRow]]:
    """Give what became of messages of ours for each recipient, in the order of the recipients.

    Blind recipients too: it is told to whoever reads the mailbox that sent it, and to nobody else.
    """
    query = names.sql(
        "SELECT {columns} FROM {delivery} WHERE message = ANY(%(messages)s) AND {seen}"
        " ORDER BY mail, place",
        columns=columns_of(DeliveryRow),
        seen=reader.sees("ARRAY[mailbox]"),
    )
    params = {**reader.params(), "messages": list(messages)}
    found: dict[UUID, list[DeliveryRow]] = {}
    for row in await rows_of(connection, DeliveryRow, query, params):
        found.setdefault(row.message, []).append(row)
    return found


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """The first message by which a recipient answered one of ours."""

    message: UUID
    address_key: str
    answer: UUID
    at: datetime


async def answers_to(
    connection: Connection, names: Names, reader: Reader, messages: Collection[UUID]
) -> dict[tuple[UUID, str], AnswerRow]:
    """Give who answered messages of ours, by address: a person, later, in their conversation."""
    query = names.sql(
        "SELECT DISTINCT ON (own.message, p.address_key) own.message, p.address_key,"
        " a.message AS answer, a.at"
        " FROM {conversation_member} own"
        " JOIN {conversation_member} other ON other.conversation = own.conversation"
        " AND other.to_position IS NULL"
        " JOIN {letter} a ON a.message = other.message AND a.direction = 'inbound'"
        " AND NOT a.automatic AND a.at >= own.at AND a.message <> own.message AND {seen}"
        " JOIN {participant} p ON p.message = a.message AND p.role IN ('from', 'pec_sender')"
        " WHERE own.message = ANY(%(messages)s) AND own.to_position IS NULL"
        " ORDER BY own.message, p.address_key, a.at, a.message",
        seen=reader.sees("a.mailboxes"),
    )
    params = {**reader.params(), "messages": list(messages)}
    rows = await rows_of(connection, AnswerRow, query, params)
    return {(row.message, row.address_key): row for row in rows}


async def without_receipt(
    connection: Connection, names: Names, reader: Reader, since: datetime
) -> list[DeliveryRow]:
    """Give for whom a receipt of a PEC has been due since before then, and no alarm was told."""
    query = names.sql(
        "SELECT {columns} FROM {delivery} WHERE waits_since <= %(since)s AND alarm <> 'alarm'"
        " AND {seen} ORDER BY mail, place",
        columns=columns_of(DeliveryRow),
        seen=reader.sees("ARRAY[mailbox]"),
    )
    return await rows_of(connection, DeliveryRow, query, {**reader.params(), "since": since})


async def receipts_missing(
    connection: Connection, names: Names, reader: Reader, since: datetime, until: datetime
) -> list[DeliveryRow]:
    """Give for whom a receipt of a PEC is missing that was due within a time, alarm or not."""
    query = names.sql(
        "SELECT {columns} FROM {delivery} WHERE waits_since BETWEEN %(since)s AND %(until)s"
        " AND {seen} ORDER BY waits_since, mail, place",
        columns=columns_of(DeliveryRow),
        seen=reader.sees("ARRAY[mailbox]"),
    )
    params = {**reader.params(), "since": since, "until": until}
    return await rows_of(connection, DeliveryRow, query, params)


@dataclass(frozen=True, slots=True)
class _Bounce:
    address_key: str
    at: datetime
    status: str
    text: str
    message: UUID
    proof: UUID | None


@dataclass(frozen=True, slots=True)
class _Alive:
    address_key: str
    at: datetime


async def invalid_addresses(
    connection: Connection,
    names: Names,
    reader: Reader,
    addresses: Sequence[str] | None,
    now: datetime,
) -> dict[str, Invalid]:
    """Give by address key at which of these nobody is reached, as far as mail that is seen tells.

    Without `addresses` at which of all, by the last thousand mails that came back.
    """
    keys = sorted({one.casefold() for one in addresses or ()})
    params = {**reader.params(), "keys": keys, "since": now - EXPIRES, "most": _MOST_BOUNCES}
    query = names.sql(
        "SELECT address_key, at, status, text, message, proof FROM {delivery}"
        " WHERE hard AND at > %(since)s AND {these} AND {seen}"
        " ORDER BY at DESC, mail, place LIMIT %(most)s",
        these=SQL("true" if addresses is None else "address_key = ANY(%(keys)s)"),
        seen=reader.sees("ARRAY[mailbox]"),
    )
    bounces: dict[str, list[Evidence]] = {}
    for row in await rows_of(connection, _Bounce, query, params):
        one = Evidence(row.at, row.status, row.text, row.message, row.proof)
        bounces.setdefault(row.address_key, []).append(one)
    alive = await _alive(connection, names, reader, {**params, "keys": list(bounces)})
    judged = {key: invalid(found, alive.get(key), now) for key, found in bounces.items()}
    return {key: one for key, one in judged.items() if one is not None}


async def _alive(
    connection: Connection, names: Names, reader: Reader, params: dict[str, object]
) -> dict[str, datetime]:
    """Give when each address was alive last: wrote itself, or got a mail."""
    if not params["keys"]:
        return {}
    query = names.sql(
        "SELECT address_key, max(at) AS at FROM ("
        " SELECT address_key, at FROM {delivery} WHERE address_key = ANY(%(keys)s)"
        " AND state IN ('delivered', 'pec_delivered') AND {delivered}"
        " UNION ALL SELECT p.address_key, a.at FROM {participant} p"
        " JOIN {letter} a ON a.message = p.message AND a.direction = 'inbound'"
        " WHERE p.address_key = ANY(%(keys)s) AND p.role IN ('from', 'pec_sender') AND {seen}"
        " AND hashtextextended(p.address_key, 0) = ANY"
        " (SELECT hashtextextended(k, 0) FROM unnest(%(keys)s::text[]) AS k)"
        ") AS alive GROUP BY address_key",
        delivered=reader.sees("ARRAY[mailbox]"),
        seen=reader.sees("a.mailboxes"),
    )
    return {row.address_key: row.at for row in await rows_of(connection, _Alive, query, params)}


@dataclass(frozen=True, slots=True)
class _Certified:
    address_key: str
    certified: bool


async def certified_addresses(
    connection: Connection, names: Names, reader: Reader, addresses: Sequence[str]
) -> dict[str, bool]:
    """Give by address key of which it is known whether they are PEC: by the last receipt."""
    query = names.sql(
        "SELECT DISTINCT ON (address_key) address_key, certified FROM {delivery}"
        " WHERE address_key = ANY(%(keys)s) AND certified IS NOT NULL AND {seen}"
        " ORDER BY address_key, at DESC, mail DESC, place",
        seen=reader.sees("ARRAY[mailbox]"),
    )
    keys = sorted({one.casefold() for one in addresses})
    rows = await rows_of(connection, _Certified, query, {**reader.params(), "keys": keys})
    return {row.address_key: row.certified for row in rows}
