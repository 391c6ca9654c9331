"""Reading: which messages are other people's mail to a colleague, though he sees them."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.mailbox import Role
from projections.projection import Names
from projections.reader import Reader

_WORKS = (Role.READER.value, Role.MEMBER.value)
"""As what a mailbox that is nobody's own is one's own work."""


async def others_mail(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    colleague: UUID,
    messages: Sequence[UUID],
) -> dict[UUID, list[UUID]]:
    """Give those of these messages that are other people's, with the mailboxes that show them.

    Mail is his that lies in his own mailbox, or in one of nobody's own that he reads or works on.
    Overseen mail (as observer, as supervisor) and mail in another one's own mailbox is not.
    """
    query = names.sql(
        "SELECT m.id, ARRAY(SELECT box FROM unnest(m.mailboxes) AS box"
        " WHERE %(reader)s::uuid[] IS NULL OR box = ANY(%(reader)s::uuid[]) ORDER BY box)"
        " FROM {message} m WHERE m.id = ANY(%(ids)s) AND {sees} AND NOT EXISTS ("
        " SELECT FROM {mailbox} b LEFT JOIN {colleague} p ON p.address_key = b.address_key"
        " LEFT JOIN {member} s ON s.mailbox = b.id AND s.colleague = %(who)s"
        " WHERE b.id = ANY(m.mailboxes) AND {owned}"
        " AND (p.id = %(who)s OR (p.id IS NULL AND s.role = ANY(%(works)s))))",
        sees=reader.sees("m.mailboxes"),
        owned=reader.sees("ARRAY[b.id]"),
    )
    given = {**reader.params(), "who": colleague, "ids": list(messages), "works": list(_WORKS)}
    rows = await (await connection.execute(query, given)).fetchall()
    return {id: list(boxes) for id, boxes in rows}


async def own_mailboxes(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, colleagues: Sequence[UUID]
) -> dict[UUID, UUID]:
    """Give the mailboxes that bear the address of one of these colleagues, by whose each is."""
    query = names.sql(
        "SELECT c.id, b.id FROM {colleague} c JOIN {mailbox} b ON b.address_key = c.address_key"
        " WHERE c.id = ANY(%(ids)s) AND {sees} ORDER BY 1",
        sees=reader.sees("ARRAY[b.id]"),
    )
    rows = await connection.execute(query, {**reader.params(), "ids": list(colleagues)})
    return dict(await rows.fetchall())
