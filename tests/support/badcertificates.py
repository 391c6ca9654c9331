"""Servers whose certificates nobody should trust, each bad in one way of its own."""

import ssl
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from adapters.certificates import Doubt, pin_of
from certificates import Issued, authority, keep, server, signed_by_sha1

AUTHORITY = authority()


@dataclass(frozen=True)
class Shown:
    """What a server shows, and what we know of it."""

    chain: Sequence[Issued]
    trusted: Sequence[Issued] = (AUTHORITY,)
    host: str = "localhost"
    pin: str = ""
    old: bool = field(default=False, kw_only=True)
    """Whether it speaks only versions of TLS of before 2008."""

    def context(self, folder: Path) -> ssl.SSLContext:
        """Give what such a server secures its connections with; it is less careful than we are."""
        keep(folder, self.chain, self.trusted)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        if self.old:
            with warnings.catch_warnings(action="ignore"):
                context.minimum_version = ssl.TLSVersion.TLSv1
                context.maximum_version = ssl.TLSVersion.TLSv1_1
        return context


@dataclass(frozen=True)
class Bad:
    """A bad certificate, why it is not trusted, and what a person reads of that."""

    name: str
    shown: Callable[[], Shown]
    doubt: Doubt | None
    said: str


def _with_strong_authority(make: Callable[[Issued], Issued]) -> Shown:
    by = authority(key=rsa.generate_private_key(65537, 2048))
    return Shown([make(by)], [by])


def _intermediate_left_out() -> Shown:
    between = authority("carteggio test intermediate", AUTHORITY)
    return Shown([server(between)])


def _issued_by_none() -> Shown:
    """Let one who was only certified certify another."""
    between = authority("carteggio test pretender", AUTHORITY, may_issue=False)
    return Shown([server(between), between])


def _unknown_authority() -> Shown:
    unknown = authority("an authority of somebody else")
    return Shown([server(unknown), unknown])


def _other_pin() -> Shown:
    """Vouch for a server, whose key is not the one that is pinned."""
    return Shown([server(AUTHORITY)], pin=pin(server(AUTHORITY)))


def _weak() -> Shown:
    return Shown([server(AUTHORITY, key=rsa.generate_private_key(65537, 1024))])  # noqa: S505


def pin(one: Issued) -> str:
    """Give the pin of a certificate's key."""
    return pin_of(one.certificate.public_bytes(Encoding.DER))


BAD = [
    Bad("expired", lambda: Shown([server(AUTHORITY, days=(-9, -1))]), Doubt.EXPIRED, "expired"),
    Bad(
        "not yet valid", lambda: Shown([server(AUTHORITY, days=(1, 9))]),
        Doubt.NOT_YET_VALID, "not yet valid",
    ),
    Bad("self-signed", lambda: Shown([server()]), Doubt.SELF_SIGNED, "self-signed"),
    Bad(
        "unknown authority", _unknown_authority,
        Doubt.UNKNOWN_AUTHORITY, "authority that vouches for it is unknown here",
    ),
    Bad(
        "wrong host name", lambda: Shown([server(AUTHORITY, "mail.firm.example")]),
        Doubt.OTHER_NAME, "is for other names than localhost",
    ),
    Bad(
        "name only in CN", lambda: Shown([server(AUTHORITY, subject="localhost")]),
        Doubt.OTHER_NAME, "is for other names than localhost",
    ),
    Bad(
        "wildcard too wide", lambda: Shown([server(AUTHORITY, "*")]),
        Doubt.OTHER_NAME, "is for other names than localhost",
    ),
    Bad(
        "address not named", lambda: Shown([server(AUTHORITY, "localhost")], host="127.0.0.1"),
        Doubt.OTHER_ADDRESS, "does not hold for the address 127.0.0.1",
    ),
    Bad("key too weak", _weak, Doubt.WEAK_KEY, "too weak"),
    Bad(
        "signed with SHA-1", lambda: _with_strong_authority(signed_by_sha1),
        Doubt.WEAK_SIGNATURE, "no longer safe, as with MD5 or SHA-1",
    ),
    Bad(
        "not for servers",
        lambda: Shown([server(AUTHORITY, usage=ExtendedKeyUsageOID.CLIENT_AUTH)]),
        Doubt.NOT_FOR_SERVERS, "not issued for servers",
    ),
    Bad(
        "intermediate left out", _intermediate_left_out,
        Doubt.UNKNOWN_ISSUER, "leaves out an intermediate certificate",
    ),
    Bad("issued by no authority", _issued_by_none, Doubt.NO_AUTHORITY, "is no authority"),
    Bad("another key than the pinned one", _other_pin, Doubt.OTHER_KEY, "than the one that is pinned"),
    Bad(
        "TLS 1.0 and 1.1 only", lambda: Shown([server(AUTHORITY)], old=True),
        None, "speaks only versions of TLS that are no longer safe",
    ),
]  # fmt: skip
