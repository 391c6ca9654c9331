"""Servers that mean ill or are broken: each ends in a trouble with a name, in time, without a hang."""

import asyncio
import base64
from dataclasses import replace
from typing import Literal

import pytest

from adapters.imap.session import ImapSession
from adapters.imap.values import (
    ImapAccount,
    ImapTrouble,
    Limits,
    TroubleKind,
)
from speaking import POLITE, SILENCE, forever, speaking, text, then_drop, trickle

PATIENT = Limits(connect=20, command=20, fetch=20, line=100_000, answer=200_000, patience=0)
SHORT = replace(PATIENT, connect=0.3, command=0.3, fetch=0.3)


def account(port: int, security: Literal["tls", "starttls", "plain"] = "plain") -> ImapAccount:
    return ImapAccount("127.0.0.1", port, security, "anna", "secret")


async def whole_visit(
    port: int, security: Literal["tls", "starttls", "plain"] = "plain", limits: Limits = PATIENT
) -> None:
    async with asyncio.timeout(60), ImapSession(account(port, security), limits) as session:
        await session.folders()
        await session.select("INBOX")
        new = await session.uids_with_sizes()
        async for _ in session.fetch(new):
            pass


ILL = [
    ("endless line", forever(b"x"), TroubleKind.TOO_MUCH_DATA),
    ("endless lines", forever(b"* 1 EXISTS\r\n"), TroubleKind.TOO_MUCH_DATA),
    ("endless string", forever(b"x", b'* 1 FETCH (UID 1 BODY[] "'), TroubleKind.TOO_MUCH_DATA),
    (
        "huge literal",
        text(b"* 1 FETCH (UID 1 BODY[] {999999999999}\r\n"),
        TroubleKind.TOO_MUCH_DATA,
    ),
    (
        "endless literals",
        forever(b"x {1}\r\n", b"* 1 FETCH (UID 1 BODY[] {1}\r\n"),
        TroubleKind.TOO_MUCH_DATA,
    ),
    (
        "more than asked for",
        forever(b"x", b"* 1 FETCH (UID 1 BODY[] {15000000}\r\n"),
        TroubleKind.TOO_MUCH_DATA,
    ),
    ("silence", SILENCE, TroubleKind.TIMEOUT),
    ("slow line", trickle(b"x"), TroubleKind.TIMEOUT),
    ("slow lines", trickle(b"* OK wait\r\n"), TroubleKind.TIMEOUT),
    ("slow literal", trickle(b"x", b"* 1 FETCH (UID 1 BODY[] {900}\r\n"), TroubleKind.TIMEOUT),
    ("garbage", text(b"\x00\xff\x80 garbage\r\n"), TroubleKind.PROTOCOL),
    ("wrong tag", text(b"XX1 OK done\r\n"), TroubleKind.PROTOCOL),
    ("no status", text(b"TAG MAYBE\r\n"), TroubleKind.PROTOCOL),
    ("drop at once", then_drop(b""), TroubleKind.LOST),
    ("drop in a literal", then_drop(b"* 1 FETCH (UID 1 BODY[] {900}\r\nabc"), TroubleKind.LOST),
    ("drop in a line", then_drop(b"* 1 FETCH (UI"), TroubleKind.LOST),
    ("bye", text(b"* BYE out of memory\r\n"), TroubleKind.LOST),
    ("bye that stays", text(b"* BYE going\r\n* OK but here\r\n"), TroubleKind.LOST),
]
IDS = [name for name, _, _ in ILL]


def limits_for(kind: TroubleKind) -> Limits:
    """Give a short deadline where that is what has to end it, and a long one to all others."""
    return SHORT if kind is TroubleKind.TIMEOUT else PATIENT


@pytest.mark.parametrize("place", ["CAPABILITY", "LOGIN", "LIST", "EXAMINE", "UID", "BODY"])
@pytest.mark.parametrize(("name", "say", "kind"), ILL, ids=IDS)
async def test_an_ill_answer_ends_in_trouble(place, name, say, kind):
    async with speaking(POLITE | {place: say}) as port:
        with pytest.raises(ImapTrouble) as trouble:
            await whole_visit(port, limits=limits_for(kind))
    assert trouble.value.kind is kind


@pytest.mark.parametrize(
    ("greeting", "kind"),
    [
        (text(b"* BYE too many\r\n"), TroubleKind.UNREACHABLE),
        (text(b"HTTP/1.1 400 Bad Request\r\n\r\n"), TroubleKind.PROTOCOL),
        (text(b"220 smtp.example ESMTP\r\n"), TroubleKind.PROTOCOL),
        (then_drop(b""), TroubleKind.LOST),
        (SILENCE, TroubleKind.TIMEOUT),
        (trickle(b"x"), TroubleKind.TIMEOUT),
        (forever(b"x"), TroubleKind.TOO_MUCH_DATA),
    ],
)
async def test_an_ill_greeting_ends_in_trouble(greeting, kind):
    async with speaking(POLITE, greeting) as port:
        with pytest.raises(ImapTrouble) as trouble:
            await whole_visit(port, limits=limits_for(kind))
    assert trouble.value.kind is kind


@pytest.mark.parametrize(
    "line",
    [
        b"* 1 FETCH (UID 1 BODY[] x",
        b"* 1 FETCH UID 1",
        b"* 1 FETCH (UID)",
        b"* 1 FETCH )))(((",
        b"* 1 FETCH ((UID) 1)",
        b'* 1 FETCH (UID 1 X "open)',
        b"* 1 FETCH " + b"(" * 5_000 + b")" * 5_000,
    ],
)
async def test_an_answer_that_cannot_be_read_is_protocol_trouble(line):
    async with speaking(POLITE | {"UID": text(line + b"\r\nTAG OK\r\n")}) as port:
        with pytest.raises(ImapTrouble) as trouble:
            await whole_visit(port)
    assert trouble.value.kind is TroubleKind.PROTOCOL


@pytest.mark.parametrize(
    ("answers", "security", "kind"),
    [
        ({"LOGIN": text(b"TAG NO [AUTHENTICATIONFAILED] no\r\n")}, "plain", "login refused"),
        ({"LOGIN": text(b"TAG NO [UNAVAILABLE] later\r\n")}, "plain", "unreachable"),
        ({"LOGIN": text(b"TAG BAD what\r\n")}, "plain", "login refused"),
        (
            {"CAPABILITY": text(b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nTAG OK\r\n")},
            "plain",
            "login refused",
        ),
        ({"LIST": text(b"TAG NO no\r\n")}, "plain", "refused"),
        ({"EXAMINE": text(b"* 3 EXISTS\r\nTAG OK\r\n")}, "plain", "protocol"),
        ({}, "starttls", "tls"),
        ({"STARTTLS": text(b"TAG OK\r\n* OK injected\r\n")}, "starttls", "tls"),
        ({"STARTTLS": then_drop(b"TAG OK go\r\n")}, "starttls", "unreachable"),
        ({}, "tls", "tls"),
    ],
)
async def test_a_refusal_has_its_kind(answers, security, kind):
    async with speaking(POLITE | answers) as port:
        with pytest.raises(ImapTrouble) as trouble:
            await whole_visit(port, security)
    assert trouble.value.kind.value == kind
    assert "secret" not in trouble.value.sentence


async def test_a_server_that_lets_everybody_in_before_tls_is_refused():
    async with speaking(POLITE, text(b"* PREAUTH welcome\r\n")) as port:
        with pytest.raises(ImapTrouble) as trouble:
            await whole_visit(port, "starttls")
    assert trouble.value.kind is TroubleKind.TLS


async def test_login_by_challenge_where_the_server_cannot_take_it_at_once():
    said: list[bytes] = []

    async def ask(tag: bytes, writer: asyncio.StreamWriter) -> None:
        said.append(tag)
        writer.write(b"+ \r\n")

    async def judge(secret: bytes, writer: asyncio.StreamWriter) -> None:
        right = base64.b64decode(secret) == b"\0anna\0secret"
        writer.write(said[0] + (b" OK in\r\n" if right else b" NO out\r\n"))

    capable = text(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK\r\n")
    script = {"CAPABILITY": capable, "AUTHENTICATE": ask, "SECRET": judge}
    async with speaking(POLITE | script) as port, ImapSession(account(port), PATIENT) as session:
        assert [x.name for x in await session.folders()] == ["INBOX"]
