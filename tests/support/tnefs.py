"""Makes winmail.dat (MS-OXTNEF) for tests."""

import struct
from collections.abc import Iterable

MESSAGE = bytes.fromhex("0703020000000000c000000000000046")

Property = tuple[int, int, bytes]


def tnef(*attributes: bytes) -> bytes:
    return b"\x78\x9f\x3e\x22\x01\x00" + b"".join(attributes)


def attribute(number: int, value: bytes, level: int = 2) -> bytes:
    return struct.pack("<BII", level, number, len(value)) + value + struct.pack("<H", 0)


def properties(given: Iterable[Property]) -> bytes:
    """Write MAPI properties of variable length."""
    written = [
        struct.pack("<HHII", kind, id, 1, len(value)) + value + bytes(-len(value) % 4)
        for id, kind, value in given
    ]
    return struct.pack("<I", len(written)) + b"".join(written)


def file(name: str, octets: bytes, media_type: str = "") -> bytes:
    """Write an attachment: an old short title, the data, and the long name among properties."""
    more = [(0x3707, 0x1F, f"{name}\0".encode("utf-16-le"))]
    if media_type:
        more.append((0x370E, 0x1E, f"{media_type}\0".encode()))
    return (
        attribute(0x00069002, bytes(14))
        + attribute(0x00018010, b"SHORT~1.DAT\0")
        + attribute(0x0006800F, octets)
        + attribute(0x00069005, properties(more))
    )


def message_file(name: str, inner: bytes) -> bytes:
    """Write an attached message."""
    more = [
        (0x3001, 0x1F, f"{name}\0".encode("utf-16-le")),
        (0x3701, 0x0D, MESSAGE + inner),
    ]
    return attribute(0x00069002, bytes(14)) + attribute(0x00069005, properties(more))


def body(html: str, page: int = 65001) -> bytes:
    """Write the message's text as HTML, in UTF-8."""
    number = struct.pack("<HHI", 3, 0x3FDE, page)
    octets = html.encode()
    text = struct.pack("<HHII", 0x102, 0x1013, 1, len(octets)) + octets + bytes(-len(octets) % 4)
    return attribute(0x00069003, struct.pack("<I", 2) + text + number, level=1)
