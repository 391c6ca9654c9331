"""A mail as the sample office composes it, and how the standard library reads what was built."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from domain.composing import Composed, Sender
from domain.values import Address

MONDAY = datetime(2026, 3, 9, 10, 5, tzinfo=timezone(timedelta(hours=1)))
MARCO = Address("marco@cliente.example", "Marco Verdi")
OFFER = Composed(
    message_id="c.offer@ditta.example",
    at=MONDAY,
    sender=Sender("anna@ditta.example", "Anna Bianchi", "Ditta SRL"),
    to=(MARCO,),
    subject="Offerta 2026/118",
    text="Buongiorno,\nin allegato l'offerta.\n",
)


def composed(**given: Any) -> Composed:
    """Give the office's offer with other fields."""
    return replace(OFFER, **given)


def as_others_read(raw: bytes) -> EmailMessage:
    """Read a mail by the standard library."""
    return message_from_bytes(raw, policy=default)


def bodies(mail: EmailMessage) -> tuple[str, str]:
    """Give text and HTML of a mail; empty without."""
    found = (mail.get_body(preferencelist=(kind,)) for kind in ("plain", "html"))
    text, html = (part.get_content().replace("\r\n", "\n") if part else "" for part in found)
    return text, html
