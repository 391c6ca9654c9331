"""Accounts are attended by real connections: news comes at once, trouble stays with its account."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Event, Thread
from typing import Any

import pytest
from psycopg.sql import SQL, Identifier

from adapters.imap.values import Limits
from adapters.mime.worker import ReadingWorker
from api.work.accounts import AccountState, Entered, configure, order, states_of
from api.work.attendant import Pace
from api.work.attending import Attending
from api.work.feed import feed_channel
from api.work.instance import Carteggio
from api.work.sync import Sync
from domain.account import PauseAccount, ResumeAccount
from domain.marking import MessageMarked
from domain.message import MessageReceived
from dovecot import MailAccount
from instances import events_of
from projections.reader import EVERYTHING, Page
from projections.unanswered import waiting_in
from speaking import POLITE, SILENCE, Say, forever, spoken, text, trickle

BOX = "info@firm.example"
NOW = datetime.now(UTC)
EARLIER = NOW - timedelta(hours=1)
NEVER = 3_600
PROMISED_S = 10.0
LIMITS = Limits(connect=2, command=3, fetch=5, answer=200_000, patience=1)


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


@pytest.fixture(scope="module")
def worker() -> Iterator[ReadingWorker]:
    with ReadingWorker() as reading:
        yield reading


class Office:
    """An instance whose accounts are attended while a test runs."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker) -> None:
        self.carteggio, self._worker = carteggio, worker

    def add(self, account: MailAccount, box: str = BOX, **more: object) -> None:
        server = account.server
        given: dict[str, Any] = {
            "address": box, "host": server.host, "port": server.imap, "security": "plain",
            "user": account.user, "password": account.password,
        }  # fmt: skip
        configure(self.carteggio, Entered(**(given | more)))

    def add_at(self, port: int, box: str = BOX) -> None:
        """Add an account on a server that speaks by a script."""
        entered = Entered(box, "127.0.0.1", port, "plain", "anna", "secret")
        configure(self.carteggio, entered)

    def order(self, command: PauseAccount | ResumeAccount, box: str = BOX) -> None:
        order(self.carteggio, box, command)

    @contextmanager
    def attended(self, interval: float = NEVER, limits: Limits = LIMITS) -> Iterator[None]:
        """Attend the accounts, with a feed beside it, until the block is left."""
        stop = Event()

        async def attend() -> None:
            sync = Sync(self.carteggio, self._worker, limits)
            pace = Pace(interval, least=0.1)
            await Attending(self.carteggio, sync, pace).run(stop)

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

    def until(self, holds: Callable[[], bool], seconds: float = 30) -> float:
        """Wait until something holds, looked at whenever read models move; give how long it took."""
        began = time.monotonic()
        with self.carteggio.database.connect(direct=True) as connection:
            name = Identifier(feed_channel(self.carteggio.database))
            connection.execute(SQL("LISTEN {}").format(name))
            while not holds():
                assert time.monotonic() - began < seconds, (self.troubles(), self.leases())
                list(connection.notifies(timeout=0.1, stop_after=1))
        return time.monotonic() - began

    def waiting(self) -> int:
        """Count what nobody has answered."""

        async def ask() -> int:
            async with self.carteggio.reading() as asked:
                found = await waiting_in(*asked, EVERYTHING, Page(first=100))
            return len(found.rows)

        return asyncio.run(ask())

    def received(self) -> list[MessageReceived]:
        return events_of(self.carteggio, "message.received")

    def marked(self) -> list[MessageMarked]:
        return events_of(self.carteggio, "message.marked")

    def states(self) -> list[AccountState]:
        return list(states_of(self.carteggio).values())

    def troubles(self) -> Counter[str]:
        return Counter(one.trouble for one in self.states())

    def leases(self) -> list[int]:
        """Count the accounts of each worker."""
        with self.carteggio.database.connect() as connection:
            rows = connection.execute("SELECT count(*) FROM account_lease GROUP BY worker")
            return sorted(row[0] for row in rows)

    def fetched(self, count: int = 1) -> bool:
        return len([one for one in self.states() if one.fetched_at and not one.trouble]) == count


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


ILL: list[tuple[str, dict[str, Say], Say | None]] = [
    ("timeout", POLITE, SILENCE),
    ("timeout", POLITE, trickle(b"x")),
    ("timeout", POLITE | {"EXAMINE": trickle(b"* OK wait\r\n")}, None),
    ("timeout", POLITE | {"BODY": trickle(b"x", b"* 1 FETCH (UID 1 BODY[] {900}\r\n")}, None),
    ("too much data", POLITE | {"LIST": forever(b"* LIST\r\n")}, None),
    ("protocol", POLITE, text(b"220 smtp.example ESMTP\r\n")),
]
EACH = 5
SHORT = replace(LIMITS, connect=1, command=1, fetch=1, patience=0)


def test_ill_servers_and_bad_certificates_delay_nobody(office, mail_account):
    looks: list[float] = []
    interval = 2.0
    with ExitStack() as stack:
        office.add_at(stack.enter_context(spoken(POLITE | {"EXAMINE": counted(looks)})))
        kinds: list[str] = []
        for at, (kind, answers, greeting) in enumerate(ILL):
            port = stack.enter_context(spoken(answers, greeting))
            for number in range(EACH):
                office.add_at(port, f"ill{at}.{number}@firm.example")
            kinds += [kind] * EACH
        for number in range(EACH):  # an authority that nobody here knows
            box = f"tls{number}@firm.example"
            office.add(mail_account, box, port=mail_account.server.imaps, security="tls")
        kinds += ["tls"] * EACH
        with office.attended(interval, SHORT):
            office.until(lambda: Counter(kinds) <= office.troubles(), seconds=60)
            known = len(looks)
            office.until(lambda: len(looks) >= known + 3)
    gaps = [after - before for before, after in pairwise(looks)]
    assert max(gaps) < 2 * interval


def counted(looks: list[float]) -> Say:
    async def examine(tag: bytes, writer: asyncio.StreamWriter) -> None:
        looks.append(time.monotonic())
        writer.write(
            b"* 0 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 1]\r\n" + tag + b" OK\r\n"
        )

    return examine
