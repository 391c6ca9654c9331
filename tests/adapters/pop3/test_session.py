"""Against a real Dovecot: everything comes, octet for octet, and trouble has a name."""

import asyncio
import random
from dataclasses import replace

import pytest

from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.pop3.connection import Connection
from adapters.pop3.session import Pop3Session
from adapters.pop3.values import (
    Fetched,
    Item,
    Limits,
    Listed,
    Oversize,
    Pop3Account,
    Unfetchable,
)
from dovecot import MailAccount
from speaking import Security

QUICK = Limits(connect=10, command=20, fetch=20, pause=0)


def account(mailbox: MailAccount, security: Security = "plain") -> Pop3Account:
    server = mailbox.server
    port = server.pop3s if security == "tls" else server.pop3
    return Pop3Account(
        server.host, port, security, mailbox.user, mailbox.password, server.authority
    )


def mail(number: int, size: int = 100) -> bytes:
    """Make a mail of any length of lines, with dots where they hurt."""
    chance = random.Random(number)  # noqa: S311
    noise = chance.randbytes(size // 2).hex()
    length = chance.choice([76, 900, 2_100, 5_000])
    lines = [noise[n : n + length] for n in range(0, len(noise), length)]
    lines[number % (len(lines) + 1) : 0] = [".", "..", ".x", "", ".\t."]
    body = "\r\n".join(lines)
    return (
        f"Message-ID: <{number}@acme.example>\r\nSubject: nr {number}\r\n\r\n{body}\r\n"
    ).encode()


def delivered(mailbox: MailAccount, mails: dict[int, bytes]) -> None:
    mailbox.deliver((f"{1704103200 + n}.M{n}.test:2,", raw) for n, raw in mails.items())


async def everything(session: Pop3Session) -> list[Item]:
    return [item async for items in session.fetch(await session.listing()) for item in items]


@pytest.mark.parametrize("depth", [1, 50])
async def test_two_thousand_messages_come_octet_for_octet(maildrop, depth):
    mails = {n: mail(n, 20 + n % 90 * 100) for n in range(2_000)}
    delivered(maildrop, mails)
    async with Pop3Session(account(maildrop), replace(QUICK, depth=depth)) as session:
        listing = await session.listing()
        assert len({one.uidl for one in listing}) == 2_000
        items = await everything(session)
    assert [x.raw for x in items if isinstance(x, Fetched)] == list(mails.values())
    assert [x.listed for x in items] == listing
    assert any(max(map(len, raw.split(b"\r\n"))) > 2_048 for raw in mails.values())


@pytest.mark.parametrize("security", ["tls", "starttls", "plain"])
async def test_every_kind_of_connection_carries_the_mail(maildrop, security):
    mails = {1: mail(1), 2: mail(2, 3_000_000)}
    delivered(maildrop, mails)
    async with Pop3Session(account(maildrop, security), QUICK) as session:
        items = await everything(session)
        assert session._connection.can("PIPELINING")
    assert [x.raw for x in items if isinstance(x, Fetched)] == list(mails.values())


async def test_an_empty_maildrop_is_empty(maildrop):
    async with Pop3Session(account(maildrop), QUICK) as session:
        assert await session.listing() == []
        assert await everything(session) == []


async def test_unique_ids_stay_while_numbers_change(maildrop):
    maildrop.append(*(mail(n) for n in range(1, 6)))
    async with Pop3Session(account(maildrop), QUICK) as session:
        before = await session.listing()
    maildrop.expunge("2,4")
    maildrop.append(mail(9))
    async with Pop3Session(account(maildrop), QUICK) as session:
        after = await session.listing()
    assert [one.number for one in after] == [1, 2, 3, 4]
    assert [one.uidl for one in after[:3]] == [before[n].uidl for n in (0, 2, 4)]
    assert after[3].uidl not in {one.uidl for one in before}


async def test_of_a_message_too_large_the_header_comes(maildrop):
    delivered(maildrop, {1: mail(1), 2: mail(2, 300_000), 3: mail(3)})
    async with Pop3Session(account(maildrop), replace(QUICK, largest=50_000)) as session:
        items = await everything(session)
    assert [type(x) for x in items] == [Fetched, Oversize, Fetched]
    large = items[1]
    assert isinstance(large, Oversize)
    assert large.size == len(mail(2, 300_000))
    assert large.header == mail(2).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


async def test_what_is_deleted_goes_when_the_session_is_quit_and_not_before(maildrop):
    maildrop.append(*(mail(n) for n in range(1, 151)))
    async with Pop3Session(account(maildrop), QUICK) as session:
        listing = await session.listing()
        assert await session.delete(listing[:60]) == 60
        session._connection.drop()
    async with Pop3Session(account(maildrop), QUICK) as session:
        assert await session.listing() == listing
        assert await session.delete(listing[:60]) == 60
        await session.quit()
    async with Pop3Session(account(maildrop), QUICK) as session:
        left = [one.uidl for one in await session.listing()]
    assert left == [one.uidl for one in listing[60:]]


async def test_a_message_that_is_not_there_is_told_and_the_rest_comes(maildrop):
    maildrop.append(mail(1), mail(2))
    async with Pop3Session(account(maildrop), QUICK) as session:
        listing = await session.listing()
        wanted = [listing[0], Listed(77, 100, b"never"), listing[1]]
        items = [item async for items in session.fetch(wanted) for item in items]
    assert [type(x) for x in items] == [Fetched, Unfetchable, Fetched]


async def test_whoever_stops_in_the_middle_can_go_on_with_the_session(maildrop):
    mails = {n: mail(n, 2_000) for n in range(30)}
    delivered(maildrop, mails)
    limits = replace(QUICK, batch_count=5)
    async with Pop3Session(account(maildrop), limits) as session:
        fetching = session.fetch(await session.listing())
        assert len(await anext(fetching)) == 5
        await fetching.aclose()
        items = await everything(session)
    assert [x.raw for x in items if isinstance(x, Fetched)] == list(mails.values())


async def test_batches_are_bounded_in_octets(maildrop):
    delivered(maildrop, {n: mail(n, 40_000) for n in range(20)})
    limits = replace(QUICK, batch_octets=100_000, ahead=100_000)
    async with Pop3Session(account(maildrop), limits) as session:
        sizes = [len(items) async for items in session.fetch(await session.listing())]
    assert sum(sizes) == 20
    assert max(sizes) <= 3


@pytest.mark.parametrize("mechanism", ["PLAIN", "USER"])
async def test_the_login_is_by_what_the_server_offers(maildrop, monkeypatch, mechanism):
    asked = Connection._ask_capabilities

    async def fewer(self: Connection) -> None:
        await asked(self)
        if mechanism == "USER":
            self.capabilities.pop("SASL", None)

    monkeypatch.setattr(Connection, "_ask_capabilities", fewer)
    async with Pop3Session(account(maildrop), QUICK) as session:
        assert await session.listing() == []


async def refused(wrong: Pop3Account, kind: TroubleKind, said: str) -> None:
    with pytest.raises(ServerTrouble, match=said) as trouble:
        async with Pop3Session(wrong, QUICK):
            pass
    assert trouble.value.kind is kind
    assert wrong.password not in str(trouble.value)


@pytest.mark.parametrize("password", ["wrong", "wr ong", ""])
async def test_a_wrong_password_is_told_in_the_servers_words(maildrop, password):
    wrong = replace(account(maildrop), password=password or "!")
    await refused(wrong, TroubleKind.LOGIN_REFUSED, "Authentication failed")


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_an_unknown_authority_is_refused(maildrop, security):
    strange = replace(account(maildrop, security), ca_file=None)
    await refused(strange, TroubleKind.TLS, "not trusted")


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_another_hosts_certificate_is_refused(maildrop, security):
    other = replace(account(maildrop, security), host="127.0.0.2")
    with pytest.raises(ServerTrouble) as trouble:
        async with Pop3Session(other, QUICK):
            pass
    assert trouble.value.kind in {TroubleKind.TLS, TroubleKind.UNREACHABLE}


async def test_tls_on_a_plain_port_is_tls_trouble(maildrop):
    wrong = replace(account(maildrop, "tls"), port=maildrop.server.pop3)
    await refused(wrong, TroubleKind.TLS, "does not answer in TLS")


async def test_a_port_without_server_is_unreachable(maildrop, unused_tcp_port):
    away = replace(account(maildrop), port=unused_tcp_port)
    await refused(away, TroubleKind.UNREACHABLE, "cannot be reached")


async def test_a_message_that_the_server_cannot_read_is_singled_out(maildrop):
    mails = {n: mail(n) for n in range(40)}
    sized = {n: f"M{n}.test,S={len(raw)},W={len(raw)}:2," for n, raw in mails.items()}
    maildrop.deliver((f"{1704103200 + n}.{sized[n]}", raw) for n, raw in mails.items())
    folder = maildrop.server.root / "home" / maildrop.user / "mail/cur"
    next(folder.glob("*.M17.*")).chmod(0)
    async with Pop3Session(account(maildrop), QUICK) as session:
        items = await everything(session)
    wrong = [x for x in items if not isinstance(x, Fetched)]
    assert [type(x) for x in wrong] == [Unfetchable]
    assert wrong[0].listed.number == 18
    assert {x.raw for x in items if isinstance(x, Fetched)} == {*mails.values()} - {mail(17)}


@pytest.mark.parametrize("security", ["plain", "tls"])
async def test_while_the_reader_is_busy_the_server_waits(maildrop, security):
    mails = {n: mail(n, 1_000_000) for n in range(30)}
    delivered(maildrop, mails)
    limits = replace(QUICK, ahead=2_000_000, batch_octets=1)
    async with Pop3Session(account(maildrop, security), limits) as session:
        fetching = session.fetch(await session.listing())
        items = await anext(fetching)
        protocol = session._connection.protocol
        for _ in range(1_000_000):
            if not protocol.wire.is_reading():
                break
            await asyncio.sleep(0)
        assert not protocol.wire.is_reading()
        assert protocol._held < 5_000_000
        items += [item async for items in fetching for item in items]
    assert [x.raw for x in items if isinstance(x, Fetched)] == list(mails.values())
