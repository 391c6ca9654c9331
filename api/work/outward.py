"""Orders to mail servers that wait: written with the events that tell them, gone when done.

A row of `outward_order` is one order for one message: flags to be changed in a folder, or a folder
into which it goes. Orders for one message are carried out in the order in which they were given.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from adapters.database import Database
from domain.marking import Wish

LASTING: Final = timedelta(days=30)
"""An order that could not be carried out for so long is given up."""
MOST_TRIES: Final = 10
_FIRST_S: Final = 4.0
_LONGEST_S: Final = 3600.0
_AT_ONCE: Final = 200
_MOST_READ: Final = 5_000
_BITS: Final = {"seen": 1, "flagged": 2, "answered": 4, "draft": 8}
_READ: Final[LiteralString] = (
    "SELECT number, account, folder, message, added, removed, target, tries, target_next,"
    " ordered_at, due_at <= clock_timestamp() FROM outward_order"
)


def bits(flags: Iterable[str]) -> int:
    """Write flags as they are noted."""
    return sum(_BITS[one] for one in set(flags) if one in _BITS)


def words_of(flags: int) -> tuple[str, ...]:
    """Read them again."""
    return tuple(name for name, bit in _BITS.items() if flags & bit)


@dataclass(frozen=True, slots=True)
class Order:
    """An order that waits; with a `target` the message is moved, else it is marked."""

    number: int
    account: UUID
    folder: UUID
    message: UUID
    added: int
    removed: int
    target: UUID | None
    tries: int
    target_next: int | None
    """From which UID on the target holds what was moved, once the server was asked."""
    ordered_at: datetime
    due: bool

    @property
    def wish(self) -> Wish:
        """Give the flags it is about."""
        added, removed = words_of(self.added), words_of(self.removed)
        return Wish(frozenset(added), frozenset(removed), self.tries > 0)


def give(
    connection: Connection[Any], account: UUID, folder: UUID, message: UUID, what: Wish | UUID
) -> None:
    """Let an order wait, in the transaction of its events: flags, or the folder to move into."""
    wish = what if isinstance(what, Wish) else Wish()
    target = what if isinstance(what, UUID) else None
    connection.execute(
        "INSERT INTO outward_order (account, folder, message, added, removed, target)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (account, folder, message, bits(wish.added), bits(wish.removed), target),
    )


def accounts_due(database: Database) -> set[UUID]:
    """Give the accounts for which something is to be done now."""
    with database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT DISTINCT account FROM outward_order WHERE due_at <= clock_timestamp()"
        )
        return {row[0] for row in rows}


def next_of(database: Database, account: UUID, without: Collection[int] = ()) -> list[Order]:
    """Give what is due and can be done together: one sort of order, in one folder, into one.

    Of each message the first order, and marks that follow marks in the same folder; nothing of
    those whose order is to be left out.
    """
    with database.pool.connection() as connection:
        rows = connection.execute(
            _READ + " WHERE account = %s ORDER BY number LIMIT %s", (account, _MOST_READ)
        ).fetchall()
    taken: list[Order] = []
    waits: set[UUID] = set()
    for one in (Order(*row) for row in rows):
        alike = not taken or (one.folder, one.target) == (taken[0].folder, taken[0].target)
        if one.number in without:
            waits.add(one.message)
        if one.due and alike and one.message not in waits and len(taken) < _AT_ONCE:
            taken.append(one)
        if one not in taken[-1:] or one.target is not None:
            waits.add(one.message)
    return taken


def overdue(database: Database) -> list[Order]:
    """Give the orders that waited too long, of all accounts."""
    with database.pool.connection() as connection:
        rows = connection.execute(
            _READ + " WHERE ordered_at < clock_timestamp() - %s ORDER BY number LIMIT %s",
            (LASTING, _AT_ONCE),
        )
        return [Order(*row) for row in rows]


def accounts_waiting(database: Database) -> set[UUID]:
    """Give the accounts for which anything waits."""
    with database.pool.connection() as connection:
        return {row[0] for row in connection.execute("SELECT DISTINCT account FROM outward_order")}


def some_of(database: Database, account: UUID) -> list[Order]:
    """Give some of the orders for an account, in order, due or not."""
    with database.pool.connection() as connection:
        rows = connection.execute(
            _READ + " WHERE account = %s ORDER BY number LIMIT %s", (account, _AT_ONCE)
        )
        return [Order(*row) for row in rows]


def still(connection: Connection[Any], orders: Iterable[Order]) -> list[Order]:
    """Give those of the orders that still wait, as they are now."""
    rows = connection.execute(
        _READ + " WHERE number = ANY(%b) ORDER BY number", ([one.number for one in orders],)
    )
    return [Order(*row) for row in rows]


def begin(database: Database, orders: Sequence[Order], target_next: int | None = None) -> None:
    """Note that the server is going to be asked, and when it is asked again if that is in vain.

    What is not due was noted so already.
    """
    with database.pool.connection() as connection:
        connection.execute(
            "UPDATE outward_order SET tries = tries + 1,"
            " due_at = clock_timestamp() + least(%s * 2.0 ^ tries, %s) * interval '1 s',"
            " target_next = coalesce(target_next, %s)"
            " WHERE number = ANY(%b) AND due_at <= clock_timestamp()",
            (_FIRST_S, _LONGEST_S, target_next, [one.number for one in orders]),
        )


def end(connection: Connection[Any], orders: Iterable[Order]) -> None:
    """Take orders away that are done, or told to have failed."""
    connection.execute(
        "DELETE FROM outward_order WHERE number = ANY(%b)", ([one.number for one in orders],)
    )


def lying_in(connection: Connection[Any], account: UUID, message: UUID) -> set[UUID]:
    """Give the folders of an account in which a message was found when they were last read."""
    rows = connection.execute(
        "SELECT DISTINCT m.folder FROM folder_message m JOIN folder_cursor c USING (folder)"
        " WHERE c.account = %s AND m.message = %s AND m.uid_validity = c.uid_validity"
        " AND c.gone_at IS NULL",
        (account, message),
    )
    return {row[0] for row in rows}


def stand(connection: Connection[Any], order: Order, folder: UUID) -> None:
    """Let an order stand in another folder, where nobody was asked for it so far."""
    connection.execute(
        "UPDATE outward_order SET folder = %s, tries = 0, due_at = clock_timestamp()"
        " WHERE number = %s",
        (folder, order.number),
    )


def redirect(connection: Connection[Any], moves: Iterable[Order]) -> None:
    """Let what was ordered after a move that failed be done where the message still lies."""
    for one in moves:
        connection.execute(
            "UPDATE outward_order SET folder = %s"
            " WHERE message = %s AND account = %s AND folder = %s AND number > %s",
            (one.folder, one.message, one.account, one.target, one.number),
        )
        connection.execute(
            "DELETE FROM outward_order WHERE message = %s AND account = %s AND folder = target",
            (one.message, one.account),
        )


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits for messages of one folder, read inside a transaction."""

    marks: Mapping[UUID, list[Order]]
    leaving: Collection[UUID]
    """Messages that are ordered out of it."""

    @classmethod
    def of(cls, connection: Connection[Any], folder: UUID, messages: Iterable[UUID]) -> "Pending":
        """Read it."""
        rows = connection.execute(
            _READ + " WHERE folder = %s AND message = ANY(%b) ORDER BY number",
            (folder, list(messages)),
        )
        marks: dict[UUID, list[Order]] = {}
        leaving: set[UUID] = set()
        for one in (Order(*row) for row in rows):
            if one.target is None:
                marks.setdefault(one.message, []).append(one)
            else:
                leaving.add(one.message)
        return cls(marks, leaving)


def shorten(connection: Connection[Any], orders: Iterable[Order], left: Iterable[Wish]) -> None:
    """Drop what of these orders others have overruled."""
    for one, wish in zip(orders, left, strict=True):
        if one.wish == wish:
            continue
        if not (wish.added or wish.removed):
            end(connection, [one])
            continue
        connection.execute(
            "UPDATE outward_order SET added = %s, removed = %s WHERE number = %s",
            (bits(wish.added), bits(wish.removed), one.number),
        )


def reach_of(database: Database, message: UUID) -> set[UUID]:
    """Give the folders in which a message is known to lie on a server, or is on its way to."""
    with database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT folder FROM folder_message WHERE message = %s UNION"
            " SELECT target FROM outward_order WHERE message = %s AND target IS NOT NULL",
            (message, message),
        )
        return {row[0] for row in rows}


async def waiting_for(
    connection: AsyncConnection[TupleRow], messages: Iterable[UUID]
) -> set[tuple[UUID, UUID]]:
    """Give the messages for which something waits, each with the folder where it counts as lying."""
    rows = await connection.execute(
        "SELECT message, coalesce(target, folder) FROM outward_order WHERE message = ANY(%b)",
        (list(messages),),
    )
    return {(message, folder) async for message, folder in rows}
