"""What a mail server replies to mail that is handed to it, and what follows from that."""

import re
from enum import StrEnum
from typing import Final

from domain.classes import dataclass


class Fate(StrEnum):
    """What became of a mail, or of it for one recipient."""

    ACCEPTED = "accepted"
    """The server took it over: whatever happens now, it tells by a notice."""
    REFUSED = "refused"
    DEFERRED = "deferred"
    """Nothing was taken over; it may be tried again as it is."""
    UNCERTAIN = "uncertain"
    """The content was begun to be sent, and nobody said what became of it."""


class Ground(StrEnum):
    """Why it was not accepted: it decides what is done next, and with what."""

    NONE = ""
    LATER = "later"
    SLOW_DOWN = "slow down"
    """The account has sent too much, or too fast, or the server is busy."""
    RECIPIENT = "recipient"
    MAIL = "mail"
    """The server will not have this mail, or this sender."""
    TOO_BIG = "too big"
    POLICY = "policy"
    """What we send is not wanted (X.7.x): the next mail may fare no better."""
    LOGIN = "login"
    """The server wants another login, or one at all: nothing is wrong with the mail."""
    CONNECTION = "connection"
    UNSAYABLE = "unsayable"
    """We cannot say it to this server; it was told nothing."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's reply (RFC 5321 4.2): `enhanced` is its finer code (RFC 3463), or empty.

    A `code` of 0 stands for none: the words are ours.
    """

    code: int
    text: str
    enhanced: str = ""


_LOGIN: Final = frozenset({530, 534, 535, 538})  # RFC 4954 6
_SLOW: Final = frozenset({421, 432})
_SLOW_CODES: Final = frozenset({"4.3.2", "4.4.5", "4.7.28", "4.7.500"})
"""Nothing is taken now, congested (RFC 3463 3.4, 3.5), a flood of mail (registry of RFC 5248), and
Exchange Online's "server busy"."""
_SLOW_WORDS: Final = re.compile(
    r"\btoo (?:many|much|fast|quickly|often|frequent)\b(?! (?:recipients|rcpt))"
    r"|\brate\b|\bslow(?:ing)? down\b|\bthrottl|(?<!mailbox )\bbusy\b|\boverload"
    r"|\blimits? (?:is |was |are |were )?(?:reached|exceeded)|\bexceed\w* .{0,40}\blimits?\b",
    re.IGNORECASE,
)
_OF_ONE_WORDS: Final = re.compile(
    r"\bgr[ae]y[- ]?list|(?<!queue )\bsize\b|\btoo (?:big|large)\b"
    r"|\bmailbox\b(?!.{0,80}\b(?:sen[dt]|sending|hour|hourly|day|daily)\b).{0,80}\b(?:quota|full)\b",
    re.IGNORECASE,
)
"""A mail that waits for being unknown or big, or for a recipient who has no room."""
_OF_ONE: Final = ("4.1.", "4.2.", "4.5.3", "4.6.")
"""About an address, a mailbox, too many recipients, the content: of this mail alone."""
_BIG: Final = frozenset({"5.3.4", "5.2.3"})  # RFC 3463 3.3, 3.4
_MANY_RECIPIENTS: Final = "5.5.3"


def fate_of(reply: Reply, *, of_recipient: bool = False) -> tuple[Fate, Ground]:
    """Say what a reply means, of which the first digit alone counts (RFC 5321 4.2.1).

    552 to a recipient means too many of them, which passes (RFC 5321 4.5.3.1.10), unless its
    enhanced code says something else.
    """
    match reply.code // 100:
        case 2:
            return Fate.ACCEPTED, Ground.NONE
        case 4:
            return Fate.DEFERRED, _later(reply)
        case 5:
            return _refused(reply, of_recipient=of_recipient)
        case _:
            return Fate.DEFERRED, Ground.CONNECTION


def _later(reply: Reply) -> Ground:
    """Say whether all mail has to wait, or this one: 4.7.x alone is greylisting as well."""
    if reply.code in _SLOW or reply.enhanced in _SLOW_CODES:
        return Ground.SLOW_DOWN
    if reply.enhanced.startswith(_OF_ONE) or _OF_ONE_WORDS.search(reply.text):
        return Ground.LATER
    return Ground.SLOW_DOWN if _SLOW_WORDS.search(reply.text) else Ground.LATER


def _refused(reply: Reply, *, of_recipient: bool) -> tuple[Fate, Ground]:
    if reply.code in _LOGIN:
        return Fate.DEFERRED, Ground.LOGIN
    if of_recipient and reply.enhanced in ("", _MANY_RECIPIENTS) and reply.code == 552:
        return Fate.DEFERRED, Ground.LATER
    if reply.enhanced in _BIG or (reply.code == 552 and not of_recipient):
        return Fate.REFUSED, Ground.TOO_BIG
    if reply.enhanced.startswith("5.7."):
        return Fate.REFUSED, Ground.POLICY
    return Fate.REFUSED, Ground.RECIPIENT if of_recipient else Ground.MAIL
