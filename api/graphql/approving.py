"""Commands: approval of a draft is asked for, given or refused by another colleague, withdrawn."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.approvals import Approval, objects, own_ids
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
from api.graphql.mailinput import writer_of, writing
from api.graphql.mailshown import not_sent
from api.graphql.paging import given
from api.graphql.scalars import Position
from api.work import approvals
from api.work.approvals import Deciding
from domain.access import Scope
from domain.objections import NotSendable
from domain.recorded import Envelope
from domain.values import ColleagueId, Rejected

_Done = tuple[UUID, int | None]


@strawberry.input(description="A draft that another colleague is to approve as it is.")
class ApprovalAskInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    draft_id: ID = strawberry.field(description="The draft.")
    version: int = strawberry.field(description="Its version that you saw.")
    note: str | None = strawberry.field(default=UNSET, description="What who approves may ask.")


@strawberry.input(description="What is said of an approval.")
class ApprovalDecideInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    approval_id: ID = strawberry.field(description="The approval.")
    note: str | None = strawberry.field(
        default=UNSET, description="Why; needed to refuse. It is kept sealed."
    )


@strawberry.type(description="What came of a command about an approval.")
class ApprovalPayload:
    approval: Approval | None = strawberry.field(description="As it is now.")
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class ApprovalMutation:
    @strawberry.mutation(
        description="Asks that another colleague approves a draft as it is; who may is told. Any "
        "later edit makes it void.",
        **requires(Scope.SEND_MAIL),
    )
    async def approval_ask(self, info: Info[Any, Any], input: ApprovalAskInput) -> ApprovalPayload:
        context: Context = info.context

        async def order(envelope: Envelope) -> _Done:
            return await approvals.ask(
                context.carteggio,
                await writing(context),
                of_kind(Kind.DRAFT, input.draft_id),
                input.version,
                given(input.note) or "",
                lambda _: envelope,
            )

        return await _done(context, input.command_id, order)

    @strawberry.mutation(
        description="Approves exactly what will leave. Who wrote it or asked never may.",
        **requires(Scope.APPROVE_MAIL),
    )
    async def approval_approve(
        self, info: Info[Any, Any], input: ApprovalDecideInput
    ) -> ApprovalPayload:
        return await _decided(info.context, input, approved=True)

    @strawberry.mutation(
        description="Says no, and why.",
        **requires(Scope.APPROVE_MAIL),
    )
    async def approval_refuse(
        self, info: Info[Any, Any], input: ApprovalDecideInput
    ) -> ApprovalPayload:
        return await _decided(info.context, input, approved=False)

    @strawberry.mutation(
        description="Takes back a question of yours for approval, or the approval that was given.",
        **requires(Scope.SEND_MAIL),
    )
    async def approval_withdraw(
        self, info: Info[Any, Any], input: ApprovalDecideInput
    ) -> ApprovalPayload:
        context: Context = info.context

        async def order(envelope: Envelope) -> _Done:
            id, who = of_kind(Kind.APPROVAL, input.approval_id), writer_of(context.viewer).id
            note = given(input.note) or ""
            return id, await asyncio.to_thread(
                approvals.withdraw, context.carteggio, id, who, note, envelope
            )

        return await _done(context, input.command_id, order)


async def _decided(
    context: Context, input: ApprovalDecideInput, *, approved: bool
) -> ApprovalPayload:
    async def order(envelope: Envelope) -> _Done:
        who = context.viewer.colleague
        if who is None:
            sentence = "a colleague approves, not a program: take a token issued to one"
            raise Rejected("FORBIDDEN", sentence)
        id, note = of_kind(Kind.APPROVAL, input.approval_id), given(input.note) or ""
        by = Deciding(ColleagueId(who), own_ids(context), context.viewer.reader)
        return id, await approvals.decide(
            context.carteggio, id, by, note, envelope, approved=approved
        )

    return await _done(context, input.command_id, order)


async def _done(
    context: Context, command_id: ID, order: Callable[[Envelope], Awaitable[_Done]]
) -> ApprovalPayload:
    try:
        check_command_id(command_id)
        id, position = await order(stamp(context)(command_id))
    except NotSendable as refusal:
        errors = not_sent(refusal).user_errors
        return ApprovalPayload(approval=None, position=None, user_errors=errors)
    except Rejected as refusal:
        return ApprovalPayload(approval=None, position=None, user_errors=[user_error(refusal)])
    await asyncio.to_thread(caught_up, context, lambda: position)
    found = await objects(context, ids=[id])
    return ApprovalPayload(
        approval=found[0] if found else None,
        position=None if position is None else Position(position),
        user_errors=[],
    )
