"""A mail is put into a folder octet for octet, and what the server says to that is known."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters.imap import filing
from adapters.imap.commands import Refused
from adapters.imap.filing import is_copy, sent_folders
from adapters.imap.session import ImapSession
from adapters.imap.values import ImapAccount, ImapTrouble, Limits, Namespace, RemoteFolder, Role
from dovecot import MailAccount
from speaking import POLITE, SILENCE, Say, speaking, text, then_drop

LIMITS = Limits(connect=10, command=10)
AT = datetime(2026, 1, 5, 8, 30, tzinfo=timezone(timedelta(hours=1)))
MAIL = "Message-ID: <1@firma.example>\r\nSubject: Größe\r\n\r\n.Text\r\n".encode()


def on(account: MailAccount) -> ImapSession:
    server = account.server
    known = ImapAccount(server.host, server.imap, "plain", account.user, account.password)
    return ImapSession(known, LIMITS)


async def test_a_mail_is_appended_as_it_is_with_its_date_and_as_seen(
    mail_account: MailAccount,
) -> None:
    async with on(mail_account) as session:
        connection = session.connection
        assert not await filing.lies_in(connection, b"Sent", "1@firma.example", AT)
        put = await filing.append(connection, b"Sent", MAIL, AT)
        assert put.uid == 1
        assert await filing.lies_in(connection, b"Sent", "1@firma.example", AT)
        assert not await filing.lies_in(connection, b"Sent", "@firma.example", AT)
        assert not await filing.lies_in(
            connection, b"Sent", "1@firma.example", AT + timedelta(days=9)
        )
        state = await session.select("Sent")
        shown = await session.shown([1])
        items = [one async for some in session.fetch([(1, len(MAIL))]) for one in some]
    assert state.uidvalidity == put.uid_validity
    assert (shown[1].received_at, shown[1].flags) == (AT.astimezone(UTC), ("seen",))
    assert [getattr(one, "raw", None) for one in items] == [MAIL]


async def test_a_folder_is_made_where_there_is_none(mail_account: MailAccount) -> None:
    async with on(mail_account) as session:
        assert await filing.create_sent(session.connection) == b"Sent"  # it is there already


TAKING: Mapping[str, Say] = {
    **POLITE,
    "CREATE": text(b"TAG NO [CANNOT] only below INBOX\r\n"),
    "APPEND": text(b"TAG NO [OVERQUOTA] full\r\n"),
}


def at(port: int, seconds: float = 10) -> ImapSession:
    account = ImapAccount("127.0.0.1", port, "plain", "anna", "secret")
    return ImapSession(account, Limits(connect=10, command=seconds))


async def test_what_a_server_refuses_is_told_with_its_code_before_the_mail_goes() -> None:
    heard: list[bytes] = []
    async with speaking(TAKING, heard=heard) as port, at(port) as session:
        with pytest.raises(Refused) as full:
            await filing.append(session.connection, b"Sent", MAIL, AT)
        with pytest.raises(Refused) as cannot:
            await filing.create_sent(session.connection)
        assert (full.value.code, cannot.value.code) == ("OVERQUOTA", "CANNOT")
    assert not any(b"Subject" in one for one in heard)
    assert sum(b"CREATE" in one for one in heard) == 3


@pytest.mark.parametrize(
    "answer", [SILENCE, then_drop(b""), text(b"+ go on\r\n"), then_drop(b"+ go on\r\n")]
)
async def test_a_server_that_falls_silent_at_a_mail_is_trouble_in_bounded_time(
    answer: Say,
) -> None:
    async with speaking({**TAKING, "APPEND": answer}) as port:
        with pytest.raises(ImapTrouble):
            async with at(port, 0.5) as session:
                await filing.append(session.connection, b"Sent", MAIL, AT)


OWN = b"X-Carteggio-Id: <1@firma.example>\r\n"
ALONE = b"References: <1@firma.example>\r\n"


@pytest.mark.parametrize(
    ("header", "is_one"),
    [
        (b"Message-ID: <1@firma.example>\r\n", True),
        (b"Message-ID: <11@firma.example>\r\n", False),
        (b"Message-ID: <x@provider.example>\r\n" + OWN, True),
        (b"Message-ID: <x@provider.example>\r\n" + ALONE, True),
        (ALONE + OWN.replace(b"<1@", b"<2@"), False),
        (ALONE + b"In-Reply-To: <1@firma.example>\r\n", False),
        (ALONE.replace(b">", b"> <2@rossi.example>"), False),
        (b"", False),
    ],
)
def test_a_copy_is_told_from_what_refers_to_it(header: bytes, *, is_one: bool) -> None:
    assert is_copy(header + b"\r\n", "1@firma.example") is is_one


def test_the_folder_that_was_named_comes_first_and_no_one_else_s() -> None:
    def folder(name: str, *uses: str, role: Role = Role.SENT) -> RemoteFolder:
        return RemoteFolder(name, role, name.encode(), uses=uses)

    shared = RemoteFolder("Shared/Sent", Role.SENT, b"Shared/Sent", Namespace.SHARED)
    usual, flagged = folder("Gesendet"), folder("Inviati", "sent")
    other = folder("Archive", role=Role.OTHER)
    assert sent_folders([shared, usual, other, flagged]) == [flagged, usual]
    assert sent_folders([usual, other], "Archive") == [other, usual]
    assert sent_folders([other, shared]) == []
