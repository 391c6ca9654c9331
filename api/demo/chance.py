"""Variety without chance: the same seed always gives the same choice."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
MIXED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

Choice = TypeVar("Choice")


def number(seed: str, below: int) -> int:
    """Give a number from 0 to below `below`."""
    return int.from_bytes(sha256(seed.encode()).digest()[:8], "big") % below


def pick(seed: str, options: Sequence[Choice]) -> Choice:
    """Choose one of the options."""
    return options[number(seed, len(options))]


def token(seed: str, length: int, alphabet: str = MIXED) -> str:
    """Give a word of that length, as mail programs write them into ids and boundaries."""
    return "".join(alphabet[number(f"{seed}/{at}", len(alphabet))] for at in range(length))


def uuid(seed: str) -> UUID:
    """Give a UUID of version 4 in form."""
    return UUID(bytes=sha256(seed.encode()).digest()[:16], version=4)
