"""Writing an envelope for a server as it can take it, or saying why it cannot be written.

The mail itself is never changed: what the server cannot take as it is, it is not given.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import IncrementalNewlineDecoder
from typing import Final

from adapters.smtp.values import Submission
from domain.replies import Ground, Reply

_LONGEST_LINE: Final = 998  # RFC 5321 4.5.3.1.6, without its end
_LONGEST_PATH: Final = 254  # RFC 5321 4.5.3.1.3, without its brackets
_TOGETHER: Final = 20
"""So many recipients are named at once: all answers together have at most 32 kB."""
_ASCII: Final = re.compile(r"[\x21-\x7e]+")
_DOTS: Final = re.compile(rb"\n\.")
_PLAIN: Final = re.compile(r"[\w.@-]+", re.ASCII)
# A local part (RFC 5321 4.1.2, RFC 6531 3.3) that may be quoted, and a domain or a literal.
_PATH: Final = re.compile(
    r'(?:"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"|[^\x00-\x20\x7f"(),:;<>@\[\\\]]+)'
    r"@(?:\[[\x21-\x5a\x5e-\x7e]+\]|[^\x00-\x20\x7f\"(),:;<>@\[\\\]]+)"
)


class Unsayable(Exception):
    """What cannot be said to this server, and why."""

    def __init__(self, sentence: str, ground: Ground = Ground.UNSAYABLE) -> None:
        super().__init__(sentence)
        self.ground = ground
        self.reply = Reply(0, sentence)


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a mail is announced to a server that can do this and that."""

    submission: Submission
    can: Mapping[str, str]
    asks_delivered: bool = False

    def mail(self) -> bytes:
        """Write MAIL with what the server offers; Unsayable: it cannot have this mail."""
        mail, can = self.submission, self.can
        _refuse_form(mail.raw)
        path = self._path(mail.sender) if mail.sender else ""
        self.refuse_unfit()
        more: list[str] = []
        if "SIZE" in can:
            more.append(f"SIZE={len(mail.raw)}")  # RFC 1870 6: without the dots that are doubled
        if not mail.raw.isascii():
            more.append("BODY=8BITMIME")
        if self._wants_utf8(path):
            more.append("SMTPUTF8")
        if "DSN" in can:
            more += ["RET=HDRS", *([f"ENVID={_xtext(mail.envid)}"] if mail.envid else [])]
        return " ".join([f"MAIL FROM:<{path}>", *more]).encode()

    def rcpt(self, address: str) -> bytes:
        """Write RCPT; Unsayable: the server cannot have this recipient."""
        path = self._path(address)
        more = ""
        if "DSN" in self.can:
            success = "SUCCESS," if self.asks_delivered else ""
            more = f" NOTIFY={success}FAILURE,DELAY ORCPT={_original(address)}"
        return f"RCPT TO:<{path}>{more}".encode()

    def together(self) -> list[bytes]:
        """Write MAIL, and all up to DATA for a server that takes that at once (RFC 2920 3.1).

        MAIL alone where there is nobody to name, or so many that their answers could not be kept.
        """
        named = dict.fromkeys(self.submission.recipients)
        people: list[bytes] = []
        if "PIPELINING" in self.can and len(named) <= _TOGETHER:
            for address in named:
                with suppress(Unsayable):  # it is told when it is its turn
                    people.append(self.rcpt(address))
        return [self.mail(), *people, b"DATA"] if people else [self.mail()]

    def refuse_unfit(self) -> None:
        """Raise Unsayable where the server says beforehand that it does not take such a mail."""
        mail, most = self.submission, self.can.get("SIZE", "").split(" ")[0]
        if most.isdecimal() and 0 < int(most[:18]) < len(mail.raw):
            said = f"the mail has {len(mail.raw):,} octets; the server takes {int(most):,} at most"
            raise Unsayable(said, Ground.TOO_BIG)
        if not mail.raw.isascii() and "8BITMIME" not in self.can:
            raise Unsayable("the mail has octets of 8 bits, which the server does not take")
        if mail.wants_utf8 and "SMTPUTF8" not in self.can:
            raise Unsayable("the mail's header is in UTF-8, which the server does not take")

    def _wants_utf8(self, path: str) -> bool:
        paths = (path, *map(_in_ascii, self.submission.recipients))
        return "SMTPUTF8" in self.can and (
            self.submission.wants_utf8 or not all(one.isascii() for one in paths)
        )

    def _path(self, address: str) -> str:
        short = len(address) <= _LONGEST_PATH and address.isprintable()
        if not short or not _PATH.fullmatch(address):
            shown = ascii(address[:_LONGEST_PATH])
            raise Unsayable(f"{shown} is no mail address that a server could be told")
        path = _in_ascii(address)
        if not path.isascii() and "SMTPUTF8" not in self.can:
            said = f"{address} is not in ASCII, and the server takes no such address (SMTPUTF8)"
            raise Unsayable(said)
        return path


def dotted(raw: bytes) -> bytes:
    """Give a mail as it goes over the wire: no line of it is the one that ends it (RFC 5321 4.5.2)."""
    stuffed = raw.replace(b"\r\n.", b"\r\n..") if _DOTS.search(raw) else raw
    return (b"." if raw.startswith(b".") else b"") + stuffed + b".\r\n"


def _refuse_form(raw: bytes) -> None:
    """Refuse what only BINARYMIME could carry unchanged (RFC 3030), and what smuggles mails in."""
    if not raw.endswith(b"\r\n"):
        raise Unsayable("the mail does not end with a line end (CRLF)")
    if b"\0" in raw or _line_ends(raw) != "\r\n":
        raise Unsayable("the mail has NUL, or a CR or LF that is no line end (RFC 5321 2.3.8)")
    at = 0
    while (end := raw.rfind(b"\r\n", at, at + _LONGEST_LINE + 2)) >= 0:  # many lines at a step
        at = end + 2
    if at < len(raw):
        said = f"a line of the mail is longer than {_LONGEST_LINE} octets (RFC 5322 2.1.1)"
        raise Unsayable(said)


def _line_ends(raw: bytes) -> str | tuple[str, ...] | None:
    """Tell which line ends a mail has; three times as fast as counting them."""
    looked = IncrementalNewlineDecoder(None, translate=False)
    looked.decode(raw.decode("latin-1"), final=True)
    return looked.newlines


def _in_ascii(address: str) -> str:
    """Write the domain as those who know only ASCII do, where that cannot mean another (RFC 5890).

    Python's codec is of 2003: what reads back otherwise (as ß, which became ss) stays as it is.
    """
    local, _, domain = address.rpartition("@")
    if domain.isascii() or not local.isascii():
        return address
    try:
        written = domain.encode("idna")
        same = written.decode("idna") == domain.lower()
    except UnicodeError:
        return address
    return f"{local}@{written.decode('ascii')}" if same else address


def _original(address: str) -> str:
    """Write who it was meant for, as notices bring it back (RFC 3461 4.2, RFC 6533 3)."""
    if address.isascii():
        return f"rfc822;{_xtext(address)}"
    return "utf-8;" + "".join(
        x if _ASCII.fullmatch(x) and x not in "+=\\" else f"\\x{{{ord(x):X}}}" for x in address
    )


def _xtext(text: str) -> str:
    """Write text so that no parameter ends in it (RFC 3461 4)."""
    if _PLAIN.fullmatch(text):
        return text
    return "".join(
        x if _ASCII.fullmatch(x) and x not in "+=" else "".join(f"+{o:02X}" for o in x.encode())
        for x in text
    )
