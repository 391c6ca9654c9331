"""Groups of colleagues, among whom rules choose: asked, saved, retired."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, Info

from api.graphql import people
from api.graphql.access import requires
from api.graphql.asking import Asking
from api.graphql.commands import COMMAND_ID, UserError, obeyed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.people import User, user_object
from api.graphql.scalars import Position
from api.work.staffgroups import group_named, retire_group, save_group
from domain.access import Scope
from domain.values import ColleagueId, Rejected
from projections.company import ColleagueRow
from projections.staffgroups import StaffGroupRow, groups_now

MANAGES = requires(Scope.MANAGE_RULES)


@strawberry.type(description="A group of colleagues, among whom rules choose.")
class StaffGroup:
    id: ID = strawberry.field(description="Opaque; the same for the same name.")
    name: str = strawberry.field(description="What it is called.")
    members: list[User] = strawberry.field(description="Who is in it, in their order.")


@strawberry.input(description="A group, all of it; one with its name it takes the place of.")
class StaffGroupSaveInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    name: str = strawberry.field(description="What it is called.")
    member_ids: list[ID] = strawberry.field(description="Colleagues, in their order.")


@strawberry.input(description="Which group is retired.")
class StaffGroupRetireInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    group_id: ID = strawberry.field(description="The group.")


@strawberry.type(description="What came of a command about a group.")
class StaffGroupPayload:
    group: StaffGroup | None = strawberry.field(
        description="The group as it is now; null once it is retired."
    )
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class StaffGroupQuery:
    @strawberry.field(
        description="The groups of colleagues, by name.", **requires(Scope.READ_MAIL)
    )
    async def staff_groups(self, info: Info[Any, Any]) -> list[StaffGroup]:
        return await shown_groups(info.context)


@strawberry.type
class StaffGroupMutation:
    @strawberry.mutation(description="Saves a group of colleagues.", **MANAGES)
    async def staff_group_save(
        self, info: Info[Any, Any], input: StaffGroupSaveInput
    ) -> StaffGroupPayload:
        context: Context = info.context
        try:
            members = [ColleagueId(of_kind(Kind.COLLEAGUE, one)) for one in input.member_ids]
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: save_group(context.carteggio, input.name, members, envelope)[1],
            )
        except Rejected as refusal:
            return _refused(refusal)
        return await _now(context, group_named(context.carteggio, input.name), position)

    @strawberry.mutation(description="Lets rules choose nobody from a group any more.", **MANAGES)
    async def staff_group_retire(
        self, info: Info[Any, Any], input: StaffGroupRetireInput
    ) -> StaffGroupPayload:
        context: Context = info.context
        try:
            id = of_kind(Kind.STAFF_GROUP, input.group_id)
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: retire_group(context.carteggio, id, envelope),
            )
        except Rejected as refusal:
            return _refused(refusal)
        return await _now(context, id, position)


async def shown_groups(context: Context) -> list[StaffGroup]:
    """Show the groups that stand."""
    async with context.read() as asked:
        rows = await groups_now(*asked, context.viewer.reader)
    staff = await people.colleagues(context)
    return [group_object(row, staff, Asking(context)) for row in rows]


def group_object(
    row: StaffGroupRow, staff: Mapping[UUID, ColleagueRow], asking: Asking
) -> StaffGroup:
    """Show a group."""
    members = [user_object(staff[one], asking) for one in row.members if one in staff]
    return StaffGroup(id=encoded(Kind.STAFF_GROUP, row.id), name=row.name, members=members)


async def _now(context: Context, id: UUID, position: Position | None) -> StaffGroupPayload:
    key = encoded(Kind.STAFF_GROUP, id)
    found = next((one for one in await shown_groups(context) if one.id == key), None)
    return StaffGroupPayload(group=found, position=position, user_errors=[])


def _refused(refusal: Rejected) -> StaffGroupPayload:
    return StaffGroupPayload(group=None, position=None, user_errors=[user_error(refusal)])
