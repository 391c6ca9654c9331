"""Orders follow a message that somebody else moved before they were carried out.

    it is not in the folder ─▶ what is new is fetched ─▶ since the order it came into one other
    folder of the mailbox ─▶ the order stands there, told by an event; else it failed

A copy that had been lying in the other folder before is not what was meant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from adapters.ids import uuid7
from adapters.journal import NewEvent
from adapters.logs import log
from api.work import outward
from api.work.instance import Carteggio
from api.work.outward import Order
from api.work.undone import Failure, give_up, places_of
from domain import message
from domain.marking import MessageMarked, MessageMoved, OrderMarks, OrderMove, Place
from domain.message import (
    Message,
    MessageCommand,
    MessageCompleted,
    MessageCopyFound,
    MessageEvent,
    MessageReceived,
)
from domain.recorded import Envelope, Origin, Recorded
from domain.values import Actor, ActorKind

Lost = Sequence[tuple[Order, Failure]]
"""Orders whose message is not where it was, with what is told if it came nowhere else."""


@dataclass(slots=True)
class _Past:
    """A message, and since when it lies in each of its places."""

    state: Message = message.initial
    since: dict[Place, datetime] = field(default_factory=dict)

    def follow(self, recorded: Recorded) -> None:
        self.state = message.evolve(self.state, recorded.event)
        match recorded.event:
            case MessageReceived() | MessageCopyFound() | MessageCompleted() as copy:
                self.since[copy.mailbox, copy.folder] = recorded.recorded_at
            case MessageMarked(mailbox, folder, gone=False, gone_before=True):
                self.since[mailbox, folder] = recorded.recorded_at
            case MessageMoved(mailbox, moved_to=folder):
                self.since[mailbox, folder] = recorded.recorded_at
            case _:
                pass


def pursue(carteggio: Carteggio, lost: Lost) -> bool:
    """Let orders stand where their messages are now, and fail the others; say whether any does."""
    if not lost:
        return False
    with carteggio.journal.writing() as writing:
        messages = {one.message for one, _ in lost}
        writing.prepare(messages)
        writing.lock()
        past = {one: _Past() for one in messages}
        for recorded in carteggio.journal.streams(messages):
            past[recorded.stream].follow(recorded)
        events: list[NewEvent] = []
        standing: set[int] = set()
        for one in outward.still(writing.connection, [one for one, _ in lost]):
            known = past[one.message]
            there = _there(carteggio, writing.connection, one, known)
            if there is None:
                continue
            standing.add(one.number)
            for event in _stands(carteggio, writing.connection, one, known.state, there):
                events.append(NewEvent(one.message, event, _envelope()))
                known.state = message.evolve(known.state, event)
        writing.append(events)
    if standing:
        log("work").info("orders follow their messages", orders=len(standing))
    for order, failure in lost:
        if order.number not in standing:
            give_up(carteggio, [order], failure)
    return bool(standing)


def _there(
    carteggio: Carteggio, connection: Connection[Any], order: Order, past: _Past
) -> UUID | None:
    """Give the one other folder into which a message came after the order; or the target itself."""
    noted = outward.lying_in(connection, order.account, order.message)
    if order.target in noted:
        return order.target
    places = places_of(carteggio, order.account, past.state)
    found = [
        key
        for key in noted - {order.folder}
        if (place := places.get(key)) is not None
        and not past.state.marks[place].gone
        and past.since[place] > order.ordered_at
    ]
    return found[0] if len(found) == 1 else None


def _stands(
    carteggio: Carteggio, connection: Connection[Any], order: Order, state: Message, there: UUID
) -> Sequence[MessageEvent]:
    """Let an order stand in a folder, or end it if that is where the message was to go."""
    if there == order.target:
        outward.end(connection, [order])
        return []
    places = places_of(carteggio, order.account, state)
    outward.stand(connection, order, there)
    mailbox, folder = places[there]
    if order.target is None:
        wish = order.wish
        command: MessageCommand = OrderMarks(((mailbox, folder),), wish.added, wish.removed)
    elif order.target in places:
        to = places[order.target][1]
        command = OrderMove(mailbox, folder, to, state.copies[mailbox, to].role)
    else:
        return []
    return message.decide(state, command)


def _envelope() -> Envelope:
    actor = Actor(ActorKind.SYSTEM, "reception")
    return Envelope(uuid7(), datetime.now(UTC), actor, Origin("imap"))
