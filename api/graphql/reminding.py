"""Command: whoever has conversations in hand is reminded of them, by one mail each."""

import asyncio
from typing import Any

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.aims import CONVERSATIONS, Aims, aims_of, carried_out
from api.graphql.asking import Asking
from api.graphql.commands import COMMAND_ID, UserError, check_command_id, stamp, user_error
from api.graphql.context import Context
from api.graphql.paging import given, text
from api.graphql.people import User, colleagues, user_object
from api.graphql.scalars import Position
from api.work.handover import Done, order_id
from api.work.reminders import NOT_WAITING, Concerned, Word, concerned, remind, reminded_by
from domain.access import Scope
from domain.recorded import Envelope
from domain.values import Rejected


@strawberry.input(description="Of which conversations somebody is reminded.")
class ConversationRemindInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    conversation_ids: list[ID] = strawberry.field(description=CONVERSATIONS)
    note: str | None = strawberry.field(
        default=UNSET, description="For who is reminded; it never leaves the company."
    )
    again: bool | None = strawberry.field(
        default=UNSET,
        description="Whether also those are reminded who were within twelve hours; else they are not.",
    )


@strawberry.type(description="What came of a reminder.")
class ConversationRemindPayload:
    count: int = strawberry.field(description="Of how many conversations somebody was reminded.")
    reminded: list[User] = strawberry.field(description="Who: each gets one mail with all of it.")
    position: Position | None = strawberry.field(
        description="Where in the journal its last event is; null if nobody was reminded."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class RemindMutation:
    @strawberry.mutation(
        description="Reminds whoever has what waits in hand: its owner, else those who are told of what "
        "waits in its mailbox. Each gets one mail, within a working day one of the same wait.",
        **requires(Scope.CLOSE_MAIL),
    )
    async def conversation_remind(
        self, info: Info[Any, Any], input: ConversationRemindInput
    ) -> ConversationRemindPayload:
        context: Context = info.context
        try:
            check_command_id(input.command_id)
            aims = await aims_of(context, input.conversation_ids)
            carteggio, viewer = context.carteggio, context.viewer
            now = carteggio.clock()
            of = await concerned(carteggio, viewer.acts, list(aims.on), viewer.colleague, now)
            word = Word(text(given(input.note) or ""), given(input.again) or False)

            def do(envelope: Envelope) -> Done:
                return remind(carteggio, of, word, envelope)

            done = await asyncio.to_thread(carried_out, context, input, do)
        except Rejected as refusal:
            return ConversationRemindPayload(
                count=0, reminded=[], position=None, user_errors=[user_error(refusal)]
            )
        return await _payload(context, input, aims, of, done)


async def _payload(
    context: Context, input: ConversationRemindInput, aims: Aims, of: Concerned, done: Done
) -> ConversationRemindPayload:
    order = order_id(stamp(context)(str(input.command_id)))
    who = await asyncio.to_thread(reminded_by, context.carteggio, order, of)
    people, asking = await colleagues(context), Asking(context)
    refused = {of.waits[id].conversation: refusal for id, refusal in done.refused.items()}
    refused |= {one: NOT_WAITING for one in aims.found if one not in of.waiting}
    errors = [
        user_error(refusal, "conversationIds", str(aims.found[one]))
        for one, refusal in refused.items()
        if one in aims.found
    ]
    return ConversationRemindPayload(
        count=done.count,
        reminded=[user_object(people[one], asking) for one in who if one in people],
        position=None if done.position is None else Position(done.position),
        user_errors=[*aims.errors, *errors],
    )
