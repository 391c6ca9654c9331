"""Waiting for news: a real server tells at once, an odd one in bounded time, and nothing is missed."""

import asyncio
import time
from contextlib import suppress

import pytest

from adapters.imap.session import ImapSession
from adapters.imap.values import ImapAccount, ImapTrouble, Limits, TroubleKind
from dovecot import MailAccount

QUICK = Limits(connect=10, command=20, fetch=20)
SHORT = Limits(connect=5, command=0.4, fetch=5)
MAIL = b"Subject: x\r\n\r\nx\r\n"


def account(box: MailAccount) -> ImapAccount:
    return ImapAccount(box.server.host, box.server.imap, "plain", box.user, box.password)


async def test_new_mail_ends_the_wait_at_once_and_the_session_goes_on(mail_account):
    mail_account.append(MAIL)
    async with ImapSession(account(mail_account), QUICK) as session:
        await session.select("INBOX")
        assert session.can_wait
        waiting = asyncio.create_task(session.news(30))
        began = time.monotonic()
        await asyncio.to_thread(mail_account.append, MAIL)
        assert await waiting
        assert time.monotonic() - began < 5
        assert (await session.select("INBOX")).uidnext == 3


async def test_expunged_mail_and_changed_flags_are_news(mail_account):
    mail_account.append(MAIL, MAIL)
    async with ImapSession(account(mail_account), QUICK) as session:
        await session.select("INBOX")
        waiting = asyncio.create_task(session.news(30))
        await asyncio.to_thread(mail_account.expunge, "1")
        assert await waiting


async def test_without_news_the_wait_ends_in_time(mail_account):
    async with ImapSession(account(mail_account), QUICK) as session:
        await session.select("INBOX")
        assert not await session.news(0.05)
        assert not await session.news(0.05)
        assert (await session.select("INBOX")).exists == 0


async def test_somebody_else_can_end_the_wait(mail_account):
    also = asyncio.Event()
    async with ImapSession(account(mail_account), QUICK) as session:
        await session.select("INBOX")
        waiting = asyncio.create_task(session.news(30, also))
        also.set()
        assert await waiting


async def test_what_came_while_the_folder_was_read_is_not_missed(mail_account):
    mail_account.append(MAIL)
    async with ImapSession(account(mail_account), QUICK) as session:
        await session.select("INBOX")
        await asyncio.to_thread(mail_account.append, MAIL)
        # Dovecot says `* 2 EXISTS` in its answer to this, and would not say it again.
        assert len(await session.uids_with_sizes()) in {1, 2}
        assert await session.news(30)


async def wait_at(lines: dict[bytes, bytes], within: float = 30) -> bool:
    """Wait for news of a server that answers each command with these lines."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        tag = b""
        with suppress(OSError, asyncio.CancelledError):
            while line := (await reader.readline()).split():
                tag = tag if line[0] == b"DONE" else line[0]
                said = POLITE | lines
                writer.write(said[line[-1] if len(line) < 3 else line[1]].replace(b"TAG", tag))
        writer.transport.abort()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        here = ImapAccount("127.0.0.1", port, "plain", "anna", "secret")
        async with ImapSession(here, SHORT) as session:
            await session.select("INBOX")
            return await session.news(within)


POLITE = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK\r\n",
    b"LOGIN": b"TAG OK\r\n",
    b"EXAMINE": b"* 3 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 4]\r\nTAG OK\r\n",
    b"IDLE": b"+ idling\r\n",
    b"DONE": b"TAG OK\r\n",
    b"LOGOUT": b"* BYE\r\nTAG OK\r\n",
}


@pytest.mark.parametrize(
    "said",
    [b"* 4 EXISTS", b"* 1 EXPUNGE", b"* VANISHED 1:2", b"* 2 FETCH (FLAGS (\\Seen))"],
)
async def test_each_sort_of_news_is_news(said):
    assert await wait_at({b"IDLE": b"+ idling\r\n" + said + b"\r\n"})


async def test_a_sign_of_life_is_no_news():
    said = b"+ idling\r\n* OK Still here\r\n* 0 RECENT\r\n"
    assert not await wait_at({b"IDLE": said}, within=0.1)


async def test_a_server_that_ends_the_wait_is_looked_at_again():
    assert await wait_at({b"IDLE": b"+ idling\r\nTAG OK enough\r\n"})


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({b"IDLE": b"TAG BAD what\r\n"}, TroubleKind.REFUSED),
        ({b"IDLE": b""}, TroubleKind.TIMEOUT),
        ({b"DONE": b""}, TroubleKind.TIMEOUT),
        ({b"IDLE": b"+ \r\n* BYE enough\r\n"}, TroubleKind.LOST),
        ({b"DONE": b"DONE BAD what\r\n"}, TroubleKind.PROTOCOL),
    ],
)
async def test_trouble_while_waiting_has_a_name(said, kind):
    with pytest.raises(ImapTrouble) as trouble:
        await wait_at(said, within=0.1)
    assert trouble.value.kind is kind
