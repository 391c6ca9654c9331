"""Certificates that are not to be trusted are refused, with the reason, before anything is said."""

import base64
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

import pop3script
import smtpscript
import speaking
from adapters.imap.session import ImapSession
from adapters.imap.values import ImapAccount
from adapters.mailservers import ServerTrouble, TroubleKind, Untrusted
from adapters.pop3.session import Pop3Session
from adapters.pop3.values import Pop3Account
from adapters.smtp.session import SmtpSession
from adapters.smtp.values import SmtpAccount
from badcertificates import AUTHORITY, BAD, Bad, Shown, pin
from certificates import authority, new_key, server
from speaking import GREETING, securing, securing_in_vain, text

Protocol = Literal["imap", "pop3", "smtp"]
Security = Literal["tls", "starttls"]

PROTOCOLS = ("imap", "pop3", "smtp")
WAYS = [(protocol, security) for protocol in PROTOCOLS for security in ("tls", "starttls")]
ASKED = {"imap": [b"STARTTLS"], "pop3": [b"STLS"], "smtp": [b"EHLO", b"STARTTLS"]}
SAID = {
    "imap": (GREETING, b"TAG OK\r\n"),
    "pop3": (b"+OK ready\r\n", b"+OK\r\n"),
    "smtp": (b"220 ready\r\n", b"220 go on\r\n"),
}


@asynccontextmanager
async def serving(
    protocol: Protocol, security: Security, shown: Shown, folder: Path, heard: list[bytes]
) -> AsyncIterator[int]:
    """Run a polite server that notes what it hears, in clear and decrypted."""
    context, (hello, agreed) = shown.context(folder), SAID[protocol]
    before, after = (b"", hello) if security == "tls" else (agreed, b"")
    secured = securing_in_vain(context, before) if shown.old else securing(context, before, after)
    greeting = secured if security == "tls" else text(hello)
    if protocol == "imap":
        answers = speaking.POLITE | {"STARTTLS": secured}
        running = speaking.speaking(answers, greeting, heard)
    elif protocol == "smtp":
        offers = text(b"250-x\r\n250-STARTTLS\r\n250 AUTH LOGIN PLAIN\r\n")
        told = smtpscript.POLITE | {"": greeting, "STARTTLS": secured, "EHLO": offers}
        running = smtpscript.speaking(told, smtpscript.Sink(heard))
    else:
        said = pop3script.POLITE | {"": greeting, "STLS": secured}
        running = pop3script.speaking(said, heard)
    async with running as port:
        yield port


async def visit(
    protocol: Protocol, security: Security, shown: Shown, folder: Path, heard: list[bytes]
) -> None:
    """Log in at a server that shows this."""
    async with AsyncExitStack() as stack:
        serves = serving(protocol, security, shown, folder, heard)
        given = (shown.host, await stack.enter_async_context(serves), security, "anna", "secret")
        more = (folder / "ca.pem", shown.pin)
        if protocol == "imap":
            await stack.enter_async_context(ImapSession(ImapAccount(*given, *more)))
        elif protocol == "smtp":
            await stack.enter_async_context(SmtpSession(SmtpAccount(*given, *more)))
        else:
            await stack.enter_async_context(Pop3Session(Pop3Account(*given, *more)))


def let_in(heard: list[bytes]) -> bool:
    """Say whether the password was told, in clear or as SASL PLAIN has it."""
    coded = base64.b64encode(b"\0anna\0secret")
    return any(b"secret" in line or coded in line for line in heard)


@pytest.mark.parametrize(("protocol", "security"), WAYS)
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
async def test_a_bad_certificate_is_refused_before_anything_is_said(
    tmp_path, bad: Bad, protocol, security
):
    heard: list[bytes] = []
    with pytest.raises(ServerTrouble, match=bad.said) as trouble:
        await visit(protocol, security, bad.shown(), tmp_path, heard)
    assert trouble.value.kind is TroubleKind.TLS
    assert bad.doubt is (trouble.value.doubt if isinstance(trouble.value, Untrusted) else None)
    asked = ASKED[protocol] if security == "starttls" else []
    assert [line.split()[-1 if protocol == "imap" else 0] for line in heard] == asked


@pytest.mark.parametrize(("protocol", "security"), WAYS)
@pytest.mark.parametrize(
    "shown",
    [Shown([server(AUTHORITY)]), Shown([server(AUTHORITY)], host="127.0.0.1")],
    ids=["by name", "by address"],
)
async def test_a_good_certificate_lets_the_login_through(tmp_path, shown, protocol, security):
    heard: list[bytes] = []
    await visit(protocol, security, shown, tmp_path, heard)
    assert let_in(heard)


PINNED = {
    "self-signed": server(),
    "self-signed, run out, for another name": server(None, "mail.firm.example", days=(-9, -1)),
    "by an unknown authority": server(authority("somebody else")),
    "by a known authority": server(AUTHORITY),
}


@pytest.mark.parametrize(("protocol", "security"), WAYS)
@pytest.mark.parametrize("name", PINNED)
async def test_exactly_the_pinned_key_is_trusted(tmp_path, name, protocol, security):
    shown = Shown([PINNED[name]], pin=pin(PINNED[name]))
    heard: list[bytes] = []
    await visit(protocol, security, shown, tmp_path, heard)
    assert let_in(heard)
    with pytest.raises(Untrusted, match="has another key than the one that is pinned"):
        await visit(protocol, security, replace(shown, pin=pin(server())), tmp_path, [])


async def test_a_certificate_that_is_renewed_for_the_same_key_fits_its_pin(tmp_path):
    key = new_key()
    first, renewed = server(key=key), server(AUTHORITY, days=(-1, 300), key=key)
    heard: list[bytes] = []
    await visit("imap", "tls", Shown([renewed], pin=pin(first)), tmp_path, heard)
    assert heard


def test_a_pin_is_what_openssl_says_of_the_key(tmp_path):
    one = server()
    Shown([one]).context(tmp_path)
    commands = (
        "openssl x509 -pubkey -noout -in server.pem | openssl pkey -pubin -outform DER"
        " | openssl dgst -sha256 -binary | openssl base64"
    )
    said = subprocess.run(
        ["sh", "-c", commands], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert pin(one) == f"sha256:{said.stdout.strip()}"
