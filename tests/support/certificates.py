"""Certificates for servers on the loopback, from authorities made for the occasion."""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = ("localhost", "127.0.0.1")
PEM = serialization.Encoding.PEM
# OIDs of signatures by RSA (RFC 8017 A.2.4): with SHA-256, and with SHA-1.
_BY_SHA256 = bytes.fromhex("06092a864886f70d01010b")
_BY_SHA1 = bytes.fromhex("06092a864886f70d010105")

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate, with its key."""

    certificate: x509.Certificate
    key: Key


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def authority(
    name: str = "carteggio test authority", by: Issued | None = None, *, may_issue: bool = True,
    key: Key | None = None,
) -> Issued:  # fmt: skip
    """Make an authority, its own or another's; one that may not issue only looks like one."""
    own = key or new_key()
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=may_issue, crl_sign=may_issue,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        _begun(subject, own, by, (-1, 30))
        .add_extension(x509.BasicConstraints(ca=may_issue, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    )
    return Issued(made.sign(by.key if by else own, hashes.SHA256()), own)


def server(
    by: Issued | None = None, *names: str, days: tuple[float, float] = (-1, 30),
    subject: str = "", key: Key | None = None, usage: x509.ObjectIdentifier | None = None,
) -> Issued:  # fmt: skip
    """Make a certificate for these names, valid from and until so many days from now.

    By nobody it is self-signed; a `subject` alone stands for no names at all.
    """
    own = key or new_key()
    called = subject or ("" if by else "carteggio test appliance")
    whose = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)] if called else [])
    made = _begun(whose, own, by, days)
    if names or not subject:
        listed = x509.SubjectAlternativeName([_name(one) for one in names or LOOPBACK])
        made = made.add_extension(listed, critical=not called)
    purpose = x509.ExtendedKeyUsage([usage or ExtendedKeyUsageOID.SERVER_AUTH])
    made = made.add_extension(purpose, critical=False)
    return Issued(made.sign(by.key if by else own, hashes.SHA256()), own)


def signed_by_sha1(by: Issued) -> Issued:
    """Make a certificate that is signed as nobody signs any more: our library refuses to."""
    one = server(by)
    assert isinstance(by.key, rsa.RSAPrivateKey)
    signature, body = one.certificate.signature, one.certificate.tbs_certificate_bytes
    written = one.certificate.public_bytes(serialization.Encoding.DER)
    again = by.key.sign(body.replace(_BY_SHA256, _BY_SHA1), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    weak = written.replace(_BY_SHA256, _BY_SHA1).replace(signature, again)
    return Issued(x509.load_der_x509_certificate(weak), one.key)


def certify(root: Path, days: int = 30) -> None:
    """Make an authority and a certificate for the loopback, valid for so many days."""
    trusted = authority()
    keep(root, [server(trusted, days=(-1, days))], [trusted])


def keep(root: Path, shown: Sequence[Issued], trusted: Sequence[Issued] = ()) -> None:
    """Write what a server shows, its own certificate first, with its key; and whom we trust."""
    (root / "server.pem").write_bytes(b"".join(x.certificate.public_bytes(PEM) for x in shown))
    (root / "ca.pem").write_bytes(b"".join(x.certificate.public_bytes(PEM) for x in trusted))
    form, unlocked = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (root / "server.key").write_bytes(shown[0].key.private_bytes(PEM, form, unlocked))


def _begun(
    subject: x509.Name, key: Key, by: Issued | None, days: tuple[float, float]
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        (by.key if by else key).public_key()
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
        .add_extension(signer, critical=False)
    )


def _name(one: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(one))
    except ValueError:
        return x509.DNSName(one)
