"""Maildrops whose ids are as no honest server gives them: twice, others, none; no mail is lost."""

import asyncio

import pytest

from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from api.work.sync import Synced
from dovecot import MailAccount
from maildrops import Fetching, mail, received
from pop3script import Answers, holding, speaking, text


@pytest.fixture
def fetch(carteggio: Carteggio, worker: ReadingWorker) -> Fetching:
    return Fetching(carteggio, worker)


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
