"""Ids that grow with time, so that what is made together lies together in an index."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """Make an id by RFC 9562 5.7 that is greater than every earlier one of this process.

    The 12 bits after the milliseconds hold a fraction of them (6.2, method 3); a clock that
    stands still or goes back only makes the fraction count on.
    """
    stamp = _next_stamp()
    high = (stamp >> 12) << 16 | 0x7000 | (stamp & 0xFFF)
    low = 0b10 << 62 | int.from_bytes(os.urandom(8)) >> 2
    return UUID(int=high << 64 | low)


def _next_stamp() -> int:
    """Give the time in 1/4096 of a millisecond, or one more than last time."""
    global _last  # noqa: PLW0603  one clock for the whole process
    now = time.time_ns() * 4096 // 1_000_000
    with _lock:
        _last = max(now, _last + 1)
        return _last
