"""Mail leaves from the outbox: once, with its exact octets, and what became of it is known."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from domain.choosing import MessageLinkConfirmed, TargetKind
from domain.leaving import OutgoingState, ResolveSending
from domain.message import MessageReceived
from domain.outgoing import MailQueued, Resolution
from domain.values import Rejected
from events import envelope
from outgoing import NOW, Office, lane_of, letter
from smtpscript import POLITE, Answers, Sink, speaking
from speaking import text, then_drop

if TYPE_CHECKING:
    from adapters.mime.worker import ReadingWorker
    from api.work.instance import Carteggio
    from api.work.lane import Lane

ORDER = UUID(int=77)
LETTER = letter(1)


@dataclass
class Post(Office):
    """An outbox, and the lane that empties it."""

    worker: "ReadingWorker" = field(kw_only=True)
    sink: Sink = field(default_factory=Sink)

    @asynccontextmanager
    async def served(self, answers: Answers | None = None, **more: int) -> AsyncIterator["Lane"]:
        async with speaking(POLITE | dict(answers or {}), self.sink) as port:
            self.sends_by(port, **more)
            async with self.lane() as lane:
                yield lane

    def lane(self) -> AbstractAsyncContextManager["Lane"]:
        return lane_of(self.carteggio, self.box, self.worker)

    def captured(self) -> list[MessageReceived]:
        events = self.carteggio.journal.read(0, names=["message.received"])
        return [one.event for one in events if isinstance(one.event, MessageReceived)]


@pytest.fixture
def post(carteggio: "Carteggio", worker: "ReadingWorker") -> Post:
    return Post(carteggio, targets=((TargetKind.DOCUMENT, ORDER),), worker=worker)


async def test_a_mail_leaves_octet_for_octet_and_its_copy_is_kept_and_linked(post: Post) -> None:
    mail = post.queue()
    async with post.served() as lane:
        assert await lane.drain() == 1
        assert await lane.drain() == 0
    assert post.sink.mails == [letter(1)]
    assert post.state(mail) is OutgoingState.ACCEPTED
    (copy,) = post.captured()
    assert (copy.mailbox, copy.role.value) == (post.box, "sent")
    events = post.carteggio.journal.read(0, names=["message.link_confirmed"])
    (said,) = (one.event for one in events)
    assert said == MessageLinkConfirmed(TargetKind.DOCUMENT, ORDER)
    assert post.rows() == []


async def test_who_is_put_off_is_tried_again_later_and_who_is_refused_is_not(post: Post) -> None:
    mail = post.queue()
    later = [text(b"250 ok\r\n"), text(b"451 4.2.1 later\r\n")]
    async with post.served({"RCPT": later}) as lane:
        assert await lane.drain() == 1
    state = post.outbox.state(mail)
    assert (state.state, state.left) == (OutgoingState.DEFERRED, frozenset({1}))
    assert state.due is not None
    assert state.due > NOW
    assert post.rows() == [(mail, "waiting", False)]
    assert len(post.captured()) == 1


async def test_a_mail_that_is_refused_is_not_kept_as_sent(post: Post) -> None:
    mail = post.queue()
    async with post.served({"RCPT": text(b"550 5.1.1 no such user\r\n")}) as lane:
        await lane.drain()
    assert post.state(mail) is OutgoingState.REFUSED
    assert (post.captured(), post.rows(), post.sink.mails) == ([], [], [])


async def test_where_nobody_knows_whether_it_left_it_is_not_sent_again(post: Post) -> None:
    mail, other = post.queue(1), post.queue(2)
    async with post.served({"CONTENT": then_drop(b"")}) as lane:
        await lane.drain()
    post.goes_on()
    async with post.served() as lane:
        await lane.drain()
    assert post.state(mail) is OutgoingState.UNCERTAIN
    assert post.rows()[0] == (mail, "uncertain", False)
    assert post.sink.mails.count(letter(1)) == 1
    post.outbox.resolve(mail, ResolveSending(Resolution.SENT, "person"), envelope())
    async with post.served() as lane:
        await lane.drain()
    assert post.state(mail) is OutgoingState.ACCEPTED
    assert (post.state(other), post.rows()) == (OutgoingState.ACCEPTED, [])
    assert len(post.captured()) == 2


async def test_what_a_process_that_died_was_sending_is_uncertain(post: Post) -> None:
    from domain.leaving import BeginSending  # noqa: PLC0415

    mail = post.queue()
    post.outbox.record(mail, BeginSending(datetime.now(UTC)), envelope())
    async with post.served() as lane:
        assert await lane.drain() == 0
    assert post.state(mail) is OutgoingState.UNCERTAIN
    assert post.sink.mails == []


async def test_a_mail_of_which_only_its_row_says_that_it_is_being_sent_leaves(post: Post) -> None:
    mail = post.queue()
    with post.carteggio.database.pool.connection() as connection:
        connection.execute("UPDATE outbox SET state = 'sending' WHERE mail = %s", (mail,))
    async with post.served() as lane:
        assert await lane.drain() == 1
    assert post.state(mail) is OutgoingState.ACCEPTED
    assert post.sink.mails == [letter(1)]


async def test_a_server_that_is_away_puts_the_lane_off_and_says_nothing_of_its_mail(
    post: Post,
) -> None:
    mail = post.queue()
    async with post.served({"": text(b"554 go away\r\n")}) as lane:
        assert await lane.drain() == 0
        assert await lane.drain() == 0
    assert post.state(mail) is OutgoingState.QUEUED
    assert [one.why for one in post.rests()] == ["unreachable"]
    assert post.sink.connections == 1
    assert [one.name for one in post.carteggio.journal.stream(mail)] == ["outgoing.queued"]


async def test_a_mail_of_tomorrow_waits_and_one_that_is_taken_back_never_leaves(
    post: Post,
) -> None:
    post.queue(1, due=NOW + timedelta(days=1))
    taken_back = post.queue(2)
    post.outbox.cancel(taken_back, envelope())
    async with post.served() as lane:
        assert await lane.drain() == 0
    assert post.sink.connections == 0
    with pytest.raises(Rejected, match="not those"):
        post.outbox.queue(UUID(int=5), _other(post), b"something else", envelope())


def _other(post: Post) -> MailQueued:
    queued = post.outbox.state(post.queue(3)).queued
    assert queued is not None
    return queued


async def test_two_processes_share_a_lane_and_send_each_mail_once(post: Post) -> None:
    for number in range(12):
        post.queue(number)
    async with post.served() as one, post.lane() as other:
        tried = await asyncio.gather(one.drain(), other.drain())
    assert sum(tried) == 12
    assert sorted(post.sink.mails) == sorted(map(letter, range(12)))
    assert post.rows() == []


def awake(post: Post) -> None:
    """Let a lane rest no more, and still have failed so often."""
    with post.carteggio.database.pool.connection() as connection:
        connection.execute("UPDATE outbox_lane SET paused_until = now()")


async def test_a_mail_whose_server_is_away_for_two_days_is_given_up(post: Post) -> None:
    mail, fresh = post.queue(1, due=NOW - timedelta(hours=49)), post.queue(2)
    async with post.served({"": text(b"554 go away\r\n")}) as lane:
        for _ in range(15):
            await lane.drain()
            assert post.state(mail) is OutgoingState.QUEUED
            awake(post)
        await lane.drain()
    assert post.state(mail) is OutgoingState.REFUSED
    assert post.state(fresh) is OutgoingState.QUEUED


async def test_mail_that_was_erased_stops_no_other_and_is_in_the_outbox_no_more(
    post: Post,
) -> None:
    from domain.leaving import BeginSending  # noqa: PLC0415

    sending, waiting, left, late = (
        post.queue(one, due=NOW - timedelta(hours=one)) for one in (2, 3, 4, 49)
    )
    post.outbox.record(sending, BeginSending(datetime.now(UTC)), envelope())
    with post.carteggio.database.pool.connection() as connection:
        keep = "UPDATE outbox SET state = 'done', keep = true WHERE mail = %s"
        connection.execute(keep, (left,))
    post.carteggio.keyring.destroy([sending, waiting, left, late])
    good = post.queue(5)
    async with post.served() as lane:
        assert await lane.drain() == 1
    assert post.state(good) is OutgoingState.ACCEPTED
    assert (post.sink.mails, post.rows()) == ([letter(5)], [])


async def test_why_a_lane_rests_names_nobody_to_whom_it_was_to_send(post: Post) -> None:
    post.queue()
    slow = text(b"450 4.7.1 <anna@rossi.example>: slow down, b@bianchi.example too\r\n")
    async with post.served({"RCPT": slow}) as lane:
        await lane.drain()
    assert [one.said for one in post.rests()] == ["450 …: slow down, … too"]


async def test_a_mail_that_is_greylisted_keeps_no_other_back(post: Post) -> None:
    grey, other = post.queue(1), post.queue(2)
    later = text(b"451 4.7.1 Try again later\r\n")
    async with post.served({"CONTENT": [later, POLITE["CONTENT"]]}) as lane:
        assert await lane.drain() == 2
    assert (post.state(grey), post.state(other)) == (
        OutgoingState.DEFERRED,
        OutgoingState.ACCEPTED,
    )
    assert post.rests() == []


async def test_a_server_that_has_too_much_is_left_alone_and_gets_each_mail_once_later(
    post: Post,
) -> None:
    first, second = post.queue(1), post.queue(2)
    async with post.served({"MAIL": text(b"421 4.7.0 too many mails\r\n")}) as lane:
        assert await lane.drain() <= 1
        assert await lane.drain() == 0
    (rest,) = post.rests()
    assert (rest.why, rest.until > datetime.now(UTC) + timedelta(seconds=20)) == (
        "slow down",
        True,
    )
    states = (post.state(first), post.state(second))
    assert states == (OutgoingState.DEFERRED, OutgoingState.QUEUED)
    awake(post)
    post.outbox.hurry([first])
    async with post.served() as lane:
        await lane.drain()
    assert sorted(post.sink.mails) == [letter(1), letter(2)]


async def test_who_cannot_be_named_to_a_server_keeps_nobody_else_from_the_mail(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = ("anna@rossi.example", "b@b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example")
    unsayable = "m\N{LATIN SMALL LETTER U WITH DIAERESIS}ller@rossi.example"
    monkeypatch.setattr("outgoing.PEOPLE", (*people, unsayable))
    monkeypatch.setattr("outgoing.letter", lambda _: LETTER)
    mail = post.queue()
    async with post.served() as lane:
        await lane.drain()
    said = post.outbox.state(mail).said
    assert [said[place].value for place in range(3)] == ["accepted", "accepted", "refused"]
    assert post.sink.mails == [LETTER]


async def test_what_was_written_while_the_clock_was_wrong_lets_no_lane_rest(post: Post) -> None:
    from api.work.resting import HERE, Rests  # noqa: PLC0415

    mail, ahead = post.queue(), NOW + timedelta(days=3000)
    async with post.served(mails_per_minute=1, recipients_per_day=2) as lane:
        Rests(post.carteggio.database).begin(post.box, ahead, HERE, "", b"")
        with post.carteggio.database.pool.connection() as connection:
            for per in ("minute", "day"):
                used = "INSERT INTO outbox_used VALUES (%s, %s, %s, 9)"
                connection.execute(used, (post.box, per, ahead))
        assert post.rests() == []
        assert await lane.drain() == 1
    assert post.state(mail) is OutgoingState.ACCEPTED


async def test_a_mail_to_too_many_for_today_is_passed_by_those_that_fit_for_a_day_and_no_longer(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = NOW - timedelta(hours=20)
    first, big = post.queue(1, due=begun - timedelta(minutes=1)), post.queue(2, due=begun)
    monkeypatch.setattr("outgoing.PEOPLE", ("carla@verdi.example",))
    small = post.queue(3)
    async with post.served(recipients_per_day=3) as lane:
        assert await lane.drain() == 2
        assert [post.state(one).value for one in (first, big, small)] == [
            "accepted", "queued", "accepted"
        ]  # fmt: skip
        assert (post.rests(), due_of(post, big)) == ([], begun + timedelta(days=1))


async def test_a_mail_to_too_many_that_was_passed_for_a_day_is_the_next_to_leave(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = post.queue(1)
    async with post.served(recipients_per_day=3) as lane:
        assert await lane.drain() == 1
        big = post.queue(2, due=NOW - timedelta(days=1))
        monkeypatch.setattr("outgoing.PEOPLE", ("carla@verdi.example",))
        small = post.queue(3)
        assert await lane.drain() == 0
    assert [post.state(one).value for one in (first, big, small)] == [
        "accepted", "queued", "queued"
    ]  # fmt: skip
    (rest,) = post.rests()
    assert (rest.why, rest.until > NOW + timedelta(hours=23)) == ("used up", True)


def due_of(post: Post, mail: UUID) -> datetime:
    with post.carteggio.database.pool.connection() as connection:
        row = connection.execute("SELECT due FROM outbox WHERE mail = %s", (mail,)).fetchone()
    assert row is not None
    assert isinstance(row[0], datetime)
    return row[0]
