"""Two at one mail at the same moment: whatever each of them says, nobody gets it twice."""

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
from domain.values import Rejected
from events import envelope
from flying import doing
from postbox import PEOPLE, Postbox, letter

if TYPE_CHECKING:
    from uuid import UUID


ACCEPTED = {one: Result(one, Said.ACCEPTED) for one in range(len(PEOPLE))}
DONE = b"250 2.0.0 Ok: queued as 4XyZ12\r\n"


def record(postbox: Postbox, mail: "UUID", *commands: object) -> None:
    for one in commands:
        postbox.outbox.record(mail, one, envelope())  # type: ignore[arg-type]


def lose_connections(postbox: Postbox) -> None:
    """End every connection of ours to the database, as its restart does: locks go with them."""
    with postbox.carteggio.database.connect(direct=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    postbox.carteggio.database.pool.check()  # ours are made anew, but for that of the lock


async def test_a_mail_that_is_taken_back_when_it_is_announced_is_not_sent_and_the_next_is(
    postbox: Postbox,
) -> None:
    first = postbox.queue(1)
    back = doing(lambda: record(postbox, first, CancelMail()), b"354 go on\r\n")
    await postbox.drain({"DATA": back})
    postbox.queue(2)
    await postbox.drain()
    assert postbox.state(first).state is OutgoingState.CANCELLED
    assert postbox.sink.mails == [letter(2)]


async def test_a_mail_whose_content_is_on_its_way_cannot_be_taken_back(postbox: Postbox) -> None:
    mail = postbox.queue()

    def back() -> None:
        with pytest.raises(Rejected, match="cannot be taken back"):
            record(postbox, mail, CancelMail())

    await postbox.drain({"CONTENT": doing(back, DONE)})
    assert postbox.state(mail).state is OutgoingState.ACCEPTED


async def test_who_wants_it_sent_again_while_it_is_being_sent_does_not_have_it_sent_twice(
    postbox: Postbox,
) -> None:
    mail = postbox.queue()
    again = ResolveSending(Resolution.SEND_AGAIN, "person")
    meanwhile = doing(lambda: record(postbox, mail, LoseSight(1, "lost"), again), DONE)
    await postbox.drain({"CONTENT": meanwhile})
    await postbox.drain()
    assert (postbox.state(mail).state, len(postbox.sink.mails)) == (OutgoingState.ACCEPTED, 1)


async def test_a_lane_whose_lock_was_lost_begins_nothing_that_another_has_begun(
    postbox: Postbox,
) -> None:
    mail = postbox.queue()

    def another() -> None:
        lose_connections(postbox)
        record(postbox, mail, BeginSending(datetime.now(UTC)))

    await postbox.drain({"DATA": doing(another, b"354 go on\r\n")})
    assert postbox.state(mail).state is OutgoingState.SENDING
    record(postbox, mail, Conclude(1, datetime.now(UTC), ACCEPTED, {}))
    await postbox.drain()
    assert (postbox.state(mail).state, postbox.sink.mails) == (OutgoingState.ACCEPTED, [])


@pytest.mark.parametrize("said", [b"451 4.3.0 later\r\n", b"550 5.7.1 no\r\n"])
@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA"])
async def test_what_such_a_lane_hears_says_nothing_of_the_other_s_attempt(
    postbox: Postbox, said: bytes, phase: str
) -> None:
    mail = postbox.queue()

    def another() -> None:
        if postbox.state(mail).state is OutgoingState.QUEUED:
            lose_connections(postbox)
            record(postbox, mail, BeginSending(datetime.now(UTC)))

    await postbox.drain({phase: doing(another, said)})
    record(postbox, mail, Conclude(1, datetime.now(UTC), ACCEPTED, {}))
    await postbox.drain()
    assert postbox.state(mail).said == dict.fromkeys(ACCEPTED, Said.ACCEPTED)
    assert postbox.sink.mails == []


@pytest.mark.parametrize("found", [False, True])
async def test_an_answer_outlives_the_connections_to_the_database(
    postbox: Postbox, *, found: bool
) -> None:
    """`found`: another process took the lane meanwhile, and takes the mail for left behind."""
    mail = postbox.queue()

    def lost() -> None:
        lose_connections(postbox)
        if found:
            record(postbox, mail, LoseSight(1, "the process that sent it ended"))
            assert postbox.state(mail).state is OutgoingState.UNCERTAIN

    await postbox.drain({"CONTENT": doing(lost, DONE)})
    await postbox.drain()
    assert postbox.state(mail).state is OutgoingState.ACCEPTED
    assert postbox.sink.mails == [letter(1)]
