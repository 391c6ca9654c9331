"""POP3 servers that mean ill, by name: each ends in its trouble, and is visited again."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.pop3.session import Pop3Session
from adapters.pop3.values import Fetched, Limits, Pop3Account
from badcertificates import AUTHORITY, Shown
from certificates import server
from pop3script import MAIL, POLITE, SILENCE, forever, speaking, text, then_drop, trickle
from speaking import Script, Security, securing

_T = TroubleKind
LIMITS = Limits(
    connect=20, command=20, fetch=20, answer=100_000, largest=100_000, header=100_000,
    patience=0, pause=0,
)  # fmt: skip
SHORT = replace(LIMITS, connect=0.3, command=0.3, fetch=0.3)
"""For a visit that has to end by its deadline."""
_BOMB = b"+OK\r\n" + b"x" * 99 + b"\r\n"


SCRIPTS = [
    Script("silent", _T.TIMEOUT, {"STAT": SILENCE}),
    Script("slow loris", _T.TIMEOUT, {"LIST": trickle(b"x", b"+OK ")}),
    Script("message line by line", _T.TIMEOUT, {"RETR": trickle(b"x\r\n", b"+OK\r\n")}),
    Script("endless line", _T.TOO_MUCH_DATA, {"USER": forever(b"x")}),
    Script("endless list", _T.TOO_MUCH_DATA, {"UIDL": forever(b"1 2\r\n", b"+OK\r\n")}),
    Script("can everything", _T.TOO_MUCH_DATA, {"CAPA": forever(b"CAN\r\n", b"+OK\r\n")}),
    Script("message bomb", _T.TOO_MUCH_DATA, {"RETR": forever(_BOMB, b"+OK\r\n")}),
    Script("messages beyond measure", _T.TOO_MUCH_DATA, {"STAT": text(b"+OK 999999999 1\r\n")}),
    Script(
        "size beyond measure", _T.PROTOCOL, {"LIST": text(b"+OK\r\n1 %s\r\n.\r\n" % (b"9" * 99))}
    ),
    Script("negative size", _T.PROTOCOL, {"LIST": text(b"+OK\r\n1 -21\r\n.\r\n")}),
    Script("NUL", _T.PROTOCOL, {"STAT": text(b"\0\0\0\r\n")}),
    Script("neither +OK nor -ERR", _T.PROTOCOL, {"PASS": text(b"MAYBE\r\n")}),
    Script("speaks before it is asked", _T.PROTOCOL, {"": text(b"+OK\r\n+OK\r\n")}),
    Script("speaks IMAP", _T.PROTOCOL, {"": text(b"* OK IMAP4rev1\r\n")}),
    Script("half a message", _T.LOST, {"RETR": then_drop(b"+OK\r\nSubject: x\r\n")}),
    Script("closes at once", _T.LOST, {"": then_drop(b"")}),
    Script("turns everybody away", _T.UNREACHABLE, {"": text(b"-ERR too many\r\n")}),
    Script("locked", _T.UNREACHABLE, {"PASS": text(b"-ERR [IN-USE] locked\r\n")}),
    Script("refuses STLS", _T.TLS, {"STLS": text(b"-ERR no\r\n")}, "starttls"),
    Script("STLS injection", _T.TLS, {"STLS": text(b"+OK\r\n+OK injected\r\n")}, "starttls"),
    Script(
        "agrees on TLS and closes", _T.UNREACHABLE, {"STLS": then_drop(b"+OK\r\n")}, "starttls"
    ),
    Script("clear text in place of TLS", _T.TLS, {"": text(b"+OK ready\r\n")}, "tls"),
    Script("silent in place of TLS", _T.TIMEOUT, {"": trickle(b"")}, "tls"),
]


def account(port: int, security: Security = "plain", folder: Path | None = None) -> Pop3Account:
    authority = folder / "ca.pem" if folder else None
    return Pop3Account("127.0.0.1", port, security, "anna", "secret", authority)


async def visit(here: Pop3Account, limits: Limits) -> list[bytes]:
    """Fetch and delete all that is there."""
    async with Pop3Session(here, limits) as session:
        listing = await session.listing()
        mail = [one async for some in session.fetch(listing) for one in some]
        await session.delete([one.listed for one in mail])
        await session.quit()
    return [one.raw for one in mail if isinstance(one, Fetched)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
async def test_a_hostile_server_ends_in_its_trouble_and_is_visited_again(tmp_path, script: Script):
    context = Shown([server(AUTHORITY)]).context(tmp_path)
    tls = {"": securing(context, after=b"+OK ready\r\n")} if script.security == "tls" else {}
    good = POLITE | {"STLS": securing(context, b"+OK\r\n")} | tls
    answers = POLITE | script.answers
    limits = SHORT if script.kind is _T.TIMEOUT else LIMITS
    async with speaking(answers) as port, speaking(POLITE) as other, asyncio.timeout(60):
        here = account(port, script.security, tmp_path)
        visits = visit(here, limits), visit(account(other), LIMITS)
        ill, well = await asyncio.gather(*visits, return_exceptions=True)
        assert isinstance(ill, ServerTrouble), ill
        assert (ill.kind, "secret" in ill.sentence) == (script.kind, False)
        assert well == [MAIL] * 3
        answers.update(good)
        assert await visit(here, LIMITS) == [MAIL] * 3
