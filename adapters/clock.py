"""The time: a value that whoever opens an instance may give."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the time in UTC."""


def utc() -> datetime:
    """Give the time of the machine."""
    return datetime.now(UTC)
