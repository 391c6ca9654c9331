"""Commands: a person's decision that mail needs no answer, and its withdrawal."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

import strawberry
from strawberry import ID, UNSET, Info

from adapters.ids import uuid7
from api.graphql.access import checks, marks, requires
from api.graphql.asking import Asking
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.letters import message_objects
from api.graphql.mail import Message
from api.graphql.paging import given
from api.graphql.scalars import Position
from api.graphql.selection import Selection
from domain import message as mail
from domain.access import Scope
from domain.message import CloseMessage, CloseReason, ReopenMessage
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, Rejected
from projections import messages

Order = CloseMessage | ReopenMessage
MOST: Final = 100
LONGEST_NOTE: Final = 2_000
_COMMAND_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_COMMAND_ID_SAID: Final = (
    "Chosen by the sender, a UUID at best. The same command with the same id is done once, and "
    "answered again."
)


@strawberry.input(description="Which messages need no answer, and why.")
class MessageCloseInput:
    command_id: ID = strawberry.field(description=_COMMAND_ID_SAID)
    message_ids: list[ID] = strawberry.field(description="The messages, 100 at most.")
    reason: CloseReason = strawberry.field(description="Why they need none.")
    note: str | None = strawberry.field(default=UNSET, description="What else is to be said.")


@strawberry.input(description="Which messages need an answer after all.")
class MessageReopenInput:
    command_id: ID = strawberry.field(description=_COMMAND_ID_SAID)
    message_ids: list[ID] = strawberry.field(description="The messages, 100 at most.")
    note: str | None = strawberry.field(default=UNSET, description="What else is to be said.")


@strawberry.type(description="Why something asked for was not done; the rest was.")
class UserError:
    code: str = strawberry.field(
        description="For programs: INVALID, NOT_FOUND, COMMAND_ID_REUSED, …"
    )
    message: str = strawberry.field(description="For people: a sentence.")
    path: list[str] | None = strawberry.field(description="Which part of the input it is about.")


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


@strawberry.type(description="What may be changed.")
class Mutation:
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
        seen = await _seen(context, asked)
        done = await asyncio.to_thread(_done, context, asked, seen)
    except Rejected as refusal:
        return MessagePayload(messages=[], position=None, user_errors=[_error(refusal)])
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
    if not _COMMAND_ID.fullmatch(input.command_id):
        raise Rejected("INVALID", "commandId: 1 to 100 letters, digits or . _ : - are needed")
    if not 1 <= len(input.message_ids) <= MOST:
        raise Rejected("INVALID", f"messageIds: from 1 to {MOST} are needed")
    note = given(input.note) or ""
    if len(note) > LONGEST_NOTE:
        raise Rejected("INVALID", f"note: {LONGEST_NOTE} characters is the most")
    found: dict[UUID, int] = {}
    for place, one in enumerate(input.message_ids):
        found.setdefault(of_kind(Kind.MESSAGE, one), place)
    return _Asked(input.command_id, found, order(note))


async def _seen(context: Context, asked: _Asked) -> set[UUID]:
    async with Asking(context).reading() as read:
        return set(await messages.by_ids(*read.asked, list(asked.messages)))


# ---- what is done


@dataclass(slots=True)
class _Done:
    position: int | None
    errors: list[UserError]


def _done(context: Context, asked: _Asked, seen: set[UUID]) -> _Done:
    """Record the decisions one by one, and let the read models see them, unless a worker does."""
    journal, envelope = context.carteggio.journal, _envelope(context)
    claim = envelope(asked.id)
    journal.record(_claimed(asked), _CLAIMS, [sorted(asked.messages), asked.order], claim)
    positions, errors = [], []
    for message, place in asked.messages.items():
        try:
            if message not in seen:
                raise Rejected("NOT_FOUND", "there is no such message")
            one = envelope(f"{asked.id}#{message.hex}")
            positions.append(journal.record(message, mail, asked.order, one))
        except Rejected as refusal:
            errors.append(_error(refusal, "messageIds", str(place)))
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


def _envelope(context: Context) -> Callable[[str], Envelope]:
    actor = Actor(ActorKind.CLIENT, str(encoded(Kind.TOKEN, context.viewer.token)))
    at, work = datetime.now(UTC), uuid7()
    return lambda id: Envelope(
        uuid7(), at, actor, Origin("graphql"), command_id=id, correlation=work
    )


def _error(refusal: Rejected, *path: str) -> UserError:
    return UserError(
        code=refusal.code,
        message=refusal.sentence,
        path=["input", *path] if path else ["input"],
    )
