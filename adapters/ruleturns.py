"""Whose turn it was last in groups of colleagues."""

from typing import Any
from uuid import UUID

from psycopg import Connection

from domain.values import ColleagueId


def last_of(connection: Connection[Any], group: UUID) -> ColleagueId | None:
    """Give the member of a group whose turn it was last; None: it was nobody's yet."""
    query = "SELECT member FROM rule_turn WHERE staff_group = %s"
    row = connection.execute(query, (group,)).fetchone()
    return None if row is None else ColleagueId(row[0])


def keep(connection: Connection[Any], group: UUID, member: ColleagueId) -> None:
    """Keep that it was a member's turn, in the transaction of the event that tells it."""
    connection.execute(
        "INSERT INTO rule_turn VALUES (%s, %s)"
        " ON CONFLICT (staff_group) DO UPDATE SET member = excluded.member",
        (group, member),
    )
