"""Certificates of servers: what they say, the pin of their key, and why one is not trusted."""

import base64
import hashlib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_NAMES_SHOWN: Final = 5


class Doubt(StrEnum):
    """Why a certificate is not trusted, for programs."""

    OTHER_KEY = "other_key"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    SELF_SIGNED = "self_signed"
    UNKNOWN_AUTHORITY = "unknown_authority"
    UNKNOWN_ISSUER = "unknown_issuer"
    BAD_SIGNATURE = "bad_signature"
    NO_AUTHORITY = "no_authority"
    NOT_FOR_SERVERS = "not_for_servers"
    WEAK_KEY = "weak_key"
    WEAK_SIGNATURE = "weak_signature"
    OTHER_NAME = "other_name"
    OTHER_ADDRESS = "other_address"
    UNFIT = "unfit"
    """Anything else; the sentence has OpenSSL's words for it."""


_SAID: Final[Mapping[Doubt, str]] = {
    Doubt.OTHER_KEY: "it has another key than the one that is pinned; somebody may be"
    " intercepting the connection",
    Doubt.NOT_YET_VALID: "it, or one that vouches for it, is not yet valid",
    Doubt.EXPIRED: "it, or one that vouches for it, has expired",
    Doubt.SELF_SIGNED: "it is self-signed: nobody else vouches for it",
    Doubt.UNKNOWN_AUTHORITY: "the authority that vouches for it is unknown here",
    Doubt.UNKNOWN_ISSUER: "its issuer is unknown here, or the server leaves out an intermediate"
    " certificate",
    Doubt.BAD_SIGNATURE: "its signature is not its issuer's",
    Doubt.NO_AUTHORITY: "one that vouches for it is no authority, and may vouch for nobody",
    Doubt.NOT_FOR_SERVERS: "it was not issued for servers",
    Doubt.WEAK_KEY: "its key, or the key of one that vouches for it, is too weak",
    Doubt.WEAK_SIGNATURE: "it is signed in a way that is no longer safe, as with MD5 or SHA-1",
    Doubt.OTHER_NAME: "it is for other names than",
    Doubt.OTHER_ADDRESS: "it does not hold for the address",
}
# OpenSSL's X509_V_ERR_*, as `verify_code`; of an authority that is none, 24 until version 3.
_DOUBTS: Final[Mapping[int, Doubt]] = {
    0: Doubt.OTHER_KEY,  # OpenSSL has no doubt, we have
    2: Doubt.UNKNOWN_ISSUER,
    7: Doubt.BAD_SIGNATURE,
    9: Doubt.NOT_YET_VALID,
    10: Doubt.EXPIRED,
    18: Doubt.SELF_SIGNED,
    19: Doubt.UNKNOWN_AUTHORITY,
    20: Doubt.UNKNOWN_ISSUER,
    21: Doubt.UNKNOWN_ISSUER,
    24: Doubt.NO_AUTHORITY,
    26: Doubt.NOT_FOR_SERVERS,
    62: Doubt.OTHER_NAME,
    64: Doubt.OTHER_ADDRESS,
    66: Doubt.WEAK_KEY,
    67: Doubt.WEAK_KEY,
    68: Doubt.WEAK_SIGNATURE,
    79: Doubt.NO_AUTHORITY,
}


def doubt_about(refusal: ssl.SSLCertVerificationError, host: str) -> tuple[Doubt, str]:
    """Give why a certificate is not trusted: for programs, and for people."""
    doubt = _DOUBTS.get(refusal.verify_code, Doubt.UNFIT)
    said = _SAID.get(doubt, refusal.verify_message)
    named = doubt in (Doubt.OTHER_NAME, Doubt.OTHER_ADDRESS)
    return doubt, f"{said} {host}" if named else said


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server's certificate says; nobody has to have checked it.

    `pin` is that of its key; empty where the key is of no kind that we know. `unnamed`: it has no
    names of servers, and `names` is its subject.
    """

    names: tuple[str, ...]
    issuer: str
    valid_until: datetime
    pin: str = ""
    unnamed: bool = False


def read_certificate(octets: bytes) -> Certificate | None:
    """Read a certificate (RFC 5280); None where it is none that can be read."""
    try:
        read = x509.load_der_x509_certificate(octets)
        names = tuple(_names(read))
        subject = read.subject.rfc4514_string()
        return Certificate(
            names=names[:_NAMES_SHOWN] or (subject,),
            issuer=read.issuer.rfc4514_string(),
            valid_until=read.not_valid_after_utc,
            pin=pin_of(octets),
            unnamed=not names,
        )
    except ValueError:
        return None


def authorities_of(text: str) -> tuple[str, list[str]]:
    """Read certificates (PEM, RFC 7468): give nothing else of the text, and whose they are.

    ValueError: it holds none.
    """
    read = x509.load_pem_x509_certificates(text.encode())
    written = "".join(one.public_bytes(Encoding.PEM).decode() for one in read)
    return written, [one.subject.rfc4514_string() for one in read]


def pin_of(octets: bytes) -> str:
    """Give the digest of a certificate's key, its SubjectPublicKeyInfo (RFC 7469 2.4)."""
    try:
        key = x509.load_der_x509_certificate(octets).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return ""
    written = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"sha256:{base64.b64encode(hashlib.sha256(written).digest()).decode()}"


def _names(certificate: x509.Certificate) -> Iterator[str]:
    """Give the names of servers for which it was issued (RFC 9525 3)."""
    kind = x509.SubjectAlternativeName
    try:
        found = certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return
    yield from found.get_values_for_type(x509.DNSName)
    yield from map(str, found.get_values_for_type(x509.IPAddress))
