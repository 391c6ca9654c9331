"""Makes what mail servers and certified providers say of mail that was sent, as they write it.

Delivery reports are in the form of Postfix (RFC 3464), receipts in that of RFC 6109, signed by a
provider that nobody else knows.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from textwrap import wrap

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

RECEIPTS = (
    "accettazione", "non-accettazione", "presa-in-carico", "avvenuta-consegna", "errore-consegna",
    "preavviso-errore-consegna", "rilevazione-virus",
)  # fmt: skip
_SUBJECTS = {
    "accettazione": "ACCETTAZIONE", "non-accettazione": "AVVISO DI NON ACCETTAZIONE",
    "presa-in-carico": "PRESA IN CARICO", "avvenuta-consegna": "CONSEGNA",
    "errore-consegna": "AVVISO DI MANCATA CONSEGNA",
    "preavviso-errore-consegna": "AVVISO DI MANCATA CONSEGNA PER SUPERAMENTO TEMPO MASSIMO",
    "rilevazione-virus": "PROBLEMA DI SICUREZZA",
}  # fmt: skip
_SIGNATURE = (
    b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n"
)
_OF_ONE = ("avvenuta-consegna", "errore-consegna", "preavviso-errore-consegna")


@dataclass(frozen=True, slots=True)
class Reported:
    """What a server says of one recipient; `original` is the address that was written to."""

    final: str
    action: str = "failed"
    status: str = "5.1.1"
    text: str = "550 5.1.1 No such user here"
    original: str = ""

    def fields(self) -> str:
        """Give the block of a delivery report (RFC 3464 2.3)."""
        first = f"Original-Recipient: rfc822;{self.original}\n" if self.original else ""
        return (
            f"{first}Final-Recipient: rfc822; {self.final}\nAction: {self.action}\n"
            f"Status: {self.status}\nRemote-MTA: dns; mx.example\nDiagnostic-Code: smtp; {self.text}\n"
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail that went out, as others know it: its id, who sent it and to whom."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    envid: str = ""
    subject: str = "Offerta 118"


def bounce(
    sent: Sent,
    reported: Sequence[Reported],
    *,
    number: int = 1,
    at: datetime,
    more: str = "",
    header: str | None = None,
) -> bytes:
    """Make a delivery report; `header` is what is returned of the mail, `more` further fields."""
    returned = header or (
        f"Message-ID: <{sent.message_id}>\nFrom: {sent.sender}\n"
        f"To: {', '.join(sent.recipients)}\nSubject: {sent.subject}\n"
    )
    envid = f"Original-Envelope-Id: {sent.envid}\n" if sent.envid else ""
    told = "\n".join(one.fields() for one in reported)
    mail = (
        f"Return-Path: <>\n{more}Date: {format_datetime(at)}\n"
        f"From: MAILER-DAEMON@mx.example (Mail Delivery System)\nTo: {sent.sender}\n"
        f"Subject: Undelivered Mail Returned to Sender\nMessage-ID: <dsn.{number}@mx.example>\n"
        "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\n\n'
        "--r\nContent-Type: text/plain; charset=us-ascii\n\nThis is the mail system at host "
        "mx.example.\nI'm sorry to have to inform you that your message could not be delivered.\n\n"
        f"--r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n{envid}"
        f"Arrival-Date: {format_datetime(at)}\n\n{told}\n"
        f"--r\nContent-Type: text/rfc822-headers\n\n{returned}\n--r--\n"
    )
    return mail.replace("\n", "\r\n").encode()


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt of a PEC: `of` is whom it is about, where it is about one."""

    kind: str
    of: str = ""
    error: str = "nessuno"
    detail: str = ""
    given_id: str = "opec21.20260309.1@pec.provider.example"


def receipt(
    sent: Sent,
    made: Receipt,
    ordinary: Sequence[str] = (),
    *,
    number: int = 1,
    at: datetime,
    signed: bool = True,
    more: Mapping[str, str] | None = None,
) -> bytes:
    """Make a receipt; `ordinary` are the recipients that are no PEC addresses."""
    body = _body(sent, made, ordinary, at)
    fields = {
        "Return-Path": "<posta-certificata@pec.provider.example>",
        "Date": format_datetime(at),
        "From": "posta-certificata@pec.provider.example",
        "To": sent.sender,
        "Subject": f"{_SUBJECTS[made.kind]}: {sent.subject}",
        "Message-ID": f"<receipt.{number}@pec.provider.example>",
        "X-Ricevuta": made.kind,
        "X-Riferimento-Message-ID": f"<{sent.message_id}>",
        "MIME-Version": "1.0",
        **(more or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
    if not signed:
        return head + body
    kind = b'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=s'
    parts = (
        b"\r\n--s\r\n", body, b"\r\n--s\r\n", _SIGNATURE,
        "\r\n".join(wrap(_signature(body), 76)).encode(), b"\r\n--s--\r\n",
    )  # fmt: skip
    return head + b"Content-Type: " + kind + b"\r\n" + b"".join(parts)


def _body(sent: Sent, made: Receipt, ordinary: Sequence[str], at: datetime) -> bytes:
    told = (
        f"--m\nContent-Type: text/plain; charset=utf-8\n\n{_SUBJECTS[made.kind]}: {sent.subject}\n\n"
        '--m\nContent-Type: application/xml; name="daticert.xml"\n'
        'Content-Disposition: inline; filename="daticert.xml"\n\n'
        f"{certification(sent, made, ordinary, at)}\n--m--\n"
    )
    head = 'Content-Type: multipart/mixed; boundary="m"\n\n'
    return (head + told).replace("\n", "\r\n").encode()


def certification(sent: Sent, made: Receipt, ordinary: Sequence[str], at: datetime) -> str:
    """Write the certification data (RFC 6109 4.4)."""
    people = "".join(
        f'<destinatari tipo="{"esterno" if one in ordinary else "certificato"}">{one}</destinatari>'
        for one in sent.recipients
    )
    about = f"<consegna>{made.of}</consegna>" if made.kind in _OF_ONE else ""
    taken = f"<ricezione>{made.of}</ricezione>" if made.kind == "presa-in-carico" else ""
    detail = f"<errore-esteso>{made.detail}</errore-esteso>" if made.detail else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<postacert tipo="{made.kind}" errore="{made.error}"><intestazione>'
        f"<mittente>{sent.sender}</mittente>{people}<risposte>{sent.sender}</risposte>"
        f"<oggetto>{sent.subject}</oggetto></intestazione><dati>"
        "<gestore-emittente>Provider S.p.A.</gestore-emittente>"
        f'<data zona="+0100"><giorno>{at:%d/%m/%Y}</giorno><ora>{at:%H:%M:%S}</ora></data>'
        f"<identificativo>{made.given_id}</identificativo>"
        f"<msgid>&lt;{sent.message_id}&gt;</msgid>{about}{taken}{detail}</dati></postacert>"
    )


def transported(sent: Sent, sender: str, text: str, *, answers: str, at: datetime) -> bytes:
    """Make a PEC that answers a mail, in its provider's envelope; `answers` is the id it names.

    Its provider gives it an id of its own, as each does. Nothing but that id tells what it answers.
    """
    given = f"opec30.{sender.partition('@')[0]}@pec.other.example"
    own = Sent(f"reply.{given}", sender, (sent.sender,), subject="Accettazione")
    inner = (
        f"Message-ID: <{given}>\nFrom: {sender}\nTo: {sent.sender}\nDate: {format_datetime(at)}\n"
        f"In-Reply-To: <{answers}>\nReferences: <{answers}>\nSubject: {own.subject}\n\n{text}\n"
    )
    data = certification(own, Receipt("posta-certificata", given_id=given), (), at)
    body = (
        'Content-Type: multipart/mixed; boundary="m"\n\n--m\nContent-Type: text/plain\n\n'
        "Messaggio di posta certificata\n"
        f'--m\nContent-Type: application/xml; name="daticert.xml"\n\n{data}\n'
        f'--m\nContent-Type: message/rfc822; name="postacert.eml"\n\n{inner}\n--m--\n'
    )
    head = (
        f'From: "Per conto di: {sender}" <posta-certificata@pec.other.example>\n'
        f"Reply-To: {sender}\nTo: {sent.sender}\nDate: {format_datetime(at)}\n"
        f"Subject: POSTA CERTIFICATA: {own.subject}\nMessage-ID: <{given}>\n"
        f"X-Trasporto: posta-certificata\nX-Riferimento-Message-ID: <{own.message_id}>\n"
        "MIME-Version: 1.0\n"
    )
    return (head + body).replace("\n", "\r\n").encode()


@lru_cache
def _provider() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key, begins = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC) - timedelta(days=1)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pec.provider.example")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(118)
    builder = builder.not_valid_before(begins).not_valid_after(begins + timedelta(days=30))
    return key, builder.sign(key, hashes.SHA256())


def _signature(body: bytes) -> str:

    key, certificate = _provider()
    signed = pkcs7.PKCS7SignatureBuilder().set_data(body)
    signed = signed.add_signer(certificate, key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.DetachedSignature]
    return b64encode(signed.sign(Encoding.DER, options)).decode()
