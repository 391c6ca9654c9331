"""The do-not-capture list: whose mail is never taken in, and how much was passed over."""

import asyncio
from typing import Any

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.asking import Asking, asked_page
from api.graphql.commands import COMMAND_ID, UserError, obeyed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.paging import Connection, connection, given, slice_in
from api.graphql.policies import (
    BY_PATTERN,
    NOTE_AT_MOST,
    Exclusion,
    ExclusionSide,
    check_changeable,
    concerned,
    exclusion_object,
    exclusion_rows,
    giving,
    note_of,
    state_of,
)
from api.graphql.scalars import Position
from api.work.excluding import entry, refuse_own
from domain import exclusion as stream
from domain.access import Scope
from domain.exclusion import AddExclusion, RemoveExclusion, Side
from domain.values import Rejected


@strawberry.input(description="Whose mail is not taken in from now on.")
class ExclusionAddInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    pattern: str = strawberry.field(description="An address, or a domain with all below it.")
    side: ExclusionSide = strawberry.field(
        default=ExclusionSide.EITHER, description="At which end of a mail it counts."
    )
    mailbox_id: ID | None = strawberry.field(
        default=UNSET, description="Only in this mailbox; else in every one."
    )
    note: str | None = strawberry.field(
        default=UNSET, description=f"Why, in {NOTE_AT_MOST} characters at most; it is kept sealed."
    )
    include_own: bool = strawberry.field(
        default=False,
        description="Also if the pattern is, or covers, a domain or an address of the company.",
    )


@strawberry.input(description="Which entry is taken off the list.")
class ExclusionRemoveInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    exclusion_id: ID = strawberry.field(description="The entry.")


@strawberry.type(description="What came of a command to the do-not-capture list.")
class ExclusionPayload:
    exclusion: Exclusion | None = strawberry.field(
        description="The entry as it is now; null once it is removed."
    )
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class ExclusionQuery:
    @strawberry.field(
        description="Whose mail is not taken in, by address or domain.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def exclusions(
        self,
        info: Info[Any, Any],
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Exclusion]:
        at = {"first": first, "after": after, "last": last, "before": before}
        asked, asking = asked_page(info, BY_PATTERN, at), Asking.by(info)
        found = slice_in(await exclusion_rows(info.context), BY_PATTERN, asked)
        return connection(found, BY_PATTERN, lambda row: exclusion_object(row, asking))


@strawberry.type
class ExclusionMutation:
    @strawberry.mutation(
        description="Takes no mail in from or to an address or a domain, from now on; only how "
        "much it was is counted. The mail stays on its server; what was taken in before stays here.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def exclusion_add(
        self, info: Info[Any, Any], input: ExclusionAddInput
    ) -> ExclusionPayload:
        context: Context = info.context
        try:
            box = await concerned(context, given(input.mailbox_id))
            id, added = entry(
                context.carteggio.identity_key,
                given(input.pattern) or "",
                Side(str(input.side.value)),
                box,
                note_of(input.note),
            )
            if not input.include_own:
                await asyncio.to_thread(refuse_own, context.carteggio.journal, added)
            position = await obeyed(
                context, input.command_id, giving(context, id, stream, AddExclusion(added))
            )
        except Rejected as refusal:
            return _refused(refusal)
        shown = [
            exclusion_object(row, Asking(context))
            for row in await exclusion_rows(context)
            if row.id == id
        ]
        return ExclusionPayload(
            exclusion=next(iter(shown), None), position=position, user_errors=[]
        )

    @strawberry.mutation(
        description="Takes such mail in again, from now on; what was passed over meanwhile is not "
        "fetched again.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def exclusion_remove(
        self, info: Info[Any, Any], input: ExclusionRemoveInput
    ) -> ExclusionPayload:
        context: Context = info.context
        try:
            id = of_kind(Kind.EXCLUSION, input.exclusion_id)
            before = (await state_of(context, id, stream)).standing
            if before is not None:
                check_changeable(context, before.mailbox, "exclusion")
            position = await obeyed(
                context, input.command_id, giving(context, id, stream, RemoveExclusion())
            )
        except Rejected as refusal:
            return _refused(refusal)
        return ExclusionPayload(exclusion=None, position=position, user_errors=[])


def _refused(refusal: Rejected) -> ExclusionPayload:
    return ExclusionPayload(exclusion=None, position=None, user_errors=[user_error(refusal)])
