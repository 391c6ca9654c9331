"""Which form of a message a reader is shown: that of the first whole copy that he sees.

Copies of one message may say different things. What a copy says is for those who read a mailbox in
which it lies.
"""

from typing import LiteralString

from psycopg.sql import SQL, Composable

from projections.projection import Names
from projections.reader import Reader


def shown(names: Names, reader: Reader) -> Composable:
    """Give the form of a message `m` that is shown; it needs `reader.params()`."""
    if reader.mailboxes is None:
        return SQL("m.content")
    return names.sql(
        "CASE WHEN m.variants = 0 THEN m.content ELSE (SELECT o.content FROM {occurrence} o"
        " WHERE o.message = m.id AND {sees}"
        " ORDER BY o.whole_size IS NOT NULL, o.received_at, o.raw_sha256 LIMIT 1) END",
        sees=reader.sees("ARRAY[o.mailbox]"),
    )


def told(names: Names, reader: Reader, column: LiteralString) -> Composable:
    """Give what that form says in a column; it needs `reader.params()`."""
    if reader.mailboxes is None:
        return SQL(f"m.{column}")
    return names.sql(
        "CASE WHEN m.variants = 0 THEN m.{column} ELSE (SELECT s.{column} FROM {message_content} s"
        " WHERE s.message = m.id AND s.content = {shown}) END",
        column=SQL(column),
        shown=shown(names, reader),
    )
