"""Commands: a person's decision that mail needs no answer, and its withdrawal."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import checks, marks, requires
from api.graphql.asking import Asking
from api.graphql.commands import COMMAND_ID, UserError, check_command_id, stamp, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.letters import message_objects
from api.graphql.mail import Message
from api.graphql.paging import given
from api.graphql.scalars import Position
from api.graphql.selection import Selection
from domain import message as mail
from domain.access import Scope
from domain.message import CloseMessage, CloseReason, ReopenMessage
from domain.values import Rejected
from projections import messages

Order = CloseMessage | ReopenMessage
MOST: Final = 100
LONGEST_NOTE: Final = 2_000


@strawberry.input(description="Which messages need no answer, and why.")
class MessageCloseInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] = strawberry.field(description="The messages, 100 at most.")
    reason: CloseReason = strawberry.field(description="Why they need none.")
    note: str | None = strawberry.field(default=UNSET, description="What else is to be said.")


@strawberry.input(description="Which messages need an answer after all.")
class MessageReopenInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] = strawberry.field(description="The messages, 100 at most.")
    note: str | None = strawberry.field(default=UNSET, description="What else is to be said.")


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


@strawberry.type
class ClosingMutation:
    @strawberry.mutation(
        description="Says that messages need no (further) answer; they stop waiting.",
        **requires(Scope.CLOSE_MAIL),
    )
    async def message_close(
        self, info: Info[Any, Any], input: MessageCloseInput
    ) -> MessagePayload:
        return await _answered(info, input, lambda note: CloseMessage(input.reason, note))

    @strawberry.mutation(
        description="Takes such a decision back; what asks for an answer waits again.",
        **requires(Scope.CLOSE_MAIL),
    )
    async def message_reopen(
        self, info: Info[Any, Any], input: MessageReopenInput
    ) -> MessagePayload:
        return await _answered(info, input, ReopenMessage)


async def _answered(
    info: Info[Any, Any],
    input: MessageCloseInput | MessageReopenInput,
    order: Callable[[str], Order],
) -> MessagePayload:
    """Do it, and say what came of it."""
    context: Context = info.context
    try:
        asked = _checked(input, order)
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


# ---- what is asked


@dataclass(frozen=True, slots=True)
class _Asked:
    """An order, and the messages it is for, each with its place in the input."""

    id: str
    messages: Mapping[UUID, int]
    order: Order


def _checked(
    input: MessageCloseInput | MessageReopenInput, order: Callable[[str], Order]
) -> _Asked:
    check_command_id(input.command_id)
    if not 1 <= len(input.message_ids) <= MOST:
        raise Rejected("INVALID", f"messageIds: from 1 to {MOST} are needed")
    note = given(input.note) or ""
    if len(note) > LONGEST_NOTE:
        raise Rejected("INVALID", f"note: {LONGEST_NOTE} characters is the most")
    found: dict[UUID, int] = {}
    for place, one in enumerate(input.message_ids):
        found.setdefault(of_kind(Kind.MESSAGE, one), place)
    return _Asked(input.command_id, found, order(note))


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


async def _reach(context: Context, asked: _Asked) -> _Reach:
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


def _done(context: Context, asked: _Asked, reach: _Reach) -> _Done:
    """Record the decisions one by one, and let the read models see them, unless a worker does."""
    journal, envelope = context.carteggio.journal, stamp(context)
    claim = envelope(asked.id)
    journal.record(_claimed(asked), _CLAIMS, [sorted(asked.messages), asked.order], claim)
    positions, errors = [], []
    for message, place in asked.messages.items():
        try:
            reach.check(message)
            one = envelope(f"{asked.id}#{message.hex}")
            positions.append(journal.record(message, mail, asked.order, one))
        except Rejected as refusal:
            errors.append(user_error(refusal, "messageIds", str(place)))
    last = max((one for one in positions if one is not None), default=None)
    if last is not None:
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


def _claimed(asked: _Asked) -> UUID:
    return uuid5(NAMESPACE_URL, f"command:{asked.id}")
