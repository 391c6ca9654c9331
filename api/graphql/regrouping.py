"""Commands: people say which messages belong together, and take it back."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import checks, marks, requires
from api.graphql.asking import Asking
from api.graphql.closing import LONGEST_NOTE
from api.graphql.commands import (
    COMMAND_ID,
    UserError,
    caught_up,
    check_command_id,
    stamp,
    user_error,
)
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.mail import Conversation
from api.graphql.orders import MESSAGE_IDS, claim, named
from api.graphql.paging import given
from api.graphql.reading import conversations_by_id
from api.graphql.scalars import Position
from api.work import regrouping
from api.work.regrouping import merged, moved, split
from domain.access import Scope
from domain.recorded import Envelope
from domain.regrouping import ConversationRegrouped
from domain.values import Rejected
from projections import threads
from projections.messages import by_ids

_MOST: Final = 20
_NOTE: Final = "Why; it is kept sealed."
_REPLIES: Final = (
    "Whether what answers these messages goes with them; later answers do in any case."
)


@strawberry.input(description="Which conversations are one.")
class ConversationMergeInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    conversation_ids: list[ID] = strawberry.field(description=f"From 2 to {_MOST} conversations.")
    note: str | None = strawberry.field(default=UNSET, description=_NOTE)


@strawberry.input(description="Which messages are a conversation of their own.")
class ConversationSplitInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] = strawberry.field(description=MESSAGE_IDS)
    with_replies: bool = strawberry.field(default=True, description=_REPLIES)
    note: str | None = strawberry.field(default=UNSET, description=_NOTE)


@strawberry.input(description="Which messages belong to another conversation.")
class ConversationMoveInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] = strawberry.field(description=MESSAGE_IDS)
    conversation_id: ID = strawberry.field(description="The conversation they belong to.")
    with_replies: bool = strawberry.field(default=True, description=_REPLIES)
    note: str | None = strawberry.field(default=UNSET, description=_NOTE)


@strawberry.input(description="Which regrouping is taken back.")
class ConversationUndoInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    regrouping_id: ID = strawberry.field(description="The merge, split or move.")
    note: str | None = strawberry.field(default=UNSET, description=_NOTE)


Input = (
    ConversationMergeInput | ConversationSplitInput | ConversationMoveInput | ConversationUndoInput
)


@strawberry.type(description="What came of regrouping conversations.")
class ConversationPayload:
    conversations: list[Conversation] = strawberry.field(
        description="The conversations of these messages as they are now.",
        extensions=checks(Scope.READ_MAIL),
        directives=marks(Scope.READ_MAIL),
    )
    position: Position | None = strawberry.field(
        description="Where in the journal the event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was not done.")


@strawberry.type
class RegroupingMutation:
    @strawberry.mutation(
        description="Says that conversations are one.", **requires(Scope.LINK_MAIL)
    )
    async def conversation_merge(
        self, info: Info[Any, Any], input: ConversationMergeInput
    ) -> ConversationPayload:
        async def said(context: Context) -> tuple[Collection[UUID], regrouping.Said]:
            if not 2 <= len(set(input.conversation_ids)) <= _MOST:
                raise Rejected("INVALID", f"conversationIds: from 2 to {_MOST} are needed")
            found = [await _acted_on(context, one) for one in input.conversation_ids]
            everybody = [one for each in found for one in each]
            return everybody, lambda: merged(found, _note(input))

        return await _answered(info, input, said)

    @strawberry.mutation(
        description="Says that messages are a conversation of their own, apart from what they "
        "refer to.",
        **requires(Scope.LINK_MAIL),
    )
    async def conversation_split(
        self, info: Info[Any, Any], input: ConversationSplitInput
    ) -> ConversationPayload:
        async def said(context: Context) -> tuple[Collection[UUID], regrouping.Said]:
            messages = await _messages(context, input.message_ids)
            carteggio, note = context.carteggio, _note(input)
            return messages, lambda: split(
                carteggio, messages, note, with_replies=input.with_replies
            )

        return await _answered(info, input, said)

    @strawberry.mutation(
        description="Says that messages belong to another conversation.",
        **requires(Scope.LINK_MAIL),
    )
    async def conversation_move(
        self, info: Info[Any, Any], input: ConversationMoveInput
    ) -> ConversationPayload:
        async def said(context: Context) -> tuple[Collection[UUID], regrouping.Said]:
            messages = await _messages(context, input.message_ids)
            to = await _acted_on(context, input.conversation_id)
            carteggio, note = context.carteggio, _note(input)
            return [*messages, *to], lambda: moved(
                carteggio, messages, to, note, with_replies=input.with_replies
            )

        return await _answered(info, input, said)

    @strawberry.mutation(
        description="Takes a merge, split or move back: everything else stands as it was said.",
        **requires(Scope.LINK_MAIL),
    )
    async def conversation_undo(
        self, info: Info[Any, Any], input: ConversationUndoInput
    ) -> ConversationPayload:
        context: Context = info.context
        try:
            which = of_kind(Kind.REGROUPING, input.regrouping_id)
            messages = await _regrouped(context, which)
            note, carteggio = _note(input), context.carteggio
            position = await _obeyed(
                context, input, lambda envelope: regrouping.undo(carteggio, which, note, envelope)
            )
        except Rejected as refusal:
            return _refused(refusal)
        return await _payload(context, messages, position)


Say = Callable[[Context], Any]


async def _answered(info: Info[Any, Any], input: Input, say: Say) -> ConversationPayload:
    context: Context = info.context
    try:
        messages, said = await say(context)
        id, carteggio = str(input.command_id), context.carteggio
        position = await _obeyed(
            context, input, lambda envelope: regrouping.regroup(carteggio, id, said, envelope)
        )
    except Rejected as refusal:
        return _refused(refusal)
    return await _payload(context, messages, position)


async def _obeyed(
    context: Context, input: Input, order: Callable[[Envelope], int | None]
) -> int | None:
    """Do it once for a command id: what it means depends on how mail stands when it is done."""
    check_command_id(input.command_id)
    made, carteggio = stamp(context), context.carteggio
    asked = strawberry.asdict(input)
    claim(carteggio.journal, input.command_id, asked, made(input.command_id))
    envelope = made(f"{input.command_id}#regrouping")
    return await asyncio.to_thread(caught_up, context, lambda: order(envelope))


def _refused(refusal: Rejected) -> ConversationPayload:
    return ConversationPayload(conversations=[], position=None, user_errors=[user_error(refusal)])


async def _payload(
    context: Context, messages: Collection[UUID], position: int | None
) -> ConversationPayload:
    async with Asking(context).reading() as read:
        of = await threads.conversations_of(*read.asked, list(messages))
        found = await conversations_by_id(read, list(dict.fromkeys(of.values())))
    place = None if position is None else Position(position)
    return ConversationPayload(conversations=list(found.values()), position=place, user_errors=[])


# ---- what may be acted on


def _note(input: Input) -> str:
    note = given(input.note) or ""
    if len(note) > LONGEST_NOTE:
        raise Rejected("INVALID", f"note: {LONGEST_NOTE} characters is the most")
    return note


async def _messages(context: Context, ids: Sequence[ID]) -> list[UUID]:
    """Give messages of which each has to be one that the viewer acts on."""
    return await _all_acted_on(context, list(named(ids)), "there is no such message")


async def _regrouped(context: Context, which: UUID) -> list[UUID]:
    """Give the messages that a regrouping is about; whoever undoes it acts on all he sees of them."""
    async with context.read() as (connection, names):
        messages = await threads.regrouped_by(connection, names, context.viewer.acts, which)
    messages = messages or [
        one for event in context.carteggio.journal.stream(which) for one in _about(event.event)
    ]
    if not messages:
        raise Rejected("NOT_FOUND", "there is no such regrouping")
    return await _all_acted_on(context, messages, "there is no such regrouping")


def _about(event: object) -> Sequence[UUID]:
    return event.everybody if isinstance(event, ConversationRegrouped) else ()


async def _all_acted_on(context: Context, messages: list[UUID], unseen: str) -> list[UUID]:
    async with context.read() as (connection, names):
        seen = await by_ids(connection, names, context.viewer.reader, messages)
        own = await by_ids(connection, names, context.viewer.acts, messages)
    if any(one not in seen for one in messages):
        raise Rejected("NOT_FOUND", unseen)
    if any(one not in own for one in messages):
        raise Rejected(
            "FORBIDDEN", "a mailbox of these is shared with you as a reader: a member may do this"
        )
    return messages


async def _acted_on(context: Context, conversation: ID) -> list[UUID]:
    """Give the messages of a conversation that the viewer acts on."""
    id = of_kind(Kind.CONVERSATION, conversation)
    reader = context.viewer.acts
    async with context.read() as (connection, names):
        now = (await threads.conversations_of(connection, names, reader, [id])).get(id, id)
        members = await threads.members_of(connection, names, reader, now)
        own = await by_ids(connection, names, reader, [one.message for one in members])
    if not own:
        raise Rejected("NOT_FOUND", "there is no such conversation")
    return list(own)
