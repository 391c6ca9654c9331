"""What follows from a command by itself is waited for: decisions, and those that rest on them."""

import time
from typing import Final

from adapters.matching_due import Due
from api.work.consumers import PAUSE_S
from api.work.instance import Carteggio

_LONGEST_S: Final = 5.0
"""While much mail comes in, something is always due; nobody waits for that."""


def settle(carteggio: Carteggio, position: int) -> int:
    """Let read models see an event and what follows from it; give the position they have reached."""
    carteggio.feed.catch_up(position)
    until = time.monotonic() + _LONGEST_S
    while True:
        carteggio.feed.catch_up()
        head = carteggio.journal.head()
        if all_decided(carteggio) or time.monotonic() > until:
            carteggio.feed.catch_up(head)
            return head
        time.sleep(PAUSE_S)  # another process decides


def all_decided(carteggio: Carteggio) -> bool:
    """Tell whether nothing waits to be decided."""
    with carteggio.database.pool.connection() as connection:
        return not Due(connection).count_due(1)
