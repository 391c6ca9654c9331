"""What people order here is done on the mail server: marks, moves; and what becomes of conflicts."""

from collections.abc import Iterator

import pytest

from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from boxes import LEVELS, NOW, Box, mail
from domain.marking import FailureReason
from domain.values import ActorKind
from dovecot import Dovecot, running
from instances import events_of


@pytest.fixture(scope="module", params=[*LEVELS, "no move", "no uidplus"])
def level(request: pytest.FixtureRequest, dovecot: Dovecot) -> Iterator[Dovecot]:
    """Run a server that offers a level, and no more."""
    if request.param == "qresync":
        yield dovecot
        return
    offered = LEVELS.get(request.param, LEVELS["condstore"])
    if request.param not in LEVELS:
        offered = offered.replace(" MOVE", "")
    if request.param == "no uidplus":
        offered = offered.replace(" UIDPLUS", "")
    with running(offered) as server:
        yield server


@pytest.fixture
def box(carteggio: Carteggio, worker: ReadingWorker, level: Dovecot) -> Box:
    return Box(carteggio, worker, level.add_user())


def test_an_order_is_told_at_once_and_carried_out_at_the_next_look(box):
    box.account.append(mail(1), mail(2), when=NOW)
    box.fetch()
    position = box.mark("1", "seen", "flagged")
    box.carteggio.feed.catch_up()
    assert box.places() == {("1", "INBOX", ("seen", "flagged"), False), ("2", "INBOX", (), False)}
    assert box.unread() == {"INBOX": 1}
    assert position == box.carteggio.journal.head()
    assert box.carteggio.journal.read(position - 1)[0].envelope.actor.kind is ActorKind.CLIENT
    assert box.on_server() == {"1": set(), "2": set()}
    assert box.mark("1", "seen") is None
    box.fetch()
    assert box.on_server() == {"1": {"\\Seen", "\\Flagged"}, "2": set()}
    assert box.waiting() == 0
    box.mark("1", "answered", removed=["flagged"])
    box.fetch()
    assert box.on_server()["1"] == {"\\Seen", "\\Answered"}
    box.fetch()  # what comes back is what was ordered
    assert len(box.marked()) == 2
    assert box.carteggio.journal.head() == position + 1


def test_a_moved_message_is_no_new_one_and_is_marked_where_it_went(box):
    box.account.append(mail(1), mail(2), when=NOW)
    with box.account.login() as client:
        client.create("Sorted")
    box.fetch()
    box.move("1", "Sent")
    box.mark("1", "flagged")
    box.move("2", "Sorted")
    box.carteggio.feed.catch_up()
    now = {
        ("1", "INBOX", (), True),
        ("1", "Sent", ("flagged",), False),
        ("2", "INBOX", (), True),
        ("2", "Sorted", (), False),
    }
    assert box.places() == now
    head = box.carteggio.journal.head()
    box.fetch()
    assert (box.on_server(), box.on_server("Sent")) == ({}, {"1": {"\\Flagged"}})
    assert box.on_server("Sorted") == {"2": set()}
    box.fetch()
    assert (box.places(), box.waiting(), box.failed()) == (now, 0, [])
    assert box.carteggio.journal.head() == head
    box.mark("2", "seen")  # a folder that is not fetched
    box.move("1", "INBOX")
    box.fetch()
    assert box.on_server("Sorted") == {"2": {"\\Seen"}}
    assert box.on_server() == {"1": {"\\Flagged"}}
    box.fetch()
    assert ("1", "INBOX", ("flagged",), False) in box.places()
    assert ("1", "Sent", ("flagged",), True) in box.places()
    assert len(events_of(box.carteggio, "message.moved")) == 3
    assert events_of(box.carteggio, "message.copy_found") == []
    assert box.failed() == []


def test_others_change_meanwhile_and_both_are_told(box):
    box.account.append(mail(1), when=NOW)
    box.fetch()
    box.mark("1", "flagged")
    box.do(("STORE", "1", "+FLAGS", r"(\Seen \Answered)"))
    box.fetch()
    assert box.on_server()["1"] == {"\\Seen", "\\Answered", "\\Flagged"}
    assert box.places() == {("1", "INBOX", ("seen", "flagged", "answered"), False)}
    assert [set(one.flags) for one in box.marked()] == [
        {"flagged"},
        {"seen", "flagged", "answered"},
    ]


def test_of_two_changes_of_one_mark_the_last_one_told_counts(box):
    box.account.append(mail(1), when=NOW)
    box.fetch()
    box.mark("1", "seen")
    box.mark("1", removed=["seen"])
    box.do(("STORE", "1", "+FLAGS", r"(\Seen)"))
    box.fetch()
    assert [one.flags for one in box.marked()] == [("seen",), (), ("seen",)]
    assert box.on_server()["1"] == {"\\Seen"}
    assert box.places() == {("1", "INBOX", ("seen",), False)}
    assert box.waiting() == 0


def test_what_was_deleted_or_moved_elsewhere_meanwhile_is_told(box):
    box.account.append(mail(1), mail(2), mail(3), when=NOW)
    box.fetch()
    box.mark("1", "flagged")
    box.move("2", "Sent")
    box.mark("3", "flagged")
    box.do(("STORE", "1:2", "+FLAGS", r"(\Deleted)"))
    box.fetch()
    assert [(one.reason, one.added, one.moved_to) for one in box.failed()] == [
        (FailureReason.GONE, ("flagged",), ""),
        (FailureReason.GONE, (), "Sent"),
    ]
    box.fetch()
    assert {(one[0], one[1], one[3]) for one in box.places()} == {
        ("1", "INBOX", True),
        ("2", "INBOX", True),
        ("3", "INBOX", False),
    }
    assert box.on_server() == {"3": {"\\Flagged"}}
    assert box.waiting() == 0


def test_orders_follow_what_another_mail_program_moved_before(box):
    box.account.append(*map(mail, range(1, 6)), when=NOW)
    with box.account.login() as client:
        client.create("Sorted")
    box.fetch()
    box.mark("1", "flagged")
    box.move("2", "Sorted")
    box.move("3", "Sent")
    box.mark("4", "seen")
    box.do(("MOVE", "1:3", "Sent"))
    box.do(("COPY", "4", "Sent"), ("STORE", "4:5", "+FLAGS", r"(\Deleted)"))
    box.fetch()
    assert (box.on_server(), box.on_server("Sorted")) == ({}, {"2": set()})
    assert box.on_server("Sent") == {"1": {"\\Flagged"}, "3": set(), "4": {"\\Seen"}}
    assert (box.failed(), box.waiting()) == ([], 0)
    box.fetch()
    assert {place for place in box.places() if not place[3]} == {
        ("1", "Sent", ("flagged",), False),
        ("2", "Sorted", (), False),
        ("3", "Sent", (), False),
        ("4", "Sent", ("seen",), False),
    }
    assert box.unread() == {"INBOX": 0, "Sent": 2, "Sorted": 1}


def test_an_order_does_not_follow_to_a_copy_that_lay_elsewhere_before(box):
    box.account.append(mail(1), when=NOW)
    box.account.append(mail(1), folder="Sent", when=NOW)
    box.fetch()
    box.move("1", "Sorted", source="INBOX")
    box.do(("STORE", "1", "+FLAGS", r"(\Deleted)"))
    with box.account.login() as client:
        client.create("Sorted")
    box.fetch()
    assert [one.reason for one in box.failed()] == [FailureReason.GONE]
    assert (set(box.on_server("Sent")), box.on_server("Sorted")) == ({"1"}, {})


def test_a_folder_that_is_not_there_is_told_and_the_message_is_back(box):
    box.account.append(mail(1), mail(2), when=NOW)
    box.fetch()
    box.move("1", "Nowhere")
    box.mark("1", "seen")
    box.fetch()
    box.fetch()
    assert [(one.reason, one.moved_to) for one in box.failed()] == [
        (FailureReason.NO_FOLDER, "Nowhere")
    ]
    assert box.places() == {
        ("1", "INBOX", ("seen",), False),
        ("2", "INBOX", (), False),
    }
    assert box.on_server() == {"1": {"\\Seen"}, "2": set()}
