"""Reads a mail: raw bytes in, what Carteggio knows of it out. Never raises.

    raw -> tree (parts) -> Content: header fields, text, attachments, notice, PEC, signals

What it reads is derived and carries READER; a better reader reads the raw bytes again.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.mime import pec
from adapters.mime.addresses import addresses_in
from adapters.mime.charsets import clean
from adapters.mime.dates import read_date
from adapters.mime.fields import MOST_FIELD_OCTETS, Fields, read_fields, section_end
from adapters.mime.ids import first_id, ids_in
from adapters.mime.notices import notice_of
from adapters.mime.signals import signals_of, trace_of
from adapters.mime.text import leaf_text, text_of
from adapters.mime.tree import BODY_TYPES, Part, parse
from adapters.mime.words import raw_text, safe_name
from domain.content import Attachment, Content

__all__ = ["READER", "Reading", "read", "safe_name", "unread"]

READER = 2
"""The version stored with everything derived; raised when the same bytes read differently."""


MOST_CALENDAR = 1_000_000

_METHOD = re.compile(rb"(?im)^METHOD[^:\r\n]{0,100}:[ \t]*([\w-]{1,40})")


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail as read, and the decoded octets of its attachments in the same order."""

    content: Content
    files: tuple[bytes, ...] = ()


def read(raw: bytes) -> Reading:
    """Read a mail; a fault of the reader gives a degraded reading, never an exception."""
    try:
        return _read(raw)
    except Exception as fault:  # noqa: BLE001  mail is hostile; the batch goes on
        return unread(raw, f"reader fault: {type(fault).__name__}")


def unread(raw: bytes, why: str) -> Reading:
    """Read only what identifies a mail, cheaply; `why` says what kept the rest unread."""
    try:
        head = raw[: 2 * MOST_FIELD_OCTETS]
        fields = read_fields(head[: section_end(head, 0, len(head))[0]])
        content = Content(
            reader=READER,
            message_id=first_id(fields.every("message-id")),
            sent_at=_sent_at(fields),
            subject=fields.text("subject"),
            authors=addresses_in(fields.every("from")[:1]),
            degraded=True,
            defects=(clean(why),),
        )
    except Exception:  # noqa: BLE001  the last resort must hold
        content = Content(reader=READER, degraded=True, defects=(clean(why),))
    return Reading(content)


def _read(raw: bytes) -> Reading:
    tree = parse(raw)
    root = tree.root
    envelope = pec.envelope(root.fields, root)
    text = _text(envelope.inner.root if envelope and envelope.inner else root)
    files = [part for part in root.leaves() if not part.is_body]
    octets = tuple(part.octets() for part in files)
    content = replace(
        _by_header(root.fields),
        text=text,
        attachments=tuple(map(_attachment, files, octets)),
        notice=notice_of(root.fields, root, text),
        pec_sender=envelope.sender if envelope else None,
        pec_message_id=envelope.message_id if envelope else "",
        protection=_protection(root),
        calendar_method=_calendar_method(root),
        degraded=not tree.complete,
        defects=tuple(dict.fromkeys(tree.defects)),
    )
    return Reading(content, octets)


def _by_header(fields: Fields) -> Content:
    return Content(
        reader=READER,
        message_id=first_id(fields.every("message-id")),
        sent_at=_sent_at(fields),
        subject=fields.text("subject"),
        authors=addresses_in(fields.every("from")[:1]),
        sender=next(iter(addresses_in(fields.every("sender"))), None),
        reply_to=addresses_in(fields.every("reply-to")[:1]),
        to=addresses_in(fields.every("to")[:1]),
        # A second To is against RFC 5322 3.6; whom it names is a correspondent all the same.
        cc=addresses_in(fields.every("cc") + fields.every("to")[1:]),
        bcc=addresses_in(fields.every("bcc")),
        in_reply_to=ids_in(fields.every("in-reply-to")),
        references=ids_in(fields.every("references")),
        thread_index=raw_text(fields.first("thread-index")).replace(" ", ""),
        signals=signals_of(fields),
        trace=trace_of(fields),
    )


def _sent_at(fields: Fields) -> datetime | None:
    return next((d for v in fields.every("date") if (d := read_date(raw_text(v)))), None)


def _text(root: Part) -> str:
    """Give the text of a mail; one that is all named text files is read from the first."""
    text = text_of(root)
    if text.strip():
        return text
    named = (p for p in root.leaves() if p.media_type in BODY_TYPES and not p.is_body)
    return next((leaf_text(part) for part in named if part.disposition != "attachment"), text)


def _attachment(part: Part, octets: bytes) -> Attachment:
    content_id = part.content_id
    inline = part.disposition == "inline" or (bool(content_id) and not part.disposition)
    return Attachment(part.name, part.media_type, len(octets), content_id, inline)


def _protection(root: Part) -> str:
    """Tell how a mail is signed or encrypted (RFC 8551, RFC 3156, or PGP in the text)."""
    protocol = root.parameters.get("protocol", "").lower()
    match root.media_type:
        case "multipart/signed":
            return "pgp-signed" if "pgp" in protocol else "smime-signed"
        case "multipart/encrypted":
            return "pgp-encrypted"
        case "application/pkcs7-mime" | "application/x-pkcs7-mime":
            kind = root.parameters.get("smime-type", "").lower()
            ending = root.name.lower().endswith((".p7s", ".p7c"))
            return "smime-signed" if kind.startswith("signed") or ending else "smime-encrypted"
        case _:
            return _inline_pgp(root)


def _inline_pgp(root: Part) -> str:
    for part in root.leaves():
        if part.media_type == "text/plain" and part.is_body:
            body = part.encoded()
            if b"-----BEGIN PGP SIGNED MESSAGE-----" in body:
                return "pgp-signed"
            if b"-----BEGIN PGP MESSAGE-----" in body:
                return "pgp-encrypted"
    return ""


def _calendar_method(root: Part) -> str:
    """Give the METHOD of a calendar part: from the media type, or else from its lines."""
    for part in root.leaves():
        if part.media_type in ("text/calendar", "application/ics"):
            named = part.parameters.get("method", "")
            found = None if named else _METHOD.search(part.octets()[:MOST_CALENDAR])
            method = found[1].decode("ascii", "replace") if found else named
            if method:
                return method.upper()[:40]
    return ""
