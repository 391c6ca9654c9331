"""Other people's mail is read with a trace, and with a reason if there is one to give."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
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
    obeyed,
    stamp,
    user_error,
)
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.paging import given
from api.graphql.reading import Reading
from api.graphql.scalars import Position
from api.work.overseeing import keep_reading, keep_reason, team_of
from api.work.sharing import oversee
from domain.access import Scope
from domain.mailbox import Role
from domain.values import ColleagueId, Rejected
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


@strawberry.input(description="Whose own mailboxes a manager sees.")
class TeamOverseeInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    user_id: ID = strawberry.field(description="Who oversees.")
    of_ids: list[ID] | None = strawberry.field(default=UNSET, description="These colleagues.")
    group: str | None = strawberry.field(
        default=UNSET, description="Or all of a group, as it is now, by its name."
    )
    role: Role | None = strawberry.field(
        default=UNSET,
        description="OBSERVER is never alerted, SUPERVISOR is, and acts; null: he oversees them no "
        "more. To be said in any case.",
    )


@strawberry.type(description="What came of a command about overseeing.")
class TeamOverseePayload:
    mailbox_ids: list[ID] = strawberry.field(description="The mailboxes that it is about.")
    position: Position | None = strawberry.field(
        description="Where in the journal its last event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class OverseeingMutation:
    @strawberry.mutation(
        description="Lets a manager see the own mailboxes of a team, or see them no more. Who joins "
        "it later is not part of that: say it again.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def team_oversee(
        self, info: Info[Any, Any], input: TeamOverseeInput
    ) -> TeamOverseePayload:
        context: Context = info.context
        try:
            boxes, position = await _overseen(context, input)
        except Rejected as refusal:
            errors = [user_error(refusal)]
            return TeamOverseePayload(mailbox_ids=[], position=None, user_errors=errors)
        return TeamOverseePayload(
            mailbox_ids=[encoded(Kind.MAILBOX, one) for one in boxes],
            position=None if position is None else Position(position),
            user_errors=[],
        )

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


async def _overseen(context: Context, input: TeamOverseeInput) -> tuple[list[UUID], int | None]:
    check_command_id(input.command_id)
    if input.role is UNSET:
        raise Rejected("INVALID", "role: OBSERVER, SUPERVISOR, or null to end it")
    who = ColleagueId(of_kind(Kind.COLLEAGUE, input.user_id))
    named = [of_kind(Kind.COLLEAGUE, one) for one in given(input.of_ids) or ()]
    carteggio, role, made = context.carteggio, input.role, stamp(context)
    team = await team_of(carteggio, named, given(input.group) or "", context.viewer.manages)

    def done() -> int | None:
        part = lambda at: made(f"{input.command_id}{at}")  # noqa: E731
        return caught_up(context, lambda: oversee(carteggio, who, team, role, part))

    position = await asyncio.to_thread(done)
    return sorted(box for of, box in team.items() if of != who), position


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
