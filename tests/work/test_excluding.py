"""The do-not-capture list against real servers and files: nothing is stored, only counted."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from psycopg.sql import SQL, Identifier

from adapters.imap.values import Limits
from adapters.mime.worker import ReadingWorker
from api.work import excluding
from api.work.accounts import Entered, configure
from api.work.checking import Checking
from api.work.excluding import Exclusions
from api.work.importing import Wanted, import_mail, register_mailbox
from api.work.instance import Carteggio
from api.work.sync import Sync, Synced
from api.work.tokens import by_operator
from domain.exclusion import Side
from domain.values import MailboxId
from dovecot import MailAccount
from instances import events_of
from letters import mbox

BOX = "info@firm.example"
NOW = datetime.now(UTC)
LIMITS = Limits(connect=10, command=20, fetch=20, whole=10_000, largest=20_000)


def mail(number: int, sender: str) -> bytes:
    return (
        f"From: {sender}\r\nTo: {BOX}\r\nDate: Mon, 2 Mar 2026 09:00:00 +0100\r\n"
        f"Message-ID: <{number}@mail.example>\r\nSubject: {number}\r\n\r\nGood morning\r\n"
    ).encode()


BOUNCE = (
    b"From: MAILER-DAEMON@mx.firm.example\r\nTo: info@firm.example\r\n"
    b"Date: Mon, 2 Mar 2026 09:00:00 +0100\r\nMessage-ID: <b@mx.firm.example>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;"
    b' boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--x\r\n'
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.firm.example\r\n\r\n"
    b"Final-Recipient: rfc822; pay@bank.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    b"--x--\r\n"
)


class Office:
    """An instance with a list, that fetches a mailbox."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker) -> None:
        self.carteggio, self._worker = carteggio, worker

    def add(
        self, account: MailAccount, protocol: str = "imap", folders: tuple[str, ...] = ()
    ) -> None:
        server = account.server
        port = server.imap if protocol == "imap" else server.pop3
        entered = Entered(
            BOX, server.host, port, "plain", account.user, account.password,
            folders=folders,
            protocol=protocol,  # type: ignore[arg-type]
            delete_after_days=0 if protocol == "pop3" else None,
        )  # fmt: skip
        configure(self.carteggio, entered)
        self.carteggio.feed.catch_up()

    def exclude(self, whose: str, box: MailboxId | None = None) -> None:
        journal = self.carteggio.journal
        excluding.add(journal, whose, Side.EITHER, box, "private", by_operator())

    def sync(self) -> Sync:
        return Sync(self.carteggio, self._worker, LIMITS)

    def fetch(self) -> Synced:
        (synced,) = asyncio.run(self.sync().all())
        assert synced.trouble == ""
        return synced

    def left(self) -> tuple[int, dict[int, str]]:
        """Give how much is missing in INBOX, and what was left out on purpose."""
        (checked,) = asyncio.run(Checking(self.carteggio, self.sync()).all())
        inbox = next(one for one in checked.folders if one.folder == "INBOX")
        return len(inbox.missing), dict(inbox.not_fetched)

    def passed(self) -> list[int]:
        rules = Exclusions(self.carteggio.journal).rules()
        with self.carteggio.database.connect() as connection:
            counted = excluding.counts(connection, [id for id, _ in rules])
        return [counted[id].messages if id in counted else 0 for id, _ in rules]

    def rows(self, table: str) -> int:
        query = SQL("SELECT count(*) FROM {}").format(Identifier(table))
        with self.carteggio.database.connect() as connection:
            return int(connection.execute(query).fetchall()[0][0])

    def senders(self) -> list[str]:
        received = events_of(self.carteggio, "message.received")
        return [one.content.authors[0].spec for one in received]


@pytest.fixture
def office(carteggio: Carteggio, worker: ReadingWorker) -> Office:
    return Office(carteggio, worker)


def test_of_an_excluded_mail_nothing_is_stored_and_the_ledger_knows_why(office, mail_account):
    office.exclude("bank.example")
    mail_account.append(mail(1, "ada@acme.example"), mail(2, "pay@bank.example"), when=NOW)
    office.add(mail_account)
    first, again = office.fetch(), office.fetch()
    assert (first.counts.stored, first.counts.excluded, first.counts.known) == (1, 1, 0)
    assert again.counts.read == 0
    assert office.senders() == ["ada@acme.example"]
    assert [office.rows(table) for table in ("occurrence", "blob", "folder_message")] == [1, 1, 1]
    assert office.left() == (0, {2: "excluded"})
    assert office.passed() == [1]


def test_the_body_of_an_excluded_mail_is_not_fetched_and_it_is_counted_once(office, mail_account):
    office.exclude("bank.example")
    mails = (mail(1, "ada@acme.example"), mail(2, "pay@bank.example"), mail(3, "x@bank.example"))
    with mail_account.login() as client:
        client.create("Old")
    for one in mails:
        mail_account.append(one, folder="Old", when=NOW)
    office.add(mail_account, folders=("Old",))
    counts = office.fetch().counts
    assert (counts.stored, counts.excluded, counts.octets) == (1, 2, len(mails[0]))
    with mail_account.login() as client:
        client.rename("Old", "New")
        client.rename("New", "Newer")
    renamed = office.fetch()
    assert (renamed.counts.copies, renamed.counts.excluded) == (1, 2)
    office.carteggio.feed.catch_up()
    mail_account.append(mails[1], folder="Newer", when=NOW)
    assert office.fetch().counts.excluded == 1
    assert office.passed() == [2]


def test_a_bounce_tells_in_its_body_whom_it_is_about(office, mail_account):
    office.exclude("pay@bank.example")
    mail_account.append(BOUNCE, when=NOW)
    office.add(mail_account)
    counts = office.fetch().counts
    assert (counts.stored, counts.excluded, counts.octets) == (0, 1, len(BOUNCE))


def test_a_maildrop_is_not_asked_again_and_loses_nothing(office, maildrop):
    office.exclude("pay@bank.example")
    long_ago = NOW - timedelta(days=2)
    maildrop.append(mail(1, "ada@acme.example"), mail(2, "pay@bank.example"), when=long_ago)
    office.add(maildrop, "pop3")
    assert (office.fetch().counts.excluded, office.fetch().counts.read) == (1, 0)
    assert office.left() == (0, {next(iter(office.left()[1])): "excluded"})
    assert office.passed() == [1]
    assert office.rows("occurrence") == 1
    maildrop.append(mail(3, "pay@bank.example"), when=NOW)
    counts = office.fetch().counts
    assert (counts.excluded, counts.octets, office.passed()) == (1, 0, [2])


def test_a_file_is_minded_too_and_a_mailbox_of_its_own_list(office, tmp_path: Path):
    path = tmp_path / "info.mbox"
    mbox(path, [mail(number, "ada@acme.example") for number in (1, 2)])
    other = register_mailbox(office.carteggio, "sales@firm.example")
    office.exclude("acme.example", other)
    in_ours = import_mail(office.carteggio, Wanted(path, BOX), lambda _: None)
    in_other = import_mail(office.carteggio, Wanted(path, "sales@firm.example"), lambda _: None)
    assert (in_ours.counts.stored, in_ours.counts.excluded) == (2, 0)
    assert (in_other.counts.stored, in_other.counts.excluded) == (0, 2)
    assert office.passed() == [2]


def test_what_was_taken_in_stays_and_after_removal_mail_comes_again(office, tmp_path: Path):
    path = tmp_path / "one.eml"
    path.write_bytes(mail(1, "pay@bank.example"))
    wanted = Wanted(path, BOX)
    import_mail(office.carteggio, wanted, lambda _: None)
    office.exclude("bank.example")
    assert import_mail(office.carteggio, wanted, lambda _: None).counts.known == 1
    path.write_bytes(mail(2, "pay@bank.example"))
    assert import_mail(office.carteggio, wanted, lambda _: None).counts.excluded == 1
    path.write_bytes(mail(2, "pay@bank.example"))
    assert import_mail(office.carteggio, wanted, lambda _: None).counts.excluded == 1
    assert (office.passed(), office.rows("excluded_once")) == ([1], 1)
    excluding.remove(office.carteggio.journal, "bank.example", Side.EITHER, None, by_operator())
    assert import_mail(office.carteggio, wanted, lambda _: None).counts.stored == 1
    assert office.rows("excluded_once") == 0


def test_what_is_on_the_list_is_sealed(office):
    office.exclude("hr@firm.example")
    with office.carteggio.database.connect() as connection:
        states = connection.execute(
            "SELECT state FROM stored_events WHERE topic = 'exclusion.added'"
        ).fetchall()
    assert len(states) == 1
    assert b"hr@" not in states[0][0]
    assert b"private" not in states[0][0]
