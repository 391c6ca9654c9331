"""Commands: tags are given to messages and taken away; each undoes the other."""

from typing import Any

import strawberry
from strawberry import ID, Info

from api.graphql.access import requires
from api.graphql.commands import COMMAND_ID
from api.graphql.orders import MESSAGE_IDS, MessagePayload, answered, asked
from api.graphql.paging import text
from domain import tagging
from domain.access import Scope
from domain.tagging import MOST_TAG, TaggingCommand, TagMessage, UntagMessage


@strawberry.input(description="Which messages get a tag, or lose it.")
class MessageTagInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] = strawberry.field(description=MESSAGE_IDS)
    tag: str = strawberry.field(description=f"The word, of {MOST_TAG} letters at most.")


@strawberry.type
class TaggingMutation:
    @strawberry.mutation(
        description="Gives messages a tag by which they are found.", **requires(Scope.WRITE_NOTES)
    )
    async def message_tag(self, info: Info[Any, Any], input: MessageTagInput) -> MessagePayload:
        return await _done(info, input, TagMessage(text(input.tag)))

    @strawberry.mutation(
        description="Takes a tag away, whoever gave it; `messageTag` gives it back.",
        **requires(Scope.WRITE_NOTES),
    )
    async def message_untag(self, info: Info[Any, Any], input: MessageTagInput) -> MessagePayload:
        return await _done(info, input, UntagMessage(text(input.tag)))


async def _done(
    info: Info[Any, Any], input: MessageTagInput, order: TaggingCommand
) -> MessagePayload:
    journal = info.context.carteggio.journal
    return await answered(
        info,
        lambda: asked(
            input.command_id,
            input.message_ids,
            order,
            lambda message, envelope: journal.record(message, tagging, order, envelope),
        ),
    )
