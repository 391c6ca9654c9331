"""Letters become bytes: headers, parts, and the trace that a delivery leaves."""

from datetime import datetime, timedelta
from email.charset import QP, Charset
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from api.demo.chance import UPPER, number, pick, token
from api.demo.clients import PROGRAM, clock_of
from api.demo.company import DOMAIN, Person
from api.demo.letters import File, Letter
from api.demo.workdays import local

TRANSFER = {
    "phone": "base64",
    "apple": "quoted-printable",
    "outlook": "quoted-printable",
    "pec": "quoted-printable",
}


def rendered(letter: Letter) -> bytes:
    """Give the mail as its author's program writes it, CRLF line ends."""
    fields = [
        ("From", addresses((letter.author,), letter)),
        ("To", addresses(letter.to, letter)),
        ("Cc", addresses(letter.cc, letter)),
        ("Subject", unstructured("Subject", letter.subject, header_charset(letter))),
        ("Date", format_datetime(clock_of(letter.author, letter.dated or letter.sent_at))),
        ("Message-ID", f"<{letter.id}>"),
        ("In-Reply-To", f"<{letter.in_reply_to}>" if letter.in_reply_to else ""),
        ("References", "\r\n ".join(f"<{id}>" for id in letter.references)),
        *_exchange(letter),
        *PROGRAM[letter.client],
        *letter.extra,
    ]
    return header_block(fields) + body(letter).as_bytes(policy=SMTP)


def header_block(fields: list[tuple[str, str]]) -> bytes:
    """Write the fields that have a value."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields if value).encode("ascii")


def delivered(raw: bytes, sender: str, box: str, at: datetime, by: str = DOMAIN) -> bytes:
    """Put before a mail what the receiving server writes; an empty `sender` is the null path."""
    domain = sender.rpartition("@")[2] or by
    host = f"192.0.2.{number(domain, 250) + 2}"
    stamp = format_datetime(local(at))
    verdict = f"spf=pass smtp.mailfrom={domain}; dkim=pass header.d={domain}"
    came = f"from mail.{domain} (mail.{domain} [{host}])"
    taken = f"by mx.{by} with ESMTPS id {token(f'{box}{stamp}', 12, UPPER)}"
    trace = [
        ("Return-Path", f"<{sender}>"),
        ("Delivered-To", box),
        ("Received", f"{came}\r\n {taken}\r\n for <{box}>; {stamp}"),
        ("Authentication-Results", f"mx.{by};\r\n {verdict}" if sender else ""),
    ]
    return header_block(trace) + raw


def delivery_time(letter: Letter) -> datetime:
    """Say when the receiving server had the mail."""
    return letter.sent_at + timedelta(seconds=4 + number(letter.id, 50))


def header_charset(letter: Letter) -> str:
    """Choose the charset of encoded words, as the program and the language would have it."""
    if letter.client != "outlook":
        return "utf-8"
    wanted = "iso-8859-2" if letter.language == "pl" else "iso-8859-1"
    return wanted if _fits(letter.subject, wanted) else "utf-8"


def unstructured(name: str, value: str, charset: str = "utf-8") -> str:
    """Write a text as RFC 2047 encoded words where it needs that, folded."""
    charset = "us-ascii" if value.isascii() else charset
    return Header(value, charset, header_name=name, maxlinelen=76).encode(linesep="\r\n")


def addresses(people: tuple[Person, ...], letter: Letter | None = None) -> str:
    """Write a list of addresses, one a line."""
    charset = Charset("utf-8")
    if letter is not None and letter.client == "outlook":
        charset.header_encoding = QP
    return ",\r\n ".join(formataddr((person.name, person.address), charset) for person in people)


def body(letter: Letter) -> EmailMessage:
    """Give the body part: text, its HTML where the program writes one, the attachments."""
    message = EmailMessage(policy=SMTP)
    set_text(message, letter)
    if letter.client in {"outlook", "gmail"}:
        add_html(message, letter)
    for file in letter.files:
        attach(message, file)
    settle_boundaries(message, letter.id)
    return message


def set_text(message: EmailMessage, letter: Letter) -> None:
    """Put the plain text in, in the charset and transfer encoding of the program."""
    charset = _charset(letter)
    transfer = TRANSFER.get(letter.client, pick(letter.id, ("8bit", "quoted-printable")))
    message.set_content(letter.text + "\n", charset=charset, cte=transfer)
    if letter.client == "thunderbird":
        message.set_param("format", "flowed")


def add_html(message: EmailMessage, letter: Letter) -> None:
    """Add the HTML, or let it stand alone as some send it."""
    page = f'<html lang="{letter.language}"><body>\n{letter.html}\n</body></html>\n'
    if letter.client == "gmail":
        page = f'<div dir="ltr">{letter.html}</div>\n'
    elif number(letter.id, 7) == 0:
        message.clear_content()
        message.set_content(page, subtype="html", charset="utf-8", cte="quoted-printable")
        return
    message.add_alternative(page, subtype="html", charset="utf-8", cte="quoted-printable")


def attach(message: EmailMessage, file: File) -> None:
    """Add an attachment; its name is written as RFC 2231 asks."""
    maintype, subtype = file.media_type.split("/")
    message.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=file.name)


def settle_boundaries(message: EmailMessage, seed: str) -> None:
    """Give every multipart a boundary that is the same each time."""
    for at, part in enumerate(message.walk()):
        if part.get_content_maintype() == "multipart":
            part.set_boundary(f"----=_Part_{at}_{token(f'{seed}/{at}', 20, UPPER)}")


def _charset(letter: Letter) -> str:
    wanted = "iso-8859-2" if letter.language == "pl" else "windows-1252"
    return wanted if letter.client == "outlook" and _fits(letter.text, wanted) else "utf-8"


def _fits(text: str, charset: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _exchange(letter: Letter) -> list[tuple[str, str]]:
    if not letter.thread_index:
        return []
    topic = letter.subject.rpartition(": ")[2] if letter.references else letter.subject
    return [
        ("Thread-Topic", unstructured("Thread-Topic", topic)),
        ("Thread-Index", letter.thread_index),
    ]
