"""Mails that leave together, as another process leases, offers and leaves them behind."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from domain.leaving import BeginSending, Conclude, OutgoingState
from domain.outgoing import Result, Said
from domain.replies import Fate, Ground, Reply
from domain.sendingside import usual_rates
from postbox import PEOPLE, Postbox
from speaking import Say, text

if TYPE_CHECKING:
    import asyncio.streams
    from uuid import UUID

    from adapters.smtp.values import Outcome
    from api.work.flights import Boarded, Flights

ACCEPTED = {one: Result(one, Said.ACCEPTED) for one in range(len(PEOPLE))}
DONE = text(b"250 2.0.0 Ok: queued as 4XyZ12\r\n")
STATES = OutgoingState


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


def taken() -> "Outcome":
    """Give what is said of a mail that is taken for all."""
    from adapters.smtp.values import Outcome, ToRecipient  # noqa: PLC0415

    said = Fate.ACCEPTED, Ground.NONE, Reply(250, "Ok")
    return Outcome(*said, tuple(ToRecipient(one, *said) for one in PEOPLE))


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
