"""What other mail programs do to mail in its folders is seen, at each level that servers offer."""

from collections.abc import Iterator

import pytest

from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from boxes import BOX, LEVELS, NOW, Box, mail
from dovecot import Dovecot, running


@pytest.fixture(scope="module", params=LEVELS)
def level(request: pytest.FixtureRequest, dovecot: Dovecot) -> Iterator[Dovecot]:
    """Run a server that offers a level, and no more."""
    if request.param == "qresync":
        yield dovecot
        return
    with running(LEVELS[request.param]) as server:
        yield server


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
    box.account.renumber()
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


def test_mail_known_from_a_file_is_marked_as_on_the_server(box, tmp_path):
    from api.work.importing import Wanted, import_mail  # noqa: PLC0415

    mbox = tmp_path / "INBOX"
    mbox.write_bytes(b"From x@y Mon Feb 2 09:00:00 2026\n" + mail(1).replace(b"\r\n", b"\n"))
    import_mail(box.carteggio, Wanted(mbox, BOX, folder="INBOX"), lambda _: None)
    box.account.append(mail(1), when=NOW, flags=r"(\Seen)")
    box.fetch()
    assert {(one[2], one[3]) for one in box.places()} == {(("seen",), False)}
    assert len(box.marked()) == 1
