"""Conversations get another owner, are taken, rest: one order for many, undone by its command id."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from adapters.ids import uuid7
from adapters.journal import Conflict, Decider, NewEvent
from api.work.instance import Carteggio
from api.work.saidbefore import done_by
from api.work.sharing import check_registered
from domain import attention
from domain.attention import (
    HandedBecause,
    HandOver,
    Saying,
    Take,
    UndoAttention,
    said,
)
from domain.recorded import Envelope
from domain.values import ColleagueId, Rejected

MOST: Final = 500
"""So many conversations one order may be about."""
_ATTEMPTS: Final = 5
S = TypeVar("S")
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an order: the position of its last event, None if all was so already."""

    position: int | None = None
    refused: Mapping[UUID, Rejected] = field(default_factory=dict)
    count: int = 0
    """Of how many messages it was said."""


def order_id(stamp: Envelope) -> UUID:
    """Give the id of what is said under a command id, or by one event."""
    return _order(stamp.command_id) if stamp.command_id else stamp.event_id


def _order(command_id: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"command:{command_id}")


def hand_over(
    carteggio: Carteggio,
    messages: Collection[UUID],
    to: ColleagueId | None,
    stamp: Envelope,
    note: str = "",
    because: HandedBecause = HandedBecause.PERSON,
) -> Done:
    """Give what messages are about to a colleague, or back (None): the clock goes on.

    Raises Rejected if there is no such colleague; what is refused of one message is told.
    """
    order = handing_over(to, stamp, note, because)
    return say_checked(carteggio, dict.fromkeys(messages, order), stamp)


def handing_over(
    to: ColleagueId | None,
    stamp: Envelope,
    note: str = "",
    because: HandedBecause = HandedBecause.PERSON,
) -> HandOver:
    """Give the order by which something is handed over."""
    return HandOver(order_id(stamp), to, because, note)


def say_checked(carteggio: Carteggio, orders: Mapping[UUID, Saying], stamp: Envelope) -> Done:
    """Do what is ordered for each message, once it is known that it can be said at all.

    Raises Rejected if there is no such colleague, or if it cannot be said of any message.
    """
    for order in {id(one): one for one in orders.values()}.values():
        said(order)
        whose = order.colleague if isinstance(order, Take) else None
        whose = order.to if isinstance(order, HandOver) else whose
        if whose is not None:
            check_registered(carteggio, whose)
    return say(carteggio, attention, orders, stamp)


def undo(
    carteggio: Carteggio, command_id: str, messages: Collection[UUID], stamp: Envelope
) -> Done:
    """Let what a command said of these messages count no more."""
    order = UndoAttention(_order(command_id))
    return say(carteggio, attention, dict.fromkeys(messages, order), stamp)


def concerned(carteggio: Carteggio, command_id: str) -> list[UUID]:
    """Give the messages to which a command said something; raise Rejected if there are none."""
    found = done_by(carteggio, command_id)
    if not found:
        raise Rejected("NOT_FOUND", "undoes: there is no such command about who has what in hand")
    return found


def done_before(carteggio: Carteggio, command_id: str, count: int) -> Done:
    """Give again what came of a command that was carried out."""
    with carteggio.database.pool.connection() as connection:
        row = connection.execute(
            "SELECT max(position) FROM command WHERE command_id ~>=~ %s AND command_id ~<~ %s",
            (f"{command_id}#", f"{command_id}$"),
        ).fetchone()
    return Done(row[0] if row else None, {}, count)


def say(
    carteggio: Carteggio, decider: Decider[S, C], orders: Mapping[UUID, C], stamp: Envelope
) -> Done:
    """Do what is ordered for each message, all in one transaction; one refusal stops no other.

    The same command again adds nothing.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _said(carteggio, decider, orders, stamp)
        except Conflict:
            if attempt == _ATTEMPTS:
                raise Rejected("BUSY", "these messages change all the time; try again") from None
    raise AssertionError


def _said(
    carteggio: Carteggio, decider: Decider[S, C], orders: Mapping[UUID, C], stamp: Envelope
) -> Done:
    states = dict.fromkeys(orders, decider.initial)
    versions = dict.fromkeys(orders, 0)
    for recorded in carteggio.journal.streams(orders):
        states[recorded.stream] = decider.evolve(states[recorded.stream], recorded.event)
        versions[recorded.stream] = recorded.version
    events: list[NewEvent] = []
    refused: dict[UUID, Rejected] = {}
    for message, command in orders.items():
        try:
            happened = decider.decide(states[message], command)
        except Rejected as refusal:
            refused[message] = refusal
            continue
        for at, event in enumerate(happened, 1):
            events.append(NewEvent(message, event, _own(stamp, message), versions[message] + at))
    count = len({new.stream for new in events})
    return Done(_appended(carteggio, events, stamp), refused, count)


def _own(stamp: Envelope, message: UUID) -> Envelope:
    """Give the envelope of what is said of one of the messages."""
    command = f"{stamp.command_id}#{message.hex}" if stamp.command_id else None
    event_id = uuid7() if stamp.command_id else uuid5(stamp.event_id, message.hex)
    return replace(stamp, event_id=event_id, command_id=command)


def _appended(carteggio: Carteggio, events: list[NewEvent], stamp: Envelope) -> int | None:
    if not events:
        return None
    with carteggio.journal.writing() as writing:
        writing.seal(events)
        writing.lock()
        positions = writing.append(events)
        if stamp.command_id is not None:
            writing.connection.cursor().executemany(
                "INSERT INTO command (command_id, fingerprint, stream, position)"
                " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [
                    (new.envelope.command_id, b"attention", new.stream, position)
                    for new, position in zip(events, positions, strict=True)
                ],
            )
    return positions[-1]
