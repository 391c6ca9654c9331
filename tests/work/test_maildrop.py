"""Maildrops against a real POP3 server: each message once, and none deleted that is not stored."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from adapters.imap.values import Limits
from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, accounts_of, configure, states_of
from api.work.attendant import Pace
from api.work.attending import Attending
from api.work.feed import feed_channel
from api.work.instance import Carteggio
from api.work.leftovers import want_all
from api.work.sync import Sync, Synced
from domain.message import FolderRole, MessageReceived
from dovecot import MailAccount
from instances import events_of
from pop3script import POLITE, SILENCE, Answers, Say, speaking, text

BOX = "info@firm.example"
NOW = datetime.now(UTC)


def mail(number: int, size: int = 0, when: datetime = NOW) -> bytes:
    date = when.strftime("%a, %d %b %Y %H:%M:%S +0000")
    return (
        f"Received: from a.example by b.example; {date}\r\n"
        f"From: ada@acme.example\r\nTo: {BOX}\r\nDate: {date}\r\n"
        f"Message-ID: <{number}@acme.example>\r\nSubject: {number}\r\n\r\n.{'x' * size}\r\n"
    ).encode()


class Fetching:
    """An instance that fetches a maildrop from the server."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker) -> None:
        self.carteggio, self.worker = carteggio, worker

    def add(
        self,
        account: MailAccount,
        box: str = BOX,
        delete_after: int | None = None,
        port: int = 0,
        password: str = "",
    ) -> None:
        server = account.server
        entered = Entered(
            address=box,
            host=server.host,
            port=port or server.pop3,
            security="plain",
            user=account.user,
            password=password or account.password,
            protocol="pop3",
            delete_after_days=delete_after,
        )
        configure(self.carteggio, entered)
        self.carteggio.feed.catch_up()

    def __call__(self, *boxes: str, largest: int = 1_000_000) -> list[Synced]:
        return asyncio.run(self.within(*boxes, largest=largest))

    @contextmanager
    def attended(self, interval: float) -> Iterator[None]:
        """Come back at an interval, with a feed beside it, until the block is left."""
        stop = Event()

        async def attend() -> None:
            sync = Sync(self.carteggio, self.worker, Limits(connect=10, command=10, fetch=10))
            await Attending(self.carteggio, sync, Pace(interval, least=0.1)).run(stop)

        threads = [
            Thread(target=self.carteggio.feed.run, args=(stop,), name="tests-feed"),
            Thread(target=lambda: asyncio.run(attend()), name="tests-attending"),
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def until_stored(self, count: int) -> None:
        """Wait until there are so many messages, looked at whenever read models move."""
        with self.carteggio.database.connect(direct=True) as connection:
            name = Identifier(feed_channel(self.carteggio.database))
            connection.execute(SQL("LISTEN {}").format(name))
            for _ in range(100):
                if len(received(self)) >= count:
                    return
                list(connection.notifies(timeout=0.3, stop_after=1))
        raise AssertionError(states_of(self.carteggio))

    async def within(
        self, *boxes: str, largest: int = 1_000_000, wait: float = 20
    ) -> list[Synced]:
        limits = Limits(connect=wait, command=wait, fetch=wait, largest=largest)
        return await Sync(self.carteggio, self.worker, limits).all(boxes)

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with self.carteggio.database.connect() as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def fetch(carteggio: Carteggio, worker: ReadingWorker) -> Fetching:
    return Fetching(carteggio, worker)


def received(fetch: Fetching) -> list[MessageReceived]:
    return events_of(fetch.carteggio, "message.received")


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
    with fetch.attended(interval=0.3):
        fetch.until_stored(1)
        maildrop.append(mail(2))
        fetch.until_stored(2)
    (state,) = states_of(fetch.carteggio).values()
    assert (state.trouble, state.failures) == ("", 0)


# ---- servers that give ids as no honest one does


def holding(*mails: tuple[bytes, bytes], uidl: bool = True) -> Answers:
    """Give the script of a maildrop that holds these mails, as (unique id, mail)."""

    def lines(words: list[bytes]) -> Say:
        rows = b"".join(b"%d %s\r\n" % (n, word) for n, word in enumerate(words, 1))
        return text(b"+OK\r\n" + rows + b".\r\n")

    def stuffed(raw: bytes) -> Say:
        return text(b"+OK\r\n" + raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")

    headers = [raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" for _, raw in mails]
    script: Answers = {
        "STAT": text(b"+OK %d 1\r\n" % len(mails)),
        "LIST": lines([b"%d" % len(raw) for _, raw in mails]),
        "UIDL": lines([name for name, _ in mails]) if uidl else text(b"-ERR what\r\n"),
        "CAPA": POLITE["CAPA"] if uidl else text(b"+OK\r\nTOP\r\n.\r\n"),
        "RETR": [stuffed(raw) for _, raw in mails],
        "TOP": [stuffed(header) for header in headers],
    }
    return {**POLITE, **script}


def visit(
    fetch: Fetching, account: MailAccount, script: Answers, delete_after: int | None = None
) -> tuple[Synced, int]:
    """Fetch from a server with this script; count what it was asked to delete."""
    heard: list[bytes] = []

    async def there() -> Synced:
        async with speaking(script, heard) as port:
            await asyncio.to_thread(fetch.add, account, port=port, delete_after=delete_after)
            return (await fetch.within())[0]

    return asyncio.run(there()), sum(line.startswith(b"DELE") for line in heard)


def test_a_known_id_with_another_size_is_another_message(fetch, maildrop):
    visit(fetch, maildrop, holding((b"1", mail(1)), (b"2", mail(2))))
    script = holding((b"1", mail(3, size=9)), (b"2", mail(4)))
    synced, _ = visit(fetch, maildrop, script)
    assert synced.counts.stored == 2
    assert len(received(fetch)) == 4


def test_other_ids_for_the_same_mail_record_nothing_new(fetch, maildrop):
    visit(fetch, maildrop, holding((b"1", mail(1)), (b"2", mail(2))))
    synced, _ = visit(fetch, maildrop, holding((b"x", mail(2)), (b"y", mail(1))))
    assert (synced.counts.read, synced.counts.stored) == (2, 0)
    assert fetch.ask("SELECT count(*) FROM maildrop_seen") == [(2,)]


def test_the_same_id_twice_loses_no_mail(fetch, maildrop):
    synced, _ = visit(fetch, maildrop, holding((b"1", mail(1)), (b"1", mail(2))))
    assert synced.counts.stored == 2
    assert visit(fetch, maildrop, holding((b"1", mail(1)), (b"1", mail(2))))[0].counts.read == 0


def test_a_message_is_not_deleted_under_the_id_of_another(fetch, maildrop):
    visit(fetch, maildrop, holding((b"1", mail(1)), (b"2", mail(2))))
    script = holding((b"1", mail(1)), (b"2", mail(3)))
    synced, deleted = visit(fetch, maildrop, script, delete_after=0)
    assert (synced.counts.read, deleted) == (0, 1)
    assert "not deleted" in synced.warning
    script = holding((b"2", mail(3)))
    synced, deleted = visit(fetch, maildrop, script, delete_after=0)
    assert (synced.counts.stored, deleted) == (1, 1)


def test_without_ids_mail_is_known_by_its_bytes_and_never_deleted(fetch, maildrop):
    script = holding((b"", mail(1)), (b"", mail(2)), uidl=False)
    first, _ = visit(fetch, maildrop, script)
    script = holding((b"", mail(2)), (b"", mail(3)), uidl=False)
    second, deleted = visit(fetch, maildrop, script, delete_after=0)
    assert (first.counts.stored, second.counts.read, second.counts.stored) == (2, 2, 1)
    assert deleted == 0
    assert "not deleted" in second.warning


def test_a_deletion_that_the_server_did_not_do_is_told(fetch, maildrop):
    script = holding((b"1", mail(1))) | {"QUIT": text(b"-ERR some are not removed\r\n")}
    synced, _ = visit(fetch, maildrop, script, delete_after=0)
    assert synced.kind == ""
    assert "some are not removed" in synced.warning


def test_ids_and_passwords_are_kept_keyed(fetch, maildrop):
    visit(fetch, maildrop, holding((b"a-secret-id", mail(1))))
    rows = fetch.ask("SELECT row_to_json(s)::text FROM maildrop_seen s")
    assert len(rows) == 1
    assert "secret" not in str(rows)
