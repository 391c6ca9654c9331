"""One command for many messages: done for each by itself, and told for each what was not done."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

import strawberry
from strawberry import ID, Info

from adapters.journal import Journal
from api.graphql.access import checks, marks
from api.graphql.asking import Asking
from api.graphql.commands import UserError, check_command_id, stamp, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.letters import message_objects
from api.graphql.mail import Message
from api.graphql.scalars import Position
from api.graphql.selection import Selection
from api.work.settling import settle
from domain.access import Scope
from domain.recorded import Envelope
from domain.values import Rejected
from projections import messages

MOST: Final = 100
MESSAGE_IDS: Final = "The messages, 100 at most."

Do = Callable[[UUID, Envelope], int | None]
"""Does it for one message, and gives the position of its event; None if it was so already."""


@strawberry.type(description="What came of a command to messages.")
class MessagePayload:
    messages: list[Message] | None = strawberry.field(
        description="The messages as they are now, those that could not be found left out.",
        extensions=checks(Scope.READ_MAIL),
        directives=marks(Scope.READ_MAIL),
    )
    position: Position | None = strawberry.field(
        description="Where in the journal its last event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is ordered for which messages, with their places in the input; `do` does it.

    `consequences`: what follows by itself is waited for, too, and the position is after that.
    """

    id: str
    messages: Mapping[UUID, int]
    order: object
    do: Do
    consequences: bool = False
    named: Collection[UUID] | None = None
    """The messages that the client named, where further ones go with them."""


def asked(command_id: str, message_ids: Sequence[ID], order: object, do: Do) -> Asked:
    """Check what all commands to messages have in common."""
    check_command_id(command_id)
    return Asked(command_id, named(message_ids), order, do)


def named(message_ids: Sequence[ID]) -> dict[UUID, int]:
    """Give the messages that ids name, with their places."""
    if not 1 <= len(message_ids) <= MOST:
        raise Rejected("INVALID", f"messageIds: from 1 to {MOST} are needed")
    found: dict[UUID, int] = {}
    for place, one in enumerate(message_ids):
        found.setdefault(of_kind(Kind.MESSAGE, one), place)
    return found


async def answered(info: Info[Any, Any], ask: Callable[[], Asked]) -> MessagePayload:
    """Do it, and say what came of it; `ask` may refuse what is asked."""
    context: Context = info.context
    try:
        asked = ask()
        reach = await _reach(context, asked)
        done = await asyncio.to_thread(_done, context, asked, reach)
    except Rejected as refusal:
        return MessagePayload(messages=[], position=None, user_errors=[user_error(refusal)])
    wanted = Selection.of(info)
    made: list[Message] = []
    if "messages" in wanted and Scope.READ_MAIL in context.viewer.scopes:
        async with Asking(context).reading() as read:
            found = await message_objects(read, asked.messages, wanted["messages"])
        made = [found[one] for one in asked.messages if one in found]
    position = None if done.position is None else Position(done.position)
    return MessagePayload(messages=made, position=position, user_errors=done.errors)


@dataclass(frozen=True, slots=True)
class _Reach:
    """Which of the messages may be seen, and which acted on."""

    seen: Collection[UUID]
    own: Collection[UUID]

    def check(self, message: UUID) -> None:
        """Refuse what is out of reach."""
        if message not in self.seen:
            raise Rejected("NOT_FOUND", "there is no such message")
        if message not in self.own:
            sentence = "its mailbox is shared with you as a reader: a member may do this"
            raise Rejected("FORBIDDEN", sentence)


async def _reach(context: Context, asked: Asked) -> _Reach:
    wanted, viewer = list(asked.messages), context.viewer
    async with context.read() as (connection, names):
        seen = await messages.by_ids(connection, names, viewer.reader, wanted)
        own = await messages.by_ids(connection, names, viewer.acts, wanted)
    return _Reach(set(seen), set(own))


# ---- what is done


@dataclass(slots=True)
class _Done:
    position: int | None
    errors: list[UserError]


def _done(context: Context, asked: Asked, reach: _Reach) -> _Done:
    """Do it for the messages one by one, and let the read models see them, unless a worker does."""
    envelope = stamp(context)
    named = asked.messages if asked.named is None else asked.named
    order = [sorted(named), asked.order]
    claim(context.carteggio.journal, asked.id, order, envelope(asked.id))
    positions, errors = [], []
    for message, place in asked.messages.items():
        try:
            reach.check(message)
            one = envelope(f"{asked.id}#{message.hex}")
            positions.append(asked.do(message, one))
        except Rejected as refusal:
            errors.append(user_error(refusal, "messageIds", str(place)))
    last = max((one for one in positions if one is not None), default=None)
    if last is not None and asked.consequences:
        last = settle(context.carteggio, last)
    elif last is not None:
        context.carteggio.feed.catch_up(last)
    return _Done(last, errors)


class _Claims:
    """Takes a command id for one order to many messages: another order with it is refused."""

    @property
    def initial(self) -> None:
        """Nothing is known of it."""

    @staticmethod
    def evolve(state: None, _event: object) -> None:
        """Nothing happens to it."""
        return state

    @staticmethod
    def decide(_state: None, _command: object) -> Sequence[object]:
        """Nothing follows from it."""
        return []


_CLAIMS: Final = _Claims()


def claim(journal: Journal, command_id: str, order: object, envelope: Envelope) -> None:
    """Take a command id for an order; another order under it is refused."""
    journal.record(uuid5(NAMESPACE_URL, f"command:{command_id}"), _CLAIMS, order, envelope)
