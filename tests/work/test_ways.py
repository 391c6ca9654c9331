"""Every way to a mailbox: plain, secured later, secured from the start; by an authority or a pin."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from adapters.imap.values import Limits
from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, configure
from api.work.instance import Carteggio
from api.work.steps import Step
from api.work.sync import Sync, Synced
from badcertificates import AUTHORITY, Shown, pin
from certificates import server
from domain.account import AccountConfigured, ConfigureAccount, decide, initial
from domain.values import MailboxId, Rejected
from dovecot import MailAccount
from instances import events_of
from speaking import GREETING, POLITE, securing, spoken
from trying import BOX, bad_at, entered, states, steps_of

NOW = datetime.now(UTC)
WAYS = [
    (protocol, security)
    for protocol in ("imap", "pop3")
    for security in ("plain", "starttls", "tls")
]


def mail(subject: str) -> bytes:
    return (
        f"From: ada@acme.example\r\nTo: {BOX}\r\nDate: {NOW:%a, %d %b %Y %H:%M:%S +0000}\r\n"
        f"Message-ID: <{subject.replace(' ', '.')}@acme.example>\r\nSubject: {subject}\r\n\r\n"
    ).encode()


def by(maildrop: MailAccount, protocol: str, security: str, **more: object) -> Entered:
    """Enter an account that comes to its mail in this way."""
    port = getattr(maildrop.server, protocol + ("s" if security == "tls" else ""))
    return entered(maildrop, protocol=protocol, security=security, port=port, **more)


def fetched(carteggio: Carteggio) -> list[Synced]:
    carteggio.feed.catch_up()
    limits = Limits(connect=10, command=20, fetch=20)
    with ReadingWorker() as worker:
        return asyncio.run(Sync(carteggio, worker, limits).all())


@pytest.mark.parametrize(("protocol", "security"), WAYS)
def test_every_way_leads_to_the_mailbox_and_only_plain_is_warned_of(maildrop, protocol, security):
    steps = steps_of(by(maildrop, protocol, security))
    plain = security == "plain"
    assert states(steps) == ["good", "good", "warning" if plain else "good", *["good"] * 3]
    assert ("in clear" in steps["TLS"].said) is plain


def test_mail_comes_by_every_way_and_from_a_pinned_server(carteggio: Carteggio, maildrop):
    for protocol, security in WAYS:
        user = maildrop.server.add_user()
        user.append(mail(f"{protocol} {security}"), when=NOW)
        configure(
            carteggio, by(user, protocol, security, address=f"{protocol}.{security}@firm.example")
        )
    maildrop.append(mail("pinned"), when=NOW)
    offered = bad_at(steps_of(by(maildrop, "imap", "tls", ca_file="")), "TLS").found["pin"]
    configure(carteggio, by(maildrop, "imap", "tls", ca_file="", pin=offered))
    configure(
        carteggio, by(maildrop, "pop3", "tls", address="other@firm.example", pin=pin(server()))
    )
    troubles = {one.account.address: one.kind for one in fetched(carteggio) if one.trouble}
    assert troubles == {"other@firm.example": "tls"}
    came = {one.content.subject for one in events_of(carteggio, "message.received")}
    assert came == {"pinned", *(f"{protocol} {security}" for protocol, security in WAYS)}


@pytest.mark.parametrize(("protocol", "security"), [way for way in WAYS if way[1] != "plain"])
def test_the_pin_that_is_offered_for_an_unknown_certificate_lets_its_server_in(
    maildrop, protocol, security
):
    given = by(maildrop, protocol, security, ca_file="")
    step = bad_at(steps_of(given), "TLS")
    assert "by CN=carteggio test authority, valid until 20" in step.said
    offered = re.search(r"trust exactly its key by its pin (sha256:\S{44})$", step.said)
    assert offered
    assert step.found["pin"] == offered[1]
    assert states(steps_of(replace(given, pin=offered[1]))) == ["good"] * 6


def test_a_pinned_server_with_another_key_is_refused_though_an_authority_vouches(maildrop):
    step = bad_at(steps_of(entered(maildrop, pin=pin(server()))), "TLS")
    warned, _, told = step.said.partition("; certificate for ")
    assert "another key than the one that is pinned; somebody may be intercepting" in warned
    assert "ask whoever runs the server whether its key was changed" in told
    assert "if you know that it is the right one" not in told
    assert step.found["doubt"] == "other_key"


def trusting(shown: Shown, folder: Path) -> Step:
    """Give the step of TLS at a server that shows this."""
    greeting = securing(shown.context(folder), after=GREETING)
    with spoken(POLITE, greeting) as port:
        given = Entered(BOX, shown.host, port, "tls", "x", "x", ca_file=str(folder / "ca.pem"))
        return bad_at(steps_of(given), "TLS")


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (
            Shown([server(AUTHORITY, "mail.firm.example")]),
            "; certificate for mail.firm.example by",
        ),
        (Shown([server(AUTHORITY, "*")]), r": \* is too wide, or stands for one label only; "),
        (
            Shown([server(AUTHORITY, subject="localhost")]),
            r"its subject \(CN\), which does not count",
        ),
    ],
    ids=["another name", "wildcard", "only a subject"],
)
def test_why_a_name_does_not_count_is_told(tmp_path, shown, said):
    step = trusting(shown, tmp_path)
    assert re.search(f"is for other names than localhost.*{said}", step.said)
    assert step.found["doubt"] == "other_name"


@pytest.mark.parametrize(
    ("security", "given", "said"),
    [
        ("tls", "sha256:abc", "a pin is sha256: and 44 characters"),
        ("tls", "sha1:" + pin(server())[7:], "a pin is sha256: and 44 characters"),
        ("tls", pin(server())[7:], "a pin is sha256: and 44 characters"),
        ("starttls", "sha256:" + "ä" * 44, "a pin is sha256: and 44 characters"),
        ("plain", pin(server()), "without TLS no server shows a key"),
    ],
    ids=["too short", "by SHA-1", "bare", "not in base64", "without TLS"],
)
def test_a_pin_that_means_nothing_is_refused(mail_account, security, given, said):
    one = entered(mail_account, security=security, pin=given)
    with pytest.raises(Rejected, match=said):
        steps_of(one)
    configured = AccountConfigured(
        MailboxId(UUID(int=1)), "imap", 1, security, "h", "u", pin=given
    )
    with pytest.raises(Rejected, match=said):
        decide(initial, ConfigureAccount(configured))
