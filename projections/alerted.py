"""Reading: who is told that something waits for somebody in a mailbox. Whoever alerts asks here."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.mailbox import ALERTED
from projections.projection import Names
from projections.reader import Reader


async def alerted(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, mailbox: UUID
) -> list[UUID]:
    """Give the colleagues who are told of what waits in a mailbox: observers never are."""
    found = await alerted_of(connection, names, reader, [mailbox])
    return found.get(mailbox, [])


async def alerted_of(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, mailboxes: Sequence[UUID]
) -> dict[UUID, list[UUID]]:
    """Give the same for several: whose own mailbox it is, and with whom it is shared, but observers."""
    query = names.sql(
        "SELECT b.id, c.id FROM {mailbox} b JOIN {colleague} c ON c.address_key = b.address_key"
        " WHERE b.id = ANY(%(ids)s) AND {sees} UNION"
        " SELECT b.id, m.colleague FROM {mailbox} b JOIN {member} m ON m.mailbox = b.id"
        " WHERE b.id = ANY(%(ids)s) AND m.role = ANY(%(told)s) AND {sees} ORDER BY 1, 2",
        sees=reader.sees("ARRAY[b.id]"),
    )
    given = {**reader.params(), "ids": list(mailboxes), "told": sorted(ALERTED)}
    found: dict[UUID, list[UUID]] = {}
    for box, who in await (await connection.execute(query, given)).fetchall():
        found.setdefault(box, []).append(who)
    return found
