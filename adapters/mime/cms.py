"""Signed S/MIME and .p7m files (RFC 5652): what was signed, and whether the signature fits it.

Whose the key is, and whether anybody trusts it, is not looked into: that needs a list of trusted
authorities and the time of signing.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.x509 import (
    Certificate,
    DuplicateExtension,
    ExtensionNotFound,
    InvalidVersion,
    SubjectKeyIdentifier,
    load_der_x509_certificate,
)

INTACT, BROKEN, UNVERIFIED = "intact", "broken", "unverified"

MOST_ELEMENTS = 400_000
MOST_CHECKED = 32_000_000
MOST_CERTIFICATES = 20
MOST_SIGNERS = 10
DEEPEST = 20

_SEQUENCE, _OCTETS = 0x30, 0x04
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_KINDS: Final = {
    _SIGNED_DATA: "signed",
    bytes.fromhex("2a864886f70d010703"): "encrypted",
    bytes.fromhex("2a864886f70d01091001" + "17"): "encrypted",
    bytes.fromhex("2a864886f70d01091001" + "09"): "compressed",
}
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_DIGESTS: Final[dict[bytes, type[hashes.HashAlgorithm]]] = {
    bytes.fromhex("2b0e03021a"): hashes.SHA1,
    bytes.fromhex("608648016503040204"): hashes.SHA224,
    bytes.fromhex("608648016503040201"): hashes.SHA256,
    bytes.fromhex("608648016503040202"): hashes.SHA384,
    bytes.fromhex("608648016503040203"): hashes.SHA512,
}
_PSS = bytes.fromhex("2a864886f70d01010a")


class _Malformed(Exception):
    """The octets are no BER, or more of it than anybody signs."""


@dataclass(frozen=True, slots=True)
class _Element:
    tag: int
    start: int
    inner: int
    end: int
    """Where its content ends; `after` is where the next one begins."""
    after: int


@dataclass(slots=True)
class _Ber:
    """Reads BER (X.690), DER's looser parent: lengths may be left open. Counts what it reads."""

    data: bytes
    read: int = 0

    def element(self, position: int, end: int, depth: int = 0) -> _Element:
        """Give the element at a place."""
        self.read += 1
        if position + 2 > end or depth > DEEPEST or self.read > MOST_ELEMENTS:
            raise _Malformed
        tag, length = self.data[position], self.data[position + 1]
        inner = position + 2
        if tag & 0x1F == 0x1F:  # of many octets: CMS has none
            raise _Malformed
        if length == 0x80:
            return self._open(tag, position, end, depth)
        if length > 0x80:
            width = length & 0x7F
            if width > 8 or inner + width > end:
                raise _Malformed
            length = int.from_bytes(self.data[inner : inner + width], "big")
            inner += width
        if inner + length > end:
            raise _Malformed
        return _Element(tag, position, inner, inner + length, inner + length)

    def _open(self, tag: int, start: int, end: int, depth: int) -> _Element:
        position = start + 2
        while self.data[position : position + 2] != b"\0\0":
            position = self.element(position, end, depth + 1).after
        return _Element(tag, start, start + 2, position, position + 2)

    def children(self, parent: _Element) -> list[_Element]:
        """Give the elements inside another one."""
        found: list[_Element] = []
        position = parent.inner
        while position < parent.end:
            found.append(self.element(position, parent.end))
            position = found[-1].after
        return found

    def content(self, one: _Element) -> bytes:
        """Give an element's octets, without its head."""
        return self.data[one.inner : one.end]

    def whole(self, one: _Element) -> bytes:
        """Give an element's octets with its head."""
        return self.data[one.start : one.after]

    def octets(self, one: _Element) -> bytes:
        """Give an octet string; a long one comes in pieces."""
        if one.tag == _OCTETS:
            return self.content(one)
        if one.tag & 0x20 == 0:
            raise _Malformed
        return b"".join(self.content(piece) for piece in self.children(one))


@dataclass(frozen=True, slots=True)
class Signed:
    """Signed data: `content` is None where it lies beside the signature, in the mail."""

    content: bytes | None
    certificates: tuple[bytes, ...]
    signers: tuple["Signer", ...]


@dataclass(frozen=True, slots=True)
class Signer:
    """One signature; `attributes` are what was signed in place of the content, if anything."""

    digest: bytes
    algorithm: bytes
    signature: bytes
    serial: int | None
    key_id: bytes
    attributes: bytes
    said_digest: bytes


def kind_of(data: bytes) -> str:
    """Tell what a CMS structure is: signed, encrypted, compressed, or nothing known."""
    ber = _Ber(data[:1_000] if data[:2] == b"\x30\x80" else data)
    try:
        head = ber.data[1]
        inner = 2 + (head & 0x7F if head > 0x80 else 0)
        return _KINDS.get(ber.content(ber.element(inner, len(ber.data))), "")
    except (_Malformed, IndexError):
        return ""


def signed_data(data: bytes) -> Signed | None:
    """Read signed data; None for anything else, and for what is damaged."""
    ber = _Ber(data)
    try:
        kind, wrapped = ber.children(ber.element(0, len(data)))[:2]
        if ber.content(kind) != _SIGNED_DATA:
            return None
        (body,) = ber.children(wrapped)
        parts = ber.children(body)
        content = ber.children(parts[2])
        certificates = [part for part in parts[3:] if part.tag == 0xA0]
        return Signed(
            ber.octets(ber.children(content[1])[0]) if len(content) > 1 else None,
            tuple(
                ber.whole(one)
                for part in certificates
                for one in ber.children(part)[:MOST_CERTIFICATES]
                if one.tag == _SEQUENCE
            ),
            tuple(_signer(ber, one) for one in ber.children(parts[-1])[:MOST_SIGNERS]),
        )
    except (_Malformed, ValueError, IndexError):
        return None


def _signer(ber: _Ber, one: _Element) -> Signer:
    parts = iter(ber.children(one)[1:])
    who, digest = next(parts, one), next(parts, one)
    following = next(parts, one)
    attributes = following if following.tag == 0xA0 else None
    algorithm = next(parts, one) if attributes else following
    signature = next(parts, one)
    issued = who.tag == _SEQUENCE
    return Signer(
        digest=ber.content(ber.children(digest)[0]),
        algorithm=ber.content(ber.children(algorithm)[0]),
        signature=ber.octets(signature),
        serial=int.from_bytes(ber.content(ber.children(who)[1]), "big", signed=True)
        if issued
        else None,
        key_id=b"" if issued else ber.content(who),
        attributes=b"\x31" + ber.whole(attributes)[1:] if attributes else b"",
        said_digest=_said_digest(ber, attributes) if attributes else b"",
    )


def _said_digest(ber: _Ber, attributes: _Element) -> bytes:
    for attribute in ber.children(attributes):
        name, values = ber.children(attribute)[:2]
        if ber.content(name) == _MESSAGE_DIGEST:
            return ber.octets(ber.children(values)[0])
    return b""


def state_of(signed: Signed | None, content: Sequence[bytes]) -> str:
    """Tell whether the signatures fit one of the forms in which the content may have been signed.

    Without `content` it is the signed data's own. With it, that is what people read, so that
    another content within the signature breaks it. `unverified` where that cannot be told: no certificate came with it, or an unusual algorithm.
    """
    if signed is None:
        return BROKEN
    forms = tuple(content) or (signed.content or b"",)
    if signed.content is not None and signed.content not in forms:
        return BROKEN
    if sum(map(len, forms)) > MOST_CHECKED:
        return UNVERIFIED
    used = {one.digest: _DIGESTS[one.digest] for one in signed.signers if one.digest in _DIGESTS}
    digests = {name: [_digest(kind(), form) for form in forms] for name, kind in used.items()}
    states = [_state(signer, signed, digests.get(signer.digest, [])) for signer in signed.signers]
    if not states or UNVERIFIED in states:
        return BROKEN if BROKEN in states else UNVERIFIED
    return INTACT if set(states) == {INTACT} else BROKEN


def _digest(algorithm: hashes.HashAlgorithm, octets: bytes) -> bytes:
    return hashlib.new(algorithm.name, octets).digest()


def _state(signer: Signer, signed: Signed, digests: Sequence[bytes]) -> str:
    if signer.digest not in _DIGESTS:
        return UNVERIFIED
    algorithm = _DIGESTS[signer.digest]()
    if signer.attributes:
        if signer.said_digest not in digests:
            return BROKEN
        digests = [_digest(algorithm, signer.attributes)]
    keys = list(_certificates(signer, signed))
    if not keys or signer.algorithm == _PSS:
        return UNVERIFIED
    states = [
        _fits(key, signer.signature, digest, algorithm) for key in keys for digest in digests
    ]
    return next((one for one in (INTACT, UNVERIFIED) if one in states), BROKEN)


def _certificates(signer: Signer, signed: Signed) -> Iterator[Certificate]:
    for der in signed.certificates:
        try:
            certificate = load_der_x509_certificate(der)
            named = certificate.serial_number == signer.serial
            if named or (signer.key_id and _key_id(certificate) == signer.key_id):
                yield certificate
        except (ValueError, UnsupportedAlgorithm, InvalidVersion, DuplicateExtension):
            continue


def _key_id(certificate: Certificate) -> bytes:
    try:
        return certificate.extensions.get_extension_for_class(SubjectKeyIdentifier).value.digest
    except ExtensionNotFound:
        return b""


def _fits(
    certificate: Certificate, signature: bytes, digest: bytes, algorithm: hashes.HashAlgorithm
) -> str:
    prehashed = utils.Prehashed(algorithm)
    try:
        match certificate.public_key():
            case rsa.RSAPublicKey() as key:
                key.verify(signature, digest, padding.PKCS1v15(), prehashed)
            case ec.EllipticCurvePublicKey() as key:
                key.verify(signature, digest, ec.ECDSA(prehashed))
            case _:
                return UNVERIFIED
    except InvalidSignature:
        return BROKEN
    except (ValueError, UnsupportedAlgorithm):
        return UNVERIFIED
    return INTACT
