"""Commands: a party that the master data has twice is merged into the other, and parted again."""

from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import checks, marks, requires
from api.graphql.asking import Asking
from api.graphql.closing import LONGEST_NOTE
from api.graphql.commands import COMMAND_ID, UserError, followed, user_error
from api.graphql.context import Context
from api.graphql.inputs import PartyKey
from api.graphql.keys import target_of
from api.graphql.mail import Party
from api.graphql.paging import given
from api.graphql.reading import party_objects
from api.graphql.scalars import Position
from api.graphql.selection import Selection
from api.work.merging import merge, undo
from domain.access import Scope
from domain.values import Rejected

_DUPLICATE: Final = "The duplicate."


@strawberry.input(description="Which party is the same as which other one.")
class PartyMergeInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    party: PartyKey = strawberry.field(description=_DUPLICATE)
    into: PartyKey = strawberry.field(description="The party as which it is to count.")
    note: str | None = strawberry.field(default=UNSET, description="Why; it is kept sealed.")


@strawberry.input(description="Which party is to stand by itself again.")
class PartyMergeUndoInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    party: PartyKey = strawberry.field(description=_DUPLICATE)


@strawberry.type(description="What came of a command about a duplicate.")
class PartyMergePayload:
    party: Party | None = strawberry.field(
        description="The duplicate as it is now.",
        extensions=checks(Scope.READ_MAIL),
        directives=marks(Scope.READ_MAIL),
    )
    position: Position | None = strawberry.field(
        description="Where in the journal what followed ends; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class MergingMutation:
    @strawberry.mutation(
        description="Lets a party count as another one: the same firm twice, or a lead that became "
        "a customer under another code. Mail of both is the other's from now on, earlier mail too; "
        "no import of master data takes it back.",
        **requires(Scope.MERGE_PARTIES),
    )
    async def party_merge(self, info: Info[Any, Any], input: PartyMergeInput) -> PartyMergePayload:
        return await _answered(info, input)

    @strawberry.mutation(
        description="Lets a merged party stand by itself again: mail is where it was before.",
        **requires(Scope.MERGE_PARTIES),
    )
    async def party_merge_undo(
        self, info: Info[Any, Any], input: PartyMergeUndoInput
    ) -> PartyMergePayload:
        return await _answered(info, input)


async def _answered(
    info: Info[Any, Any], input: PartyMergeInput | PartyMergeUndoInput
) -> PartyMergePayload:
    context, shown = info.context, None
    try:
        party = await _named(context, input.party)
        position = await _done(context, input, party)
    except Rejected as refusal:
        return PartyMergePayload(party=None, position=None, user_errors=[user_error(refusal)])
    wanted = Selection.of(info)
    if "party" in wanted and Scope.READ_MAIL in context.viewer.scopes:
        async with Asking(context).reading() as read:
            shown = (await party_objects(read, [party], wanted["party"])).get(party)
    return PartyMergePayload(party=shown, position=position, user_errors=[])


async def _done(
    context: Context, input: PartyMergeInput | PartyMergeUndoInput, party: UUID
) -> Position | None:
    carteggio = context.carteggio
    if isinstance(input, PartyMergeUndoInput):
        return await followed(
            context, input.command_id, lambda envelope: undo(carteggio, party, envelope)
        )
    into, note = await _named(context, input.into), given(input.note) or ""
    if len(note) > LONGEST_NOTE:
        raise Rejected("INVALID", f"note: {LONGEST_NOTE} characters is the most")
    return await followed(
        context, input.command_id, lambda envelope: merge(carteggio, party, into, note, envelope)
    )


async def _named(context: Context, key: PartyKey) -> UUID:
    async with Asking(context).reading() as read:
        return (await target_of(read, context.carteggio.company, key, None))[1]
