"""Accounts against a real IMAP server: each message once, whatever the server does to its UIDs."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.imap.values import Limits
from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, accounts_of, configure, order, password_of
from api.work.instance import Carteggio
from api.work.looks import states_of
from api.work.sync import Sync, Synced
from domain.account import PauseAccount, ResumeAccount
from domain.message import FolderRole, MessageReceived
from domain.values import Rejected
from dovecot import MailAccount
from instances import events_of

BOX = "info@firm.example"
NOW = datetime.now(UTC)


def mail(number: int, size: int = 0) -> bytes:
    return (
        f"From: ada@acme.example\r\nTo: {BOX}\r\nDate: Mon, 2 Mar 2026 09:00:00 +0100\r\n"
        f"Message-ID: <{number}@acme.example>\r\nSubject: {number}\r\n\r\n{'x' * size}\r\n"
    ).encode()


class Fetching:
    """An instance that fetches a mailbox from the server."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker) -> None:
        self.carteggio, self._worker = carteggio, worker

    def add(self, account: MailAccount, box: str = BOX, **more: object) -> None:
        server = account.server
        entered = Entered(box, server.host, server.imap, "plain", account.user, account.password)
        configure(self.carteggio, Entered(**{**_fields(entered), **more}))  # type: ignore[arg-type]
        self.carteggio.feed.catch_up()

    def __call__(self, *boxes: str, largest: int = 1_000_000) -> list[Synced]:
        limits = Limits(connect=10, command=20, fetch=20, whole=10_000, largest=largest)
        return asyncio.run(Sync(self.carteggio, self._worker, limits).all(boxes))


def _fields(entered: Entered) -> dict[str, object]:
    return {name: getattr(entered, name) for name in Entered.__slots__}


@pytest.fixture
def fetch(carteggio: Carteggio, worker: ReadingWorker) -> Fetching:
    return Fetching(carteggio, worker)


def received(fetch: Fetching) -> list[MessageReceived]:
    return events_of(fetch.carteggio, "message.received")


def test_inbox_and_sent_come_once_and_then_what_is_new(fetch, mail_account):
    mail_account.append(mail(1), mail(2), when=NOW)
    mail_account.append(mail(3), folder="Sent", when=NOW)
    fetch.add(mail_account)
    first, again = fetch()[0], fetch()[0]
    mail_account.append(mail(4), when=NOW)
    third = fetch()[0]
    assert [one.counts.stored for one in (first, again, third)] == [3, 0, 1]
    assert [one.counts.read for one in (first, again, third)] == [3, 0, 1]
    assert [one.role for one in received(fetch)].count(FolderRole.SENT) == 1


def test_old_mail_of_a_first_look_is_archive(fetch, mail_account):
    mail_account.append(mail(1), when=NOW - timedelta(days=31))
    mail_account.append(mail(2), when=NOW - timedelta(days=29))
    fetch.add(mail_account)
    fetch()
    assert [one.archived for one in received(fetch)] == [True, False]


def test_a_renumbered_folder_records_nothing_new(fetch, mail_account):
    mail_account.append(mail(1), mail(2), when=NOW)
    fetch.add(mail_account)
    fetch()
    mail_account.renumber()
    mail_account.append(mail(3), when=NOW)
    head = fetch.carteggio.journal.head()
    counts = fetch()[0].counts
    assert (counts.read, counts.known, counts.stored) == (3, 2, 1)
    assert fetch.carteggio.journal.head() == head + 1


def test_a_message_too_large_is_noted_with_its_header_and_the_rest_goes_on(fetch, mail_account):
    mail_account.append(mail(1), mail(2, size=50_000), mail(3), when=NOW)
    fetch.add(mail_account)
    synced = fetch(largest=20_000)[0]
    assert (synced.counts.stored, synced.not_fetched) == (3, 1)
    assert synced.warning.endswith(f"carteggio account left {BOX}")
    with fetch.carteggio.database.connect() as connection:
        rows = connection.execute("SELECT uid, reason FROM not_fetched").fetchall()
    assert rows == [(2, "too large")]


def test_one_bad_account_leaves_the_others_alone(fetch, mail_account):
    mail_account.append(mail(1), when=NOW)
    fetch.add(mail_account)
    fetch.add(mail_account, "wrong@firm.example", password="no")
    fetch.add(mail_account, "nowhere@firm.example", host="127.0.0.1", port=1)
    found = {one.account.address: one for one in fetch()}
    assert found[BOX].counts.stored == 1
    assert found["wrong@firm.example"].kind == "login refused"
    assert found["nowhere@firm.example"].kind == "unreachable"
    troubles = {one.trouble for one in states_of(fetch.carteggio).values()}
    assert troubles == {"", "login refused", "unreachable"}


def test_a_paused_account_is_fetched_only_when_named(fetch, mail_account):
    mail_account.append(mail(1), when=NOW)
    fetch.add(mail_account)
    order(fetch.carteggio, BOX, PauseAccount())
    fetch.carteggio.feed.catch_up()
    assert fetch() == []
    with pytest.raises(Rejected, match=f"nothing is fetched: {BOX}; resume it first"):
        fetch(BOX)
    order(fetch.carteggio, BOX, ResumeAccount())
    fetch.carteggio.feed.catch_up()
    assert fetch()[0].counts.stored == 1


def test_chosen_folders_are_fetched_and_missing_ones_told(fetch, mail_account):
    mail_account.append(mail(1), when=NOW)
    fetch.add(mail_account, folders=("INBOX", "Nothing"))
    synced = fetch()[0]
    assert synced.folders == ["INBOX"]
    assert synced.trouble == "these folders are not there: Nothing"


def test_imported_mail_is_known_when_it_is_fetched(fetch, mail_account):
    mail_account.append(mail(1), when=NOW)
    fetch.add(mail_account)
    fetch()
    with fetch.carteggio.database.connect() as connection:
        connection.execute("TRUNCATE folder_cursor")
    assert fetch()[0].counts.known == 1


def test_the_password_is_sealed_and_in_no_event(fetch, mail_account):
    fetch.add(mail_account)
    account = asyncio.run(accounts_of(fetch.carteggio))[0]
    assert password_of(fetch.carteggio, account.id) == mail_account.password
    assert mail_account.password not in repr(events_of(fetch.carteggio))
    with fetch.carteggio.database.connect() as connection:
        sealed = connection.execute("SELECT sealed FROM account_secret").fetchone()
    assert sealed is not None
    assert mail_account.password.encode() not in sealed[0]


def test_an_unknown_account_is_said(fetch):
    with pytest.raises(Rejected, match="no account is configured"):
        fetch("nobody@firm.example")
