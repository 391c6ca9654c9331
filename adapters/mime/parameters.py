"""Parameters of Content-Type and Content-Disposition (RFC 2045 5.1, RFC 2231)."""

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from adapters.mime.charsets import clean, decode, guess
from adapters.mime.words import decode_words, raw_text

MOST_PARAMETERS = 1_000

# A name, "=", and a value: quoted, or up to the next semicolon. Matched from place to place,
# never searched for: a search would be quadratic.
_PARAMETER = re.compile(r'([^=;\s"()]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))', re.DOTALL)
_GAP = re.compile(r"[;\s]+")
_OTHER = re.compile(r"[^;\s]+")
_SIMPLE = re.compile(
    r'\s*([\w.+-]+/[\w.+-]+)\s*(?:;\s*([\w-]+)=(?:"([^"\\=%]*)"|([^\s;"=%()]*))\s*)?;?'
)
_SECTION = re.compile(r"([^*]+)\*(?:(\d{1,4})(\*?))?")
_ESCAPED = re.compile(r'\\(["\\])')
_COMMENT = re.compile(r"\([^()]*\)")

Pieces = dict[str, dict[int, tuple[str, bool]]]


def structured(value: bytes) -> tuple[str, dict[str, str]]:
    """Read a value with its parameters: `text/plain; charset=utf-8`; the first of a name wins."""
    text = raw_text(value)
    if text.isascii() and (simple := _SIMPLE.fullmatch(text)):
        quoted = simple[3] if simple[3] is not None else simple[4]
        return simple[1].lower(), {simple[2].lower(): quoted} if simple[2] else {}
    main, _, rest = text.partition(";")
    words = _COMMENT.sub(" ", main).split()
    if "=" in main and "/" not in main.partition("=")[0]:
        words, rest = [], text
    elif len(words) > 1 and "=" in main:
        rest = f"{main[main.find(words[0]) + len(words[0]) :]};{rest}"
    return words[0].lower() if words else "", _parameters(rest)


def _parameters(text: str) -> dict[str, str]:
    plain: dict[str, str] = {}
    pieces: Pieces = {}
    for found in _found(text):
        name = found[1].lower()
        value = _ESCAPED.sub(r"\1", found[2]) if found[2] is not None else _token(found[3])
        section = _SECTION.fullmatch(name) if "*" in name else None
        if section is None:
            plain.setdefault(name, decode_words(value) if "=?" in value else value.strip())
        else:
            number = int(section[2] or 0)
            extended = section[2] is None or bool(section[3])
            pieces.setdefault(section[1], {}).setdefault(number, (value, extended))
    # RFC 2231 wins over the plain form that some send beside it for old readers.
    return plain | {name: _joined(parts) for name, parts in pieces.items()}


def _found(text: str) -> Iterator[re.Match[str]]:
    position = count = 0
    while position < len(text) and count < MOST_PARAMETERS:
        if gap := _GAP.match(text, position):
            position = gap.end()
        if parameter := _PARAMETER.match(text, position):
            yield parameter
            position, count = parameter.end(), count + 1
        elif other := _OTHER.match(text, position):
            position = other.end()


def _token(value: str) -> str:
    """Give an unquoted value; blanks in it are against the rules, and common in file names."""
    value = value.strip()
    if "(" in value and not value.startswith("("):
        value = _COMMENT.sub("", value).strip()
    return value.strip('\\"')


def _joined(parts: dict[int, tuple[str, bool]]) -> str:
    label, octets, plain = "", b"", True
    for index, number in enumerate(sorted(parts)):
        value, extended = parts[number]
        if extended and index == 0 and value.count("'") >= 2:
            label, _, value = value.split("'", 2)
        plain = plain and not extended
        octets += unquote_to_bytes(value) if extended else value.encode("utf-8", "replace")
    if plain:
        return decode_words(clean(guess(octets)))
    text = decode(octets, label)
    # Encoded words inside RFC 2231 values are forbidden (RFC 2047 5), and are sent.
    return decode_words(text) if "=?" in text else text
