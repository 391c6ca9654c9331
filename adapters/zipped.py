"""The members of a zip as streams. Nothing is ever extracted to a path that the zip names.

A zip whose directory is lost (a download that broke off) is walked by its local headers instead.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from adapters.unpacking import PACKED_PIECE, PLAIN_PIECE, Source, Stream, opened, plain

MOST_OF_A_BOMB = 200_000_000
STEEPEST = 100
"""A member beyond the one and packed more steeply than the other to one is taken for a bomb."""

_LOCAL = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZE_FOLLOWS, _UTF8 = 0x1, 0x8, 0x800


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a zip; `packed` counts its octets on disk, None where only its end tells."""

    name: str
    header: int
    packed: int | None
    crc: int | None
    modified: str = ""


def members(path: Path) -> tuple[list[Member], str]:
    """List the files in a zip, and what is wrong with it if something is."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = [
                Member(x.filename, x.header_offset, x.compress_size, x.CRC, str(x.date_time))
                for x in archive.infolist()
                if not x.is_dir()
            ]
        return found, ""
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as damage:
        return list(_walk(path)), f"it is damaged and was read as far as possible: {damage}"


def open_member(path: Path, member: Member) -> Stream:
    """Open a member; raise ValueError with a reason where it cannot be read."""
    file = path.open("rb")
    try:
        method, flags, _, _ = _enter(file, member.header)
        if flags & _ENCRYPTED:
            raise ValueError("it is protected by a password")
        if method not in (_STORED, _DEFLATED):
            raise ValueError(f"it is packed by method {method}, which is not read here")
    except (ValueError, OSError):
        file.close()
        raise
    take = _inflated if method == _DEFLATED else plain
    source = Source(file, member.packed)
    return opened(Stream(source, lambda source: _checked(source, member, take(source))))


def _enter(file: BinaryIO, header: int) -> tuple[int, int, int, str]:
    """Step to a member's first octet; give its method, flags, packed size and name."""
    file.seek(header)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise ValueError("its header in the zip is damaged")
    _, _, flags, method, _, _, _, packed, _, name, extra = _LOCAL.unpack(head)
    octets = file.read(name)
    file.seek(extra, 1)
    return method, flags, packed, octets.decode("utf-8" if flags & _UTF8 else "cp437", "replace")


def _checked(source: Source, member: Member, parts: Iterator[bytes]) -> Iterator[bytes]:
    checksum, total = 0, 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
        total += len(part)
        if total > MOST_OF_A_BOMB and total > STEEPEST * source.consumed:
            raise ValueError(f"it unpacks to more than {MOST_OF_A_BOMB // 1_000_000} MB")
        yield part
    if member.packed is not None and source.consumed < member.packed:
        raise EOFError("it ends too early")
    if member.crc is not None and checksum != member.crc:
        raise ValueError("its checksum does not fit")


def _inflated(source: Source) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(-15)
    while not unpacker.eof and (piece := source.take(PACKED_PIECE)):
        yield unpacker.decompress(piece)
    if not unpacker.eof:
        raise EOFError("it ends too early")


def _walk(path: Path) -> Iterator[Member]:
    """Go from local header to local header, inflating where only the end of the data tells."""
    with path.open("rb") as file:
        position = _next_header(file, 0)
        while position is not None:
            try:
                method, flags, packed, name = _enter(file, position)
            except ValueError:
                return
            known = not flags & _SIZE_FOLLOWS or packed > 0
            if not name.endswith("/") and (known or method == _DEFLATED):
                yield Member(name, position, packed if known else None, None)
            after = file.tell() + (packed if known else 0)
            position = _next_header(file, after)


def _next_header(file: BinaryIO, at: int) -> int | None:
    """Find the next local header; data without a known size is searched, at a small risk."""
    file.seek(at)
    held = b""
    while chunk := file.read(PLAIN_PIECE):
        held += chunk
        if (found := held.find(b"PK\x03\x04")) >= 0:
            return at + found
        at += len(held) - 3
        held = held[-3:]
    return None
