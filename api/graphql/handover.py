"""Commands: conversations are taken, handed over, snoozed, paused; one command for many, undone by its id."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import checks, marks, requires
from api.graphql.aims import (
    CONVERSATIONS,
    ONLY_READ,
    UNSEEN,
    Aims,
    aims_of,
    carried_out,
    grouped_now,
    reach_of,
)
from api.graphql.asking import Asking
from api.graphql.commands import COMMAND_ID, UserError, check_command_id, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.mail import Conversation
from api.graphql.paging import given, text
from api.graphql.reading import conversations_by_id
from api.graphql.scalars import Position
from api.graphql.selection import Selection
from api.work import handover
from api.work.handover import Done, order_id
from api.work.receiving import out_of_reach
from domain.access import Scope
from domain.attention import Continue, Pause, Saying, Snooze, Take
from domain.recorded import Envelope
from domain.values import ColleagueId, Rejected

_REASON: Final = "Why; it is kept sealed."


@strawberry.input(description="Which conversations somebody has in hand.")
class ConversationTakeInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    conversation_ids: list[ID] = strawberry.field(description=CONVERSATIONS)
    user_id: ID | None = strawberry.field(
        default=UNSET, description="Who has them; else the colleague whose token this is."
    )


@strawberry.input(description="Who gets conversations.")
class ConversationHandOverInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    conversation_ids: list[ID] = strawberry.field(description=CONVERSATIONS)
    to_id: ID | None = strawberry.field(
        description="The colleague; null gives them back to their mailboxes' people."
    )
    note: str | None = strawberry.field(
        default=UNSET, description="For who gets them; it never leaves the company."
    )


@strawberry.input(description="Which conversations rest.")
class ConversationSnoozeInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    conversation_ids: list[ID] = strawberry.field(description=CONVERSATIONS)
    until: datetime | None = strawberry.field(
        default=UNSET,
        description="When they come back, if they do not write before; null: only when they write.",
    )
    reason: str | None = strawberry.field(default=UNSET, description=_REASON)


@strawberry.input(description="Of which conversations the clock stands.")
class ConversationPauseInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    conversation_ids: list[ID] = strawberry.field(description=CONVERSATIONS)
    reason: str = strawberry.field(description="Why; it is needed, and kept sealed.")


@strawberry.input(description="Which conversations are neither snoozed nor paused any more.")
class ConversationContinueInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    conversation_ids: list[ID] = strawberry.field(description=CONVERSATIONS)
    reason: str | None = strawberry.field(default=UNSET, description=_REASON)


@strawberry.input(description="Which command about conversations is undone.")
class ConversationAttentionUndoInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    undoes: ID = strawberry.field(description="The `commandId` of that one.")


@strawberry.type(description="What came of a command to conversations.")
class ConversationAttentionPayload:
    conversations: list[Conversation] = strawberry.field(
        description="The conversations as they are now, those that could not be found left out.",
        extensions=checks(Scope.READ_MAIL),
        directives=marks(Scope.READ_MAIL),
    )
    count: int = strawberry.field(description="Of how many conversations it was said.")
    position: Position | None = strawberry.field(
        description="Where in the journal its last event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")
    remarks: list[UserError] = strawberry.field(
        default_factory=list, description="What is to be known of what was done."
    )


@strawberry.type
class HandOverMutation:
    @strawberry.mutation(
        description="Says that somebody has conversations in hand, until we answer; they stay his.",
        **requires(Scope.CLOSE_MAIL),
    )
    async def conversation_take(
        self, info: Info[Any, Any], input: ConversationTakeInput
    ) -> ConversationAttentionPayload:
        def order(context: Context, envelope: Envelope) -> Saying:
            named = given(input.user_id)
            who = of_kind(Kind.COLLEAGUE, named) if named else context.viewer.colleague
            if who is None:
                raise Rejected("INVALID", "userId: this token is nobody's; say who has them")
            return Take(order_id(envelope), ColleagueId(who))

        return await _answered(info, input, order)

    @strawberry.mutation(
        description="Gives conversations to a colleague, or back; their clocks go on. Both are told "
        "by mail, once a command. `remarks` tells of which he cannot read the mail.",
        **requires(Scope.CLOSE_MAIL),
    )
    async def conversation_hand_over(
        self, info: Info[Any, Any], input: ConversationHandOverInput
    ) -> ConversationAttentionPayload:
        def order(_: Context, envelope: Envelope) -> Saying:
            whose = _receiver(input)
            return handover.handing_over(whose, envelope, text(given(input.note) or ""))

        return await _answered(info, input, order)

    @strawberry.mutation(
        description="Lets conversations rest until a time, or until they write; their clocks go on.",
        **requires(Scope.CLOSE_MAIL),
    )
    async def conversation_snooze(
        self, info: Info[Any, Any], input: ConversationSnoozeInput
    ) -> ConversationAttentionPayload:
        def order(_: Context, envelope: Envelope) -> Saying:
            reason, until = text(given(input.reason) or ""), given(input.until)
            return Snooze(order_id(envelope), envelope.at, until, reason)

        return await _answered(info, input, order)

    @strawberry.mutation(
        description="Lets the clocks of conversations stand, with a reason, until they are continued "
        "or we answer.",
        **requires(Scope.CLOSE_MAIL),
    )
    async def conversation_pause(
        self, info: Info[Any, Any], input: ConversationPauseInput
    ) -> ConversationAttentionPayload:
        def order(_: Context, envelope: Envelope) -> Saying:
            return Pause(order_id(envelope), text(input.reason))

        return await _answered(info, input, order)

    @strawberry.mutation(
        description="Lets conversations wait as before: neither snoozed nor paused.",
        **requires(Scope.CLOSE_MAIL),
    )
    async def conversation_continue(
        self, info: Info[Any, Any], input: ConversationContinueInput
    ) -> ConversationAttentionPayload:
        def order(_: Context, envelope: Envelope) -> Saying:
            return Continue(order_id(envelope), text(given(input.reason) or ""))

        return await _answered(info, input, order)

    @strawberry.mutation(
        description="Undoes what one command said of conversations (take, hand over, snooze, pause, "
        "continue): what was said since stands.",
        **requires(Scope.CLOSE_MAIL),
    )
    async def conversation_attention_undo(
        self, info: Info[Any, Any], input: ConversationAttentionUndoInput
    ) -> ConversationAttentionPayload:
        context: Context = info.context
        try:
            check_command_id(input.command_id)
            check_command_id(input.undoes)
            carteggio, undoes = context.carteggio, str(input.undoes)
            said = await asyncio.to_thread(handover.concerned, carteggio, undoes)
            reach = await reach_of(context, said)
            orders = [one for one in said if one in reach.own]
            if not orders:
                raise UNSEEN if not reach.seen else ONLY_READ

            def undo(envelope: Envelope) -> Done:
                return handover.undo(carteggio, undoes, orders, envelope)

            done = await asyncio.to_thread(carried_out, context, input, undo)
        except Rejected as refusal:
            return _refused(refusal)
        groups = await grouped_now(context, orders)
        errors = [user_error(one) for one in done.refused.values()]
        return await _payload(info, list(dict.fromkeys(groups.values())), done, errors)


Input = (
    ConversationTakeInput
    | ConversationHandOverInput
    | ConversationSnoozeInput
    | ConversationPauseInput
    | ConversationContinueInput
)
_Order = Callable[[Context, Envelope], Saying]


async def _answered(
    info: Info[Any, Any], input: Input, order: _Order
) -> ConversationAttentionPayload:
    """Do it for each of the conversations that is in reach, all at once."""
    context: Context = info.context
    try:
        check_command_id(input.command_id)
        aims = await aims_of(context, input.conversation_ids)
        remarks: list[UserError] = []
        if isinstance(input, ConversationHandOverInput):
            remarks = await _remarks(context, aims, _receiver(input))

        def say(envelope: Envelope) -> Done:
            said = order(context, envelope)
            return handover.say_checked(context.carteggio, dict.fromkeys(aims.on, said), envelope)

        done = await asyncio.to_thread(carried_out, context, input, say)
    except Rejected as refusal:
        return _refused(refusal)
    errors = [
        *aims.errors,
        *(
            user_error(refusal, "conversationIds", str(aims.on[message]))
            for message, refusal in done.refused.items()
        ),
    ]
    payload = await _payload(info, list(aims.found), done, errors)
    payload.remarks = remarks
    return payload


def _receiver(input: ConversationHandOverInput) -> ColleagueId | None:
    return ColleagueId(of_kind(Kind.COLLEAGUE, input.to_id)) if input.to_id else None


async def _remarks(context: Context, aims: Aims, to: ColleagueId | None) -> list[UserError]:
    """Tell which of the conversations a colleague can neither read nor answer."""
    carteggio, reader = context.carteggio, context.viewer.reader
    beyond = await out_of_reach(carteggio, reader, to, list(aims.on))
    places = {aims.on[message]: remark for message, remark in beyond.items()}
    return [user_error(one, "conversationIds", str(place)) for place, one in places.items()]


def _refused(refusal: Rejected) -> ConversationAttentionPayload:
    return ConversationAttentionPayload(
        conversations=[], count=0, position=None, user_errors=[user_error(refusal)]
    )


async def _payload(
    info: Info[Any, Any], found: Sequence[UUID], done: Done, errors: list[UserError]
) -> ConversationAttentionPayload:
    context: Context = info.context
    shown: list[Conversation] = []
    if "conversations" in Selection.of(info) and Scope.READ_MAIL in context.viewer.scopes:
        async with Asking(context).reading() as read:
            shown = list((await conversations_by_id(read, list(found))).values())
    position = None if done.position is None else Position(done.position)
    return ConversationAttentionPayload(
        conversations=shown,
        count=len(found) if done.count else 0,
        position=position,
        user_errors=errors,
    )
