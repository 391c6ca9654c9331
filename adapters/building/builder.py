"""Builds the octets of a composed mail: the same ones for the same mail, and for ever.

    Composed -> objections -> header fields + parts -> Built

    multipart/mixed             if there are attachments
      multipart/alternative     if there is HTML
        text/plain
        multipart/related       if pictures stand in the HTML
          text/html, pictures   PNG, JPEG, GIF, WebP that it shows; others are attachments
      attachments, attached mails

Blind copies are in `Built.recipients`, and nowhere in the octets.
"""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Final

from adapters.building import headers, parts
from adapters.building.markup import Cleaned, cleaned, document, of_text
from adapters.building.parts import Part
from adapters.building.plaintext import plain_text
from domain.composing import MESSAGE, Composed, File, each_once, plain_body
from domain.filenames import distinct, extensions_for, safe_name
from domain.objections import (
    Objection,
    certified_size,
    is_id,
    objections,
    refuse_blocking,
)
from domain.pictures import is_picture, may_be_shown

OWN_ID: Final = "X-Carteggio-Id"
"""Keeps our Message-ID where a provider gives the mail another one."""


@dataclass(frozen=True, slots=True)
class Built:
    """A mail ready to be sent: octets with CRLF line ends, and the envelope that goes with them.

    `sender` and `recipients` are addresses as SMTP takes them. `smtp_utf8`: a server needs
    SMTPUTF8 (RFC 6531); `eight_bit`: it is sent with BODY=8BITMIME (RFC 6152).
    """

    message_id: str
    raw: bytes
    sender: str
    recipients: tuple[str, ...]
    smtp_utf8: bool = False
    eight_bit: bool = False
    remarks: tuple[Objection, ...] = ()
    """What was changed or is worth a question, and did not block."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """What is shown: the text, and clean HTML if there is any."""

    text: str
    html: str = ""


def build(mail: Composed, contents: Mapping[str, bytes], seed: str = "") -> Built:
    """Build a mail; `contents` are the octets of its files by key.

    The same mail, contents and `seed` (of the boundaries; the Message-ID by default) give the same
    octets. Raises NotSendable with every objection that blocks.
    """
    remarks = objections(mail, {key: len(octets) for key, octets in contents.items()})
    refuse_blocking(remarks)
    root = _root(mail, contents, seed or mail.message_id)
    head = [*_fields(mail), "MIME-Version: 1.0"]
    octets = Part((*head, *root.fields), root.body).octets()
    raw = b"".join(octets)
    envelope = mail.submitted_by or mail.sender.address
    recipients = tuple(dict.fromkeys(headers.wire(one.spec) for one in mail.recipients))
    too_large = certified_size(len(raw), len(recipients)) if mail.certified else None
    refuse_blocking([too_large] if too_large else [])
    sender = headers.wire(envelope.spec)
    beyond = not octets[0].isascii() or not all(one.isascii() for one in (sender, *recipients))
    return Built(
        mail.message_id, raw, sender, recipients, beyond, root.eight_bit or beyond, tuple(remarks)
    )


def preview(mail: Composed) -> Bodies:
    """Give both bodies as they will be sent, the new text and what is quoted below it."""
    shown = _cleaned(mail)
    return _bodies(mail, shown)


def attached(mail: Composed) -> list[File]:
    """Give the files that go as such: all but pictures that the HTML, or the quoted one, shows."""
    if not any(one.content_id for one in mail.files):
        return list(mail.files)
    return _placed(mail, _cleaned(mail))[1]


def brought(mail: Composed, contents: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    """Give names and octets of all that a mail brings but words and the pictures among them.

    What is shown and is no picture by its octets counts too, as whoever gets it can save it.
    """
    has_pictures = any(one.content_id for one in mail.files) or "data:" in mail.html.lower()
    shown = _cleaned(mail) if has_pictures else Cleaned("")
    pictures, files = _placed(mail, shown)
    octets = [(file_name(one), one.media_type, contents.get(one.content, b"")) for one in pictures]
    octets += [("image", one.media_type, one.octets) for one in shown.pictures]
    false = [(name, found) for name, kind, found in octets if not is_picture(kind, found)]
    named = [(file_name(one), contents.get(one.content, b"")) for one in files] + false
    names = distinct(name for name, _ in named)
    return [(name, found) for name, (_, found) in zip(names, named, strict=True)]


# ---- header


def _fields(mail: Composed) -> Iterator[str]:
    yield headers.field("Date", format_datetime(mail.at).split(" "))
    yield headers.addresses("From", [mail.sender.address])
    if mail.submitted_by is not None and mail.submitted_by.key != mail.sender.address.key:
        yield headers.addresses("Sender", [mail.submitted_by])
    for name, people in (("Reply-To", mail.reply_to), ("To", mail.to), ("Cc", mail.cc)):
        if people:
            yield headers.addresses(name, each_once(people))
    if not (mail.to or mail.cc):
        yield "To: undisclosed-recipients:;"
    yield headers.text("Subject", mail.subject)
    yield headers.ids("Message-ID", [mail.message_id])
    yield from _earlier(mail)
    yield headers.ids(OWN_ID, [mail.message_id])
    yield from _automatic(mail)
    if mail.language:
        yield f"Content-Language: {mail.language}"


def _earlier(mail: Composed) -> Iterator[str]:
    """Say what is answered. A first mail refers to itself: answers name its own id then, too.

    Providers that give mail another Message-ID leave References alone.
    """
    answers = [one for one in mail.in_reply_to if is_id(one)]
    references = [one for one in mail.references if is_id(one)]
    if answers:
        yield headers.ids("In-Reply-To", answers)
    yield headers.ids("References", references or answers or [mail.message_id])


def _automatic(mail: Composed) -> Iterator[str]:
    """Say that a program sends, and that no program need answer (RFC 3834 5, RFC 8058)."""
    if mail.automatic is not None:
        yield f"Auto-Submitted: {mail.automatic.value}"
    if mail.rule:
        yield f"X-Carteggio-Rule: {mail.rule}"
    if mail.automatic is not None or mail.mass is not None:
        yield "X-Auto-Response-Suppress: OOF, AutoReply"
    if mail.mass is not None:
        ways = [f"<{mail.mass.url}>"]
        if mail.mass.address:
            ways = [f"<{mail.mass.url}>,", f"<mailto:{headers.wire(mail.mass.address)}>"]
        yield headers.field("List-Unsubscribe", ways)
        yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click"
        yield "Precedence: bulk"


# ---- bodies


def _cleaned(mail: Composed) -> Cleaned:
    ids = {one.content_id for one in mail.files if one.content_id and may_be_shown(one.media_type)}
    return (
        cleaned(mail.html, ids, mail.message_id.rpartition("@")[2]) if mail.html else Cleaned("")
    )


def _bodies(mail: Composed, shown: Cleaned) -> Bodies:
    new = mail.text if mail.text.strip() or not shown.source else plain_text(shown.source)
    quote = mail.quote
    below = quote.text if quote else ""
    text = "\n\n".join(one.strip("\n") for one in (new, mail.marker, below) if one.strip())
    if not shown.source and not (quote and quote.html):
        return Bodies(plain_body(text))
    pieces = [shown.source or f"<div>{of_text(mail.text)}</div>"]
    if mail.marker:
        pieces.append(f'<p style="color:#888">{html.escape(mail.marker, quote=False)}</p>')
    if quote is not None:
        pieces.append(quote.html or f"<div>{of_text(quote.text)}</div>")
    return Bodies(plain_body(text), document("\n".join(pieces), mail.language))


def _root(mail: Composed, contents: Mapping[str, bytes], seed: str) -> Part:
    shown = _cleaned(mail)
    bodies = _bodies(mail, shown)
    body = parts.text("plain", bodies.text)
    pictures, others = _placed(mail, shown)
    if bodies.html:
        rich = _related(parts.text("html", bodies.html), pictures, shown, contents, seed)
        body = parts.multipart("alternative", [body, rich], f"{seed} alternative")
    if not others:
        return body
    names = distinct(file_name(one) for one in others)
    files = [
        _attached(one, name, contents[one.content])
        for one, name in zip(others, names, strict=True)
    ]
    return parts.multipart("mixed", [body, *files], f"{seed} mixed")


def _placed(mail: Composed, shown: Cleaned) -> tuple[list[File], list[File]]:
    """Give the pictures that stand in the HTML, and the files that go as such."""
    quoted = {one.content_id for one in mail.quote.pictures} if mail.quote else set()
    ids = shown.shown | quoted
    others = [one for one in mail.files if one.content_id not in ids]
    return (
        [one for one in mail.files if one.content_id in ids],
        sorted(others, key=lambda one: not one.content_id),
    )


def _related(
    page: Part, files: list[File], shown: Cleaned, contents: Mapping[str, bytes], seed: str
) -> Part:
    named = zip(files, distinct(map(file_name, files)), strict=True)
    pictures = [
        _picture(one.media_type, name, one.content_id, contents[one.content])
        for one, name in named
    ]
    for place, one in enumerate(shown.pictures, 1):
        name = f"image{place}.{extensions_for(one.media_type)[0]}"
        pictures.append(_picture(one.media_type, name, one.content_id, one.octets))
    if not pictures:
        return page
    return parts.multipart('related; type="text/html"', [page, *pictures], f"{seed} related")


def _picture(media_type: str, name: str, content_id: str, octets: bytes) -> Part:
    fields = (*_named(media_type, name, "inline"), f"Content-ID: <{content_id}>")
    return parts.file(octets, fields)


def _attached(file: File, name: str, octets: bytes) -> Part:
    if file.media_type == MESSAGE:
        whole = parts.carried(octets)
        if whole is not None:
            return parts.message(whole, _named(MESSAGE, name, "attachment"))
        # Octets that no server would let pass unencoded: they stay as they are in a file.
        return parts.file(octets, _named("application/octet-stream", name, "attachment"))
    return parts.file(octets, _named(file.media_type, name, "attachment"))


def _named(media_type: str, name: str, disposition: str) -> tuple[str, str]:
    return (
        headers.parameters(f"Content-Type: {media_type}", "name", name, words=True),
        headers.parameters(f"Content-Disposition: {disposition}", "filename", name),
    )


def file_name(file: File) -> str:
    """Give the name under which a file goes out, before files of one name are told apart."""
    if file.name.strip():
        return safe_name(file.name)
    endings = extensions_for(file.media_type)
    stem = "message" if file.media_type == MESSAGE else "image"
    return f"{stem}.{endings[0]}" if endings else stem
