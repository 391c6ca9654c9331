"""A mail that somebody passes on: who wrote it in truth, as the forwarded part tells.

Mail programs put a block of header lines before what they forward, in the language of the user;
or attach the mail whole (RFC 2046 5.2.1), which tells more.
"""

import re

from adapters.mime.addresses import addresses_in
from adapters.mime.dates import read_date
from adapters.mime.ids import first_id
from adapters.mime.text import text_of
from adapters.mime.tree import Part
from adapters.mime.words import raw_text
from domain.content import Forwarded
from domain.values import Address

_MARK = re.compile(r"\s*@fwd[ \t]*(?:\n|$)", re.IGNORECASE)
_LINE = re.compile(r"^[ \t>*]*([^\W\d_]{2,12})[ \t]?\*?:\*?[ \t]*(.*)$")
_FROM = frozenset(("from", "von", "da", "de", "od", "van", "fra", "från"))
_SUBJECT = frozenset(("subject", "betreff", "oggetto", "objet", "asunto", "temat", "onderwerp"))
_DATE = frozenset(("date", "sent", "data", "datum", "fecha"))
_ADDRESS = re.compile(r"[^\s<>\[\]():;,\"]{1,64}@[^\s<>\[\]():;,\"]{1,255}")
_LONGEST = 64 * 1024
_MOST_LINES = 12
_MOST_TEXT = 4_000


def is_passed_on(text: str) -> bool:
    """Tell whether a text begins with the line @fwd."""
    return _MARK.match(text) is not None


def in_text(text: str) -> Forwarded | None:
    """Find the block of header lines before what is forwarded, and who wrote it."""
    head = text[:_LONGEST]
    place = 0
    lines = head.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if (named := _named(line, _FROM)) and (sender := _address(named)):
            return _block(lines[number : number + _MOST_LINES], place, sender)
        place += len(line)
    return None


def in_mail(mail: Part) -> Forwarded | None:
    """Read who wrote an attached mail, and what it says first."""
    fields = mail.fields
    sender = next(iter(addresses_in(fields.every("from")[:1])), None)
    if sender is None or "@" not in sender.spec:
        return None
    dates = (read_date(raw_text(value)) for value in fields.every("date"))
    return Forwarded(
        sender=sender,
        subject=fields.text("subject"),
        sent_at=next((date for date in dates if date), None),
        message_id=first_id(fields.every("message-id")),
        text=text_of(mail)[:_MOST_TEXT],
    )


def _block(lines: list[str], place: int, sender: Address) -> Forwarded | None:
    """Read on to the end of the block: an empty line; a lone line that says From is none."""
    subject, sent_at, count = "", None, 0
    for line in lines:
        if count and not line.strip(" \t>*\r\n"):
            break
        place += len(line)
        count += _LINE.match(line) is not None
        subject = subject or _named(line, _SUBJECT)
        sent_at = sent_at or read_date(_named(line, _DATE))
    return Forwarded(sender, subject, sent_at, begins=place) if count > 1 else None


def _named(line: str, names: frozenset[str]) -> str:
    found = _LINE.match(line.rstrip("\r\n"))
    return found[2].strip() if found and found[1].casefold() in names else ""


def _address(value: str) -> Address | None:
    """Read Anna <a@b.example>, Outlook's Anna [mailto:a@b.example], or a bare address."""
    plain = value.replace("mailto:", " ")
    found = _ADDRESS.search(plain)
    if found is None:
        return None
    name = plain[: found.start()].strip(" <[(\"'*")
    return Address(found[0].strip("."), name)
