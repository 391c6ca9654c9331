"""Drafts: listed, saved as they are written, deleted."""

import asyncio
from datetime import UTC
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.commands import COMMAND_ID, UserError, check_command_id, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.mailinput import MailInput, entered, kept, writer_of, writing
from api.graphql.mailshown import DraftObject, draft_object
from api.graphql.paging import given
from api.work import drafts
from api.work.drafts import DraftConflict, Saved
from domain.access import Scope
from domain.values import Rejected


@strawberry.input(description="A draft to be saved.")
class DraftSaveInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    draft_id: ID | None = strawberry.field(default=UNSET, description="Which; else a new one.")
    version: int | None = strawberry.field(
        default=UNSET,
        description="The one on which this rests; over a newer one nothing is saved (CONFLICT).",
    )
    is_shared: bool = strawberry.field(
        default=False, description="Whether all who act on the mailbox see it."
    )
    content: MailInput = strawberry.field(description="What is written.")


@strawberry.input(description="Which draft.")
class DraftDeleteInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    draft_id: ID = strawberry.field(description="The draft.")


@strawberry.type(description="What came of a command to a draft.")
class DraftPayload:
    draft: DraftObject | None = strawberry.field(
        description="As it is now; after a CONFLICT as the other one saved it; null once deleted."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class DraftQuery:
    @strawberry.field(
        description="The drafts that you see, your own and shared ones, the last saved first; 500 "
        "at most.",
        **requires(Scope.SEND_MAIL),
    )
    async def drafts(self, info: Info[Any, Any]) -> list[DraftObject]:
        context: Context = info.context
        writer = writer_of(context.viewer)
        return await _objects(
            context, await asyncio.to_thread(drafts.all_saved, context.carteggio, writer)
        )

    @strawberry.field(
        description="A draft; null if you do not see it, or it was sent.",
        **requires(Scope.SEND_MAIL),
    )
    async def draft(self, info: Info[Any, Any], id: ID) -> DraftObject | None:
        return await _shown(info.context, of_kind(Kind.DRAFT, id))


@strawberry.type
class DraftMutation:
    @strawberry.mutation(
        description="Saves what somebody is writing; nothing is sent, and nothing checked. Its "
        "words and files are sealed, and destroyed when it is deleted or sent.",
        **requires(Scope.SEND_MAIL),
    )
    async def draft_save(self, info: Info[Any, Any], input: DraftSaveInput) -> DraftPayload:
        context: Context = info.context
        id = given(input.draft_id)
        draft = of_kind(Kind.DRAFT, id) if id else None
        try:
            check_command_id(input.command_id)
            found = await _saved(context, input, draft)
        except DraftConflict as conflict:
            named = await drafts.who_saved(context.carteggio, [conflict.by])
            again = DraftConflict(
                named[conflict.by], conflict.at.astimezone(UTC), conflict.version
            )
            newer = await _shown(context, draft) if draft else None
            return DraftPayload(draft=newer, user_errors=[user_error(again, "version")])
        except Rejected as refusal:
            return DraftPayload(draft=None, user_errors=[user_error(refusal)])
        return DraftPayload(draft=(await _objects(context, [found]))[0], user_errors=[])

    @strawberry.mutation(
        description="Deletes a draft with its files, for ever.", **requires(Scope.SEND_MAIL)
    )
    async def draft_delete(self, info: Info[Any, Any], input: DraftDeleteInput) -> DraftPayload:
        context: Context = info.context
        try:
            check_command_id(input.command_id)
            id, writer = of_kind(Kind.DRAFT, input.draft_id), writer_of(context.viewer)
            await asyncio.to_thread(drafts.delete, context.carteggio, writer, id)
        except Rejected as refusal:
            return DraftPayload(draft=None, user_errors=[user_error(refusal)])
        return DraftPayload(draft=None, user_errors=[])


async def _saved(context: Context, input: DraftSaveInput, id: UUID | None) -> Saved:
    draft = await kept(context, await entered(context, input.content))
    writer = await writing(context)
    return await asyncio.to_thread(
        lambda: drafts.save(
            context.carteggio,
            writer,
            draft,
            str(input.command_id),
            id=id,
            version=given(input.version) or 0,
            shared=input.is_shared,
        )
    )


async def _shown(context: Context, id: UUID) -> DraftObject | None:
    writer = writer_of(context.viewer)
    try:
        found = await asyncio.to_thread(drafts.saved, context.carteggio, writer, id)
    except Rejected:
        return None
    return (await _objects(context, [found]))[0]


async def _objects(context: Context, found: list[Saved]) -> list[DraftObject]:
    named = await drafts.who_saved(context.carteggio, {one.by for one in found})
    return [draft_object(one, named[one.by]) for one in found]
