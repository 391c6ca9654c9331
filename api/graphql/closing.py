"""Commands: a person's decision that mail needs no answer, and its withdrawal."""

from collections.abc import Callable
from typing import Any, Final

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.commands import COMMAND_ID
from api.graphql.orders import MESSAGE_IDS, Asked, MessagePayload, answered, asked
from api.graphql.paging import given
from domain import message as mail
from domain.access import Scope
from domain.message import CloseMessage, CloseReason, ReopenMessage
from domain.values import Rejected

Order = CloseMessage | ReopenMessage
LONGEST_NOTE: Final = 2_000


@strawberry.input(description="Which messages need no answer, and why.")
class MessageCloseInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] = strawberry.field(description=MESSAGE_IDS)
    reason: CloseReason = strawberry.field(description="Why they need none.")
    note: str | None = strawberry.field(default=UNSET, description="What else is to be said.")


@strawberry.input(description="Which messages need an answer after all.")
class MessageReopenInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] = strawberry.field(description=MESSAGE_IDS)
    note: str | None = strawberry.field(default=UNSET, description="What else is to be said.")


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
        description="Takes such a decision back; or says that mail which asks for nothing, or was answered, waits again.",
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
    journal = info.context.carteggio.journal

    def ask() -> Asked:
        note = given(input.note) or ""
        if len(note) > LONGEST_NOTE:
            raise Rejected("INVALID", f"note: {LONGEST_NOTE} characters is the most")
        decided = order(note)
        return asked(
            input.command_id,
            input.message_ids,
            decided,
            lambda message, envelope: journal.record(message, mail, decided, envelope),
        )

    return await answered(info, ask)
