"""When two texts count as the same: without case and accents, as people compare them."""

import unicodedata
from functools import lru_cache


def bare(text: str) -> str:
    """Give a text without case and accents; compatible letters are written plainly (NFKD)."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@lru_cache(maxsize=64)
def alike(text: str) -> str:
    """Give the form in which texts are looked for in others: bare, each blank a single space."""
    return " ".join(bare(text).split())
