"""How bytes are sealed: a box for a field, a stream of chunks for a blob, AES-256-GCM in both.

GCM does not commit to its key: one box may open under two keys. Each box therefore begins with a
commitment of its key, and what names the sealed object (company, kind, ids) is authenticated with
it, so that a box cannot be moved to another object.
"""

import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

FORMAT = 1
AES_256_GCM = 1
_HEADER = bytes((FORMAT, AES_256_GCM))
_COMMITMENT = 16
_NONCE = 12
_TAG = 16
_PREFIX = 7
CHUNK = 1 << 20
_SMALLEST = 1024
_LARGE = 4 << 20
_LENGTH = 8
_LEVEL = 3


class Damaged(Exception):
    """What was sealed cannot be opened: altered, cut, moved, or sealed under another key."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """The key of one subject in one company. It never shows its secret."""

    id: UUID
    subject: UUID
    secret: bytes = field(compare=False)
    company: str
    commitment: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare once what every box of this key needs; a cipher is made fast, and is large."""
        object.__setattr__(self, "commitment", _committed(self.secret))

    def __repr__(self) -> str:
        return f"Key({self.id})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a key is not pickled: it would leave this process in clear")

    def wrap(self, secret: bytes) -> bytes:
        """Wrap another key under this one (RFC 3394)."""
        return aes_key_wrap(self._wrapping_key(), secret)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Unwrap what `wrap` gave, or raise Damaged."""
        return unwrap(self._wrapping_key(), wrapped)

    def _wrapping_key(self) -> bytes:
        """Derive a key for wrapping alone: one key serves one algorithm (SP 800-57 5.2)."""
        return hmac.digest(self.secret, b"carteggio wrapping", "sha256")


def unwrap(wrapping_key: bytes, wrapped: bytes) -> bytes:
    """Unwrap a key (RFC 3394), whose own check value tells a wrong key; else raise Damaged."""
    try:
        return aes_key_unwrap(wrapping_key, wrapped)
    except (InvalidUnwrap, ValueError) as error:
        raise Damaged("a wrapped key is altered or belongs to another key") from error


def associated_data(company: str, kind: str, object_id: bytes, key_id: bytes) -> bytes:
    """Name a sealed object without ambiguity: each part is preceded by its length."""
    return _sort(company, kind) + _measured(object_id) + _measured(key_id)


@lru_cache(maxsize=64)
def _sort(company: str, kind: str) -> bytes:
    return _HEADER + _measured(company.encode()) + _measured(kind.encode())


def _measured(part: bytes) -> bytes:
    return len(part).to_bytes(4) + part


def seal(key: Key, plaintext: bytes, kind: str, object_id: bytes) -> bytes:
    """Seal a field so that it opens only with this key, as this kind of this object."""
    nonce = os.urandom(_NONCE)
    associated = associated_data(key.company, kind, object_id, key.id.bytes)
    return (
        _HEADER + key.commitment + nonce + AESGCM(key.secret).encrypt(nonce, plaintext, associated)
    )


def open_box(key: Key, box: bytes, kind: str, object_id: bytes) -> bytes:
    """Open what `seal` gave, or raise Damaged."""
    start = len(_HEADER) + _COMMITMENT
    _check_header(box, key.commitment, start + _NONCE + _TAG)
    associated = associated_data(key.company, kind, object_id, key.id.bytes)
    nonce, sealed = box[start : start + _NONCE], box[start + _NONCE :]
    return _decrypt(AESGCM(key.secret), nonce, sealed, associated)


def seal_blob(secret: bytes, content: bytes, associated: bytes) -> Iterator[bytes]:
    """Compress, pad and seal a blob under a key that is used for nothing else, piece by piece.

    The chunks follow STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): a random prefix, a
    counter and a last-chunk flag make each nonce, so no chunk can be moved, dropped or added.
    """
    cipher = AESGCM(secret)
    prefix = os.urandom(_PREFIX)
    header = _HEADER + _committed(secret) + prefix
    length, pieces = _measured_and_compressed(content)
    size = padded_size(_LENGTH + length)
    nonces = _nonces(prefix, -(-size // CHUNK))
    yield header
    for nonce, chunk in zip(nonces, _padded(length, pieces, size), strict=True):
        yield cipher.encrypt(nonce, chunk, header + associated)


def open_blob(secret: bytes, sealed: bytes | bytearray, associated: bytes) -> bytes:
    """Open what `seal_blob` gave, or raise Damaged; never give a part of it."""
    start = len(_HEADER) + _COMMITMENT + _PREFIX
    _check_header(sealed, _committed(secret), start + _TAG)
    cipher, header, body = AESGCM(secret), bytes(sealed[:start]), memoryview(sealed)[start:]
    starts = range(0, len(body), CHUNK + _TAG)
    nonces = _nonces(header[-_PREFIX:], len(starts))
    padded = b"".join(
        _decrypt(cipher, nonce, body[at : at + CHUNK + _TAG], header + associated)
        for nonce, at in zip(nonces, starts, strict=True)
    )
    return _expanded(padded)


def padded_size(size: int) -> int:
    """Give the size to pad to: Padmé (Nikitin et al. 2019 4), at most 12 % more.

    Below 1 KiB every blob looks alike: a file system gives it a block of 4 KiB anyway.
    """
    if size <= _SMALLEST:
        return _SMALLEST
    exponent = size.bit_length() - 1
    free_bits = exponent - exponent.bit_length()
    mask = (1 << free_bits) - 1
    return (size + mask) & ~mask


def _measured_and_compressed(content: bytes) -> tuple[int, Iterator[bytes]]:
    """Give the length before what has it: a large content is compressed twice, and never held."""
    if len(content) > _LARGE:
        return sum(map(len, _compressed(content))), _compressed(content)
    whole = zstandard.ZstdCompressor(_LEVEL).compress(content)
    return len(whole), iter((whole,))


def _compressed(content: bytes) -> Iterator[bytes]:
    chunker = zstandard.ZstdCompressor(_LEVEL).chunker(size=len(content), chunk_size=CHUNK)
    yield from chunker.compress(content)
    yield from chunker.finish()  # type: ignore[no-untyped-call]


def _padded(length: int, pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Cut what is sealed into chunks: its length, the pieces, and zeros."""
    held, come = bytearray(length.to_bytes(_LENGTH)), 0
    for at in range(0, size, CHUNK):
        wanted = min(CHUNK, size - at)
        while len(held) < wanted and (piece := next(pieces, None)) is not None:
            held += piece
            come += len(piece)
        yield bytes(held[:wanted].ljust(wanted, b"\0"))
        del held[:wanted]
    if come != length or next(pieces, b""):
        raise RuntimeError("a content compressed twice came out at two lengths")


def _expanded(padded: bytes) -> bytes:
    length = int.from_bytes(padded[:_LENGTH])
    try:
        return zstandard.decompress(padded[_LENGTH : _LENGTH + length])
    except zstandard.ZstdError as error:
        raise Damaged("a blob opens but does not expand") from error


def _nonces(prefix: bytes, count: int) -> Iterator[bytes]:
    return (prefix + at.to_bytes(4) + bytes((at == count - 1,)) for at in range(count))


def _committed(secret: bytes) -> bytes:
    return hmac.digest(secret, b"carteggio commitment", "sha256")[:_COMMITMENT]


def _check_header(sealed: bytes | bytearray, commitment: bytes, shortest: int) -> None:
    if len(sealed) < shortest:
        raise Damaged("what was sealed is cut short")
    if sealed[: len(_HEADER)] != _HEADER:
        raise Damaged(f"format {sealed[0]}, algorithm {sealed[1]} is not known to this version")
    claimed = sealed[len(_HEADER) : len(_HEADER) + _COMMITMENT]
    if not hmac.compare_digest(claimed, commitment):
        raise Damaged("what was sealed belongs to another key, or its header is altered")


def _decrypt(cipher: AESGCM, nonce: bytes, sealed: bytes | memoryview, associated: bytes) -> bytes:
    try:
        return cipher.decrypt(nonce, sealed, associated)
    except InvalidTag as error:
        raise Damaged("what was sealed is altered, cut, or moved from another object") from error
