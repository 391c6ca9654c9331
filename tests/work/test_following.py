"""Folders that servers rename, delete and renumber are followed: nothing of them is fetched again.

That no body is fetched twice is seen by changing the bodies on the server, and nothing else: what was
fetched again would be a variant.
"""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.imap.utf7 import encode_folder
from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, accounts_of, configure
from api.work.instance import Carteggio
from api.work.sync import Sync
from boxes import BOX, Box, mail
from domain.message import FolderRole
from dovecot import MailAccount
from instances import events_of
from labelled import Labelled, labelled

NOW = datetime.now(UTC)


@pytest.fixture
def box(carteggio: Carteggio, worker: ReadingWorker, mail_account: MailAccount) -> Box:
    return Box(carteggio, worker, mail_account)


def chosen(box: Box) -> tuple[str, ...]:
    return asyncio.run(accounts_of(box.carteggio))[0].folders


def put(box: Box, folder: str, *numbers: int) -> None:
    with box.account.login() as client:
        client.create(f'"{encode_folder(folder)}"')
    box.account.append(*map(mail, numbers), folder=encode_folder(folder), when=NOW)


def rename(box: Box, before: str, now: str) -> None:
    with box.account.login() as client:
        names = (f'"{encode_folder(before)}"', f'"{encode_folder(now)}"')
        assert client.rename(*names)[0] == "OK"


def change_bodies(box: Box) -> None:
    home: Path = box.account.server.root / "home" / box.account.user / "mail"
    changed = 0
    for path in [*home.rglob("cur/*"), *home.rglob("new/*")]:
        raw, was = path.read_bytes(), path.stat()
        path.write_bytes(raw.replace(b"Text.", b"Tampr"))
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
        changed += b"Text." in raw
    assert changed


def digests(box: Box) -> int:
    """Count the different octets that were captured."""
    captured = events_of(box.carteggio, "message.received", "message.copy_found")
    return len({one.raw_sha256 for one in captured})


def test_a_chosen_folder_goes_on_under_its_new_name_and_nothing_is_fetched_again(box):
    put(box, "Clienti", 1, 2, 3)
    box.choose("INBOX", "Clienti")
    box.fetch()
    rename(box, "Clienti", "Città & Kunden")
    change_bodies(box)
    put(box, "Città & Kunden", 4)
    synced = box.fetch()
    assert (synced.warning, synced.counts.copies, digests(box)) == ("", 3, 4)
    assert chosen(box) == ("INBOX", "Città & Kunden")
    assert box.places() == {
        *((str(n), "Clienti", (), True) for n in (1, 2, 3)),
        *((str(n), "Città & Kunden", (), False) for n in (1, 2, 3, 4)),
    }
    head = box.carteggio.journal.head()
    box.fetch()
    assert box.carteggio.journal.head() == head


def test_sent_mail_is_found_again_under_another_name(box):
    box.account.append(mail(1), folder="Sent", when=NOW)
    box.fetch()
    rename(box, "Sent", "Gesendet")
    with box.account.login() as client:
        client.delete("Sent")  # this server makes it anew, as its configuration says
    change_bodies(box)
    box.fetch()
    assert digests(box) == 1
    assert {one[1:] for one in box.places()} >= {("Sent", (), True)}


def test_a_folder_that_is_deleted_is_told_as_gone_and_can_come_back(box):
    put(box, "Clienti", 1, 2)
    box.choose("INBOX", "Clienti")
    box.fetch()
    with box.account.login() as client:
        client.delete("Clienti")
    box.fetch(trouble="these folders are not there: Clienti")
    assert {one[3] for one in box.places()} == {True}
    put(box, "Clienti", 2, 3)
    synced = box.fetch()
    assert (synced.counts.stored, synced.counts.known) == (1, 1)
    assert box.places() == {
        ("1", "Clienti", (), True),
        ("2", "Clienti", (), False),
        ("3", "Clienti", (), False),
    }


def test_of_a_folder_made_anew_only_what_is_not_known_is_fetched(box):
    put(box, "Clienti", 1, 2)
    box.choose("INBOX", "Clienti")
    box.fetch()
    rename(box, "Clienti", "Vecchi")
    put(box, "Clienti", 3)
    with box.account.login() as client:
        client.select("Vecchi")
        assert client.uid("COPY", "1", "Clienti")[0] == "OK"
    change_bodies(box)
    box.fetch()
    assert chosen(box) == ("INBOX", "Clienti")
    assert digests(box) == 3  # the new one was changed before it was ever seen
    assert box.places() == {
        ("1", "Clienti", (), False),
        ("2", "Clienti", (), True),
        ("3", "Clienti", (), False),
    }


def test_a_folder_that_nobody_chose_is_never_fetched(box):
    put(box, "Privato", 1)
    put(box, "Clienti", 2)
    box.choose("INBOX", "Clienti")
    box.fetch()
    rename(box, "Privato", "Privato 2")
    with box.account.login() as client:
        client.delete("Clienti")
    box.fetch(trouble="these folders are not there: Clienti")
    assert {one[:2] for one in box.places()} == {("2", "Clienti")}
    assert chosen(box) == ("INBOX", "Clienti")


def test_sent_mail_lies_where_the_account_says(box):
    put(box, "Uscita", 1)
    box.account.append(mail(2), folder="Sent", when=NOW)
    user = box.account
    where = (user.server.host, user.server.imap, "plain", user.user, user.password)
    configure(box.carteggio, Entered(BOX, *where, sent="Uscita"))  # type: ignore[arg-type]
    box.carteggio.feed.catch_up()
    assert box.fetch().folders == ["Uscita", "INBOX"]
    assert [(one.folder, one.role) for one in box.received()] == [("Uscita", FolderRole.SENT)]


def test_a_folder_that_vanishes_while_it_is_looked_at_leaves_the_others_alone(box):
    put(box, "Clienti", 1)
    put(box, "Fornitori", 2)
    box.account.append(mail(3), when=NOW)
    box.choose("INBOX", "Clienti", "Fornitori")

    async def look() -> tuple[str, bool]:
        from api.work.synced import Synced  # noqa: PLC0415

        sync = Sync(box.carteggio, box.worker)
        (account,) = await accounts_of(box.carteggio)
        synced = Synced(account)
        async with await sync.session(account) as session:
            choice = await sync.fetching.choose(session, synced)
            with box.account.login() as client:
                client.delete("Clienti")
            await sync.fetching.look(session, synced, choice)
        await sync.close()
        return synced.trouble, choice.stale

    trouble, stale = asyncio.run(look())
    assert trouble.startswith("Clienti cannot be opened: ")
    assert stale
    box.carteggio.feed.catch_up()
    assert {one[:2] for one in box.places()} == {("2", "Fornitori"), ("3", "INBOX")}


# ---- servers whose messages and folders have ids of their own


@pytest.fixture
def office(carteggio: Carteggio, worker: ReadingWorker) -> "Office":
    return Office(carteggio, worker)


class Office:
    """An instance that fetches from a server of ours."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker) -> None:
        self.carteggio, self._worker = carteggio, worker

    def fetch(self, server: Labelled, *folders: str) -> None:
        where = (BOX, "127.0.0.1", server.port, "plain", "anna", "secret")
        if folders:
            configure(self.carteggio, Entered(*where, folders=folders))  # type: ignore[arg-type]
        self.carteggio.feed.catch_up()
        (synced,) = asyncio.run(Sync(self.carteggio, self._worker).all())
        assert synced.trouble == ""

    def places(self) -> set[tuple[str, str]]:
        captured = events_of(self.carteggio, "message.received", "message.copy_found")
        return {(one.folder, one.raw_sha256) for one in captured}


@pytest.mark.parametrize("ability", ["X-GM-EXT-1", "OBJECTID"])
def test_a_message_under_several_labels_is_fetched_once(office, ability):
    with labelled(ability) as server:
        server.put("11", mail(1), "Lavoro", "[Gmail]/Tutti", "INBOX")
        server.put("12", mail(2), "[Gmail]/Tutti", "INBOX")
        office.fetch(server, "INBOX", "Lavoro", "[Gmail]/Tutti")
        assert sorted(server.bodies) == ["11", "12"]
        assert len(office.places()) == 5
        server.put("12", mail(2), "Lavoro")
        server.put("13", mail(3), "Lavoro", "INBOX")
        office.fetch(server)
        assert sorted(server.bodies) == ["11", "12", "13"]
        assert len(office.places()) == 8
        assert len(events_of(office.carteggio, "message.received")) == 3


def test_an_id_that_a_server_gives_twice_is_not_believed_for_another_size(office):
    with labelled("X-GM-EXT-1") as server:
        server.put("11", mail(1), "INBOX")
        office.fetch(server, "INBOX")
        server.mails["11"] = mail(2) + b"more\r\n"
        server.put("11", server.mails["11"], "Lavoro")
        office.fetch(server, "INBOX", "Lavoro")
        assert server.bodies == ["11", "11"]
        assert len(events_of(office.carteggio, "message.received")) == 2


def test_a_renamed_folder_is_known_by_its_id_even_if_it_was_emptied(office):
    with labelled("OBJECTID") as server:
        server.put("11", mail(1), "INBOX", "Clienti")
        office.fetch(server, "INBOX", "Clienti")
        server.labels["Kunden"] = server.labels.pop("Clienti")
        server.labels["Kunden"].uids.clear()
        office.fetch(server)
        (account,) = asyncio.run(accounts_of(office.carteggio))
        office.carteggio.feed.catch_up()
        (account,) = asyncio.run(accounts_of(office.carteggio))
        assert account.folders == ("INBOX", "Kunden")
        server.put("12", mail(2), "Kunden")
        office.fetch(server)
        assert "Kunden" in {folder for folder, _ in office.places()}
