"""Other people's mail is read with a trace, and with a reason if there is one to give."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, Info

from api.graphql.access import requires
from api.graphql.commands import COMMAND_ID, UserError, obeyed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.reading import Reading
from api.graphql.scalars import Position
from api.work.overseeing import keep_reading, keep_reason
from domain.access import Scope
from domain.values import Rejected
from projections import messages
from projections.contents import ContentRow
from projections.others import others_mail


@strawberry.input(description="Why another person's message is read.")
class ReadingReasonInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_id: ID = strawberry.field(description="The message.")
    reason: str = strawberry.field(
        description="Why, in 2,000 characters at most; it is kept sealed, and told to whoever sees "
        "the mailbox."
    )


@strawberry.type(description="What came of a word about reading.")
class ReadingReasonPayload:
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was kept already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class OverseeingMutation:
    @strawberry.mutation(
        description="Says why you read a message that is another person's. That you read its text, "
        "its files or the raw mail is kept in any case, once a day (`reading.recorded`).",
        **requires(Scope.READ_MAIL),
    )
    async def reading_reason(
        self, info: Info[Any, Any], input: ReadingReasonInput
    ) -> ReadingReasonPayload:
        context: Context = info.context
        try:
            position = await _kept(context, input)
        except Rejected as refusal:
            return ReadingReasonPayload(position=None, user_errors=[user_error(refusal)])
        return ReadingReasonPayload(position=position, user_errors=[])


async def _kept(context: Context, input: ReadingReasonInput) -> Position | None:
    who = context.viewer.colleague
    if who is None:
        sentence = "a colleague gives a reason, not a program: take a token issued to one"
        raise Rejected("FORBIDDEN", sentence)
    message = of_kind(Kind.MESSAGE, input.message_id)
    async with context.read() as (connection, names):
        seen = await others_mail(connection, names, context.viewer.reader, who, [message])
    return await obeyed(
        context,
        input.command_id,
        lambda envelope: keep_reason(context.carteggio, who, seen, input.reason, envelope),
    )


async def kept_reading(read: Reading, ids: Collection[Any]) -> None:
    """Keep that the viewer reads the text of messages, as far as they are other people's."""
    context: Context = read.asking.context
    await keep_reading(
        context.carteggio, read.asked, context.viewer.colleague, list(ids), "graphql"
    )


async def contents_read(read: Reading, ids: Sequence[UUID]) -> Mapping[UUID, ContentRow]:
    """Give what messages say, once that is kept."""
    await kept_reading(read, ids)
    return await messages.contents_of(*read.asked, ids)
