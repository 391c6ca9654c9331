"""How the worker and its child talk: length and MessagePack, which can hold values only."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

import msgspec

from adapters.mime.reader import Reading

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
class Batch:
    """Some mails to be read, in order."""

    raws: list[bytes]


encoder = msgspec.msgpack.Encoder()
batches = msgspec.msgpack.Decoder(Batch)
readings = msgspec.msgpack.Decoder(Reading)


def framed(value: object) -> bytes:
    """Give a value with its length before it."""
    body = encoder.encode(value)
    return HEAD.pack(len(body)) + body


def read_frame(stream: BinaryIO) -> bytes | None:
    """Give the next frame of a stream that blocks; None at its end."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    return stream.read(HEAD.unpack(head)[0])
