"""Against a real Dovecot: everything comes, octet for octet, and trouble has a name."""

import asyncio
import gc
import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import pytest

from adapters.imap.session import ImapSession
from adapters.imap.values import (
    Fetched,
    ImapAccount,
    ImapTrouble,
    Limits,
    Oversize,
    Role,
    TroubleKind,
    Unfetchable,
)
from dovecot import Dovecot, MailAccount

QUICK = Limits(connect=10, command=20, fetch=20)


def account(
    mailbox: MailAccount, security: Literal["tls", "starttls", "plain"] = "plain"
) -> ImapAccount:
    server = mailbox.server
    port = server.imaps if security == "tls" else server.imap
    return ImapAccount(
        server.host, port, security, mailbox.user, mailbox.password, server.authority
    )


def mail(number: int, size: int = 100) -> bytes:
    noise = random.Random(number).randbytes(size // 2).hex()  # noqa: S311
    lines = "\r\n".join(noise[n : n + 76] for n in range(0, len(noise), 76))
    return (
        f"Message-ID: <{number}@acme.example>\r\nSubject: nr {number}\r\n\r\n{lines}\r\n".encode()
    )


async def everything(
    session: ImapSession, after: int = 0
) -> list[Fetched | Oversize | Unfetchable]:
    new = await session.uids_with_sizes(after)
    return [item async for items in session.fetch(new) for item in items]


async def test_three_thousand_messages_come_octet_for_octet(mail_account):
    mails = {n: mail(n, 20 + n % 50 * 60) for n in range(3_000)}
    mail_account.deliver((f"{1704103200 + n}.M{n}.test:2,S", raw) for n, raw in mails.items())
    async with ImapSession(account(mail_account), QUICK) as session:
        state = await session.select("INBOX")
        assert state.exists == 3_000
        new = await session.uids_with_sizes()
        assert [uid for uid, _ in new] == list(range(1, 3_001))
        items = [item async for items in session.fetch(new) for item in items]
    assert [x.uid for x in items] == list(range(1, 3_001))
    assert all(isinstance(x, Fetched) for x in items)
    digests = {hashlib.sha256(x.raw).digest() for x in items if isinstance(x, Fetched)}
    assert digests == {hashlib.sha256(raw).digest() for raw in mails.values()}
    assert {x.flags for x in items if isinstance(x, Fetched)} == {("seen",)}


async def test_dates_and_flags_come_with_the_message(mail_account):
    when = datetime(2024, 1, 1, 10, 0, 0, tzinfo=UTC)
    mail_account.append(mail(1), when=when, flags=r"(\Answered \Flagged $Label1)")
    async with ImapSession(account(mail_account), QUICK) as session:
        state = await session.select("INBOX")
        assert (state.uidnext, state.exists) == (2, 1)
        assert state.highestmodseq > 0
        assert await everything(session) == [Fetched(1, ("flagged", "answered"), when, mail(1))]


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_secure_connections_carry_the_mail(mail_account, security):
    mail_account.append(mail(1), mail(2, 300_000))
    async with ImapSession(account(mail_account, security), QUICK) as session:
        await session.select("INBOX")
        items = await everything(session)
    assert [x.raw for x in items if isinstance(x, Fetched)] == [mail(1), mail(2, 300_000)]


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_an_unknown_authority_is_refused(mail_account, security):
    strange = replace(account(mail_account, security), ca_file=None)
    await refused(strange, TroubleKind.TLS, "not trusted")


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_another_hosts_certificate_is_refused(mail_account, security):
    other = replace(account(mail_account, security), host="127.0.0.2")
    with pytest.raises(ImapTrouble) as trouble:
        async with ImapSession(other, QUICK):
            pass
    assert trouble.value.kind in {TroubleKind.TLS, TroubleKind.UNREACHABLE}


async def refused(wrong: ImapAccount, kind: TroubleKind, said: str) -> None:
    with pytest.raises(ImapTrouble, match=said) as trouble:
        async with ImapSession(wrong, QUICK):
            pass
    assert trouble.value.kind is kind
    assert wrong.password not in str(trouble.value)


async def test_tls_on_a_plain_port_is_tls_trouble(mail_account):
    right = account(mail_account, "tls")
    await refused(
        replace(right, port=mail_account.server.imap), TroubleKind.TLS, "does not answer in TLS"
    )


async def test_a_wrong_password_is_told_in_the_servers_words(mail_account):
    wrong = replace(account(mail_account), password='wr"ong\\')
    await refused(wrong, TroubleKind.LOGIN_REFUSED, "AUTHENTICATIONFAILED")


async def test_a_port_without_server_is_unreachable(mail_account, unused_tcp_port):
    away = replace(account(mail_account), port=unused_tcp_port)
    await refused(away, TroubleKind.UNREACHABLE, "cannot be reached: Connection refused")


async def test_folders_have_names_and_roles(mail_account):
    with mail_account.login() as client:
        for wire in ("Clienti &- Fornitori", "Citt&AOA-/&U,BTFw-", 'A \\"B\\"'):
            assert client.create(f'"{wire}"')[0] == "OK"
    mail_account.append(mail(7), folder="Citt&AOA-/&U,BTFw-")
    async with ImapSession(account(mail_account), QUICK) as session:
        folders = {x.name: x for x in await session.folders()}
        assert {"INBOX", "Sent", "Clienti & Fornitori", "Città/台北", 'A "B"'} <= set(folders)
        assert folders["INBOX"].role is Role.INBOX
        assert folders["Sent"].role is Role.SENT
        await session.select(folders['A "B"'])
        for chosen in (folders["Città/台北"], "Città/台北"):
            await session.select(chosen)
            items = await everything(session)
            assert [x.raw for x in items if isinstance(x, Fetched)] == [mail(7)]


async def test_an_unknown_folder_is_refused_and_the_session_goes_on(mail_account):
    async with ImapSession(account(mail_account), QUICK) as session:
        with pytest.raises(ImapTrouble) as trouble:
            await session.select("Nowhere")
        assert trouble.value.kind is TroubleKind.REFUSED
        assert (await session.select("INBOX")).exists == 0
        assert await everything(session) == []


async def test_only_what_is_above_the_cursor_is_listed(mail_account):
    mail_account.append(*(mail(n) for n in range(1, 13)))
    mail_account.expunge("2:4,7,11")
    async with ImapSession(account(mail_account), QUICK) as session:
        await session.select("INBOX")
        assert [uid for uid, _ in await session.uids_with_sizes()] == [1, 5, 6, 8, 9, 10, 12]
        assert [uid for uid, _ in await session.uids_with_sizes(8)] == [9, 10, 12]
        assert [uid for uid, _ in await session.uids_with_sizes(11)] == [12]
        assert await session.uids_with_sizes(12) == []  # `13:*` would hold 12
        assert await session.uids_with_sizes(4_000_000_000) == []


async def test_a_message_that_was_deleted_meanwhile_is_told_as_gone(mail_account):
    mail_account.append(*(mail(n) for n in range(1, 6)))
    async with ImapSession(account(mail_account), QUICK) as session:
        await session.select("INBOX")
        new = [*await session.uids_with_sizes(), (77, 100)]
        items = [item async for items in session.fetch(new) for item in items]
    assert [x.uid for x in items] == [1, 2, 3, 4, 5, 77]
    assert items[-1] == Unfetchable(77, "it is no longer on the server", gone=True)


async def test_large_messages_come_in_pieces_and_too_large_ones_as_header(mail_account):
    mail_account.append(mail(1), mail(2, 6_000_000), mail(3, 9_000_000), mail(4))
    limits = replace(QUICK, largest=8_000_000)
    async with ImapSession(account(mail_account), limits) as session:
        await session.select("INBOX")
        items = await everything(session)
    assert [x.raw for x in items if isinstance(x, Fetched)] == [
        mail(1),
        mail(2, 6_000_000),
        mail(4),
    ]
    large = items[2]
    assert isinstance(large, Oversize)
    assert large.size == len(mail(3, 9_000_000))
    assert large.header == mail(3).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


async def test_a_piece_that_ends_with_the_message_is_its_end(mail_account):
    raw = b"Subject: x\r\n\r\n" + b"y" * 982 + b"\r\n"
    assert len(raw) == 1_000 - 2
    mail_account.append(raw, raw + b"\r\n", raw + b"zz\r\n")
    limits = replace(QUICK, whole=0, piece=500)
    async with ImapSession(account(mail_account), limits) as session:
        await session.select("INBOX")
        items = await everything(session)
    found = [x.raw for x in items if isinstance(x, Fetched)]
    assert found == [raw, raw + b"\r\n", raw + b"zz\r\n"]


async def test_nothing_is_marked_as_read(mail_account):
    mail_account.append(mail(1))
    async with ImapSession(account(mail_account), QUICK) as session:
        await session.select("INBOX")
        await everything(session)
    with mail_account.login() as client:
        client.select(readonly=True)
        assert b"Seen" not in client.fetch("1", "(FLAGS)")[1][0]


async def test_a_message_that_breaks_the_connection_is_singled_out(mail_account):
    # Dovecot drops the connection over a file whose name gives a wrong W= (its size with CRLF).
    mails = {f"{1704103200 + n}.M{n}.test:2,S": mail(n) for n in range(40)}
    mails["1704103217.M999.test,S=300,W=300:2,S"] = mail(999)
    mail_account.deliver(mails.items())
    async with ImapSession(account(mail_account), QUICK) as session:
        await session.select("INBOX")
        items = await everything(session)
    assert [x.uid for x in items] == list(range(1, 42))
    wrong = [x for x in items if isinstance(x, Unfetchable)]
    assert len(wrong) == 1
    assert not wrong[0].gone
    assert {x.raw for x in items if isinstance(x, Fetched)} >= {mail(n) for n in range(40)}


@asynccontextmanager
async def cutting(server: Dovecot, octets: int, times: int) -> AsyncIterator[int]:
    """Stand between client and server, and cut the line after so many octets, so many times."""
    cuts = 0
    tasks: set[asyncio.Task[None]] = set()

    async def forward(source: asyncio.StreamReader, to: asyncio.StreamWriter, left: float) -> None:
        while left > 0 and (data := await source.read(int(min(left, 65536)))):
            to.write(data)
            await to.drain()
            left -= len(data)
        to.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal cuts
        cuts += 1
        far_reader, far_writer = await asyncio.open_connection(server.host, server.imap)
        left = octets if cuts <= times else float("inf")
        up = asyncio.create_task(forward(reader, far_writer, float("inf")))
        tasks.add(up)
        try:
            await forward(far_reader, writer, left)
        finally:
            up.cancel()
            far_writer.close()
            writer.transport.abort()

    listening = await asyncio.start_server(meet, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_cut_connection_is_told_as_lost(mail_account):
    mail_account.append(*(mail(n, 50_000) for n in range(10)))
    async with cutting(mail_account.server, 120_000, 99) as port:
        through = replace(account(mail_account), port=port)
        async with ImapSession(through, replace(QUICK, patience=0)) as session:
            await session.select("INBOX")
            with pytest.raises(ImapTrouble) as trouble:
                await everything(session)
    assert trouble.value.kind is TroubleKind.LOST


async def test_a_connection_that_is_cut_now_and_then_still_brings_everything(mail_account):
    mail_account.append(*(mail(n, 50_000) for n in range(30)))
    async with cutting(mail_account.server, 400_000, 3) as port:
        through = replace(account(mail_account), port=port)
        async with ImapSession(through, QUICK) as session:
            await session.select("INBOX")
            items = await everything(session)
    assert [x.raw for x in items if isinstance(x, Fetched)] == [mail(n, 50_000) for n in range(30)]


async def test_whoever_stops_in_the_middle_can_go_on_with_the_session(mail_account):
    mail_account.append(*(mail(n, 2_000) for n in range(30)))
    limits = replace(QUICK, batch_count=5)
    async with ImapSession(account(mail_account), limits) as session:
        await session.select("INBOX")
        new = await session.uids_with_sizes()
        fetching = session.fetch(new)
        first = await anext(fetching)
        assert [x.uid for x in first] == [1, 2, 3, 4, 5]
        await fetching.aclose()
        items = [item async for items in session.fetch(new) for item in items]
    assert [x.uid for x in items] == list(range(1, 31))


async def test_what_was_handed_on_is_not_held_until_garbage_is_looked_for(mail_account):
    mail_account.append(*(mail(n) for n in range(30)))
    gc.collect()
    gc.disable()
    try:
        async with ImapSession(account(mail_account), replace(QUICK, batch_count=5)) as session:
            await session.select("INBOX")
            assert len(await everything(session)) == 30
            held = [one for one in gc.get_objects() if isinstance(one, Fetched)]
    finally:
        gc.enable()
    assert not held
