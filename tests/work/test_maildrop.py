"""Maildrops against a real POP3 server: each message once, and none deleted that is not stored."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from adapters.imap.values import Limits
from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, accounts_of, configure
from api.work.instance import Carteggio
from api.work.leftovers import want_all
from attended import Office
from domain.message import FolderRole
from dovecot import MailAccount
from maildrops import BOX, NOW, Fetching, mail, received
from pop3script import SILENCE, holding, speaking


@pytest.fixture
def fetch(carteggio: Carteggio, worker: ReadingWorker) -> Fetching:
    return Fetching(carteggio, worker)


def left(account: MailAccount) -> int:
    with account.login() as client:
        return int(client.select(readonly=True)[1][0] or 0)


def test_mail_comes_once_and_stays_on_the_server(fetch, maildrop):
    maildrop.append(mail(1), mail(2))
    fetch.add(maildrop)
    first, again = fetch()[0], fetch()[0]
    maildrop.append(mail(3))
    third = fetch()[0]
    assert [one.counts.stored for one in (first, again, third)] == [2, 0, 1]
    assert [one.counts.read for one in (first, again, third)] == [2, 0, 1]
    assert left(maildrop) == 3
    assert {(one.role, one.folder) for one in received(fetch)} == {(FolderRole.INBOX, "INBOX")}
    assert {one.size for one in received(fetch)} == {len(mail(1))}


def test_old_mail_of_a_first_look_is_archive(fetch, maildrop):
    maildrop.append(mail(1, when=NOW - timedelta(days=31)))
    maildrop.append(mail(2, when=NOW - timedelta(days=29)))
    fetch.add(maildrop)
    fetch()
    assert [one.archived for one in received(fetch)] == [True, False]


def test_what_imap_fetched_is_known_when_the_account_turns_to_pop3(fetch, maildrop):
    maildrop.append(mail(1), mail(2))
    server = maildrop.server
    configure(
        fetch.carteggio,
        Entered(BOX, server.host, server.imap, "plain", maildrop.user, maildrop.password),
    )
    fetch.carteggio.feed.catch_up()
    assert fetch()[0].counts.stored == 2
    fetch.add(maildrop)
    assert fetch()[0].counts.known == 2


def test_a_maildrop_that_was_moved_records_nothing_new(fetch, maildrop, dovecot):
    maildrop.append(mail(1), mail(2))
    fetch.add(maildrop)
    fetch()
    moved = dovecot.add_user()
    moved.append(mail(9, size=500), mail(2), mail(1))
    fetch.add(moved)
    head = fetch.carteggio.journal.head()
    counts = fetch()[0].counts
    assert (counts.read, counts.known, counts.stored) == (3, 2, 1)
    assert fetch.carteggio.journal.head() == head + 1
    assert fetch()[0].counts.read == 0


def test_mail_is_deleted_once_it_is_stored(fetch, maildrop):
    maildrop.append(*(mail(n) for n in range(130)))
    fetch.add(maildrop, delete_after=0)
    assert fetch()[0].counts.stored == 130
    assert left(maildrop) == 0
    assert fetch.ask("SELECT count(*) FROM maildrop_seen") == [(130,)]
    maildrop.append(mail(200))
    assert fetch()[0].counts.stored == 1
    assert left(maildrop) == 0


def test_mail_is_deleted_when_its_days_are_over(fetch, maildrop):
    maildrop.append(mail(1), mail(2))
    fetch.add(maildrop, delete_after=7)
    fetch()
    assert left(maildrop) == 2
    fetch.ask(
        "UPDATE maildrop_seen SET seen_at = seen_at - interval '8 days'"
        " WHERE uidl = (SELECT min(uidl::text)::uuid FROM maildrop_seen)"
    )
    assert fetch()[0].warning == ""
    assert left(maildrop) == 1


def test_nothing_is_deleted_when_the_store_fails(fetch, maildrop):
    maildrop.append(mail(1), mail(2))
    fetch.add(maildrop, delete_after=0)
    fetch.ask("ALTER TABLE maildrop_seen ADD CONSTRAINT full_disk CHECK (size < 0)")
    with pytest.raises(psycopg.errors.CheckViolation):
        fetch()
    assert left(maildrop) == 2
    assert received(fetch) == []
    fetch.ask("ALTER TABLE maildrop_seen DROP CONSTRAINT full_disk")
    assert fetch()[0].counts.stored == 2
    assert left(maildrop) == 0


def test_a_message_too_large_is_noted_kept_on_the_server_and_fetched_later(fetch, maildrop):
    maildrop.append(mail(1), mail(2, size=50_000), mail(3))
    fetch.add(maildrop, delete_after=0)
    synced = fetch(largest=20_000)[0]
    assert (synced.counts.stored, synced.not_fetched) == (3, 1)
    assert fetch.ask("SELECT reason, size FROM not_fetched") == [
        ("too large", len(mail(2, 50_000)))
    ]
    assert left(maildrop) == 1
    assert fetch(largest=20_000)[0].counts.read == 0
    assert fetch(largest=200_000)[0].counts.stored == 1
    assert fetch.ask("SELECT reason FROM not_fetched") == []
    assert left(maildrop) == 0


def test_a_message_too_large_comes_when_it_is_wanted(fetch, maildrop):
    maildrop.append(mail(1), mail(2, size=50_000))
    fetch.add(maildrop)
    fetch(largest=20_000)
    (account,) = asyncio.run(accounts_of(fetch.carteggio))
    assert want_all(fetch.carteggio.database, account.id, 1_000_000) == 1
    assert fetch(largest=20_000)[0].counts.stored == 1
    assert fetch.ask("SELECT reason FROM not_fetched") == []
    assert fetch(largest=20_000)[0].counts.read == 0


def test_one_bad_account_leaves_the_others_alone(fetch, maildrop):
    maildrop.append(mail(1))
    fetch.add(maildrop)
    fetch.add(maildrop, "wrong@firm.example", password="no")
    fetch.add(maildrop, "nowhere@firm.example", port=1)
    found = {one.account.address: one for one in fetch()}
    assert found[BOX].counts.stored == 1
    assert found["wrong@firm.example"].kind == "login refused"
    assert found["nowhere@firm.example"].kind == "unreachable"


async def test_a_dead_server_delays_nobody(fetch, maildrop):
    left_off = asyncio.Event()

    async def bye(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+OK\r\n")
        left_off.set()

    living = holding((b"1", mail(1))) | {"QUIT": bye}
    async with speaking({"": SILENCE}) as dead, speaking(living) as good:
        await asyncio.to_thread(fetch.add, maildrop, "dead@firm.example", port=dead)
        await asyncio.to_thread(fetch.add, maildrop, port=good)
        asking = asyncio.create_task(fetch.within(wait=600))
        async with asyncio.timeout(20):
            await left_off.wait()
        assert not asking.done()
        assert len(received(fetch)) == 1
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


def test_a_worker_comes_back_to_a_maildrop_and_leaves_it_free_meanwhile(fetch, maildrop):
    maildrop.append(mail(1))
    fetch.add(maildrop)
    office = Office(fetch.carteggio, fetch.worker)
    with office.attended(interval=0.3, limits=Limits(connect=10, command=10, fetch=10)):
        office.until(lambda: len(received(fetch)) == 1)
        maildrop.append(mail(2))
        office.until(lambda: len(received(fetch)) == 2)
    (state,) = office.states()
    assert (state.trouble, state.failures) == ("", 0)
