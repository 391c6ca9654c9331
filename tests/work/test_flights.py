"""Mails that leave together: each of them as if it were alone, whatever dies in the middle."""

import asyncio
import gc
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from domain.leaving import (
    BeginSending,
    CancelMail,
    LoseSight,
    ResolveSending,
)
from domain.outgoing import Resolution
from domain.values import Rejected
from events import envelope
from flying import DONE, STATES, board, doing, flights, in_flight, offer, states
from postbox import PEOPLE, Postbox, letter
from smtpscript import POLITE
from speaking import text, then_drop

if TYPE_CHECKING:
    import asyncio.streams


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
