"""A search for thousands of texts at once, in every coat that they may wear.

The first eight octets of each pattern lie in a set; a haystack is looked at eight octets at a
time, at each of the eight offsets. What is found there is compared in full.
"""

import base64
import json
import quopri
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

WIDTH = 8
"""Shorter patterns are left out: they are found anywhere by chance."""


class Needles:
    """Texts to be searched for."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = {one for one in texts if len(one.encode()) >= WIDTH}
        self._by_prefix: dict[int, list[tuple[bytes, str]]] = {}
        for text in self.texts:
            for pattern in set(coats(text)):
                if len(pattern) >= WIDTH:
                    prefix = int.from_bytes(pattern[:WIDTH], "little")
                    self._by_prefix.setdefault(prefix, []).append((pattern, text))
        self._prefixes = frozenset(self._by_prefix)

    @property
    def patterns(self) -> int:
        return sum(map(len, self._by_prefix.values()))

    def found_in(self, haystack: bytes) -> set[str]:
        """Give the texts that are readable there."""
        found: set[str] = set()
        for offset in range(WIDTH):
            whole = (len(haystack) - offset) // WIDTH * WIDTH
            with memoryview(haystack)[offset : offset + max(whole, 0)] as view:
                hits = self._prefixes.intersection(view.cast("Q"))
            candidates = (pair for hit in hits for pair in self._by_prefix[hit])
            found.update(text for pattern, text in candidates if pattern in haystack)
        return found

    def found(self, haystacks: Mapping[str, bytes]) -> dict[str, set[str]]:
        """Give for each haystack what is readable in it, where anything is."""
        every = {name: self.found_in(one) for name, one in haystacks.items()}
        return {name: texts for name, texts in every.items() if texts}


def coats(text: str) -> Iterator[bytes]:
    """Give a text as it may be written: plain, for JSON, for mail, for URLs, in hex, in base64."""
    for form in {text, text.lower(), text.upper()}:
        plain = form.encode()
        yield plain
        yield form.encode("latin-1", "ignore")
        yield form.encode("utf-16-le")
        yield form.encode("utf-16-be")
        yield json.dumps(form)[1:-1].encode()
        yield quote(form).encode()
        yield quopri.encodestring(plain, quotetabs=False).rstrip(b"=\n")
        yield quopri.encodestring(plain, header=True)
        yield plain.hex().encode()
        for aligned in _base64(plain):
            yield aligned
            yield aligned.translate(bytes.maketrans(b"+/", b"-_"))


def _base64(plain: bytes) -> Iterator[bytes]:
    """Give the letters that stand for a text wherever it begins in a group of three octets."""
    for before in range(3):
        whole = (before + len(plain)) // 3 * 3
        letters = base64.b64encode((bytes(before) + plain)[:whole])
        yield letters[-(-before * 8 // 6) :]
