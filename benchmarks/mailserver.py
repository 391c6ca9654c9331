"""A mail server for one run (Dovecot, as the tests have it), and mailboxes on it full of made mail."""

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from api.work.accounts import Entered, Security, configure
from api.work.instance import Carteggio
from benchmarks.mailmaker import Mail
from benchmarks.stage import ROOT

if TYPE_CHECKING:
    from dovecot import Dovecot, MailAccount


@dataclass(frozen=True, slots=True)
class Filled:
    """What was put into a mailbox: digests and octets are those of the wire, with CRLF."""

    digests: tuple[str, ...]
    octets: int


@contextmanager
def mail_server(more: str = "") -> Iterator["Dovecot"]:
    """Run a server, with further lines of configuration."""
    support = str(ROOT / "tests" / "support")
    if support not in sys.path:
        sys.path.append(support)
    from dovecot import running  # noqa: PLC0415  only now can it be found

    with running(more) as server:
        yield server


def fill(
    user: "MailAccount", mail: Iterator[Mail], most: int, octets: int = sys.maxsize
) -> Filled:
    """Lay mail into a user's INBOX, until one of both is reached."""
    digests: list[str] = []
    written = 0

    def named() -> Iterator[tuple[str, bytes]]:
        nonlocal written
        for number, one in enumerate(islice(mail, most)):
            raw = one.raw.replace(b"\n", b"\r\n")
            digests.append(hashlib.sha256(raw).hexdigest())
            written += len(raw)
            yield f"{int(one.at.timestamp())}.{number:06}.bench,S={len(raw)},W={len(raw)}:2,", raw
            if written >= octets:
                return

    user.deliver(named())
    return Filled(tuple(digests), written)


def enter(
    carteggio: Carteggio, address: str, user: "MailAccount", security: Security = "plain"
) -> None:
    """Let Carteggio fetch a user's mail for an address: in clear, or over TLS."""
    server = user.server
    port, authority = server.imap, ""
    if security == "tls":
        port, authority = server.imaps, str(server.authority)
    configure(
        carteggio,
        Entered(address, server.host, port, security, user.user, user.password, authority),
    )
