"""To whom outside the company rules may send: asked, approved, withdrawn."""

import asyncio
from typing import Any

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.commands import COMMAND_ID, UserError, obeyed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.paging import given
from api.graphql.scalars import Position
from api.work import recipients
from domain.access import Scope
from domain.values import Rejected

_MANAGES = requires(Scope.MANAGE_RULES)


@strawberry.type(description="An address outside the company to which rules may send.")
class ApprovedRecipient:
    id: ID = strawberry.field(description="Opaque; the same for the same address.")
    address: str = strawberry.field(description="The mail address.")
    note: str | None = strawberry.field(description="Why.")


@strawberry.input(description="An address to which rules shall be able to send.")
class RecipientApproveInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    address: str = strawberry.field(description="The mail address.")
    note: str | None = strawberry.field(default=UNSET, description="Why; it is kept sealed.")


@strawberry.input(description="An address to which they shall send no more.")
class RecipientWithdrawInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    recipient_id: ID = strawberry.field(description="The approved recipient.")
    note: str | None = strawberry.field(default=UNSET, description="Why; it is kept sealed.")


@strawberry.type(description="What came of a command about approved recipients.")
class RecipientPayload:
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class RecipientQuery:
    @strawberry.field(
        description="The addresses outside the company to which rules may send; to no other one "
        "does mail of a rule leave.",
        **_MANAGES,
    )
    async def approved_recipients(self, info: Info[Any, Any]) -> list[ApprovedRecipient]:
        found = await asyncio.to_thread(recipients.recipients, info.context.carteggio)
        return [
            ApprovedRecipient(
                id=encoded(Kind.RECIPIENT, id), address=one.address, note=one.note or None
            )
            for id, one in found
        ]


@strawberry.type
class RecipientMutation:
    @strawberry.mutation(description="Lets rules send to an address.", **_MANAGES)
    async def recipient_approve(
        self, info: Info[Any, Any], input: RecipientApproveInput
    ) -> RecipientPayload:
        context: Context = info.context
        note = given(input.note) or ""
        try:
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: recipients.approve(
                    context.carteggio, input.address, note, envelope
                ),
            )
        except Rejected as refusal:
            return RecipientPayload(position=None, user_errors=[user_error(refusal)])
        return RecipientPayload(position=position, user_errors=[])

    @strawberry.mutation(description="Lets rules send there no more.", **_MANAGES)
    async def recipient_withdraw(
        self, info: Info[Any, Any], input: RecipientWithdrawInput
    ) -> RecipientPayload:
        context: Context = info.context
        note = given(input.note) or ""
        try:
            id = of_kind(Kind.RECIPIENT, input.recipient_id)
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: recipients.withdraw(context.carteggio, id, note, envelope),
            )
        except Rejected as refusal:
            return RecipientPayload(position=None, user_errors=[user_error(refusal)])
        return RecipientPayload(position=position, user_errors=[])
