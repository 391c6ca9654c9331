"""Orders that the mail server does not do are told, and what they had changed is put right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters.ids import uuid7
from adapters.imap.folders import to_wire
from adapters.imap.values import RemoteFolder, Role
from adapters.journal import NewEvent
from adapters.logs import log
from api.work import outward
from api.work.cursors import folder_key
from api.work.instance import Carteggio
from api.work.outward import Order, Pending, words_of
from domain import account, message
from domain.identity import account_id
from domain.marking import FailOrder, FailureReason, Marks, MessageOrderFailed, Place, in_order
from domain.message import Message
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, Rejected

_NOWHERE: Final = "(unknown)"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an order failed, with the server's words; `gone`: the message lies no more in the folder."""

    reason: FailureReason
    said: str = ""
    gone: bool = False


def key_of(identity_key: bytes, account: UUID, folder: str) -> UUID:
    """Give the key under which the folder of an account is known that bears this name."""
    return folder_key(identity_key, account, RemoteFolder(folder, Role.OTHER, to_wire(folder)))


def give_up(carteggio: Carteggio, orders: Iterable[Order], failure: Failure) -> None:
    """Record that these orders failed, and how their messages lie in truth; they wait no more."""
    wanted = list(orders)
    if not wanted:
        return
    with carteggio.journal.writing() as writing:
        messages = {one.message for one in wanted}
        writing.prepare(messages)
        writing.lock()
        failing = outward.still(writing.connection, wanted)
        states = dict.fromkeys(messages, message.initial)
        for recorded in carteggio.journal.streams(states):
            states[recorded.stream] = message.evolve(states[recorded.stream], recorded.event)
        events: list[NewEvent] = []
        for one in failing:
            outward.end(writing.connection, [one])
            command = _command(carteggio, writing.connection, one, states[one.message], failure)
            for event in _happens(states[one.message], command):
                events.append(NewEvent(one.message, event, _envelope()))
                states[one.message] = message.evolve(states[one.message], event)
        outward.redirect(writing.connection, [one for one in failing if one.target])
        writing.append(events)
    log("work").warning("orders failed", reason=failure.reason.value, orders=len(failing))


def give_up_overdue(carteggio: Carteggio) -> None:
    """Give up what waited too long, or waits for an account that is no more."""
    give_up(carteggio, outward.overdue(carteggio.database), Failure(FailureReason.TOO_LATE))
    waiting = dict.fromkeys(outward.accounts_waiting(carteggio.database), account.initial)
    for recorded in carteggio.journal.streams(waiting):
        waiting[recorded.stream] = account.evolve(waiting[recorded.stream], recorded.event)
    for id, state in waiting.items():
        if state.configured is None:
            give_up_removed(carteggio, id)


def give_up_removed(carteggio: Carteggio, removed: UUID) -> None:
    """Give up all that waits for an account that was removed."""
    while orders := outward.some_of(carteggio.database, removed):
        give_up(carteggio, orders, Failure(FailureReason.ACCOUNT_REMOVED))


def places_of(carteggio: Carteggio, account: UUID, state: Message) -> dict[UUID, Place]:
    """Give the places of a message in an account's folders, by the keys of these."""
    key = carteggio.identity_key
    return {
        key_of(key, account, place[1]): place
        for place in state.marks
        if account_id(key, place[0]) == account
    }


def _command(
    carteggio: Carteggio,
    connection: Connection[Any],
    order: Order,
    state: Message,
    failure: Failure,
) -> FailOrder | None:
    """Say what failed, in the words of events; None where nothing is known of it any more."""
    places = places_of(carteggio, order.account, state)
    place = places.get(order.folder)
    if place is None:  # erased
        return None
    target = places.get(order.target, (place[0], _NOWHERE)) if order.target else None
    failed = MessageOrderFailed(
        mailbox=place[0],
        reason=failure.reason,
        folder=place[1],
        added=words_of(order.added),
        removed=words_of(order.removed),
        moved_to=target[1] if target else "",
        said=failure.said,
    )
    noted = _noted(connection, order.message)
    flags = _in_truth(connection, order, noted.get(order.folder), state.marks[place])
    return FailOrder(failed, Marks(flags, failure.gone), order.target in noted)


def _in_truth(
    connection: Connection[Any], order: Order, noted: int | None, marks: Marks
) -> tuple[str, ...]:
    """Give the flags that the server has, with what else is ordered and may still be done."""
    flags = frozenset(marks.flags if noted is None else words_of(noted))
    pending = Pending.of(connection, order.folder, [order.message])
    for one in pending.marks.get(order.message, []):
        flags = one.wish.on(flags)
    return in_order(flags)


def _noted(connection: Connection[Any], message: UUID) -> dict[UUID, int]:
    rows = connection.execute(
        "SELECT folder, flags FROM folder_message WHERE message = %s ORDER BY uid_validity, uid",
        (message,),
    )
    return dict(rows.fetchall())


def _happens(state: Message, command: FailOrder | None) -> Sequence[message.MessageEvent]:
    try:
        return message.decide(state, command) if command else []
    except Rejected:
        return []


def _envelope() -> Envelope:
    actor = Actor(ActorKind.SYSTEM, "reception")
    return Envelope(uuid7(), datetime.now(UTC), actor, Origin("imap"))
