"""Addresses of others, as people type them."""

from adapters.owning import Own
from api.work.instance import Carteggio
from domain.values import Address, Rejected


def check_not_ours(carteggio: Carteggio, address: str) -> None:
    """Refuse an address of the company's own: its mail belongs to no party by it."""
    with carteggio.database.pool.connection() as connection:
        if Own(connection).all().holds(Address(address)):
            raise Rejected("INVALID", "address: this is one of the company's own")
