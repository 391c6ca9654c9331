"""Orders are carried out by whoever attends: at once, after an outage, after kills, or not at all."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from adapters.mime.worker import ReadingWorker
from api.work import outward
from api.work.instance import Carteggio
from api.work.undone import give_up_overdue
from attended import NEVER, Office
from boxes import NOW, Box, mail
from commands import Instance
from domain.marking import FailureReason
from dovecot import MailAccount, running
from instances import events_of

PROMISED_S = 10.0
ACL = """
mail_plugins = acl
protocol imap {
  mail_plugins = acl imap_acl
}
plugin {
  acl = vfile
}
"""


@pytest.fixture
def box(carteggio: Carteggio, worker: ReadingWorker, mail_account: MailAccount) -> Box:
    return Box(carteggio, worker, mail_account)


@pytest.fixture
def office(carteggio: Carteggio, worker: ReadingWorker) -> Office:
    return Office(carteggio, worker)


def test_an_order_reaches_the_server_within_ten_seconds_and_others_changes_come_back(box, office):
    box.account.append(mail(1), mail(2), when=NOW)
    with office.attended(interval=NEVER):
        office.until(office.fetched)
        box.mark("1", "seen")
        box.move("2", "Sent")
        there = office.until(lambda: box.waiting() == 0)
        assert (box.on_server(), box.on_server("Sent")) == ({"1": {"\\Seen"}}, {"2": set()})
        box.do(("STORE", "1", "-FLAGS", r"(\Seen)"))
        back = office.until(lambda: ("1", "INBOX", (), False) in box.places())
        box.mark("1", "flagged")
        again = office.until(lambda: box.on_server() == {"1": {"\\Flagged"}})
    assert max(there, back, again) < PROMISED_S
    assert len(box.marked()) == 3
    assert len(events_of(box.carteggio, "message.moved")) == 1


@contextmanager
def unreachable(box: Box) -> Iterator[None]:
    """Let the account lead to a port at which nobody answers."""
    box.lead_to(9)
    yield
    box.lead_to(box.account.server.imap)


def test_while_the_server_is_away_orders_wait_and_are_done_when_it_is_back(box, office):
    box.account.append(mail(1), mail(2), mail(3), when=NOW)
    box.fetch()
    with unreachable(box), office.attended(interval=0.2):
        box.mark("1", "seen")
        box.mark("2", "flagged")
        box.move("3", "Sent")
        office.until(lambda: office.troubles() == {"unreachable": 1})
        office.carteggio.feed.catch_up()
        assert ("1", "INBOX", ("seen",), False) in box.places()
        assert ("3", "Sent", (), False) in box.places()
        assert box.waiting() == 3
        box.do(("STORE", "2", "+FLAGS", r"(\Answered)"))
    with office.attended(interval=0.2):
        office.until(lambda: box.waiting() == 0 and office.fetched())
        office.until(lambda: ("2", "INBOX", ("flagged", "answered"), False) in box.places())
    assert box.on_server() == {"1": {"\\Seen"}, "2": {"\\Flagged", "\\Answered"}}
    assert (box.on_server("Sent"), box.failed()) == ({"3": set()}, [])


def test_what_was_done_before_a_kill_is_not_done_twice(box):
    box.account.append(*map(mail, range(1, 4)), when=NOW)
    box.fetch()
    for subject in "123":
        box.move(subject, "Sent")
    orders = outward.next_of(box.carteggio.database, box.account_id())
    outward.begin(box.carteggio.database, orders, target_next=1)
    box.do(("MOVE", "1", "Sent"))  # as the one that was killed did
    box.hurry()
    box.fetch()
    assert box.on_server() == {}
    assert set(box.on_server("Sent")) == {"1", "2", "3"}
    assert (box.failed(), box.waiting()) == ([], 0)
    assert len(events_of(box.carteggio, "message.moved")) == 3


def test_what_bears_a_longer_message_id_or_the_same_one_is_not_taken_for_it(box):
    other = mail(1).replace(b"From: ada", b"From: eve").replace(b"Subject: 1", b"Subject: no")
    box.account.append(mail(11), other, folder="Sent", when=NOW)
    box.account.append(mail(1), when=NOW)
    box.fetch()
    box.move("1", "Sent")
    box.do(("STORE", "1", "+FLAGS", r"(\Deleted)"))
    box.fetch()
    assert [one.reason for one in box.failed()] == [FailureReason.GONE]


def test_orders_are_done_in_a_folder_that_was_renumbered_meanwhile(box):
    box.account.append(*map(mail, range(1, 5)), when=NOW)
    box.fetch()
    box.mark("1", "flagged")
    box.move("2", "Sent")
    box.mark("3", "seen")
    box.do(("STORE", "3", "+FLAGS", r"(\Deleted)"))
    box.account.renumber()
    box.fetch()
    assert box.on_server() == {"1": {"\\Flagged"}, "4": set()}
    assert set(box.on_server("Sent")) == {"2"}
    assert [(one.reason, one.added) for one in box.failed()] == [(FailureReason.GONE, ("seen",))]
    assert {place for place in box.places() if not place[3]} == {
        ("1", "INBOX", ("flagged",), False),
        ("2", "Sent", (), False),
        ("4", "INBOX", (), False),
    }


def test_what_was_copied_before_a_kill_is_not_copied_twice(carteggio, worker):
    offered = "IMAP4rev1 SASL-IR ID ENABLE IDLE LITERAL+ UIDPLUS SPECIAL-USE"
    with running(f"imap_capability = {offered}\n") as server:
        box = Box(carteggio, worker, server.add_user())
        box.account.append(mail(1), mail(2), when=NOW)
        box.fetch()
        box.move("1", "Sent")
        box.move("2", "Sent")
        orders = outward.next_of(carteggio.database, box.account_id())
        outward.begin(carteggio.database, orders, target_next=1)
        box.do(("COPY", "1", "Sent"))
        box.hurry()
        box.fetch()
        with box.account.login() as client:
            assert client.select("Sent")[1] == [b"2"]
        assert (box.on_server(), box.failed(), box.waiting()) == ({}, [], 0)


def test_orders_survive_kills_at_the_moment_they_are_carried_out(box, tmp_path):
    count = 60
    box.account.append(*(mail(number) for number in range(count)), when=NOW)
    box.fetch()
    for number in range(count):
        box.mark(str(number), "flagged")
        if number % 2:
            box.move(str(number), "Sent")
    home = Instance(
        tmp_path / "home", environment={"CARTEGGIO_DATABASE_URL": box.carteggio.database.dsn}
    )
    for _ in range(4):
        _killed_while_asking(box, home)
        box.hurry()
    box.fetch()
    box.fetch()
    assert box.on_server() == {str(one): {"\\Flagged"} for one in range(0, count, 2)}
    assert box.on_server("Sent") == {str(one): {"\\Flagged"} for one in range(1, count, 2)}
    assert (box.failed(), box.waiting()) == ([], 0)
    assert len(box.marked()) == count
    assert len(events_of(box.carteggio, "message.moved")) == count // 2


def _killed_while_asking(box: Box, home: Instance) -> None:
    """Kill a sync as soon as it is about to ask the server, if it ever is."""
    before = box.tries()
    process = home.start("sync")
    while box.tries() == before and process.poll() is None:
        continue
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_folder_that_may_not_be_changed_is_told(carteggio, worker):
    with running(ACL) as server:
        box = Box(carteggio, worker, server.add_user())
        box.account.append(mail(1), mail(2), when=NOW)
        _allow(box.account, "INBOX", "lr")
        with box.account.login() as client:
            client.create("Shelf")
        _allow(box.account, "Shelf", "lr")
        box.fetch()
        box.mark("1", "seen", "flagged")
        box.move("2", "Shelf")
        box.fetch()
        assert {one.reason for one in box.failed()} == {FailureReason.NOT_ALLOWED}
        assert {one.moved_to for one in box.failed()} == {"", "Shelf"}
        assert {place for place in box.places() if not place[3]} == {
            ("1", "INBOX", (), False),
            ("2", "INBOX", (), False),
        }
        assert box.waiting() == 0


def _allow(account: MailAccount, folder: str, rights: str) -> None:
    """Write Dovecot's list of who may do what in a folder."""
    place = account.server.root / "home" / account.user / "mail"
    file = (place if folder == "INBOX" else place / f".{folder}") / "dovecot-acl"
    file.write_text(f"owner {rights}\n")
    account.server.own(file)


def test_an_order_that_cannot_be_done_for_a_month_is_given_up(box):
    box.account.append(mail(1), mail(2), when=NOW)
    box.fetch()
    box.mark("1", "seen")
    box.move("2", "Sent")
    box.age(outward.LASTING)
    give_up_overdue(box.carteggio)
    box.carteggio.feed.catch_up()
    assert [one.reason for one in box.failed()] == [FailureReason.TOO_LATE] * 2
    assert {place for place in box.places() if not place[3]} == {
        ("1", "INBOX", (), False),
        ("2", "INBOX", (), False),
    }
    assert box.waiting() == 0


def test_one_command_is_one_order(box):
    box.account.append(mail(1), when=NOW)
    box.fetch()
    first = box.mark("1", "seen", command="c-1")
    assert box.mark("1", "seen", command="c-1") == first
    box.move("1", "Sent", command="c-2")
    box.fetch()
    assert box.move("1", "Sent", command="c-2") == first + 1
    assert box.mark("1", "seen", command="c-1") == first
    assert (len(box.marked()), box.waiting()) == (1, 0)
