"""A mail as a person or a program composes it, before its octets are made.

Nothing here is checked when it is made: a draft may be wrong. What speaks against sending it is in
`objections.py`; the octets are made by `adapters/building/`.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.classes import dataclass
from domain.hostnames import apart
from domain.values import Address

MESSAGE: Final = "message/rfc822"
_BREAKS: Final = re.compile("[ ]*[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+[ ]*")
_JOINERS: Final = "\u200c\u200d\u200e\u200f\u061c"
"""Invisible signs that belong to writing: joiners (Persian, emoji) and marks of direction."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATES: Final = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a mail is from: `spec` is the address, `name` the person, `company` may be empty."""

    spec: str
    name: str = ""
    company: str = ""

    @property
    def address(self) -> Address:
        """Give the address with the name that is shown: `Anna Bianchi, Ditta SRL`."""
        return Address(self.spec, ", ".join(one for one in (self.name, self.company) if one))


@dataclass(frozen=True, slots=True)
class File:
    """An attachment, or a picture within the text if it has a `content_id` (without brackets).

    Pictures that the HTML does not show, or mail programs do not, are attached all the same.
    `content` is the key under which the octets are given when the mail is built. An attached mail
    has the media type message/rfc822, and its raw octets as content.
    """

    name: str
    media_type: str
    content: str
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class QuotedPicture:
    """A picture in quoted text: its content id, and its place among the original's attachments."""

    content_id: str
    place: int


@dataclass(frozen=True, slots=True)
class Quote:
    """What stands below the new text: the mail that is answered or passed on.

    `html` is empty where the original has none that can be shown; the text is always there.
    """

    text: str = ""
    html: str = ""
    pictures: tuple[QuotedPicture, ...] = ()


class Automatic(StrEnum):
    """Why a program sends by itself: the value of Auto-Submitted (RFC 3834 5)."""

    REPLIED = "auto-replied"
    GENERATED = "auto-generated"


@dataclass(frozen=True, slots=True)
class Mass:
    """How a recipient of a mailing is let out of it: by one POST (RFC 8058), or by mail."""

    url: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail as composed. Ids have no brackets; `at` has a zone; `message_id` is of our domain.

    `text` and `html` are the new text, in one form or both; `marker` is the signed token's words
    below it, `quote` what follows. `submitted_by` is who sends in the author's place (Sender,
    RFC 5322 3.6.2). `certified`: it goes out as PEC (RFC 6109). `language` as in RFC 5646.
    `rule` is the rule that sends it, by its id and version.
    """

    message_id: str
    at: datetime
    sender: Sender
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    submitted_by: Address | None = None
    subject: str = ""
    text: str = ""
    html: str = ""
    marker: str = ""
    quote: Quote | None = None
    files: tuple[File, ...] = ()
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    automatic: Automatic | None = None
    mass: Mass | None = None
    certified: bool = False
    language: str = ""
    rule: str = ""

    @property
    def recipients(self) -> tuple[Address, ...]:
        """Give all who shall get it, in blind copy too, each address once."""
        return each_once((*self.to, *self.cc, *self.bcc))


def each_once(people: Iterable[Address]) -> tuple[Address, ...]:
    """Give each mailbox once, as it stands there first; case makes no other one."""
    every: dict[str, Address] = {}
    for one in people:
        every.setdefault(apart(one.spec), one)
    return tuple(every.values())


def one_line(text: str) -> str:
    """Give a text as a header field may hold it: what breaks a line is a blank, no controls.

    Left out besides: what reorders or hides text (bidirectional embedding, zero width blanks,
    tags); half of a surrogate pair becomes U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    whole = "".join(one for one in _BREAKS.sub(" ", _whole(text)) if _is_seen(one))
    return whole.strip()


def _is_seen(one: str) -> bool:
    return unicodedata.category(one) not in ("Cc", "Cf") or one in _JOINERS


def plain_body(text: str) -> str:
    """Give a text as a body may hold it: lines end with LF, the last one too; no controls."""
    lines = _whole(text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", lines).rstrip("\n") + "\n"


def _whole(text: str) -> str:
    """Join surrogate pairs; JSON and UTF-16 programs leave them, and halves of them."""
    if text.isascii() or not _SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
