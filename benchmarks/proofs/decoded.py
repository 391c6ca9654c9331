"""Mail as the standard library reads it: what our own reader finds is compared with that."""

import html
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header
from email.message import Message

_MARKUP = re.compile(r"(?is)<(style|script)\b.*?</\1>|<!--.*?-->|<[^>]*>")
_BLANKS = re.compile(r"[\s\u00a0]+")
_CHARSETS = {"unknown-8bit": "latin-1", "unknown": "latin-1"}


def words(text: str) -> str:
    """Write every run of blanks as one: lines are folded and filled."""
    return _BLANKS.sub(" ", text).strip()


def decoded(raw: bytes) -> str:
    """Give everything that a person can read in a mail and in those attached to it, a line each."""
    return "\n".join(dict.fromkeys(words(one) for one in _of(message_from_bytes(raw))))


def _of(root: Message) -> Iterator[str]:
    for part in root.walk():
        for name, value in part.items():
            yield f"{name}: {_header(str(value))}"
            yield f"{name}: {value}"
        yield part.get_filename() or ""
        if not part.is_multipart():
            yield from _texts(part)


def _header(value: str) -> str:
    try:
        return "".join(_text(octets, charset) for octets, charset in decode_header(value))
    except ValueError:
        return value


def _text(octets: str | bytes, charset: str | None) -> str:
    if isinstance(octets, str):
        return octets
    named = (charset or "utf-8").lower()
    try:
        return octets.decode(_CHARSETS.get(named, named), "replace")
    except LookupError:
        return octets.decode("latin-1")


def _texts(part: Message) -> Iterator[str]:
    octets = part.get_payload(decode=True)
    if part.get_content_maintype() not in ("text", "message") or not isinstance(octets, bytes):
        return
    text = _text(octets, str(part.get_content_charset() or "utf-8"))
    yield text
    if part.get_content_subtype() == "html":
        yield html.unescape(_MARKUP.sub(" ", text))
        yield html.unescape(_MARKUP.sub("", text))
