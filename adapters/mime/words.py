"""Header text: raw octets and encoded words (RFC 2047)."""

import binascii
import re

from adapters.mime import transfer
from adapters.mime.charsets import clean, codec_for, decode, guess

# A charset, B or Q, and text up to the next "?=". Blanks and question marks inside are against
# RFC 2047 2, and common. The scan is by hand: a lazy pattern would be quadratic.
_OPENING = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?")
_BREAKS = re.compile(r"[ \t]*[\r\n]+[ \t]*")
_BETWEEN = re.compile(r"\s*")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def raw_text(value: bytes) -> str:
    """Give a field's value as it stands: unfolded, 8-bit octets read, nothing else decoded."""
    text = value.decode("ascii") if value.isascii() else guess(value)
    if "\n" in text or "\r" in text:
        text = _BREAKS.sub(" ", text)
    if not text.isprintable():
        text = _CONTROLS.sub("", text)
    return clean(text).strip()


def unstructured(value: bytes) -> str:
    """Give the text of a field such as Subject."""
    text = raw_text(value)
    return decode_words(text) if "=?" in text else text


def decode_words(text: str) -> str:
    """Decode every encoded word of a text; blanks between two of them vanish (RFC 2047 6.2)."""
    pieces: list[str] = []
    run: list[tuple[str, str, str]] = []
    position = 0
    while opening := _OPENING.search(text, position):
        end = text.find("?=", opening.end())
        if end < 0:
            break
        between = text[position : opening.start()]
        if between.strip() or not run:
            pieces += _flush(run)
            pieces.append(between)
        run.append((opening[1], opening[2].lower(), text[opening.end() : end]))
        position = end + 2
    pieces += _flush(run)
    pieces.append(text[position:])
    return _CONTROLS.sub("", _BREAKS.sub(" ", clean("".join(pieces))))


def _flush(run: list[tuple[str, str, str]]) -> list[str]:
    """Decode adjacent encoded words together: many senders split a character over two."""
    texts: list[str] = []
    octets = b""
    for index, (label, kind, body) in enumerate(run):
        following = run[index + 1] if index + 1 < len(run) else None
        octets += _octets(kind, body, label)
        if following is None or not _joins(label, following[0]):
            texts.append(decode(octets, label))
            octets = b""
    run.clear()
    return texts


def _joins(label: str, following: str) -> bool:
    codec = codec_for(label)
    return label.lower() == following.lower() and not codec.startswith(("utf-16", "iso2022", "hz"))


def _octets(kind: str, body: str, label: str) -> bytes:
    try:
        # Raw 8-bit octets inside an encoded word were read already: put them back.
        data = body.encode("ascii" if body.isascii() else codec_for(label) or "utf-8")
    except (UnicodeError, ValueError, LookupError):
        data = body.encode("utf-8", "replace")
    if kind == "b":
        return transfer.base64(data)
    return binascii.a2b_qp(data.replace(b"\n", b""), header=True)
