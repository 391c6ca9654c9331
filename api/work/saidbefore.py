"""What a command to many messages did, and what had been said of them before it."""

from collections.abc import Mapping
from uuid import UUID

from api.work.instance import Carteggio
from domain.choosing import RestoreLinks, said_before
from domain.values import Rejected


def done_by(carteggio: Carteggio, command: str) -> list[UUID]:
    """Give the messages to which a command did something, in the order in which it did."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT stream FROM command WHERE command_id ~>=~ %s AND command_id ~<~ %s"
            " AND position IS NOT NULL ORDER BY position",
            (f"{command}#", f"{command}$"),
        )
        return [row[0] for row in rows]


def restoring(carteggio: Carteggio, command: str, undoing: str) -> Mapping[UUID, RestoreLinks]:
    """Give for each message of a command what takes back what that said about its links.

    Raise Rejected if it said nothing, or if something else was said about one of them since: then
    nothing is taken back.
    """
    orders: dict[UUID, RestoreLinks] = {}
    for message in done_by(carteggio, command):
        happened = [
            (one.envelope.command_id, one.event) for one in carteggio.journal.stream(message)
        ]
        own = f"{command}#{message.hex}", f"{undoing}#{message.hex}"
        orders[message] = RestoreLinks(said_before(happened, *own))
    if not orders:
        raise Rejected("NOT_FOUND", "undoes: there is no such command about links of messages")
    return orders
