"""Signed tokens of our own: they name a message or a document, and nobody else can make one.

A token is 46 letters: what it names (`m` or `d`), then the id (128 bits) and a keyed digest of both
(80 bits) to the base of 26. Letters alone, because mail systems change their case, and so that none
is ever taken for a document's number. It stands in a Message-ID, in the local part of an address
behind a plus, in a text, or in a subject. Reading it proves that we made it, and nothing of who
uses it: whoever was sent a mail can pass it on.
"""

import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.classes import dataclass
from domain.content import Content

MESSAGE_ID: Final = "message-id"
PLUS_ADDRESS: Final = "plus-address"
BODY: Final = "body"
SUBJECT: Final = "subject"
_PLACES: Final = (MESSAGE_ID, PLUS_ADDRESS, SUBJECT, BODY)
_ID, _DIGEST = 16, 10
_LETTERS: Final = 45
_LONGEST_LOCAL: Final = 64
"""Octets of an address before its @ (RFC 5321 4.5.3.1.1)."""
_MOST: Final = 8
"""So many tokens of one place are looked at."""
_MOST_OF_ALL: Final = 16
_INSIDE: Final = re.compile(r"(?<![A-Za-z0-9])[Cc]\.[A-Za-z]{46}(?![A-Za-z0-9])")
_BLANKS: Final = r"\s\u200b\u200c\u200d\ufeff>|"
"""What wrapping and quoting put between any two letters."""
_IN_TEXT: Final = re.compile(
    rf"\[[{_BLANKS}]{{0,20}}[Rr][Ee][Ff][{_BLANKS}]{{0,20}}:[A-Za-z{_BLANKS}]{{46,200}}\]"
)
_IN_SUBJECT: Final = re.compile(r"\[[^\[\]#]{1,60}#[A-Za-z\s]{46,80}\]")
_RECEIVERS: Final = (
    "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to",
    "apparently-to", "x-rcpt-to", "received",
)  # fmt: skip
"""Trace headers that tell to which address a copy was delivered."""


class Names(StrEnum):
    """What a token can name."""

    MESSAGE = "message"
    DOCUMENT = "document"


_KINDS: Final = {"m": Names.MESSAGE, "d": Names.DOCUMENT}


@dataclass(frozen=True, slots=True)
class Named:
    """What a token names: a message or a document, by its stream id."""

    kind: Names
    id: UUID

    @property
    def ref(self) -> str:
        """Give the text under which look-ups keep who names it."""
        return f"{self.kind.value}:{self.id.hex}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What looks like a token of ours: where it stands, and the very words."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Signing:
    """What a company's tokens are known by.

    With a `ticket_marker` those in subjects count too, as `[ACME #…]`; else none of these does.
    """

    key: bytes = field(repr=False)
    ticket_marker: str = ""

    def read(self, seen: Seen) -> Named | None:
        """Tell what a token names; None where it is not ours, or its place does not count."""
        if seen.where == SUBJECT and not self._ticket(seen.text):
            return None
        return read(self.key, seen.text)

    def _ticket(self, text: str) -> bool:
        prefix = " ".join(text[1:].partition("#")[0].split())
        return bool(self.ticket_marker) and prefix.casefold() == self.ticket_marker.casefold()


# ---- making


def sign(key: bytes, named: Named) -> str:
    """Make the token of a message or document; the same one each time."""
    number, letters = int.from_bytes(named.id.bytes + _digest(key, named)), ""
    for _ in range(_LETTERS):
        number, digit = divmod(number, 26)
        letters = chr(97 + digit) + letters
    return named.kind.value[0] + letters


def message_id(token: str, unique: str, domain: str) -> str:
    """Give a Message-ID, without brackets; `unique` (letters, digits) makes it one of its own."""
    return f"c.{token}.{unique}@{domain}"


def plus_address(address: str, token: str) -> str | None:
    """Give an address under which answers come back with the token (RFC 5233).

    None where there is no room for it: a local part has 64 octets at most.
    """
    local, _, domain = address.rpartition("@")
    longer = f"{local}+c.{token}"
    return f"{longer}@{domain}" if len(longer.encode()) <= _LONGEST_LOCAL else None


def body_marker(token: str) -> str:
    """Give the words that stand in a text."""
    return f"[Ref: {token}]"


def subject_marker(ticket_marker: str, token: str) -> str:
    """Give the words that stand in a subject, for who wants them there."""
    return f"[{ticket_marker} #{token}]"


def without_token(address: str) -> str:
    """Give an address, in lower case, as it is without what `plus_address` added."""
    local, at, domain = address.rpartition("@")
    found = _INSIDE.search(local) if "+c." in address else None
    return address if found is None else f"{local[: found.start()].rstrip('+')}{at}{domain}"


# ---- reading


def read(key: bytes, text: str) -> Named | None:
    """Tell what a token names, however it was wrapped; None where it is forged or changed."""
    found = _opened(text)
    if found is None:
        return None
    named, digest = found
    return named if hmac.compare_digest(digest, _digest(key, named)) else None


def claimed(text: str) -> Named | None:
    """Tell what a token claims to name: only `read` tells whether it is one of ours."""
    found = _opened(text)
    return None if found is None else found[0]


def refs_claimed(tokens: Iterable[Seen]) -> list[str]:
    """Give the refs of what tokens claim to name."""
    found = (claimed(one.text) for one in tokens)
    return [one.ref for one in found if one is not None]


def gathered(tokens: Iterable[Seen]) -> tuple[Seen, ...]:
    """Keep tokens, the best evidence first, in an order that does not depend on how they came."""
    return tuple(sorted(set(tokens), key=_rank)[:_MOST_OF_ALL])


def _rank(seen: Seen) -> tuple[int, str]:
    return _PLACES.index(seen.where), seen.text


def tokens_in(content: Content) -> Iterator[Seen]:
    """Give all that looks like a token, in what a mail answers, its receivers and its texts.

    What the mail calls itself does not count: its own Message-ID and Reply-To.
    """
    yield from _ids((*content.in_reply_to, *reversed(content.references)))
    receivers = (*content.to, *content.cc, *content.bcc)
    yield from _inside(PLUS_ADDRESS, (one.spec for one in receivers))
    yield from tokens_in_trace(content.trace)
    if "#" in content.subject:
        yield from _matching(SUBJECT, _IN_SUBJECT, content.subject)
    yield from _matching(BODY, _IN_TEXT, content.text)
    if content.forwarded is not None and content.forwarded.text:
        yield from _matching(BODY, _IN_TEXT, content.forwarded.text)


def tokens_in_trace(trace: Iterable[tuple[str, str]]) -> Iterator[Seen]:
    """Give those in the addresses to which a copy was delivered."""
    return _inside(PLUS_ADDRESS, (value for name, value in trace if name in _RECEIVERS))


def _ids(ids: Iterable[str]) -> Iterator[Seen]:
    return _inside(MESSAGE_ID, ids)


def _inside(where: str, texts: Iterable[str]) -> Iterator[Seen]:
    found = 0
    for text in texts:
        if "c." not in text and "C." not in text:
            continue
        for one in _matching(where, _INSIDE, text):
            yield one
            found += 1
        if found >= _MOST:
            return


def _matching(where: str, pattern: re.Pattern[str], text: str) -> Iterator[Seen]:
    for count, found in enumerate(pattern.finditer(text)):
        if count >= _MOST:
            return
        if claimed(found.group()) is not None:
            yield Seen(where, found.group())


def _opened(text: str) -> tuple[Named, bytes] | None:
    last = re.split(r"[.:#]", text)[-1]
    letters = [one for one in last if one.isascii() and one.isalpha()]
    kind = _KINDS.get(letters[0].lower()) if letters else None
    if kind is None or len(letters) != 1 + _LETTERS:
        return None
    number = 0
    for one in letters[1:]:
        number = number * 26 + ord(one.lower()) - 97
    if number >> 8 * (_ID + _DIGEST):
        return None
    octets = number.to_bytes(_ID + _DIGEST)
    return Named(kind, UUID(bytes=octets[:_ID])), octets[_ID:]


def _digest(key: bytes, named: Named) -> bytes:
    said = named.kind.value.encode() + b"\0" + named.id.bytes
    return hmac.digest(key, said, "sha256")[:_DIGEST]
