"""Header fields written out (RFC 5322 2.2.3, RFC 2047, RFC 2231): folded, and never torn.

Not by the standard library, whose folding differs from release to release: 3.11 reads encoded
words in what a person typed, and encodes Message-IDs that are long. What is written here once stays.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import quote

from domain.composing import one_line
from domain.hostnames import ascii_domain
from domain.values import Address

_WIDTH: Final = 76
_OF_A_WORD: Final = 60
"""Octets of an encoded word, so that the first one stands beside its field's name."""
_PLAIN: Final = re.compile(r"[!-~]{1,70}(?: [!-~]{1,70})*")
_ATOMS: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_UNSAFE: Final = re.compile(rb"[^A-Za-z0-9!*+/ -]")
_PREFIX, _SUFFIX = "=?utf-8?", "?="


def field(name: str, words: Iterable[str]) -> str:
    """Write a field of words that are not to be torn, with a blank or a fold between two."""
    lines, line = [], f"{name}:"
    for word in words:
        if len(line) + 1 + len(word) > _WIDTH and line.rstrip() != f"{name}:":
            lines.append(line)
            line = ""
        line = f"{line} {word}"
    return _checked("\r\n".join([*lines, line]))


def _checked(text: str) -> str:
    """Refuse what would be a further field: the last gate, whatever came before it."""
    for line in text.split("\r\n")[1:]:
        if not line.startswith(" ") or not line.strip():
            raise ValueError("a header field would be torn")
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text.replace("\r\n ", "")):
        raise ValueError("a header field holds a control character")
    return text


def text(name: str, value: str) -> str:
    """Write a field of free text, such as Subject."""
    return field(name, _text_words(one_line(value)))


def _text_words(value: str) -> list[str]:
    if _PLAIN.fullmatch(value) and "=?" not in value:
        return value.split(" ")
    return encoded(value)


def addresses(name: str, people: Iterable[Address]) -> str:
    """Write a field of addresses; domains in ASCII, local parts as they are (RFC 6532)."""
    words: list[str] = []
    for one in people:
        if words:
            words[-1] += ","
        words += _address(one)
    return field(name, words)


def _address(address: Address) -> list[str]:
    spec, name = wire(address.spec), one_line(address.name)
    if not name or name.casefold() == address.spec.casefold():
        return [spec]
    return [*_phrase(name), f"<{spec}>"]


def wire(spec: str) -> str:
    """Give an address as servers take it: its domain in ASCII."""
    local, _, domain = spec.rpartition("@")
    plain = ascii_domain(domain)
    if plain is None:
        raise ValueError("an address has no domain")
    return f"{local}@{plain}"


def _phrase(name: str) -> list[str]:
    if "=?" in name or not name.isascii() or len(name) > _OF_A_WORD or "  " in name:
        return encoded(name)
    if _ATOMS.fullmatch(name):
        return name.split(" ")
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return [f'"{escaped}"']


def ids(name: str, every: Iterable[str]) -> str:
    """Write a field of Message-IDs; they are never encoded (RFC 2047 5)."""
    return field(name, (f"<{one}>" for one in every))


def encoded(value: str) -> list[str]:
    """Write a text as encoded words, each of whole characters; the shorter of both encodings."""
    octets = value.encode()
    quoted = len(octets) + 2 * len(_UNSAFE.findall(octets))
    kind, form = ("q", _q) if quoted <= len(octets) * 4 / 3 + 4 else ("b", _b)
    return [f"{_PREFIX}{kind}?{word}{_SUFFIX}" for word in _cut(value, form)]


def _cut(value: str, form: Callable[[bytes], str], room: int = _OF_A_WORD - 12) -> Iterator[str]:
    """Cut where a character ends, so that each piece can be read alone; after a blank, if it can.

    Some readers put a blank between two encoded words of a name.
    """
    while value:
        end = _fitting(value, form, room)
        if end < len(value) and (blank := value.rfind(" ", end // 2, end)) > 0:
            end = blank + 1
        yield form(value[:end].encode())
        value = value[end:]


def _fitting(value: str, form: Callable[[bytes], str], room: int) -> int:
    end = min(len(value), room)
    while end > 1 and len(form(value[:end].encode())) > room:
        end -= 1
    return end


def _q(octets: bytes) -> str:
    escaped = _UNSAFE.sub(lambda one: b"=%02X" % one[0][0], octets)
    return escaped.replace(b" ", b"_").decode("ascii")


def _b(octets: bytes) -> str:
    return b64encode(octets).decode("ascii")


def parameters(first: str, name: str, file: str, *, words: bool = False) -> str:
    """Write a value with a file's name: RFC 2231, or encoded words for old readers (`words`)."""
    if file.isascii():
        return f'{first};\r\n {name}="{file}"'
    if words:
        return f'{first};\r\n {name}="{f"{chr(13)}{chr(10)} ".join(encoded(file))}"'
    return f"{first};\r\n " + ";\r\n ".join(_extended(name, file))


def _extended(name: str, file: str) -> list[str]:
    pieces = list(_cut(file, _percent, _WIDTH - len(name) - 14))
    if len(pieces) == 1:
        return [f"{name}*=utf-8''{pieces[0]}"]
    begins = [f"{name}*0*=utf-8''{pieces[0]}"]
    return begins + [f"{name}*{place}*={piece}" for place, piece in enumerate(pieces[1:], 1)]


def _percent(octets: bytes) -> str:
    return quote(octets, safe="!#$&+-.^_`|~")
