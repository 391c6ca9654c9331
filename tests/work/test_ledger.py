"""The ledger against real servers: what lies there and was not taken in is named, UID by UID."""

import asyncio
import json
import time
from datetime import UTC, datetime
from threading import Event, Thread

import pytest

from adapters.imap.values import Limits
from adapters.mime.worker import ReadingWorker
from api.health import Finding, State, _ledgers
from api.work.accounts import Entered, configure, order
from api.work.checking import Checked, Checking
from api.work.instance import Carteggio
from api.work.ledger import Compared, ledgers_of
from api.work.running import work
from api.work.sync import Sync
from domain.account import PauseAccount
from domain.values import Rejected
from dovecot import MailAccount

BOX = "info@firm.example"
NOW = datetime.now(UTC)


def mail(number: int, size: int = 0) -> bytes:
    return (
        f"From: ada@acme.example\r\nTo: {BOX}\r\nDate: Mon, 2 Mar 2026 09:00:00 +0100\r\n"
        f"Message-ID: <{number}@acme.example>\r\nSubject: {number}\r\n\r\n{'x' * size}\r\n"
    ).encode()


class Office:
    """An instance that fetches a mailbox from the server, and compares."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker) -> None:
        self.carteggio, self._worker = carteggio, worker

    def add(self, account: MailAccount, protocol: str = "imap", password: str = "") -> None:
        server = account.server
        port = server.imap if protocol == "imap" else server.pop3
        configure(
            self.carteggio,
            Entered(
                BOX, server.host, port, "plain", account.user, password or account.password,
                protocol=protocol,  # type: ignore[arg-type]
            ),
        )  # fmt: skip
        self.carteggio.feed.catch_up()

    def sync(self) -> Sync:
        limits = Limits(connect=10, command=20, fetch=20, whole=10_000, largest=20_000)
        return Sync(self.carteggio, self._worker, limits)

    def fetch(self) -> None:
        (synced,) = asyncio.run(self.sync().all())
        assert synced.trouble == ""

    def check(self, *boxes: str) -> Checked:
        (checked,) = asyncio.run(Checking(self.carteggio, self.sync()).all(boxes))
        return checked

    def folders(self) -> dict[str, Compared]:
        return {one.folder: one for one in self.check().folders}

    def do(self, sql: str, *values: object) -> None:
        with self.carteggio.database.connect() as connection:
            assert connection.execute(sql.encode(), values).rowcount > 0

    def doctor(self) -> Finding:
        (found,) = _ledgers(self.carteggio)
        return found

    def due(self) -> None:
        """Do what a worker does once a minute."""

        async def once() -> None:
            sync = self.sync()
            await Checking(self.carteggio, sync).due()
            await sync.close()

        asyncio.run(once())

    @property
    def compared_at(self) -> datetime | None:
        (one,) = ledgers_of(self.carteggio.database).values()
        return one.checked_at


@pytest.fixture
def office(carteggio: Carteggio, worker: ReadingWorker) -> Office:
    return Office(carteggio, worker)


def test_after_a_sync_nothing_is_missing(office, mail_account):
    mail_account.append(mail(1), mail(2), when=NOW)
    mail_account.append(mail(3), folder="Sent", when=NOW)
    office.add(mail_account)
    office.fetch()
    found = office.folders()
    assert {name: (x.on_server, x.captured) for name, x in found.items()} == {
        "INBOX": (2, 2),
        "Sent": (1, 1),
    }
    assert not any(x.missing or x.not_fetched or x.vanished for x in found.values())
    assert office.doctor().state is State.GOOD


def test_a_message_that_was_not_captured_is_named_by_its_uid(office, mail_account):
    mail_account.append(mail(1), mail(2), mail(3), when=NOW)
    office.add(mail_account)
    office.fetch()
    office.do("DELETE FROM folder_message WHERE uid = 2")
    inbox = office.folders()["INBOX"]
    assert (inbox.on_server, inbox.captured, inbox.missing) == (3, 2, (2,))
    found = office.doctor()
    assert (found.state, found.said) == (
        State.WARNING,
        "1 messages on the server were not taken in",
    )


def test_an_oversize_message_is_listed_apart_with_the_reason(office, mail_account):
    mail_account.append(mail(1), mail(2, size=50_000), when=NOW)
    office.add(mail_account)
    office.fetch()
    inbox = office.folders()["INBOX"]
    assert (inbox.missing, inbox.not_fetched) == ((), {2: "too large"})


def test_new_mail_is_missing_until_it_is_fetched(office, mail_account):
    mail_account.append(mail(1), when=NOW)
    office.add(mail_account)
    office.fetch()
    mail_account.append(mail(2), mail(3), when=NOW)
    assert office.folders()["INBOX"].missing == (2, 3)
    assert office.doctor().state is State.WARNING
    office.fetch()
    assert office.doctor().state is State.GOOD


def test_what_was_deleted_and_not_noticed_yet_is_told_and_is_no_alarm(office, mail_account):
    mail_account.append(mail(1), mail(2), when=NOW)
    office.add(mail_account)
    office.fetch()
    mail_account.expunge("1")
    inbox = office.folders()["INBOX"]
    assert (inbox.on_server, inbox.missing, inbox.vanished) == (1, (), (1,))
    office.fetch()
    assert office.folders()["INBOX"].vanished == ()


def test_an_account_never_fetched_misses_all(office, mail_account):
    mail_account.append(mail(1), mail(2), when=NOW)
    office.add(mail_account)
    assert office.folders()["INBOX"].missing == (1, 2)


def test_a_maildrop_is_compared_by_unique_ids(office, maildrop):
    maildrop.append(mail(1), mail(2, size=50_000), when=NOW)
    office.add(maildrop, "pop3")
    office.fetch()
    (inbox,) = office.check().folders
    assert (inbox.on_server, inbox.captured, inbox.missing) == (2, 1, ())
    assert list(inbox.not_fetched.values()) == ["too large"]
    maildrop.append(mail(3), when=NOW)
    (inbox,) = office.check().folders
    assert len(inbox.missing) == 1
    assert office.doctor().state is State.WARNING
    office.fetch()
    (inbox,) = office.check().folders
    assert inbox.missing == ()


def test_a_worker_compares_once_a_day_what_was_fetched(office, mail_account):
    mail_account.append(mail(1), when=NOW)
    office.add(mail_account)
    office.due()
    assert ledgers_of(office.carteggio.database) == {}
    office.fetch()
    assert office.doctor().state is State.WARNING
    office.due()
    first = office.compared_at
    office.due()
    assert first is not None
    assert office.compared_at == first
    office.do(
        "UPDATE account_ledger SET checked_at = checked_at - interval '25 h',"
        " begun_at = begun_at - interval '25 h'"
    )
    office.due()
    assert office.compared_at is not None
    assert office.compared_at > first


def test_a_comparison_older_than_two_days_is_told(office, mail_account):
    office.add(mail_account)
    office.fetch()
    office.check()
    office.do("UPDATE account_ledger SET checked_at = checked_at - interval '49 h'")
    found = office.doctor()
    assert found.state is State.WARNING
    assert found.said.startswith("not compared with the server since ")


def test_trouble_leaves_what_was_known_and_a_paused_account_is_compared_only_when_named(
    office, mail_account
):
    mail_account.append(mail(1), when=NOW)
    office.add(mail_account)
    office.check()
    before = office.compared_at
    office.add(mail_account, password="wrong")
    assert office.check().trouble
    assert office.compared_at == before
    assert [one.missing for one in ledgers_of(office.carteggio.database).values()] == [1]
    office.add(mail_account)
    order(office.carteggio, BOX, PauseAccount())
    office.carteggio.feed.catch_up()
    assert asyncio.run(Checking(office.carteggio, office.sync()).all()) == []
    assert office.check(BOX).missing == 1
    with pytest.raises(Rejected, match="no account is configured"):
        office.check("nobody@firm.example")


@pytest.mark.slow
def test_the_command_lists_uids_and_exits_1_where_some_are_missing(instance, mail_account):
    mail_account.append(mail(1), mail(2), when=NOW)
    server = mail_account.server
    where = ("--mailbox", BOX, "--host", server.host, "--user", mail_account.user)
    instance.done(
        "account", "add", *where, "--port", server.imap, "--security", "plain",
        CARTEGGIO_ACCOUNT_PASSWORD=mail_account.password,
    )  # fmt: skip
    before = instance.run("account", "ledger", BOX, "--json")
    rows = {one["folder"]: one for one in map(json.loads, before.out.splitlines())}
    assert before.code == 1
    assert (rows["INBOX"]["missing"], rows["Sent"]["missing"]) == ([1, 2], [])
    shown = instance.run("account", "ledger")
    assert shown.code == 1
    assert "1, 2" in shown.out
    instance.done("sync", "--mailbox", BOX)
    assert sum(len(one["missing"]) for one in instance.asked("account", "ledger")) == 0
    assert {one["state"] for one in instance.asked("doctor") if "ledger" in one["part"]} == {
        "good"
    }


def test_who_works_compares_what_was_fetched_before(office, mail_account):
    mail_account.append(mail(1), when=NOW)
    office.add(mail_account)
    office.fetch()
    stop, until = Event(), time.monotonic() + 30
    working = Thread(target=work, args=(office.carteggio, stop))
    working.start()
    try:
        while office.doctor().state is not State.GOOD and time.monotonic() < until:
            stop.wait(0.1)
    finally:
        stop.set()
        working.join()
    assert office.compared_at is not None
