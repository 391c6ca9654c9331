"""What other mail programs do to mail in its folders is seen, at each level that servers offer."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from adapters.imap.values import Limits
from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, configure
from api.work.instance import Carteggio
from api.work.sync import Sync, Synced
from domain.marking import MessageMarked
from domain.message import MessageReceived
from dovecot import Dovecot, MailAccount, running
from instances import events_of
from projections import folders, messages
from projections.reader import EVERYTHING

BOX = "info@firm.example"
NOW = datetime.now(UTC)
OFFERED = "imap_capability = IMAP4rev1 SASL-IR ID ENABLE IDLE LITERAL+ UIDPLUS MOVE SPECIAL-USE"
LEVELS = {"qresync": "", "condstore": f"{OFFERED} CONDSTORE\n", "neither": f"{OFFERED}\n"}


@pytest.fixture(scope="module", params=LEVELS)
def level(request: pytest.FixtureRequest, dovecot: Dovecot) -> Iterator[Dovecot]:
    """Run a server that offers a level, and no more."""
    if request.param == "qresync":
        yield dovecot
        return
    with running(LEVELS[request.param]) as server:
        yield server


@pytest.fixture(scope="module")
def worker() -> Iterator[ReadingWorker]:
    with ReadingWorker() as reading:
        yield reading


def mail(number: int) -> bytes:
    return (
        f"From: ada@acme.example\r\nTo: {BOX}\r\nDate: Mon, 2 Mar 2026 09:00:00 +0100\r\n"
        f"Message-ID: <{number}@acme.example>\r\nSubject: {number}\r\n\r\nText.\r\n"
    ).encode()


class Box:
    """A mailbox on a server, fetched into an instance."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker, account: MailAccount) -> None:
        self.carteggio, self.worker, self.account = carteggio, worker, account
        server = account.server
        configure(
            carteggio,
            Entered(BOX, server.host, server.imap, "plain", account.user, account.password),
        )
        carteggio.feed.catch_up()

    def fetch(self) -> Synced:
        """Look into the account once, as a process that has just begun."""
        limits = Limits(connect=10, command=20, fetch=20)
        (synced,) = asyncio.run(Sync(self.carteggio, self.worker, limits).all())
        assert synced.trouble == ""
        self.carteggio.feed.catch_up()
        return synced

    def do(self, *commands: tuple[str, ...], folder: str = "INBOX") -> None:
        """Act as another mail program."""
        with self.account.login() as client:
            client.select(folder)
            for command in commands:
                assert client.uid(*command)[0] == "OK"
            client.expunge()

    def marked(self) -> list[MessageMarked]:
        return events_of(self.carteggio, "message.marked")

    def received(self) -> list[MessageReceived]:
        return events_of(self.carteggio, "message.received")

    def places(self) -> set[tuple[str, str, tuple[str, ...], bool]]:
        """Give where each message lies by the read models: subject, folder, flags, gone."""

        async def ask() -> set[tuple[str, str, tuple[str, ...], bool]]:
            async with self.carteggio.reading() as asked:
                rows = (await messages.page(*asked, EVERYTHING, messages.MessageFilter())).rows
                subjects = {one.id: one.subject for one in rows}
                found = await messages.occurrences_of(*asked, EVERYTHING, list(subjects))
            return {
                (subjects[id], one.folder, tuple(one.flags), one.gone)
                for id, places in found.items()
                for one in places
            }

        return asyncio.run(ask())

    def unread(self) -> dict[str, int]:
        async def ask() -> dict[str, int]:
            async with self.carteggio.reading() as asked:
                return {
                    one.folder: one.unseen for one in await folders.captured(*asked, EVERYTHING)
                }

        return asyncio.run(ask())


@pytest.fixture
def box(carteggio: Carteggio, worker: ReadingWorker, level: Dovecot) -> Box:
    return Box(carteggio, worker, level.add_user())


def test_marks_moves_and_deletions_by_others_are_seen(box):
    box.account.append(*map(mail, range(1, 6)), when=NOW)
    box.fetch()
    assert box.unread() == {"INBOX": 5}
    box.do(
        ("STORE", "1", "+FLAGS", r"(\Seen)"),
        ("STORE", "2", "+FLAGS", r"(\Flagged)"),
        ("STORE", "3", "+FLAGS", r"(\Deleted)"),
        ("MOVE", "4", "Sent"),
    )
    box.fetch()
    assert box.places() == {
        ("1", "INBOX", ("seen",), False),
        ("2", "INBOX", ("flagged",), False),
        ("3", "INBOX", (), True),
        ("4", "INBOX", (), True),
        ("4", "Sent", (), False),
        ("5", "INBOX", (), False),
    }
    assert box.unread() == {"INBOX": 2, "Sent": 1}
    assert len(box.marked()) == 4
    head = box.carteggio.journal.head()
    box.fetch()
    assert box.carteggio.journal.head() == head


def test_what_comes_back_lies_there_again(box):
    box.account.append(mail(1), mail(2), when=NOW)
    with box.account.login() as client:
        client.create("Drafts")
    box.fetch()
    box.do(("MOVE", "1", "Drafts"))
    box.fetch()
    assert ("1", "INBOX", (), True) in box.places()
    box.do(("STORE", "1", "+FLAGS", r"(\Answered)"), ("MOVE", "1", "INBOX"), folder="Drafts")
    box.fetch()
    assert box.places() == {("1", "INBOX", ("answered",), False), ("2", "INBOX", (), False)}
    assert len(box.received()) == 2


def test_two_copies_in_a_folder_are_gone_when_both_are(box):
    box.account.append(mail(1), mail(1), mail(2), when=NOW)
    box.fetch()
    box.do(("STORE", "1", "+FLAGS", r"(\Deleted)"))
    box.fetch()
    assert box.marked() == []
    box.do(("STORE", "2", "+FLAGS", r"(\Deleted)"))
    box.fetch()
    assert [one.gone for one in box.marked()] == [True]


def test_a_renumbered_folder_loses_nothing_doubles_nothing_and_its_marks_are_compared(box):
    box.account.append(*map(mail, range(1, 5)), when=NOW)
    box.fetch()
    box.do(("STORE", "1", "+FLAGS", r"(\Seen)"), ("STORE", "2", "+FLAGS", r"(\Deleted)"))
    _renumber(box.account)
    box.account.append(mail(5), when=NOW)
    synced = box.fetch()
    assert (synced.counts.read, synced.counts.known, synced.counts.stored) == (4, 3, 1)
    assert len(box.received()) == 5
    assert {(one[0], one[2], one[3]) for one in box.places()} == {
        ("1", ("seen",), False),
        ("2", (), True),
        ("3", (), False),
        ("4", (), False),
        ("5", (), False),
    }
    with box.carteggio.database.connect() as connection:
        noted = connection.execute(
            "SELECT count(*), count(DISTINCT uid_validity) FROM folder_message"
        )
        assert noted.fetchone() == (4, 1)
    box.do(("STORE", "1:*", "+FLAGS", r"(\Flagged)"))
    box.fetch()
    assert sum("flagged" in one[2] for one in box.places()) == 4


def _renumber(account: MailAccount) -> None:
    """Write another UIDVALIDITY into Dovecot's list of UIDs; flags are in the files' names."""
    folder = account.server.root / "home" / account.user / "mail"
    for index in folder.glob("dovecot.index*"):
        index.unlink()
    uids = folder / "dovecot-uidlist"
    uids.write_text(re.sub(r" V\d+ ", " V4711 ", uids.read_text(), count=1))
    account.server.own(uids)


def test_mail_known_from_a_file_is_marked_as_on_the_server(box, tmp_path):
    from api.work.importing import Wanted, import_mail  # noqa: PLC0415

    mbox = tmp_path / "INBOX"
    mbox.write_bytes(b"From x@y Mon Feb 2 09:00:00 2026\n" + mail(1).replace(b"\r\n", b"\n"))
    import_mail(box.carteggio, Wanted(mbox, BOX, folder="INBOX"), lambda _: None)
    box.account.append(mail(1), when=NOW, flags=r"(\Seen)")
    box.fetch()
    assert {(one[2], one[3]) for one in box.places()} == {(("seen",), False)}
    assert len(box.marked()) == 1
