"""Mails that leave together: each of them as if it were alone, whatever dies in the middle."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from domain.leaving import (
    BeginSending,
    CancelMail,
    Conclude,
    LoseSight,
    OutgoingState,
    ResolveSending,
)
from domain.outgoing import Resolution, Result, Said
from domain.sendingside import usual_rates
from domain.values import Rejected
from events import envelope
from postbox import PEOPLE, Postbox, letter
from smtpscript import POLITE
from speaking import Say, text, then_drop

if TYPE_CHECKING:
    import asyncio.streams
    from uuid import UUID

    from adapters.mime.worker import ReadingWorker
    from api.work.flights import Boarded, Flights
    from api.work.instance import Carteggio

ACCEPTED = {one: Result(one, Said.ACCEPTED) for one in range(len(PEOPLE))}
DONE = text(b"250 2.0.0 Ok: queued as 4XyZ12\r\n")
STATES = OutgoingState


@pytest.fixture
def postbox(carteggio: "Carteggio", worker: "ReadingWorker") -> Postbox:
    made = Postbox(carteggio, worker)
    made.enter()
    return made


def doing(what: Callable[[], object], then: bytes) -> Say:
    """Let something happen, and answer after it."""

    async def say(_: bytes, writer: "asyncio.streams.StreamWriter") -> None:
        await asyncio.to_thread(what)
        writer.write(then)

    return say


def flights(postbox: Postbox) -> "Flights":
    from api.work.flights import Flights  # noqa: PLC0415

    return Flights(postbox.carteggio, postbox.id)


def board(postbox: Postbox) -> "Boarded":
    """Lease what waits, as another process does."""
    from api.work.rates import Used  # noqa: PLC0415

    used = Used(postbox.carteggio.database, postbox.id, usual_rates(""))
    boarded = flights(postbox).board(flights(postbox).read(50), used)
    assert boarded is not None
    return boarded


async def offer(
    postbox: Postbox, boarded: "Boarded", place: int, *, answered: bool = False
) -> None:
    """Let such a process offer a content; `answered`: it heard that the one before was taken."""
    from api.work.flightmarks import Marks  # noqa: PLC0415
    from api.work.flights import answer_of  # noqa: PLC0415

    before, now = boarded.mails[place - 1], datetime.now(UTC)
    answer = answer_of(before, Conclude(1, now, ACCEPTED, {})) if answered else None
    begin = BeginSending(now, attempt=1)
    mail = boarded.mails[place].id
    marks = Marks(postbox.carteggio.database)
    try:
        assert await marks.offer(boarded.flight, mail, begin, answer)
    finally:
        await marks.close()


def states(postbox: Postbox, mails: "list[UUID]") -> list[OutgoingState]:
    return [postbox.state(one).state for one in mails]


def in_flight(postbox: Postbox) -> int:
    """Count what is left of flights: leased mails, witnesses and answers."""
    with postbox.carteggio.database.pool.connection() as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM outbox WHERE flight IS NOT NULL)"
            " + (SELECT count(*) FROM outbox_flight) + (SELECT count(*) FROM outbox_answer)"
        ).fetchone()
    return int(row[0]) if row else 0


async def test_of_mails_that_leave_together_each_has_its_events_and_its_copy(
    postbox: Postbox,
) -> None:
    mails = [postbox.queue(one) for one in range(8)]
    await postbox.drain()
    assert postbox.sink.mails == [letter(one) for one in range(8)]
    for mail in mails:
        names = [one.name for one in postbox.carteggio.journal.stream(mail)]
        assert names == ["outgoing.queued", "outgoing.sending_begun", "outgoing.accepted"]
    copies = postbox.carteggio.journal.read(0, names=["message.received"])
    assert (len(copies), in_flight(postbox)) == (8, 0)
    with postbox.carteggio.database.pool.connection() as connection:
        used = connection.execute("SELECT sum(used) FROM outbox_used WHERE per = 'minute'")
        assert used.fetchone() == (8,)


async def test_no_mail_that_left_is_held_until_somebody_looks_for_cycles(postbox: Postbox) -> None:
    from api.work.attempts import Leaving  # noqa: PLC0415

    for number in range(8):
        postbox.queue(number)
    gc.collect()
    gc.disable()  # a worker looks for them so seldom that a backlog would stay whole
    try:
        await postbox.drain()
        held = [one.id for one in gc.get_objects() if isinstance(one, Leaving)]
    finally:
        gc.enable()
    assert (len(postbox.sink.mails), held) == (8, [])


async def test_what_is_put_off_or_refused_among_them_is_told_of_that_mail_alone(
    postbox: Postbox,
) -> None:
    mails = [postbox.queue(one) for one in range(5)]
    said = [DONE, text(b"451 4.3.0 later\r\n"), DONE, text(b"550 5.7.1 no\r\n"), DONE]
    await postbox.drain({"CONTENT": said})
    expected = [STATES.ACCEPTED, STATES.DEFERRED, STATES.ACCEPTED, STATES.REFUSED]
    assert states(postbox, mails) == [*expected, STATES.ACCEPTED]
    assert in_flight(postbox) == 0


async def test_a_leased_mail_is_taken_back_until_its_content_is_offered(postbox: Postbox) -> None:
    mails = [postbox.queue(one) for one in range(5)]

    def back() -> None:
        postbox.outbox.record(mails[3], CancelMail(), envelope())
        with pytest.raises(Rejected, match="cannot be taken back"):
            postbox.outbox.record(mails[2], CancelMail(), envelope())

    await postbox.drain({"CONTENT": [DONE, DONE, doing(back, b"250 2.0.0 ok\r\n"), DONE]})
    assert states(postbox, mails) == [
        *[STATES.ACCEPTED] * 3, STATES.CANCELLED, STATES.ACCEPTED
    ]  # fmt: skip
    assert letter(3) not in postbox.sink.mails


async def test_of_a_process_that_died_only_what_it_was_offering_is_uncertain(
    postbox: Postbox,
) -> None:
    mails = [postbox.queue(one) for one in range(3)]
    boarded = board(postbox)
    await offer(postbox, boarded, 0)
    await offer(postbox, boarded, 1, answered=True)
    await postbox.drain()
    assert states(postbox, mails) == [STATES.ACCEPTED, STATES.UNCERTAIN, STATES.ACCEPTED]
    assert (postbox.sink.mails, in_flight(postbox)) == ([letter(2)], 0)


async def test_of_a_process_that_died_while_a_flight_landed_both_flights_are_told(
    postbox: Postbox,
) -> None:
    mails = [postbox.queue(one) for one in range(2)]
    landing = board(postbox)
    await offer(postbox, landing, 0)
    await offer(postbox, landing, 1, answered=True)
    mails += [postbox.queue(one) for one in range(2, 4)]
    await offer(postbox, board(postbox), 0)
    await postbox.drain()
    told = [STATES.ACCEPTED, STATES.UNCERTAIN, STATES.UNCERTAIN, STATES.ACCEPTED]
    assert states(postbox, mails) == told
    assert (postbox.sink.mails, in_flight(postbox)) == ([letter(3)], 0)


async def test_a_flight_lands_while_the_next_one_is_under_way(postbox: Postbox) -> None:
    """The third flight begins only when the first has landed: else nothing bounds them."""
    mails = [postbox.queue(one) for one in range(30)]
    there: list[set[STATES]] = []

    def look() -> None:
        there.append({postbox.state(one).state for one in mails[:5]})

    contents = [*[DONE] * 25, doing(look, b"250 2.0.0 ok\r\n"), DONE]
    await postbox.drain({"CONTENT": contents})
    assert there == [{STATES.ACCEPTED}]
    assert states(postbox, mails) == [STATES.ACCEPTED] * 30
    with postbox.carteggio.database.pool.connection() as connection:
        used = connection.execute("SELECT sum(used) FROM outbox_used WHERE per = 'minute'")
        assert used.fetchone() == (30,)


async def test_where_the_database_crashed_as_well_all_that_was_leased_is_uncertain(
    postbox: Postbox,
) -> None:
    mails = [postbox.queue(one) for one in range(3)]
    await offer(postbox, board(postbox), 0)
    with postbox.carteggio.database.pool.connection() as connection:  # what a crash does to them
        connection.execute("UPDATE outbox SET offered_at = NULL, offered = NULL")
        connection.execute("TRUNCATE outbox_flight, outbox_answer")
        kinds = connection.execute(
            "SELECT DISTINCT relpersistence FROM pg_class"
            " WHERE relname IN ('outbox_flight', 'outbox_answer') AND relkind = 'r'"
        ).fetchall()
    assert kinds == [("u",)]
    await postbox.drain()
    assert states(postbox, mails) == [STATES.UNCERTAIN] * 3
    assert (postbox.sink.mails, in_flight(postbox)) == ([], 0)


async def test_what_another_leased_or_took_over_is_offered_by_nobody_else(
    postbox: Postbox,
) -> None:
    mails = [postbox.queue(one) for one in range(5)]

    def another() -> None:
        """Another process has the lane, as our lock was lost: it leases what we did not offer."""
        for mail in mails[1:]:
            flights(postbox).recover(mail)
        asyncio.run(offer(postbox, board(postbox), 1))

    ok = POLITE["RCPT"]
    await postbox.drain({"RCPT": [ok, ok, doing(another, b"250 2.1.5 ok\r\n"), ok]})
    assert postbox.sink.mails == [letter(0)]
    with pytest.raises(Rejected, match="not to be sent now"):
        postbox.outbox.record(mails[3], BeginSending(datetime.now(UTC)), envelope())


@pytest.mark.parametrize("again", [False, True])
async def test_an_answer_counts_where_another_process_took_the_mail_for_lost(
    postbox: Postbox, *, again: bool
) -> None:
    mails = [postbox.queue(one) for one in range(4)]

    def found() -> None:
        flights(postbox).recover(mails[2])
        assert postbox.state(mails[2]).state is STATES.UNCERTAIN
        if again:
            resolve = ResolveSending(Resolution.SEND_AGAIN, "person")
            postbox.outbox.record(mails[2], resolve, envelope())

    await postbox.drain({"CONTENT": [DONE, DONE, doing(found, b"250 2.0.0 ok\r\n"), DONE]})
    await postbox.drain()
    assert states(postbox, mails) == [STATES.ACCEPTED] * 4
    assert sorted(postbox.sink.mails) == [letter(one) for one in range(4)]


async def test_when_sending_is_cut_off_what_was_not_offered_waits_again(postbox: Postbox) -> None:
    mails = [postbox.queue(one) for one in range(5)]
    reached = asyncio.Event()

    async def stalls(_: bytes, __: "asyncio.streams.StreamWriter") -> None:
        reached.set()
        await asyncio.Event().wait()

    draining = asyncio.create_task(postbox.drain({"CONTENT": [DONE, DONE, stalls]}))
    await reached.wait()
    draining.cancel()
    with suppress(asyncio.CancelledError):
        await draining
    waiting = [STATES.QUEUED] * 2
    assert states(postbox, mails) == [
        STATES.ACCEPTED, STATES.ACCEPTED, STATES.UNCERTAIN, *waiting
    ]  # fmt: skip
    assert in_flight(postbox) == 0
    await postbox.drain()
    assert states(postbox, mails[3:]) == [STATES.ACCEPTED] * 2


@pytest.mark.parametrize("phase", ["RCPT", "DATA", "CONTENT"])
async def test_a_connection_that_breaks_among_them_costs_no_other_mail(
    postbox: Postbox, phase: str
) -> None:
    mails = [postbox.queue(one) for one in range(5)]
    good = POLITE[phase]
    often = 2 * len(PEOPLE) if phase == "RCPT" else 2
    await postbox.drain({phase: [*[good] * often, then_drop(b"")]})
    broken = STATES.UNCERTAIN if phase == "CONTENT" else STATES.DEFERRED
    assert states(postbox, mails) == [
        STATES.ACCEPTED, STATES.ACCEPTED, broken, STATES.QUEUED, STATES.QUEUED
    ]  # fmt: skip
    await postbox.drain()
    assert states(postbox, mails[3:]) == [STATES.ACCEPTED] * 2
    assert postbox.sink.mails.count(letter(3)) == 1


async def test_a_mail_that_was_erased_while_it_was_leased_stops_no_other(postbox: Postbox) -> None:
    mails = [postbox.queue(one) for one in range(3)]
    board(postbox)
    postbox.carteggio.keyring.destroy([mails[1]])
    await postbox.drain()
    assert states(postbox, [mails[0], mails[2]]) == [STATES.ACCEPTED] * 2
    assert (len(postbox.sink.mails), in_flight(postbox)) == (2, 0)


async def test_what_is_known_of_an_attempt_is_not_recorded_twice(postbox: Postbox) -> None:
    mail, now = postbox.queue(0), datetime.now(UTC)
    for command in (
        BeginSending(now, attempt=1),
        BeginSending(now, attempt=1),
        LoseSight(1, "lost"),
        BeginSending(now, attempt=1),
    ):
        postbox.outbox.record(mail, command, envelope())
    names = [one.name for one in postbox.carteggio.journal.stream(mail)]
    assert names == ["outgoing.queued", "outgoing.sending_begun", "outgoing.uncertain"]
