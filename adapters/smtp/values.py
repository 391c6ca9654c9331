"""The words of sending: the account, a mail as it is handed over, and what became of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from adapters.serveraccount import ServerAccount
from domain.replies import Fate, Ground, Reply


@dataclass(frozen=True, slots=True)
class SmtpAccount(ServerAccount):
    """Where mail is handed over, and how.

    Without a `user` nobody logs in. `called` is what we say that we are (RFC 5321 4.1.1.1); without
    it the connection's own address. `asks_delivered`: a server that offers it (RFC 3461) is asked to
    report also what was delivered, not only what was not.
    """

    called: str = ""
    asks_delivered: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a server may take, in seconds; for mail as long as RFC 5321 4.5.3.2 wants."""

    connect: float = 20
    command: float = 60
    """For the greeting, the login, and what else is not about a mail."""
    envelope: float = 300
    """For the sender, and for each recipient."""
    data: float = 120
    content: float = 600
    """Until it says what becomes of the mail, beside the time to send it in."""
    slowest: int = 10_000
    """So many octets a second a connection has at least."""
    mails: int = 100
    """So many mails go over one connection."""


class Phase(StrEnum):
    """The parts of handing over a mail; the content begins only after the last of them is told."""

    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"


Tell = Callable[[Phase], Awaitable[None]]
"""Is told each part before it begins; what it raises ends the work before that part."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A mail that is handed over; `raw` goes out as it is, octet for octet, all its lines in CRLF.

    The `sender` is the envelope's, where notices go to; empty: nowhere (RFC 5321 4.5.5). `envid`
    comes back in notices where the server offers that (RFC 3461 4.4). `wants_utf8`: its header has
    UTF-8 in it (RFC 6532).
    """

    sender: str
    recipients: tuple[str, ...]
    raw: bytes = field(repr=False)
    envid: str = ""
    wants_utf8: bool = False


@dataclass(frozen=True, slots=True)
class ToRecipient:
    """What became of a mail for one recipient."""

    address: str
    fate: Fate
    ground: Ground
    reply: Reply


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mail: in whole, and for each recipient in the order of the submission.

    `reply` is the last word on the whole; `named` is the id that it gives the mail, or empty.
    """

    fate: Fate
    ground: Ground
    reply: Reply
    recipients: tuple[ToRecipient, ...]
    named: str = ""
