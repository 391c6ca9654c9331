"""Commands to share a mailbox with a colleague, and to share it no more."""

import asyncio
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
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
from api.graphql.managing import managed
from api.graphql.parts import Mailbox
from api.graphql.reading import mailbox_objects
from api.graphql.scalars import Position
from api.work.sharing import share, unshare
from domain.access import Scope
from domain.mailbox import Role
from domain.values import ColleagueId, Rejected
from projections import company


@strawberry.input(description="Which mailbox a colleague sees, and as what.")
class MailboxShareInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    mailbox_id: ID = strawberry.field(description="The mailbox.")
    user_id: ID = strawberry.field(description="The colleague.")
    role: Role | None = strawberry.field(
        default=UNSET, description="As what; null: he sees it no more. To be said in any case."
    )


@strawberry.type(description="What came of a command to a mailbox.")
class MailboxPayload:
    mailbox: Mailbox | None = strawberry.field(description="The mailbox as it is now.")
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class SharingMutation:
    @strawberry.mutation(
        description="Lets a colleague see a mailbox's mail, old and new, through the tokens issued "
        "to him; or lets him see it no more, at once.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def mailbox_share(
        self, info: Info[Any, Any], input: MailboxShareInput
    ) -> MailboxPayload:
        context: Context = info.context
        try:
            box, position = await _shared(context, input)
        except Rejected as refusal:
            return MailboxPayload(mailbox=None, position=None, user_errors=[user_error(refusal)])
        async with managed(context) as read:
            found = await mailbox_objects(read, [box])
        return MailboxPayload(
            mailbox=found.get(box),
            position=None if position is None else Position(position),
            user_errors=[],
        )


async def _shared(context: Context, input: MailboxShareInput) -> tuple[UUID, int | None]:
    """Do it; give the mailbox, and the event's position."""
    check_command_id(input.command_id)
    box = of_kind(Kind.MAILBOX, input.mailbox_id)
    colleague = ColleagueId(of_kind(Kind.COLLEAGUE, input.user_id))
    if input.role is UNSET:
        raise Rejected(
            "INVALID", "role: OBSERVER, READER, MEMBER, SUPERVISOR, or null to revoke it"
        )
    async with managed(context) as read:
        if not await company.mailboxes_by_ids(*read.asked, [box]):
            raise Rejected("NOT_FOUND", "there is no such mailbox")
    return box, await asyncio.to_thread(_done, context, input, box, colleague)


def _done(
    context: Context, input: MailboxShareInput, box: UUID, colleague: ColleagueId
) -> int | None:
    carteggio, envelope = context.carteggio, stamp(context)(input.command_id)
    if input.role is None:
        return caught_up(context, lambda: unshare(carteggio, box, colleague, envelope))
    role = input.role
    return caught_up(context, lambda: share(carteggio, box, colleague, role, envelope))
