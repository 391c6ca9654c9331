"""Servers that mean ill or are broken: each ends in a trouble with a name, in time, without a hang."""

import asyncio
import base64
import tracemalloc
from dataclasses import replace

import pytest

from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.pop3.session import Pop3Session
from adapters.pop3.values import Fetched, Item, Limits, Oversize, Pop3Account, Unfetchable
from pop3script import (
    MAIL,
    POLITE,
    SILENCE,
    Answers,
    forever,
    speaking,
    text,
    then_drop,
    trickle,
)
from speaking import Security

PATIENT = Limits(
    connect=20,
    command=20,
    fetch=20,
    line=4_096,
    answer=100_000,
    largest=1_000_000,
    header=100_000,
    patience=0,
    pause=0,
)
SHORT = replace(PATIENT, connect=0.3, command=0.3, fetch=0.3)


def account(port: int, security: Security = "plain") -> Pop3Account:
    return Pop3Account("127.0.0.1", port, security, "anna", "secret")


def limits_for(kind: TroubleKind) -> Limits:
    """Give a short deadline where that is what has to end it, and a long one to all others."""
    return SHORT if kind is TroubleKind.TIMEOUT else PATIENT


async def whole_visit(
    port: int, security: Security = "plain", limits: Limits = PATIENT
) -> list[Item]:
    async with asyncio.timeout(60), Pop3Session(account(port, security), limits) as session:
        listing = await session.listing()
        items = [item async for items in session.fetch(listing) for item in items]
        await session.delete([item.listed for item in items])
        await session.quit()
    return items


ILL = [
    ("endless line", forever(b"x"), TroubleKind.TOO_MUCH_DATA),
    ("endless status", forever(b"x", b"+OK "), TroubleKind.TOO_MUCH_DATA),
    ("silence", SILENCE, TroubleKind.TIMEOUT),
    ("slow line", trickle(b"x", b"+OK "), TroubleKind.TIMEOUT),
    ("garbage", text(b"\x00\xff\x80 garbage\r\n"), TroubleKind.PROTOCOL),
    ("endless garbage", forever(b"\x00\xff\r\n"), TroubleKind.PROTOCOL),
    ("no status", text(b"MAYBE\r\n"), TroubleKind.PROTOCOL),
    ("empty line", text(b"\r\n"), TroubleKind.PROTOCOL),
    ("another question", text(b"+ go on\r\n"), TroubleKind.PROTOCOL),
    ("drop at once", then_drop(b""), TroubleKind.LOST),
    ("drop in a line", then_drop(b"+O"), TroubleKind.LOST),
]
PLACES = ["", "USER", "PASS", "STAT", "LIST", "UIDL", "RETR", "QUIT"]


@pytest.mark.parametrize("place", PLACES, ids=[name or "greeting" for name in PLACES])
@pytest.mark.parametrize(("name", "say", "kind"), ILL, ids=[name for name, _, _ in ILL])
async def test_an_ill_answer_ends_in_trouble(place, name, say, kind):
    async with speaking(POLITE | {place: say}) as port:
        with pytest.raises(ServerTrouble) as trouble:
            await whole_visit(port, limits=limits_for(kind))
    assert trouble.value.kind is kind


ENDLESS = [
    ("endless list", forever(b"1 2\r\n", b"+OK\r\n"), TroubleKind.TOO_MUCH_DATA),
    ("slow list", trickle(b"1 2\r\n", b"+OK\r\n"), TroubleKind.TIMEOUT),
    ("list without end", text(b"+OK\r\n1 21\r\n"), TroubleKind.TIMEOUT),
    ("drop in the list", then_drop(b"+OK\r\n1 21\r\n"), TroubleKind.LOST),
]


@pytest.mark.parametrize("place", ["CAPA", "LIST", "UIDL", "RETR"])
@pytest.mark.parametrize(("name", "say", "kind"), ENDLESS, ids=[name for name, _, _ in ENDLESS])
async def test_an_answer_without_end_ends_in_trouble(place, name, say, kind):
    async with speaking(POLITE | {place: say}) as port:
        with pytest.raises(ServerTrouble) as trouble:
            await whole_visit(port, limits=limits_for(kind))
    assert trouble.value.kind is kind


@pytest.mark.parametrize("place", ["", "CAPA", "LIST", "UIDL", "RETR", "TOP"])
async def test_whatever_comes_memory_is_bounded(place):
    large = {"LIST": text(b"+OK\r\n1 21000000\r\n.\r\n")} if place == "TOP" else {}
    tracemalloc.start()
    try:
        async with speaking(POLITE | large | {place: forever(b"1 x\r\n", b"+OK\r\n")}) as port:
            with pytest.raises(ServerTrouble):
                await whole_visit(port)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("STAT", b"+OK -3 63\r\n"),
        ("STAT", b"+OK 3\r\n"),
        ("STAT", b"+OK three 63\r\n"),
        ("LIST", b"+OK\r\n1 -21\r\n.\r\n"),
        ("LIST", b"+OK\r\n-1 21\r\n.\r\n"),
        ("LIST", b"+OK\r\n0 21\r\n.\r\n"),
        ("LIST", b"+OK\r\n1\r\n.\r\n"),
        ("LIST", b"+OK\r\n1 21\r\n1 22\r\n.\r\n"),
        ("LIST", b"+OK\r\n1 99999999999999999999\r\n.\r\n"),
        ("LIST", b"+OK\r\n99999999999999999999 1\r\n.\r\n"),
        ("LIST", b"+OK\r\n\xff\x00\x80\r\n.\r\n"),
        ("UIDL", b"+OK\r\n1\r\n.\r\n"),
        ("UIDL", b"+OK\r\n1 " + b"u" * 300 + b"\r\n.\r\n"),
        ("UIDL", b"+OK\r\nx y\r\n.\r\n"),
    ],
)
async def test_a_list_that_cannot_be_read_is_protocol_trouble(place, said):
    async with speaking(POLITE | {place: text(said)}) as port:
        with pytest.raises(ServerTrouble) as trouble:
            await whole_visit(port)
    assert trouble.value.kind is TroubleKind.PROTOCOL


async def test_a_count_beyond_measure_is_too_much():
    async with speaking(POLITE | {"STAT": text(b"+OK 999999999 1\r\n")}) as port:
        with pytest.raises(ServerTrouble) as trouble:
            await whole_visit(port)
    assert trouble.value.kind is TroubleKind.TOO_MUCH_DATA


@pytest.mark.parametrize(
    ("answers", "security", "kind"),
    [
        ({"PASS": text(b"-ERR [AUTH] no\r\n")}, "plain", "login refused"),
        ({"PASS": text(b"-ERR no\r\n")}, "plain", "login refused"),
        ({"PASS": text(b"-ERR [IN-USE] locked\r\n")}, "plain", "unreachable"),
        ({"PASS": text(b"-ERR [SYS/TEMP] later\r\n")}, "plain", "unreachable"),
        ({"USER": text(b"-ERR cleartext is not allowed\r\n")}, "plain", "login refused"),
        ({"": text(b"-ERR too many connections\r\n")}, "plain", "unreachable"),
        ({"": text(b"* OK IMAP4rev1\r\n")}, "plain", "protocol"),
        ({"": text(b"220 smtp.example ESMTP\r\n")}, "plain", "protocol"),
        ({"": text(b"+OK ready\r\n+OK injected\r\n")}, "plain", "protocol"),
        ({"STAT": text(b"-ERR no\r\n")}, "plain", "refused"),
        ({"LIST": text(b"-ERR no\r\n")}, "plain", "refused"),
        ({"UIDL": text(b"-ERR no\r\n")}, "plain", "refused"),
        ({"QUIT": text(b"-ERR some are not removed\r\n")}, "plain", "refused"),
        ({"DELE": text(b"-ERR autologout\r\n-ERR bye\r\n")}, "plain", "lost"),
        ({}, "starttls", "tls"),
        ({"STLS": text(b"-ERR no\r\n")}, "starttls", "tls"),
        ({"STLS": text(b"+OK go\r\n+OK injected\r\n")}, "starttls", "tls"),
        ({"STLS": text(b"+OK go\r\n+O")}, "starttls", "tls"),
        ({"": text(b"+OK ready\r\n+OK injected\r\n")}, "starttls", "protocol"),
        ({"STLS": then_drop(b"+OK go\r\n")}, "starttls", "unreachable"),
        ({}, "tls", "tls"),
    ],
)
async def test_a_refusal_has_its_kind(answers, security, kind):
    async with speaking(POLITE | answers) as port:
        with pytest.raises(ServerTrouble) as trouble:
            await whole_visit(port, security)
    assert trouble.value.kind.value == kind
    assert "secret" not in trouble.value.sentence


async def test_nothing_secret_is_said_before_tls():
    heard: list[bytes] = []
    async with speaking(POLITE | {"STLS": text(b"+OK\r\n+OK injected\r\n")}, heard) as port:
        with pytest.raises(ServerTrouble):
            await whole_visit(port, "starttls")
    assert heard == [b"STLS\r\n"]


@pytest.mark.parametrize("pipelining", [True, False])
async def test_several_commands_are_under_way_only_where_the_server_allows(pipelining):
    waiting: list[asyncio.StreamWriter] = []
    most = 0

    async def gather(_: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal most
        waiting.append(writer)
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.05, answer)

    def answer() -> None:
        nonlocal most
        most = max(most, len(waiting))
        if waiting:
            waiting.pop().write(b"+OK\r\n" + MAIL + b".\r\n")

    capable = {} if pipelining else {"CAPA": text(b"-ERR what is that\r\n")}
    async with speaking(POLITE | capable | {"RETR": gather}) as port:
        assert len(await whole_visit(port)) == 3
    assert most == (3 if pipelining else 1)


async def test_a_message_that_is_refused_leaves_the_others_alone():
    script: Answers = {"RETR": [text(b"-ERR broken\r\n"), POLITE["RETR"]]}
    async with speaking(POLITE | script) as port:
        items = await whole_visit(port)
    assert [type(x) for x in items] == [Unfetchable, Fetched, Fetched]


async def test_a_message_at_which_the_server_breaks_is_singled_out():
    breaks = then_drop(b"+OK\r\nSubject: x\r\n")
    script: Answers = {"RETR": [POLITE["RETR"], breaks, breaks, POLITE["RETR"]]}
    async with speaking(POLITE | script) as port:
        items = await whole_visit(port, limits=replace(PATIENT, patience=2, depth=1))
    assert [(type(x), x.listed.uidl) for x in items] == [
        (Fetched, b"a"),
        (Unfetchable, b"b"),
        (Fetched, b"c"),
    ]


async def test_after_a_lost_connection_a_message_is_found_by_its_unique_id():
    heard: list[bytes] = []
    script: Answers = {
        "RETR": [then_drop(b"+OK\r\n"), POLITE["RETR"]],
        "STAT": [POLITE["STAT"], text(b"+OK 2 42\r\n")],
        "LIST": [POLITE["LIST"], text(b"+OK\r\n1 21\r\n2 21\r\n.\r\n")],
        "UIDL": [POLITE["UIDL"], text(b"+OK\r\n1 c\r\n2 a\r\n.\r\n")],
    }
    async with speaking(POLITE | script, heard) as port:
        items = await whole_visit(port, limits=replace(PATIENT, patience=2))
    came = {x.listed.uidl: x for x in items}
    assert isinstance(came[b"b"], Unfetchable)
    assert came[b"b"].gone
    assert (came[b"a"].listed.number, came[b"c"].listed.number) == (2, 1)
    assert [line for line in heard if line.startswith(b"RETR")][-2:] == [
        b"RETR 2\r\n",
        b"RETR 1\r\n",
    ]


async def test_without_unique_ids_a_maildrop_that_changed_is_not_guessed_at():
    script: Answers = {
        "CAPA": text(b"+OK\r\nTOP\r\n.\r\n"),
        "UIDL": text(b"-ERR what\r\n"),
        "RETR": [POLITE["RETR"], then_drop(b"")],
        "LIST": [POLITE["LIST"], text(b"+OK\r\n1 21\r\n2 22\r\n.\r\n")],
    }
    async with speaking(POLITE | script) as port:
        with pytest.raises(ServerTrouble) as trouble:
            await whole_visit(port, limits=replace(PATIENT, patience=2))
    assert trouble.value.kind is TroubleKind.PROTOCOL


async def test_a_message_larger_than_it_says_is_taken_by_its_header():
    script: Answers = {
        "RETR": [POLITE["RETR"], forever(b"x\r\n", b"+OK\r\n"), POLITE["RETR"]],
    }
    async with speaking(POLITE | script) as port:
        items = await whole_visit(port, limits=replace(PATIENT, patience=2))
    assert [type(x) for x in items] == [Fetched, Oversize, Fetched]
    large = items[1]
    assert isinstance(large, Oversize)
    assert large.size > PATIENT.largest
    assert large.header == b"Subject: x\r\n\r\n"


async def test_sizes_that_are_too_small_do_not_matter():
    async with speaking(POLITE | {"LIST": text(b"+OK\r\n1 0\r\n2 1\r\n.\r\n")}) as port:
        items = await whole_visit(port)
    assert [x.raw for x in items if isinstance(x, Fetched)] == [MAIL, MAIL]


async def test_the_same_unique_id_twice_makes_two_messages():
    script = POLITE | {"UIDL": text(b"+OK\r\n1 a\r\n2 a\r\n9 z\r\n.\r\n")}
    async with speaking(script) as port, Pop3Session(account(port), PATIENT) as session:
        keys = [one.key for one in await session.listing()]
    assert keys == [(b"a", 0), (b"a", 1), (b"", 3)]


async def authenticated(capable: bytes, script: Answers, token: str = "") -> list[bytes]:
    heard: list[bytes] = []
    answers = POLITE | {"CAPA": text(b"+OK\r\n" + capable + b"\r\n.\r\n")} | script
    async with speaking(answers, heard) as port:
        session = Pop3Session(replace(account(port), token=token), PATIENT)
        async with session:
            pass
    return [line.strip() for line in heard if line[:4] not in (b"CAPA", b"QUIT")]


SECRET = base64.b64encode(b"\0anna\0secret")


async def test_the_password_goes_with_the_command_where_it_fits():
    assert await authenticated(b"SASL PLAIN", {"AUTH": text(b"+OK\r\n")}) == [
        b"AUTH PLAIN " + SECRET
    ]


async def test_the_password_is_said_again_where_the_server_asks():
    key = SECRET[:4].decode().upper()
    script: Answers = {"AUTH": text(b"+ \r\n"), key: text(b"+OK\r\n")}
    assert await authenticated(b"SASL PLAIN", script) == [b"AUTH PLAIN " + SECRET, SECRET]


async def test_without_sasl_user_and_password_are_said():
    assert await authenticated(b"USER", {}) == [b"USER anna", b"PASS secret"]


async def test_a_long_token_waits_until_the_server_asks():
    secret = base64.b64encode(b"user=anna\1auth=Bearer " + b"t" * 300 + b"\1\1")
    key = secret[:4].decode().upper()
    script: Answers = {"AUTH": text(b"+ \r\n"), key: text(b"+OK\r\n")}
    said = await authenticated(b"SASL XOAUTH2", script, "t" * 300)
    assert said == [b"AUTH XOAUTH2", secret]


async def test_a_token_that_is_refused_is_told_in_the_servers_words():
    reason = base64.b64encode(b'{"status":"401"}')
    script: Answers = {
        "AUTH": text(b"+ " + reason + b"\r\n"),
        "": [POLITE[""], text(b"-ERR no\r\n")],
    }
    with pytest.raises(ServerTrouble, match="401") as trouble:
        await authenticated(b"SASL XOAUTH2", script, "token")
    assert trouble.value.kind is TroubleKind.LOGIN_REFUSED


@pytest.mark.parametrize("wrong", ["a\r\nb", "a\0b", "a\nDELE 1"])
async def test_a_password_cannot_carry_commands(wrong):
    heard: list[bytes] = []
    async with speaking(POLITE, heard) as port:
        with pytest.raises(ServerTrouble) as trouble:
            async with Pop3Session(replace(account(port), password=wrong), PATIENT):
                pass
    assert trouble.value.kind is TroubleKind.LOGIN_REFUSED
    assert [line[:4] for line in heard] == [b"CAPA"]
