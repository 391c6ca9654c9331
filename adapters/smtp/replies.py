"""Reading a server's reply: its codes, its words, and the id that it gives a mail."""

import re
from typing import Final

from aiosmtplib import SMTPResponse

from adapters.mailservers import words
from domain.replies import Reply

LONGEST: Final = 1_000
"""So many characters of a reply are kept."""
# RFC 3463 2; it stands before the words, of each line anew (RFC 2034 4).
_ENHANCED: Final = re.compile(r"([245])\.\d{1,3}\.\d{1,3}(?=\s|$)")
_NAMED: Final = (
    re.compile(r"<([^<>\s]{1,500}@[^<>\s]{1,255})>"),  # Exchange: the Message-ID as it has it
    re.compile(r"\bqueued as ([\w.+/=-]{1,200})", re.IGNORECASE),  # Postfix
    re.compile(r"\bid=([\w.+/-]{1,200})", re.IGNORECASE),  # Exim
    re.compile(r"^OK ([\w.+-]{10,200})(?= |$)", re.IGNORECASE),  # Amazon SES, Google
)


def reply_of(said: SMTPResponse) -> Reply:
    """Read a reply; ValueError: its code is none (RFC 5321 4.2)."""
    if not 200 <= said.code <= 599:
        raise ValueError(f"{said.code} {said.message}")
    enhanced = ""
    lines: list[str] = []
    for line in said.message.split("\n"):
        found = _ENHANCED.match(line)
        if found is None or found[1] != str(said.code // 100):
            lines.append(line)
            continue
        enhanced = enhanced or found[0]
        lines.append(line[found.end() :])
    text = " ".join(lines).encode("utf-8", "surrogateescape")
    return Reply(said.code, words(text, LONGEST), enhanced)


def id_named(reply: Reply) -> str:
    """Give the id under which the server has a mail, if its reply names one."""
    found = next(filter(None, (one.search(reply.text) for one in _NAMED)), None)
    return found[1] if found else ""
