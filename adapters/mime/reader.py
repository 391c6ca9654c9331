"""Reads a mail: raw bytes in, what Carteggio knows of it out. Never raises.

    raw -> tree (parts) -> Content: header fields, text, attachments, notice, PEC, signals

What it reads is derived and carries READER; a better reader reads the raw bytes again.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from adapters.mime import forwarded, pec
from adapters.mime.addresses import addresses_in
from adapters.mime.calendars import calendar_of
from adapters.mime.charsets import clean
from adapters.mime.dates import read_date
from adapters.mime.fields import MOST_FIELD_OCTETS, Fields, read_fields, section_end
from adapters.mime.ids import first_id, former_ids, ids_in
from adapters.mime.inside import Opened, opened
from adapters.mime.notices import notice_of
from adapters.mime.protection import protection_of
from adapters.mime.signals import signals_of, trace_of
from adapters.mime.text import leaf_text, text_of
from adapters.mime.tree import BODY_TYPES, MESSAGE_TYPES, Part, parse
from adapters.mime.words import raw_text
from domain.content import Content, Forwarded
from domain.subject import is_forward

__all__ = ["READER", "Reading", "read", "unread"]

READER = 6
"""The version stored with everything derived; raised when the same bytes read differently."""


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
    """Read only the header, as far as its first octets go; `why` says what kept the rest unread."""
    try:
        head = raw[: 2 * MOST_FIELD_OCTETS]
        fields = read_fields(head[: section_end(head, 0, len(head))[0]])
        content = replace(_by_header(fields), degraded=True, defects=(clean(why),))
    except Exception:  # noqa: BLE001  the last resort must hold
        content = Content(reader=READER, degraded=True, defects=(clean(why),))
    return Reading(content)


def _read(raw: bytes) -> Reading:
    tree = parse(raw)
    root = tree.root
    envelope = pec.envelope(root.fields, root)
    text = _text(envelope.inner.root if envelope and envelope.inner else root)
    notice = notice_of(root.fields, root, text)
    # What a notice brings back is our own mail: it was read when it was sent.
    found = opened(root, messages=notice is None)
    protection, signature = protection_of(root)
    method, entry = calendar_of([*root.leaves(), *found.leaves])
    text = text if text.strip() else found.text or text
    defects = tree.defects if found.complete else [*tree.defects, "attachment not opened in full"]
    header = _by_header(root.fields)
    if envelope and envelope.inner:
        header = _answering_inside(header, envelope.inner.root.fields)
    content = replace(
        header,
        text=text,
        attachments=tuple(found.files),
        notice=notice,
        also_known_as=former_ids(root.fields) if notice is None else (),
        pec_sender=envelope.sender if envelope else None,
        pec_message_id=envelope.message_id if envelope else "",
        protection=protection,
        signature=signature,
        calendar_method=method,
        calendar=entry,
        forwarded=_forwarded(root.fields.text("subject"), text, found),
        degraded=not tree.complete,
        defects=tuple(dict.fromkeys(defects)),
    )
    return Reading(content, tuple(found.octets))


def _forwarded(subject: str, text: str, found: Opened) -> Forwarded | None:
    """Tell who wrote what is passed on; an attached mail tells it better than a text."""
    by_command = forwarded.is_passed_on(text)
    if not by_command and not is_forward(subject):
        return None
    attached = (
        octets
        for file, octets in zip(found.files, found.octets, strict=True)
        if file.media_type in MESSAGE_TYPES and file.inside is None
    )
    inner = next((forwarded.in_mail(parse(octets).root) for octets in attached), None)
    passed_on = inner or forwarded.in_text(text)
    return None if passed_on is None else replace(passed_on, by_command=by_command)


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
        thread_index="".join(raw_text(fields.first("thread-index")).split()),
        signals=signals_of(fields),
        trace=trace_of(fields),
    )


def _answering_inside(header: Content, inner: Fields) -> Content:
    """Take from the mail in a PEC envelope what it answers: the envelope itself answers nothing."""
    answers, references = ids_in(inner.every("in-reply-to")), ids_in(inner.every("references"))
    return replace(
        header,
        in_reply_to=header.in_reply_to or answers,
        references=header.references or references,
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
