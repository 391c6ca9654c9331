"""Hashes by which what others name is kept: Message-IDs, addresses."""

import hashlib
from functools import lru_cache
from uuid import UUID


@lru_cache(maxsize=1 << 12)
def ref(name: str) -> UUID:
    """Give the hash under which a name is kept: Message-IDs of 15 KB exist, an index bears no such."""
    return UUID(bytes=hashlib.blake2b(name.encode(), digest_size=16).digest())
