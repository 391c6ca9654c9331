"""What is kept of a mail as it was read: attachments and long texts in blobs, the rest in events."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from adapters.blobs import Stored
from adapters.mime.reader import Reading
from domain.content import Content
from domain.values import BlobName

TEXT_OCTETS: Final = 64 << 10
"""So much text an event holds; the rest is in a blob."""


@dataclass(frozen=True, slots=True)
class Derived:
    """Where lies what was read out of the raw octets: the attachments, and the rest of the text."""

    files: tuple[Stored, ...] = ()
    rest: Stored | None = None

    @classmethod
    def of(cls, reading: Reading, stored: Iterator[Stored]) -> "Derived":
        """Take as many as `octets_of` gave for this reading, in the same order."""
        files = tuple(next(stored) for _ in reading.files)
        return cls(files, next(stored) if cut(reading.content.text)[1] else None)

    @property
    def names(self) -> tuple[BlobName, ...]:
        """Give the names of the attachments' blobs."""
        return tuple(one.name for one in self.files)

    @property
    def text_rest(self) -> BlobName | None:
        """Give the name of the blob with the rest of the text."""
        return self.rest.name if self.rest else None

    def stored(self) -> Iterator[Stored]:
        """Give all blobs."""
        yield from self.files
        if self.rest:
            yield self.rest


def octets_of(reading: Reading) -> Iterator[bytes]:
    """Give what has to lie in blobs: each attachment, then the rest of a long text."""
    yield from reading.files
    if rest := cut(reading.content.text)[1]:
        yield rest


def kept(content: Content) -> Content:
    """Give what an event holds of it."""
    return replace(content, text=cut(content.text)[0])


def cut(text: str) -> tuple[str, bytes]:
    """Part a text into what an event holds and the rest, at a character's boundary."""
    if len(text) <= TEXT_OCTETS // 4:
        return text, b""
    octets = text.encode()
    end = min(TEXT_OCTETS, len(octets))
    while end < len(octets) and octets[end] & 0xC0 == 0x80:
        end -= 1
    return octets[:end].decode(), octets[end:]
