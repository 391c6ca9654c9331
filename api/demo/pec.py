"""Certified mail of Italy (RFC 6109): what we send, its receipts, and envelopes that come in."""

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from xml.sax.saxutils import escape

from api.demo.chance import number, uuid
from api.demo.clients import paragraphs
from api.demo.company import FIRM, Company, Person
from api.demo.letters import HERE, File, Letter
from api.demo.mime import header_block, rendered, settle_boundaries, unstructured
from api.demo.papers import pdf
from api.demo.workdays import Calendar, local

BOX = "fanaleriamorgenti@certamail.example"
PROVIDER = "posta-certificata@certamail.example"
CERTIFICATE = """<?xml version="1.0" encoding="UTF-8"?>
<postacert tipo="{kind}" errore="nessuno">
<intestazione>
<mittente>{sender}</mittente>
<destinatari tipo="certificato">{recipient}</destinatari>
<risposte>{sender}</risposte>
<oggetto>{subject}</oggetto>
</intestazione>
<dati>
<gestore-emittente>Certamail S.p.A.</gestore-emittente>
<data zona="{at:%z}"><giorno>{at:%d/%m/%Y}</giorno><ora>{at:%H:%M:%S}</ora></data>
<identificativo>{provider_id}</identificativo>
<msgid>&lt;{id}&gt;</msgid>{more}
</dati>
</postacert>
"""
SAYS = {
    "accettazione": "Ricevuta di accettazione\n\nIl giorno {at:%d/%m/%Y} alle ore {at:%H:%M:%S} il"
    ' messaggio "{subject}" proveniente da {sender} e indirizzato a {recipient} ("posta'
    ' certificata") è stato accettato dal sistema ed inoltrato.\nIdentificativo: {provider_id}',
    "avvenuta-consegna": "Ricevuta di avvenuta consegna\n\nIl giorno {at:%d/%m/%Y} alle ore"
    ' {at:%H:%M:%S} il messaggio "{subject}" proveniente da {sender} è stato consegnato nella'
    " casella di destinazione {recipient}.\nIdentificativo: {provider_id}",
    "posta-certificata": "Messaggio di posta certificata\n\nIl giorno {at:%d/%m/%Y} alle ore"
    ' {at:%H:%M:%S} il messaggio "{subject}" è stato inviato da {sender} a {recipient}. Il'
    " messaggio originale è incluso in allegato.\nIdentificativo: {provider_id}",
}


@dataclass(frozen=True, slots=True)
class Certified:
    """A mail in the certified mailbox: its folder, its time, its envelope sender, its bytes."""

    folder: str
    at: datetime
    sender: str
    raw: bytes


def certified(company: Company, calendar: Calendar) -> list[Certified]:
    """Give all certified mail of the sample."""
    numbers = {id: paper.number for id, paper in company.papers.items()}
    found: list[Certified] = []
    for table in _tables():
        letter = _letter(table, numbers, calendar)
        found += _sent(letter) if table["way"] == "sent" else [_envelope(letter)]
    return found


def left_open() -> set[str]:
    """Give the Message-IDs of the envelopes whose mail nobody answers."""
    return {_provider_id(_id(table["id"])) for table in _tables() if table.get("open")}


def _tables() -> list[dict[str, Any]]:
    mails: list[dict[str, Any]] = tomllib.loads(
        (HERE / "stories" / "pec.toml").read_text("utf-8")
    )["mail"]
    return mails


def _letter(table: dict[str, Any], numbers: dict[str, str], calendar: Calendar) -> Letter:
    back, clock = table["at"].split()
    ours = Person(FIRM, BOX, "it", "", client="pec")
    other = Person(table["name"], table["other"], "it", "", table["name"], client="pec")
    author, to = (ours, other) if table["way"] == "sent" else (other, ours)
    text = table["text"].strip().format(**numbers)
    # The answer to an envelope refers to the id that the provider gave it, not to the sender's.
    answered = _provider_id(_id(table["answers"])) if "answers" in table else ""
    return Letter(
        _id(table["id"]),
        calendar.at(int(back), f"{clock}:41"),
        author,
        (to,),
        (),
        table["subject"].format(**numbers),
        text,
        paragraphs(text),
        "it",
        "pec",
        in_reply_to=answered,
        references=(answered,) if answered else (),
        files=_files(table),
    )


def _files(table: dict[str, Any]) -> tuple[File, ...]:
    if "file" not in table:
        return ()
    title = table["file"].removesuffix(".pdf")
    return (File(table["file"], "application/pdf", pdf([FIRM, title])),)


def _sent(letter: Letter) -> list[Certified]:
    receipts = [_notice(letter, "accettazione", 9), _notice(letter, "avvenuta-consegna", 48)]
    return [Certified("Sent", letter.sent_at, BOX, rendered(letter)), *receipts]


def _envelope(letter: Letter) -> Certified:
    return _notice(letter, "posta-certificata", 30)


def _notice(letter: Letter, kind: str, seconds: int) -> Certified:
    at = local(letter.sent_at + timedelta(seconds=seconds))
    envelope = kind == "posta-certificata"
    prefix = {"accettazione": "ACCETTAZIONE", "avvenuta-consegna": "CONSEGNA"}
    subject = f"{prefix.get(kind, 'POSTA CERTIFICATA')}: {letter.subject}"
    name = f"Per conto di: {letter.author.address}" if envelope else "Posta Certificata"
    own_id = _provider_id(letter.id) if envelope else _provider_id(f"{letter.id} {kind}")
    fields = [
        ("From", f'"{name}" <{PROVIDER}>'),
        ("Reply-To", letter.author.address if envelope else ""),
        ("To", BOX),
        ("Subject", unstructured("Subject", subject)),
        ("Date", format_datetime(at)),
        ("Message-ID", f"<{own_id}>"),
        ("X-Trasporto" if envelope else "X-Ricevuta", kind),
        ("X-TipoRicevuta", "completa" if kind == "avvenuta-consegna" else ""),
        ("X-Riferimento-Message-ID", f"<{letter.id}>"),
    ]
    raw = header_block(fields) + _parts(letter, kind, at).as_bytes(policy=SMTP)
    return Certified("INBOX", at, PROVIDER if envelope else "", raw)


def _parts(letter: Letter, kind: str, at: datetime) -> EmailMessage:
    values = {
        "kind": kind,
        "sender": letter.author.address,
        "recipient": letter.to[0].address,
        "subject": letter.subject,
        "provider_id": _provider_id(letter.id),
        "id": letter.id,
        "at": at,
    }
    message = EmailMessage(policy=SMTP)
    message.set_content(
        SAYS[kind].format(**values) + "\n", charset="utf-8", cte="quoted-printable"
    )
    more = f"\n<consegna>{letter.to[0].address}</consegna>" if kind == "avvenuta-consegna" else ""
    xml = CERTIFICATE.format(**{**values, "subject": escape(letter.subject)}, more=more)
    message.add_attachment(xml.encode(), "application", "xml", filename="daticert.xml")
    if kind != "accettazione":
        message.attach(_original(letter))
    settle_boundaries(message, f"{kind} {letter.id}")
    return message


def _original(letter: Letter) -> EmailMessage:
    # Attached as octets would be: the copy inside must be the mail itself, byte for byte.
    part = EmailMessage(policy=SMTP)
    part["Content-Type"] = 'message/rfc822; name="postacert.eml"'
    part["Content-Disposition"] = 'attachment; filename="postacert.eml"'
    part.set_payload(rendered(letter).decode("ascii"))
    return part


def _id(key: str) -> str:
    return f"{uuid('pec ' + key)}@certamail.example"


def _provider_id(seed: str) -> str:
    left = f"opec{number(seed, 900) + 100}.{number(seed + 'a', 10**14):014}"
    return f"{left}.{number(seed + 'b', 99999)}.{number(seed + 'c', 999)}.1.2@certamail.example"
