"""What cannot be fetched, or is too large to be: told, kept by its header, had on demand, tried again."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.imap.values import Limits
from adapters.mime.worker import ReadingWorker
from api.work.checking import Checking
from api.work.instance import Carteggio
from api.work.leftovers import leftovers_of, want
from api.work.sync import Sync, Synced
from boxes import BOX, Box, mail, standing_apart, unwritable
from domain.values import Rejected
from dovecot import MailAccount
from instances import events_of
from projections import messages
from projections.messages import MessageFilter
from projections.reader import EVERYTHING

NOW = datetime.now(UTC)
SMALL = Limits(connect=10, command=20, fetch=20, whole=10_000, piece=8_192, largest=20_000)


@pytest.fixture
def box(carteggio: Carteggio, worker: ReadingWorker, mail_account: MailAccount) -> Box:
    return Box(carteggio, worker, mail_account)


def large(number: int, octets: int = 50_000) -> bytes:
    return mail(number) + b"x" * octets + b"\r\n"


def fetch(box: Box, limits: Limits = SMALL) -> Synced:
    (synced,) = asyncio.run(Sync(box.carteggio, box.worker, limits).all())
    assert synced.trouble == ""
    box.carteggio.feed.catch_up()
    return synced


def left(box: Box) -> list[tuple[int, str, int]]:
    with box.carteggio.database.connect() as connection:
        return connection.execute(
            "SELECT uid, reason, tries FROM not_fetched ORDER BY uid"
        ).fetchall()


def shown(box: Box) -> list[tuple[str, str, int | None, int]]:
    """Give what is shown of each message: subject, text, whole size, occurrences."""

    async def ask() -> list[tuple[str, str, int | None, int]]:
        async with box.carteggio.reading() as asked:
            rows = (await messages.page(*asked, EVERYTHING, MessageFilter())).rows
            places = await messages.occurrences_of(*asked, EVERYTHING, [x.id for x in rows])
        return sorted(
            (one.subject, one.snippet[:5], one.whole_size, len(places[one.id])) for one in rows
        )

    return asyncio.run(ask())


def test_a_message_that_cannot_be_stored_stops_no_other_and_is_tried_again(box, tmp_path):
    odd = standing_apart(box.carteggio, mail, [1, 2, 4, 5])
    box.account.append(*map(mail, [1, 2, odd, 4, 5]), when=NOW)
    with unwritable(box.carteggio, mail(odd)):
        synced = fetch(box)
        assert (synced.counts.stored, synced.counts.failed, synced.not_fetched) == (4, 1, 1)
        assert left(box) == [(3, "not stored", 1)]
        assert missing(box) == (0, {3: "not stored"})
        assert fetch(box).counts.read == 0
        _hurry(box)
        assert fetch(box).counts.failed == 1
        assert left(box) == [(3, "not stored", 2)]
    _hurry(box)
    assert fetch(box).counts.stored == 1
    assert ([one[0] for one in shown(box)], left(box)) == (sorted([*"1245", str(odd)]), [])


def missing(box: Box) -> tuple[int, dict[int, str]]:
    checking = Checking(box.carteggio, Sync(box.carteggio, box.worker, SMALL))
    (checked,) = asyncio.run(checking.all([BOX]))
    (inbox,) = [one for one in checked.folders if one.folder == "INBOX"]
    return len(inbox.missing), dict(inbox.not_fetched)


def test_of_a_large_message_the_header_is_kept_and_shown(box):
    box.account.append(mail(1), large(2), mail(3), when=NOW)
    synced = fetch(box)
    assert (synced.counts.stored, synced.not_fetched) == (3, 1)
    size = len(large(2))
    assert shown(box) == [("1", "Text.", None, 1), ("2", "", size, 1), ("3", "Text.", None, 1)]
    assert left(box) == [(2, "too large", 1)]
    assert missing(box) == (0, {2: "too large"})
    head = box.carteggio.journal.head()
    assert fetch(box).not_fetched == 0
    assert box.carteggio.journal.head() == head


def test_a_large_message_that_somebody_wants_takes_the_place_of_its_header(box):
    box.account.append(mail(1), large(2), when=NOW, flags=r"(\Seen)")
    fetch(box)
    (one,) = leftovers_of(box.carteggio.database, [_account(box)])
    assert one.message is not None
    assert want(box.carteggio.database, [one.message], 1_000_000) == {one.message}
    fetch(box)
    assert shown(box) == [("1", "Text.", None, 1), ("2", "Text.", None, 1)]
    assert ("2", "INBOX", ("seen",), False) in box.places()
    assert left(box) == []
    assert missing(box) == (0, {})
    captured = events_of(box.carteggio, "message.received", "message.completed")
    assert [x.size for x in captured if x.whole_size is None] == [len(mail(1)), len(large(2))]


def test_a_message_beyond_all_measure_is_refused_with_a_sentence(box):
    box.account.append(large(1), when=NOW)
    fetch(box)
    (one,) = leftovers_of(box.carteggio.database, [_account(box)])
    assert one.message is not None
    with pytest.raises(Rejected, match="raise that setting"):
        want(box.carteggio.database, [one.message], 30_000)


def test_a_large_message_comes_by_itself_once_the_limit_is_raised(box):
    box.account.append(large(1), when=NOW)
    fetch(box)
    fetch(box, Limits(connect=10, command=20, fetch=20, whole=10_000))
    assert shown(box) == [("1", "Text.", None, 1)]
    assert left(box) == []


def test_a_large_message_that_is_deleted_is_left_no_more(box):
    box.account.append(large(1), mail(2), when=NOW)
    fetch(box)
    box.account.expunge("1")
    fetch(box)
    assert left(box) == []
    assert ("1", "INBOX", (), True) in box.places()


def test_a_large_message_in_two_folders_is_one_and_comes_once_to_each(box):
    box.account.append(large(1), when=NOW)
    box.account.append(large(1), folder="Sent", when=NOW)
    fetch(box)
    assert [len(x.raw_sha256) for x in events_of(box.carteggio, "message.received")] == [64]
    (message, _) = (
        {one.message for one in leftovers_of(box.carteggio.database, [_account(box)])},
        0,
    )
    want(box.carteggio.database, [one for one in message if one], 1_000_000)
    fetch(box)
    assert shown(box) == [("1", "Text.", None, 2)]
    assert left(box) == []


def test_a_message_that_breaks_the_connection_is_noted_tried_again_and_comes_once_mended(box):
    # Dovecot drops the connection over a file whose name gives a wrong W= (its size with CRLF).
    bad = "1704103217.M999.test,S=300,W=300:2,S"
    mails = {f"{1704103200 + n}.M{n}.test:2,S": mail(n) for n in range(30)} | {bad: mail(999)}
    box.account.deliver(mails.items())
    synced = fetch(box)
    assert (synced.counts.stored, synced.not_fetched) == (30, 1)
    ((uid, reason, tries),) = left(box)
    assert (reason, tries) == ("not given", 1)
    assert missing(box) == (0, {uid: "not given"})
    assert fetch(box).not_fetched == 0  # an hour is not over
    _hurry(box)
    assert fetch(box).not_fetched == 1
    ((_, _, tries),) = left(box)
    assert tries == 2
    _mend(box, bad)
    _hurry(box)
    assert fetch(box).counts.stored == 1
    assert left(box) == []
    assert missing(box) == (0, {})


def test_a_message_that_breaks_the_connection_holds_up_no_folder_that_is_renumbered(box):
    bad = "1704103217.M999.test,S=300,W=300:2,S"
    mails = {f"{1704103200 + n}.M{n}.test:2,S": mail(n) for n in range(5)} | {bad: mail(999)}
    box.account.deliver(mails.items())
    fetch(box)
    box.account.renumber()
    synced = fetch(box)
    assert (synced.counts.stored, synced.not_fetched) == (0, 1)
    assert len(left(box)) == 1
    assert len(box.received()) == 5


def test_what_is_tried_in_vain_is_tried_less_and_less(box):
    bad = "1704103217.M999.test,S=300,W=300:2,S"
    box.account.deliver([(bad, mail(1))])
    waits = []
    for _ in range(6):
        fetch(box)
        with box.carteggio.database.connect() as connection:
            row = connection.execute(
                "SELECT next_at - clock_timestamp() FROM not_fetched"
            ).fetchone()
        assert row is not None
        waits.append(round(row[0] / timedelta(hours=1)))
        _hurry(box)
    assert waits == [1, 4, 16, 64, 168, 168]


def _account(box: Box):
    from api.work.accounts import accounts_of  # noqa: PLC0415

    return asyncio.run(accounts_of(box.carteggio))[0].id


def _hurry(box: Box) -> None:
    with box.carteggio.database.connect() as connection:
        connection.execute("UPDATE not_fetched SET next_at = clock_timestamp()")


def _mend(box: Box, name: str) -> None:
    """Give the file a name that tells the truth, and let the server look at it anew."""
    folder: Path = box.account.server.root / "home" / box.account.user / "mail"
    plain = name.partition(",")[0] + ":2,S"
    (folder / "cur" / name).rename(folder / "cur" / plain)
    uids = folder / "dovecot-uidlist"
    base = name.partition(",")[0]
    lines = [
        line.partition(" ")[0] + f" :{plain}" if base in line else line
        for line in uids.read_text().splitlines()
    ]
    uids.write_text("\n".join(lines) + "\n")
    for index in folder.glob("dovecot.index.cache*"):
        index.unlink()
    box.account.server.own(uids)
