"""Signed and encrypted mail is known as such, and a signature that does not fit is told."""

import time
from base64 import encodebytes

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given
from hypothesis import strategies as st

from adapters.mime import cms
from adapters.mime.reader import read
from signing import signatory

CONTENT = b"Content-Type: text/plain\r\n\r\nConfermo l'ordine 12.\r\n"


def detached(content: bytes = CONTENT, signature: bytes = b"", protocol: str = "") -> bytes:
    protocol = protocol or "application/pkcs7-signature"
    head = f'Content-Type: multipart/signed; protocol="{protocol}"; boundary=s\r\n\r\n--s\r\n'
    tail = f"\r\n--s\r\nContent-Type: {protocol}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return b"".join((head.encode(), content, tail.encode(), encodebytes(signature), b"--s--\r\n"))


def opaque(signed: bytes) -> bytes:
    head = (
        b"Content-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64"
    )
    return head + b"\n\n" + encodebytes(signed)


def protected(raw: bytes) -> tuple[str, str]:
    content = read(raw).content
    return content.protection, content.signature


@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("options", [[], [pkcs7.PKCS7Options.NoAttributes]])
def test_a_signature_beside_the_mail_fits_it_or_not(kind, options):
    beside = pkcs7.PKCS7Options.DetachedSignature
    signature = signatory(kind).signed(CONTENT, beside, *options)
    good = detached(signature=signature)
    assert protected(good) == ("smime-signed", "intact")
    assert protected(good.replace(b"\r\n", b"\n")) == ("smime-signed", "intact")
    assert protected(good.replace(b"ordine 12", b"ordine 13")) == ("smime-signed", "broken")
    assert protected(detached(signature=b"no signature")) == ("smime-signed", "broken")


def test_another_text_inside_the_signature_breaks_it():
    signed = signatory().signed(CONTENT)
    assert protected(detached(signature=signed)) == ("smime-signed", "intact")
    other = detached(CONTENT.replace(b"12", b"13"), signed)
    assert protected(other) == ("smime-signed", "broken")


def test_a_signature_without_its_certificate_cannot_be_told():
    signature = signatory().signed(
        CONTENT, pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.NoCerts
    )
    assert protected(detached(signature=signature)) == ("smime-signed", "unverified")


def test_signed_data_of_open_length_are_read():
    signed = signatory().signed(CONTENT)
    head = 4 if signed[1] == 0x82 else 2
    loose = b"\x30\x80" + signed[head:] + b"\0\0"
    assert cms.kind_of(loose) == "signed"
    assert protected(opaque(loose)) == ("smime-signed", "intact")


def test_a_changed_text_inside_an_opaque_mail_breaks_it():
    signed = signatory().signed(CONTENT).replace(b"ordine 12", b"ordine 13")
    assert protected(opaque(signed)) == ("smime-signed", "broken")
    assert "ordine 13" in read(opaque(signed)).content.text


def test_pgp_is_recognised_and_not_verified():
    signed = detached(protocol="application/pgp-signature")
    assert protected(signed) == ("pgp-signed", "unverified")
    listed = b"Content-Type: multipart/mixed; boundary=l\r\n\r\n--l\r\n" + signed + b"\r\n--l--"
    assert protected(listed) == ("pgp-signed", "unverified")
    armour = b"-----BEGIN PGP MESSAGE-----\n"
    assert protected(b"\n" + armour) == ("pgp-encrypted", "")
    head = b"Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n"
    assert protected(head + encodebytes(b"<pre>" + armour)) == ("pgp-encrypted", "")


def test_encrypted_mail_is_told_from_signed_by_what_it_is():
    sealed = (
        pkcs7.PKCS7EnvelopeBuilder()
        .set_data(CONTENT)
        .add_recipient(signatory().certificate)
        .encrypt(Encoding.DER, [])
    )
    assert protected(opaque(sealed)) == ("smime-encrypted", "")


SIGNED = signatory().signed(CONTENT)


@given(st.integers(0, len(SIGNED) - 1), st.integers(0, 7))
def test_damaged_signed_data_are_no_fault(place, bit):
    damaged = bytearray(SIGNED)
    damaged[place] ^= 1 << bit
    content = read(opaque(bytes(damaged))).content
    assert not any("fault" in defect for defect in content.defects)


@pytest.mark.parametrize(
    "data",
    [b"\x30\x80" * 400_000, b"\x30\x80" + b"\x04\x00" * 3_000_000, b"\x30\x84\x7f\xff\xff\xff"],
)
def test_hostile_signed_data_cost_little(data):
    begun = time.process_time()
    assert cms.signed_data(data) is None
    assert time.process_time() - begun < 2
