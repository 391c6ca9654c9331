"""Where a message was only to be moved, and the server refused it, it is not told to have lain."""

import pytest

from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from boxes import NOW, Box, mail
from domain.marking import FailureReason
from dovecot import MailAccount


@pytest.fixture
def box(carteggio: Carteggio, worker: ReadingWorker, mail_account: MailAccount) -> Box:
    found = Box(carteggio, worker, mail_account)
    mail_account.append(mail(1), when=NOW)
    found.fetch()
    return found


def make(box: Box, folder: str) -> None:
    with box.account.login() as client:
        assert client.create(folder)[0] == "OK"


def test_a_folder_that_never_was_is_no_place_of_the_message(box):
    box.move("1", "Nix")
    box.carteggio.feed.catch_up()
    assert ("1", "Nix", (), False) in box.places()
    box.fetch()
    assert [one.reason for one in box.failed()] == [FailureReason.NO_FOLDER]
    assert box.places() == {("1", "INBOX", (), False)}


def test_nor_is_one_on_the_way_to_another_folder(box):
    box.move("1", "Nix")
    box.move("1", "Sent")
    box.fetch()
    box.fetch()
    assert [one.moved_to for one in box.failed()][:1] == ["Nix"]
    assert "Nix" not in {one[1] for one in box.places()}
    assert len([one for one in box.places() if not one[3]]) == 1


def test_an_order_that_is_given_again_and_done_is_told(box):
    box.move("1", "Nix")
    box.fetch()
    make(box, "Nix")
    box.move("1", "Nix")
    box.fetch()
    assert box.on_server("Nix") == {"1": set()}
    assert box.places() == {("1", "INBOX", (), True), ("1", "Nix", (), False)}
    box.move("1", "INBOX")
    box.fetch()
    assert box.places() == {("1", "INBOX", (), False), ("1", "Nix", (), True)}


def test_a_message_that_others_put_there_afterwards_is_told_to_lie_there(box):
    box.move("1", "Sorted")
    box.fetch()
    assert box.places() == {("1", "INBOX", (), False)}
    make(box, "Sorted")
    box.do(("COPY", "1", "Sorted"))
    box.choose("INBOX", "Sorted")
    box.fetch()
    assert box.places() == {("1", "INBOX", (), False), ("1", "Sorted", (), False)}
