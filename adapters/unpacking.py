"""Files read as streams: plain, or packed by gzip, xz, zstandard or bzip2 (told by magic bytes).

A damaged or cut tail ends the stream early; what came before is given, and `trouble` says why.
Input is fed in small pieces, so that no archive, however made, unpacks into much memory at once.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

PLAIN_PIECE = 1 << 18
PACKED_PIECE = 1 << 12
DAMAGES = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zstandard.ZstdError)


class Unpacker(Protocol):
    """What the four libraries have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


FORMS: tuple[tuple[bytes, Callable[[], Unpacker]], ...] = (
    (b"\x1f\x8b", lambda: zlib.decompressobj(31)),
    (b"\xfd7zXZ\x00", lzma.LZMADecompressor),
    (b"\x28\xb5\x2f\xfd", lambda: zstandard.ZstdDecompressor().decompressobj()),
    (b"BZh", bz2.BZ2Decompressor),
)


class Source:
    """A file on disk, or a stretch of it, that counts what was taken."""

    def __init__(self, file: BinaryIO, left: int | None = None) -> None:
        self.file = file
        self.consumed = 0
        self.trouble = ""
        self._left = left

    def close(self) -> None:
        self.file.close()

    def take(self, size: int) -> bytes:
        if self._left is not None:
            size = min(size, self._left - self.consumed)
        data = self.file.read(size)
        self.consumed += len(data)
        return data


class Within(Source):
    """What a stream gives, as the source of another: a packed mbox in a zip."""

    def __init__(self, outer: "Stream") -> None:
        super().__init__(BytesIO())
        self._outer = outer

    def close(self) -> None:
        self._outer.close()

    def take(self, size: int) -> bytes:
        data = self._outer.read(size)
        self.consumed, self.trouble = self._outer.consumed, self._outer.trouble
        return data


class Stream:
    """What `parts` make of a source; reading never raises, it ends with `trouble`."""

    def __init__(
        self, source: Source, parts: Callable[[Source], Iterator[bytes]], *, seekable: bool = False
    ) -> None:
        self._source = source
        self._parts = parts(source)
        self._ahead = b""
        self._seekable = seekable
        self._trouble = ""

    @property
    def consumed(self) -> int:
        """Count the octets of the disk that were read."""
        return self._source.consumed

    @property
    def trouble(self) -> str:
        """Say what ended the stream before its time; empty while all is well."""
        return self._source.trouble or self._trouble

    def close(self) -> None:
        self._source.close()

    def peek(self, size: int) -> bytes:
        """Give the next `size` octets, which will be read again."""
        data = self.read(size)
        self._ahead = data + self._ahead
        return data

    def read(self, size: int) -> bytes:
        """Give `size` octets, fewer only where the stream ends."""
        gathered, have = [self._ahead], len(self._ahead)
        try:
            while have < size and (part := next(self._parts, None)) is not None:
                gathered.append(part)
                have += len(part)
        except DAMAGES as damage:
            self._parts = iter(())
            self._trouble = f"it is damaged and was read as far as possible: {damage}"
        data = b"".join(gathered)
        self._ahead = data[size:]
        return data[:size]

    def skip(self, count: int) -> None:
        """Pass over `count` octets: at once in a plain file, by unpacking in a packed one."""
        if self._seekable:
            self._source.file.seek(count)
            self._source.consumed, self._ahead = count, b""
            return
        while count > 0 and (data := self.read(min(count, PLAIN_PIECE))):
            count -= len(data)


def plain(source: Source) -> Iterator[bytes]:
    """Give the octets as they are."""
    while data := source.take(PLAIN_PIECE):
        yield data


def unpacked(make: Callable[[], Unpacker]) -> Callable[[Source], Iterator[bytes]]:
    """Unpack one or several packed streams that follow each other, as their tools do."""

    def parts(source: Source) -> Iterator[bytes]:
        unpacker = make()
        while piece := source.take(PACKED_PIECE):
            while piece.strip(b"\0") or (piece and not unpacker.eof):
                if unpacker.eof:
                    unpacker = make()
                yield unpacker.decompress(piece)
                piece = unpacker.unused_data if unpacker.eof else b""
        if not unpacker.eof:
            raise EOFError("it ends too early")

    return parts


def open_stream(path: Path) -> Stream:
    """Open a file; unpack it if its first octets say that it is packed."""
    return opened(Stream(Source(path.open("rb")), plain, seekable=True))


def opened(stream: Stream) -> Stream:
    """Unpack a stream if its first octets say that it is packed."""
    magic = stream.peek(8)
    for mark, make in FORMS:
        if magic.startswith(mark):
            return Stream(Within(stream), unpacked(make))
    return stream
