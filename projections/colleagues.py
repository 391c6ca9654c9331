"""Reading: the mail of a colleague, who wrote it or to whom it went."""

from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.forms import shown
from projections.mail import MessageRow
from projections.messages import NEWEST_FIRST, as_seen
from projections.projection import Names
from projections.reader import FIRST_PAGE, Page, Reader, Slice, columns_of, slice_of

CONCERNED = ("from", "to", "cc")
"""In which roles a message concerns a colleague, the nearest first."""


async def mail_of(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    addresses: Sequence[str],
    at: Page = FIRST_PAGE,
) -> Slice[MessageRow]:
    """Give the messages in which one of these addresses (keys) stands, the newest first."""
    source = names.sql(
        "FROM {message} m WHERE {sees} AND EXISTS (SELECT FROM {participant} p"
        " WHERE p.message = m.id AND p.content = {shown} AND p.role = ANY(%(roles)s)"
        " AND p.address_key = ANY(%(addresses)s) AND hashtextextended(p.address_key, 0)"
        " = ANY(SELECT hashtextextended(one, 0) FROM unnest(%(addresses)s::text[]) AS one))",
        sees=reader.sees("m.mailboxes"),
        shown=shown(names, reader),
    )
    values = {**reader.params(), "addresses": list(addresses), "roles": list(CONCERNED)}
    columns = columns_of(MessageRow, "m")
    found = await slice_of(connection, MessageRow, columns, source, NEWEST_FIRST, at, values)
    await as_seen(connection, names, reader, found.rows)
    return found
