"""Accounts are attended by real connections: news comes at once, trouble stays with its account."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from attended import BOX, NEVER, Office, counted
from domain.account import PauseAccount, ResumeAccount
from speaking import POLITE, spoken

NOW = datetime.now(UTC)
EARLIER = NOW - timedelta(hours=1)
PROMISED_S = 10.0


def question(number: int) -> bytes:
    return (
        f"From: ada@acme.example\r\nTo: {BOX}\r\nDate: {_date(EARLIER)}\r\nSubject: Offer {number}?\r\n"
        f"Message-ID: <q{number}@acme.example>\r\n\r\nCould you send us your offer, please?\r\n"
    ).encode()


def answer(number: int) -> bytes:
    return (
        f"From: {BOX}\r\nTo: ada@acme.example\r\nDate: {_date(NOW)}\r\nSubject: Re: Offer {number}?\r\n"
        f"Message-ID: <a{number}@firm.example>\r\nIn-Reply-To: <q{number}@acme.example>\r\n\r\n"
        "Here it is, with our best regards.\r\n"
    ).encode()


def _date(when: datetime) -> str:
    return f"{when:%a, %d %b %Y %H:%M:%S +0000}"


@pytest.fixture
def office(carteggio: Carteggio, worker: ReadingWorker) -> Office:
    return Office(carteggio, worker)


def test_a_question_waits_and_its_answer_ends_the_wait_within_ten_seconds(office, mail_account):
    office.add(mail_account)
    with office.attended(interval=NEVER):
        office.until(office.fetched)
        mail_account.append(question(1), when=EARLIER)
        came = office.until(lambda: office.waiting() == 1)
        mail_account.append(answer(1), folder="Sent")  # as another mail program files it
        went = office.until(lambda: office.waiting() == 0)
    assert came < PROMISED_S
    assert went < PROMISED_S


def test_a_mail_read_or_deleted_elsewhere_is_seen_so_within_ten_seconds(office, mail_account):
    mail_account.append(question(1), when=EARLIER)
    office.add(mail_account)
    with office.attended(interval=NEVER):
        office.until(office.fetched)
        with mail_account.login() as client:
            client.select()
            client.store("1", "+FLAGS", r"(\Seen)")
        read = office.until(lambda: [one.flags for one in office.marked()] == [("seen",)])
        mail_account.expunge("1")
        gone = office.until(lambda: any(one.gone for one in office.marked()))
    assert max(read, gone) < PROMISED_S


def test_news_is_told_again_and_again(office, mail_account):
    office.add(mail_account)
    with office.attended(interval=NEVER):
        office.until(office.fetched)
        for number in range(5):
            mail_account.append(question(number), when=EARLIER)
            office.until(lambda number=number: len(office.received()) == 2 * number + 1)
            mail_account.append(answer(number), folder="Sent")
            office.until(lambda number=number: len(office.received()) == 2 * number + 2)
        assert office.until(lambda: office.waiting() == 0) < PROMISED_S


def test_accounts_are_noticed_when_they_are_added_paused_and_resumed(office, dovecot):
    first, second = dovecot.add_user(), dovecot.add_user()
    with office.attended(interval=NEVER):
        office.add(first)
        office.until(office.fetched)
        office.order(PauseAccount())
        office.add(second, "two@firm.example")
        office.until(lambda: office.fetched(2))  # by the same look that ends the first
        first.append(question(1))
        second.append(question(2))
        office.until(lambda: len(office.received()) == 1)
        assert office.received()[0].content.subject == "Offer 2?"
        office.order(ResumeAccount())
        office.until(lambda: len(office.received()) == 2)


def test_a_wrong_password_is_left_alone_until_it_is_changed(office, mail_account):
    mail_account.append(question(1))
    office.add(mail_account, password="wrong")
    with office.attended(interval=0.2):
        office.until(lambda: [one.trouble for one in office.states()] == ["login refused"])
        state = office.states()[0]
        assert state.next_at is not None
        assert state.next_at - state.tried_at > timedelta(minutes=3)
        office.add(mail_account)
        office.until(lambda: len(office.received()) == 1)
        office.until(lambda: office.states()[0].failures == 0)


def test_another_worker_heeds_how_long_an_account_is_left_alone(office, mail_account):
    office.add(mail_account, password="wrong")
    other = mail_account.server.add_user()
    for _ in range(2):
        with office.attended(interval=0.2):
            office.until(lambda: [one.failures for one in office.states()] == [1])
    office.add(other, "two@firm.example")
    with office.attended(interval=0.2):
        office.until(office.fetched)
    assert sorted(one.failures for one in office.states()) == [0, 1]


def test_two_workers_share_the_accounts_and_one_takes_over_from_the_other(office, dovecot):
    boxes = {f"box{n}@firm.example": dovecot.add_user() for n in range(6)}
    for box, user in boxes.items():
        office.add(user, box)
    office.carteggio.feed.catch_up()
    with office.attended(interval=NEVER):
        with office.attended(interval=NEVER):
            office.until(lambda: office.fetched(6))
            office.until(lambda: office.leases() == [3, 3])
        office.until(lambda: office.leases() == [6])
        for number, user in enumerate(boxes.values()):
            user.append(question(number))
        office.until(lambda: len(office.received()) == 6)


def test_a_server_that_cannot_tell_is_asked_at_intervals(office):
    looks: list[float] = []
    with spoken(POLITE | {"EXAMINE": counted(looks)}) as port:
        office.add_at(port)
        with office.attended(interval=0.3):
            office.until(lambda: len(looks) >= 4)
            office.until(office.fetched)
