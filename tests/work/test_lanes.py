"""Lanes in a process that works: each is emptied, rests where it has to, and holds no other back."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from api.work.queued import (
    Standing,
    addresses_of,
    mail_named,
    queued_mail,
    retry,
)
from api.work.troubles import troubles
from domain.leaving import OutgoingState
from domain.values import Rejected
from outgoing import BOX, NOW, Office, letter
from smtpscript import POLITE, Answers, Sink, speaking
from speaking import SILENCE, in_thread, text

if TYPE_CHECKING:
    from adapters.mime.worker import ReadingWorker
    from api.work.instance import Carteggio

REFUSED = {"AUTH": text(b"535 5.7.8 wrong password\r\n")}
PUT_OFF = {"RCPT": text(b"451 4.2.1 later\r\n")}


@contextmanager
def server(answers: Answers | None = None, sink: Sink | None = None) -> Iterator[int]:
    with in_thread(lambda: speaking(POLITE | dict(answers or {}), sink)) as port:
        yield port


@contextmanager
def working(carteggio: "Carteggio", worker: "ReadingWorker") -> Iterator[Event]:
    """Empty lanes until the block is left."""
    from api.work.lanes import Lanes  # noqa: PLC0415

    stop = Event()
    threads = [
        Thread(target=carteggio.feed.run, args=(stop,), name="tests-feed"),
        Thread(target=lambda: asyncio.run(Lanes(carteggio, worker).run(stop)), name="tests-lanes"),
    ]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def office(carteggio: "Carteggio") -> Office:
    return Office(carteggio)


def once(office: Office, worker: "ReadingWorker") -> None:
    from api.work.lanes import Lanes  # noqa: PLC0415

    asyncio.run(Lanes(office.carteggio, worker).run_once())


def standing(office: Office, state: Standing | None = None) -> list[tuple[UUID, str]]:
    found = queued_mail(office.carteggio, addresses_of(office.carteggio), state, 100)
    return [(one.mail, one.state) for one in found]


def said(office: Office) -> list[tuple[str, str, str]]:
    addresses = addresses_of(office.carteggio)
    return list(troubles(office.carteggio, addresses, datetime.now(UTC)))


def test_mail_of_a_mailbox_without_a_server_waits_and_says_what_to_do_and_leaves_then(
    office: Office, worker: "ReadingWorker"
):
    mail, sink = office.queue(), Sink()
    with working(office.carteggio, worker), server(sink=sink) as port:
        office.until(lambda: bool(office.rests()))
        assert standing(office, Standing.RESTING) == [(mail, "resting")]
        ((_, wrong, do),) = said(office)
        assert "nothing says by which server" in wrong
        assert "carteggio account sending" in do
        office.sends_by(port)
        office.until(lambda: not office.rows())
    assert (sink.mails, said(office)) == ([letter(1)], [])


def test_a_refused_login_lets_the_lane_rest_until_the_account_is_configured_anew(
    office: Office, worker: "ReadingWorker"
):
    mail, sink = office.queue(), Sink()
    with server(REFUSED) as wrong, server(sink=sink) as right:
        office.sends_by(wrong)
        once(office, worker)
        (rest,) = office.rests()
        assert rest.until > datetime.now(UTC) + timedelta(minutes=3)
        assert [(one, do) for one, _, do in said(office)] == [
            (f"sending of {BOX}", f"give the right login: carteggio account sending {BOX}")
        ]
        assert office.state(mail) is OutgoingState.QUEUED
        with working(office.carteggio, worker):
            office.sends_by(right, password="another")
            office.until(lambda: not office.rows())
    assert sink.mails == [letter(1)]


def test_a_lane_whose_server_is_silent_holds_no_other_back(
    office: Office, worker: "ReadingWorker"
):
    sink, other = Sink(), Office(office.carteggio, "shop@firma.example")
    with server({"": SILENCE}) as silent, server(sink=sink) as polite:
        office.sends_by(silent)
        other.sends_by(polite)
        stuck, _ = office.queue(1), other.queue(2)
        with working(office.carteggio, worker):
            office.until(lambda: [row[0] for row in office.rows()] == [stuck])
    assert sink.mails == [letter(2)]


def test_no_more_is_sent_in_a_minute_than_the_server_takes(
    office: Office, worker: "ReadingWorker"
):
    sink = Sink()
    with server(sink=sink) as port:
        office.sends_by(port, mails_per_minute=3)
        for number in range(5):
            office.queue(number)
        once(office, worker)
        once(office, worker)
        assert len(sink.mails) == 3
        ((why, until),) = [(one.why, one.until) for one in office.rests()]
        assert why == "used up"
        assert until <= datetime.now(UTC) + timedelta(seconds=62)
        assert [state for _, state in standing(office)] == ["resting", "resting"]
        assert said(office) == []
        office.sends_by(port, mails_per_minute=4)
        office.goes_on()
        once(office, worker)
    assert len(sink.mails) == 4


def test_a_mail_to_more_people_than_a_day_allows_waits_for_its_day(
    office: Office, worker: "ReadingWorker"
):
    sink = Sink()
    with server(sink=sink) as port:
        office.sends_by(port, recipients_per_day=1)
        office.queue(1)
        office.queue(2)
        once(office, worker)
    assert len(sink.mails) == 1
    (rest,) = office.rests()
    assert rest.until > datetime.now(UTC) + timedelta(hours=23)


def test_two_that_work_send_each_mail_once(office: Office, worker: "ReadingWorker"):
    sink = Sink()
    with server(sink=sink) as port:
        office.sends_by(port)
        for number in range(30):
            office.queue(number)
        with working(office.carteggio, worker), working(office.carteggio, worker):
            office.until(lambda: not office.rows())
    assert sorted(sink.mails) == sorted(map(letter, range(30)))


def test_what_was_put_off_is_tried_at_once_when_somebody_asks_and_the_planned_waits(
    office: Office, worker: "ReadingWorker"
):
    sink = Sink()
    put_off, planned = office.queue(1), office.queue(2, due=NOW + timedelta(days=1))
    with server(PUT_OFF) as port:
        office.sends_by(port)
        once(office, worker)
    assert office.state(put_off) is OutgoingState.DEFERRED
    with server(sink=sink) as port:
        office.sends_by(port)
        once(office, worker)
        assert sink.mails == []
        assert retry(office.carteggio, [office.box]) == 1
        once(office, worker)
    assert sink.mails == [letter(1)]
    assert standing(office) == [(planned, "waiting")]


def test_a_mail_whose_octets_are_gone_stops_no_other(office: Office, worker: "ReadingWorker"):
    bad, sink = office.queue(1), Sink()
    queued = office.outbox.state(bad).queued
    assert queued is not None
    folder = office.carteggio.home.blobs / office.carteggio.company
    (folder / queued.raw[:2] / queued.raw).unlink()
    office.queue(2)
    with server(sink=sink) as port:
        office.sends_by(port)
        once(office, worker)
    assert sink.mails == [letter(2)]
    assert [row[0] for row in office.rows()] == [bad]
    (told,) = queued_mail(office.carteggio, {}, None, 9)
    assert (told.said, told.do) == (
        "it cannot be sent from here; the log says why",
        "run: carteggio doctor",
    )
    ((_, wrong, do),) = said(office)
    assert wrong == "1 mails cannot be sent from here, and are tried every hour"
    assert do.endswith(f"carteggio outbox retry --mailbox {BOX}")
    assert retry(office.carteggio, [office.box]) == 1


def test_a_mail_is_named_as_anything_shows_it(office: Office):
    mail = office.queue(1)
    for name in (
        f"out_{mail.hex}",
        mail.hex[:9],
        f"out_{mail.hex[:9]}",
        str(mail)[:10],
        str(mail),
    ):
        assert mail_named(office.carteggio, name) == mail
    with pytest.raises(Rejected, match="carteggio outbox list"):
        mail_named(office.carteggio, "out_")


def test_a_mail_that_is_in_the_middle_of_its_content_when_it_stops_is_uncertain(
    office: Office, worker: "ReadingWorker"
):
    sink = Sink()
    mails = [office.queue(1), office.queue(2)]
    with server({"CONTENT": SILENCE}, sink) as port:
        office.sends_by(port)
        with working(office.carteggio, worker):
            office.until(lambda: bool(sink.mails))
    assert [office.state(one) for one in mails] == [OutgoingState.UNCERTAIN, OutgoingState.QUEUED]
    ((_, wrong, do),) = said(office)
    assert "of 1 mails nobody knows" in wrong
    assert "--state uncertain" in do


def test_a_mail_whose_content_was_not_begun_when_it_stops_waits(
    office: Office, worker: "ReadingWorker"
):
    sink, mail = Sink(), office.queue(1)
    with server({"DATA": SILENCE}, sink) as port:
        office.sends_by(port)
        with working(office.carteggio, worker):
            office.until(lambda: "DATA" in sink.commands())
    assert office.state(mail) is OutgoingState.QUEUED
    assert standing(office) == [(mail, "waiting")]
