"""Command: the whole of mail is fetched of which only the header was, as it is so large."""

from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, Info

from api.graphql.access import requires
from api.graphql.commands import COMMAND_ID
from api.graphql.context import Context
from api.graphql.orders import MESSAGE_IDS, Asked, MessagePayload, answered, asked
from api.work.leftovers import want
from domain.access import Scope


@strawberry.input(description="Which messages are to be fetched whole.")
class MessageFetchInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] = strawberry.field(description=MESSAGE_IDS)


@strawberry.type
class FetchingMutation:
    @strawberry.mutation(
        description="Fetches messages whole of which only the header was fetched, as they are so"
        " large, at the next look into their mailbox. What is here whole stays as it is.",
        **requires(Scope.READ_MAIL),
    )
    async def message_fetch(
        self, info: Info[Any, Any], input: MessageFetchInput
    ) -> MessagePayload:
        context: Context = info.context

        def fetch(message: UUID) -> None:
            most = context.carteggio.settings.max_message_bytes
            want(context.carteggio.database, [message], most)

        def ask() -> Asked:
            return asked(
                input.command_id,
                input.message_ids,
                "message_fetch",
                lambda message, _: fetch(message),
            )

        return await answered(info, ask)
