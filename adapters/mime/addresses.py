"""Address lists (RFC 5322 3.4 and 4.4) as people and programs write them, in linear time."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from adapters.mime.words import decode_words, raw_text
from domain.filenames import shown
from domain.values import Address

MOST_ADDRESSES = 5_000

_SIMPLE = re.compile(r"(?:([\w.' -]*)<([\w.+=/~&'-]+@[\w.-]+)>|([\w.+=/~&'-]+@[\w.-]+))", re.ASCII)
_TOKEN = re.compile(
    r'(?P<quote>"(?:[^"\\]|\\.)*")|(?P<word>=\?[^?\s]{1,60}\?[bBqQ]\?[^?\s]*\?=)'
    r"|(?P<blank>\s+)|(?P<literal>\[[^\]\[\s<>,]{1,100}\])|(?P<special>[<>,;:()\"])"
    r'|(?P<atom>(?:(?!=\?)[^\s<>,;:()"\[])+|.)',
    re.DOTALL,
)
_LITERAL_QUOTES = re.compile(r"(?P<special>[<>,;:()])|(?P<blank>\s+)|(?P<atom>[^\s<>,;:()]+)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_COMMENT_SIGN = re.compile(r"[()]|\\.", re.DOTALL)
_QUOTED_LOCAL = re.compile(r'"[^"]*"@[^\s"]+')
_AROUND_AT = re.compile(r"\s*@\s*")
_BEFORE_DOT = re.compile(r"\s+\.\s*")


@dataclass(slots=True)
class _Reader:
    """The mailbox being read, and those read so far."""

    has_groups: bool
    found: list[Address] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: list[str] | None = None
    spec: str = ""
    pending: str = ""
    quotes_close: bool = True
    comments_close: bool = True


def addresses_in(values: Iterable[bytes]) -> tuple[Address, ...]:
    """Give every address of some fields, in order; groups are opened, empty ones vanish."""
    return tuple(address for value in values for address in addresses_of(raw_text(value)))


def addresses_of(text: str) -> list[Address]:
    """Give the addresses of a list written in one field."""
    if simple := _SIMPLE.fullmatch(text):
        name = (simple[1] or "").strip()
        return [Address(simple[2] or simple[3], name)]
    found = _parsed(text)
    if not found and "=?" in text and (opened := decode_words(text)) != text:
        # A whole address inside an encoded word: forbidden (RFC 2047 5), and seen.
        found = _parsed(opened)
    return found


def _parsed(text: str) -> list[Address]:
    reader = _Reader(has_groups=";" in text)
    position = 0
    while position < len(text) and len(reader.found) < MOST_ADDRESSES:
        token = _TOKEN.match(text, position) if reader.quotes_close else None
        token = token or _LITERAL_QUOTES.match(text, position)
        if token is None:
            break
        position = _take(reader, text, token)
    _close(reader)
    return reader.found


def _take(reader: _Reader, text: str, token: re.Match[str]) -> int:
    """Use one token, give where the next one begins."""
    found, position = token[0], token.end()
    if token.lastgroup == "quote":
        # In an address the quotes belong to it: "john doe"@x
        is_name = reader.angle is None and text[position : position + 1] != "@"
        _add(reader, _ESCAPED.sub(r"\1", found[1:-1]) if is_name else found)
    elif found == '"':
        # Never closed, so every later quote stands for itself: looking once keeps time linear.
        reader.quotes_close = False
    elif found == "(" and reader.comments_close:
        end = _comment_end(text, position)
        reader.comments_close = end > 0
        if end:
            reader.comments.append(text[position : end - 1])
            _add(reader, " ")
            return end
    elif token.lastgroup == "special" and found not in "()":
        _special(reader, found)
    else:
        _add(reader, found)
    return position


def _add(reader: _Reader, text: str) -> None:
    (reader.words if reader.angle is None else reader.angle).append(text)


def _special(reader: _Reader, char: str) -> None:
    match char:
        case "<":
            if reader.spec:
                _close(reader)
            reader.angle = []
        case ">":
            reader.spec = _spec("".join(reader.angle or ()))
            reader.angle = None
        case ",":
            if reader.angle is not None and "@" not in "".join(reader.angle):
                return
            # A comma in a route (<@a,@b:c@d>) is part of the address (RFC 5322 4.4).
            if reader.angle is not None and "".join(reader.angle).lstrip().startswith("@"):
                _add(reader, ",")
                return
            _close(reader, comma=True)
        case ";" if reader.angle is not None:
            reader.angle = None  # <undisclosed-recipients:;>
            _close(reader)
        case ";":
            _close(reader)
        case ":" if (
            reader.angle is None and reader.has_groups and "@" not in "".join(reader.words)
        ):
            reader.words.clear()
        case _:
            _add(reader, char)


def _close(reader: _Reader, *, comma: bool = False) -> None:
    """End a mailbox: keep it if it has an address, else keep its words for the next name."""
    phrase = "".join(reader.words).strip()
    if reader.angle is not None:
        reader.spec = _spec("".join(reader.angle))
    spec, name = reader.spec, phrase
    if not spec and "@" in phrase:
        spec, name = _bare(phrase)
    name = name or (reader.comments[0] if reader.comments else "")
    if spec:
        # Rossi, Maria <m@x>: the comma stood in an unquoted name.
        full = f"{reader.pending}, {name}" if reader.pending and reader.spec else name
        reader.found.append(Address(spec, shown(decode_words(full).strip(" '\""))))
    reader.pending = phrase if comma and not spec and "@" not in phrase else ""
    reader.words, reader.comments, reader.angle, reader.spec = [], [], None, ""


def _spec(text: str) -> str:
    """Give an address out of its angle brackets, without route, blanks and invisible signs."""
    text = decode_words(text) if "=?" in text else text
    if text.lstrip().startswith("@") and ":" in text:
        text = text.rpartition(":")[2]
    text = text.strip().removeprefix("mailto:")
    local, at, domain = text.rpartition("@")
    local = local.strip() if local.lstrip().startswith('"') else "".join(local.split())
    return shown(f"{local}{at}{''.join(domain.split())}")


def _bare(phrase: str) -> tuple[str, str]:
    """Find the address in a mailbox without brackets; the other words are its name."""
    joined = _AROUND_AT.sub("@", _BEFORE_DOT.sub(".", phrase))
    if quoted := _QUOTED_LOCAL.search(joined):
        return _spec(quoted[0]), (joined[: quoted.start()] + joined[quoted.end() :]).strip()
    words = joined.split()
    place = next(index for index, word in enumerate(words) if "@" in word)
    word = words[place]
    if ":" in word and "[" not in word:
        word = word.rpartition(":")[2]
    spec = _spec(word.strip("'\"`"))
    return (spec if "@" in spec else ""), " ".join(words[:place] + words[place + 1 :])


def _comment_end(text: str, position: int) -> int:
    """Find the end of a comment; comments nest (RFC 5322 3.2.2). 0 when it never ends."""
    depth = 1
    while depth:
        found = _COMMENT_SIGN.search(text, position)
        if found is None:
            return 0
        position = found.end()
        depth += {"(": 1, ")": -1}.get(found[0], 0)
    return position
