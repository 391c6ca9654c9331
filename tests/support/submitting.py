"""A real server that takes mail: Dovecot's submission service, which hands it on to a scripted one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from consenting import believing
from dovecot import free_ports

if TYPE_CHECKING:
    from dovecot import Dovecot
    from smtpscript import Sink

BINARY = Path("/usr/lib/dovecot/submission")
# Its own connection to the scripted server is in clear: both are on the loopback.
SUBMISSION = """
protocols = imap pop3 submission
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_relay_ssl = no
submission_max_mail_size = 100 k
service submission-login {{
  chroot =
  service_count = 0
  inet_listener submission {{
    port = {submission}
  }}
  inet_listener submissions {{
    port = {submissions}
    ssl = yes
  }}
}}
"""


@dataclass(frozen=True)
class Submitting:
    """The server, its ports, and what arrives behind it."""

    dovecot: "Dovecot"
    submission: int
    submissions: int
    sink: "Sink"


@contextmanager
def submitting() -> Iterator[Submitting]:
    """Run both until the block is left."""
    from smtpscript import POLITE, Sink, speaking  # noqa: PLC0415
    from speaking import in_thread, text  # noqa: PLC0415

    offers = b"250-relay.example\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n"
    sink = Sink()
    with in_thread(lambda: speaking(POLITE | {"EHLO": text(offers)}, sink)) as relay:
        submission, submissions = free_ports(2)
        ports = {"relay": relay, "submission": submission, "submissions": submissions}
        with believing(more=SUBMISSION.format(**ports)) as dovecot:
            yield Submitting(dovecot, submission, submissions, sink)


@pytest.fixture(scope="module")
def submission_server() -> Iterator[Submitting]:
    """Run both for a module's tests."""
    if not BINARY.exists():
        pytest.skip("Dovecot takes no mail here: apt-get install dovecot-submissiond")
    with submitting() as both:
        yield both
