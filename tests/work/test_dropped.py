"""A mail file that is dropped equals the same mail fetched: one message, the same links."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, configure
from api.work.directory import import_directory
from api.work.importing import Progress, Wanted, import_mail
from api.work.instance import Carteggio
from api.work.sync import Sync, Synced
from dovecot import MailAccount
from instances import events_of
from letters import letter
from office import FILES

BOX = "info@firm.example"
MAIL = letter("q@acme.example", b"Invoice 2026/17", sender="Ada <ada@acme.example>")
FETCHED = MAIL.replace(b"\n", b"\r\n")


class Office:
    """An office that fetches a mailbox, and in which files are dropped."""

    def __init__(
        self, carteggio: Carteggio, worker: ReadingWorker, folder: Path, account: MailAccount
    ) -> None:
        self.carteggio, self._worker, self._folder = carteggio, worker, folder
        folder.mkdir()
        for name, text in FILES.items():
            (folder / name).write_text(text)
        import_directory(carteggio, folder)
        account.append(FETCHED, when=datetime.now(UTC))
        server = account.server
        configure(
            carteggio,
            Entered(BOX, server.host, server.imap, "plain", account.user, account.password),
        )
        carteggio.feed.catch_up()

    def drop(self, folder: str = "INBOX") -> Progress:
        path = self._folder / "dropped.eml"
        path.write_bytes(MAIL)
        return import_mail(self.carteggio, Wanted(path, BOX, folder), lambda _: None)

    def fetch(self) -> Synced:
        (synced,) = asyncio.run(Sync(self.carteggio, self._worker).all())
        self.carteggio.feed.catch_up()
        assert synced.trouble == ""
        return synced

    def streams(self, name: str) -> set[Any]:
        return {one.stream for one in self.carteggio.journal.read(0, names=[name])}

    def links(self) -> list[tuple[str, str]]:
        return sorted(
            (one.rule, one.evidence) for one in events_of(self.carteggio, "message.linked")
        )


@pytest.fixture
def office(
    carteggio: Carteggio, worker: ReadingWorker, tmp_path: Path, mail_account: MailAccount
) -> Office:
    return Office(carteggio, worker, tmp_path / "erp", mail_account)


LINKS = [("address-exact", "ada@acme.example"), ("document-number", "Invoice 2026/17")]


def test_dropped_first_it_is_known_when_it_is_fetched(office):
    assert office.drop().counts.stored == 1
    assert (office.fetch().counts.known, office.links()) == (1, LINKS)
    assert len(office.streams("message.received")) == 1
    assert office.streams("message.copy_found") == set()


def test_fetched_first_a_dropped_file_is_a_copy_for_its_octets_alone(office):
    assert office.fetch().counts.stored == 1
    dropped = office.drop().counts
    assert (dropped.stored, dropped.copies) == (1, 1)
    assert office.streams("message.copy_found") == office.streams("message.received")
    assert not events_of(office.carteggio, "message.copy_found")[0].variant
    assert office.links() == LINKS


def test_dropped_into_another_folder_it_is_the_same_message_with_the_same_links(office):
    office.fetch()
    office.drop("Customers")
    assert office.streams("message.copy_found") == office.streams("message.received")
    assert office.links() == LINKS
