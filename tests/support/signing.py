"""Signs mail for tests, with a key and a certificate that nobody knows."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
ENDS = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Signatory:
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def signed(self, content: bytes, *options: pkcs7.PKCS7Options) -> bytes:
        """Sign octets as they are; the signed data holds them unless `options` detach it."""
        return (
            pkcs7.PKCS7SignatureBuilder()
            .set_data(content)
            .add_signer(self.certificate, self.key, hashes.SHA256())
            .sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, *options])
        )


@lru_cache
def signatory(kind: str = "rsa") -> Signatory:
    key = (
        rsa.generate_private_key(65537, 2048)
        if kind == "rsa"
        else ec.generate_private_key(ec.SECP256R1())
    )
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "anna@a.example")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(4_711)
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
    )
    return Signatory(key, builder.sign(key, hashes.SHA256()))
