"""How the worker and its child talk: lengths, octets, and MessagePack, which holds values only.

asked:     how many mails, each one's length, the mails
answered:  length, Answer; the files that it names
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import msgspec

from adapters.mime.reader import Reading
from domain.content import Content

HEAD = struct.Struct("!Q")
READY = b"ready"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message may cost."""

    cpu_seconds: float = 5.0
    wall_seconds: float = 20.0
    memory: int = 512 * 1024 * 1024
    """Address space in octets, beside room for the message itself."""
    room_factor: int = 8
    """Copies of a message that reading makes at most: raw, decoded, as text, on its way back."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reading without its files, and the length of each: large octets are sent as they lie."""

    content: Content
    files: tuple[int, ...]


answers = msgspec.msgpack.Decoder(Answer)
_encoder = msgspec.msgpack.Encoder()


def asked(raws: Sequence[bytes]) -> list[bytes]:
    """Give what is sent for some mails, piece by piece."""
    return [b"".join(map(HEAD.pack, (len(raws), *map(len, raws)))), *raws]


def answered(reading: Reading) -> list[bytes]:
    """Give what is sent for a reading, piece by piece."""
    body = _encoder.encode(Answer(reading.content, tuple(map(len, reading.files))))
    return [HEAD.pack(len(body)), body, *reading.files]


def sizes_asked(stream: BinaryIO) -> list[int] | None:
    """Read the lengths of the next mails from a stream that blocks; None at its end."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    return [HEAD.unpack(stream.read(HEAD.size))[0] for _ in range(HEAD.unpack(head)[0])]
