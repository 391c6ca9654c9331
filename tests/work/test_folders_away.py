"""A chosen folder that is not there is the account's trouble, and nothing of the others."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.mime.worker import ReadingWorker
from api.health import _accounts
from api.work.accounts import Entered, configure
from api.work.checking import Checked, Checking
from api.work.instance import Carteggio
from api.work.looks import NOT_READ
from api.work.overview import Overview, Sort, overview_of
from api.work.sync import Sync, Synced
from attended import Office as Attended
from boxes import BOX, mail
from dovecot import MailAccount

NOW = datetime.now(UTC)


class Office:
    def __init__(self, carteggio: Carteggio, worker: ReadingWorker, account: MailAccount) -> None:
        self.carteggio, self.worker, self.account = carteggio, worker, account

    def choose(self, *folders: str, **more: Any) -> None:
        server = self.account.server
        login = (self.account.user, self.account.password)
        where = Entered(BOX, server.host, server.imap, "plain", *login, folders=folders, **more)
        configure(self.carteggio, where)
        self.carteggio.feed.catch_up()

    def make(self, folder: str) -> None:
        with self.account.login() as client:
            assert client.create(folder)[0] == "OK"

    def delete(self, folder: str) -> None:
        with self.account.login() as client:
            assert client.delete(folder)[0] == "OK"

    def fetch(self) -> Synced:
        (synced,) = asyncio.run(Sync(self.carteggio, self.worker).all())
        return synced

    def compare(self) -> Checked:
        (checked,) = asyncio.run(Checking(self.carteggio, Sync(self.carteggio, self.worker)).all())
        return checked

    @property
    def stands(self) -> Overview:
        (one,) = asyncio.run(overview_of(self.carteggio))
        return one


@pytest.fixture
def office(carteggio: Carteggio, worker: ReadingWorker, mail_account: MailAccount) -> Office:
    return Office(carteggio, worker, mail_account)


def test_it_is_told_while_it_lasts_and_the_others_are_fetched_as_ever(office):
    office.make("Clienti")
    office.choose("INBOX", "Clienti")
    office.fetch()
    assert (office.stands.sort, office.stands.trouble) == (Sort.OK, "")
    office.delete("Clienti")
    office.account.append(mail(1), when=NOW)
    synced = office.fetch()
    assert (synced.kind, synced.trouble) == (NOT_READ, "these folders are not there: Clienti")
    assert (synced.folders, synced.counts.stored) == (["INBOX"], 1)

    one = office.stands
    assert one.sort is Sort.TROUBLE
    assert "a chosen folder is not there" in one.trouble
    assert one.look is not None
    assert (one.look.failures, one.look.next_at) == (0, None)
    assert one.look.fetched_at == one.look.tried_at
    (found,) = _accounts(office.carteggio)
    assert found.said.startswith(NOT_READ)

    office.make("Clienti")
    assert office.fetch().trouble == ""
    assert office.stands.sort is Sort.OK
    assert list(_accounts(office.carteggio)) == []


def test_an_account_that_names_it_no_more_is_well_again(office):
    office.choose("INBOX", "Clienti", sent="Gesendet")
    assert office.fetch().trouble == "these folders are not there: Clienti, Gesendet"
    office.choose("INBOX")
    assert office.fetch().trouble == ""
    assert office.stands.sort is Sort.OK


def test_a_named_folder_of_sent_mail_that_is_not_there_is_trouble_too(office):
    office.choose(sent="Gesendet")
    assert office.fetch().trouble == "these folders are not there: Gesendet"
    assert office.stands.sort is Sort.TROUBLE


def test_the_comparison_of_the_others_counts_and_tells_what_is_not_there(office):
    office.account.append(mail(1), when=NOW)
    office.choose("INBOX", "Clienti")
    office.fetch()
    checked = office.compare()
    assert checked.trouble == "these folders are not there: Clienti"
    assert [(one.folder, one.captured) for one in checked.folders] == [("INBOX", 1)]
    assert (office.stands.backlog, office.stands.is_overdue) == (0, False)


def test_whoever_attends_the_account_tells_it_and_that_the_folder_is_back(
    carteggio, worker, mail_account
):
    attended = Attended(carteggio, worker)
    attended.add(mail_account, folders=("INBOX", "Clienti"))
    with attended.attended(interval=0.2):
        attended.until(lambda: attended.troubles() == {NOT_READ: 1})
        with mail_account.login() as client:
            client.create("Clienti")
        attended.until(lambda: attended.troubles() == {"": 1})
    assert [one.failures for one in attended.states()] == [0]
