"""Commands: what whoever manages sending says about who may send."""

from collections.abc import Callable
from typing import Any

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.commands import UserError, obeyed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.paging import given
from api.graphql.permission import SendingSettings, settings_now
from api.graphql.permissioninputs import (
    MailboxSendRightSetInput,
    OfficeRoleSetInput,
    SendingCompanySwitchInput,
    SendingGrantInput,
    SendingRuleSetInput,
    SendingUserSwitchInput,
    SendingWithdrawInput,
)
from api.graphql.policies import concerned, manages_all
from api.graphql.scalars import Position
from api.work.permission import kind_named, say_of_colleague, say_of_company, say_of_mailbox
from domain.access import Scope
from domain.recorded import Envelope
from domain.sendingrules import (
    ColleagueSendingSwitched,
    CompanySendingSwitched,
    OfficeRoleGiven,
    OfficeRoleTaken,
    SayOfColleague,
    SendingGranted,
    SendingRuleSet,
    SendingWithdrawn,
    SendRightGiven,
    SendRightTaken,
)
from domain.values import ColleagueId, Rejected

_OfColleague = (
    SendingUserSwitchInput | SendingGrantInput | SendingWithdrawInput | OfficeRoleSetInput
)


@strawberry.type(description="What came of a command about who may send.")
class SendingSettingsPayload:
    settings: SendingSettings | None = strawberry.field(description="What stands now.")
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class PermissionMutation:
    @strawberry.mutation(
        description="Lets nobody of the company send, or all who may; what is queued leaves still.",
        **requires(Scope.MANAGE_SENDING),
    )
    async def sending_company_switch(
        self, info: Info[Any, Any], input: SendingCompanySwitchInput
    ) -> SendingSettingsPayload:
        return await _of_company(
            info, input, lambda: CompanySendingSwitched(input.is_on, _reason(input))
        )

    @strawberry.mutation(
        description="Sets what colleagues need to send a document.",
        **requires(Scope.MANAGE_SENDING),
    )
    async def sending_rule_set(
        self, info: Info[Any, Any], input: SendingRuleSetInput
    ) -> SendingSettingsPayload:
        return await _of_company(info, input, lambda: SendingRuleSet(input.rule, _reason(input)))

    @strawberry.mutation(
        description="Lets a colleague send nothing, or what he may.",
        **requires(Scope.MANAGE_SENDING),
    )
    async def sending_user_switch(
        self, info: Info[Any, Any], input: SendingUserSwitchInput
    ) -> SendingSettingsPayload:
        return await _of_colleague(
            info, input, lambda: ColleagueSendingSwitched(input.is_on, _reason(input))
        )

    @strawberry.mutation(
        description="Lets a colleague send documents of a kind; a kind stands above `*`.",
        **requires(Scope.MANAGE_SENDING),
    )
    async def sending_grant(
        self, info: Info[Any, Any], input: SendingGrantInput
    ) -> SendingSettingsPayload:
        return await _of_colleague(
            info,
            input,
            lambda: SendingGranted(kind_named(input.kind), input.reach, _reason(input)),
        )

    @strawberry.mutation(
        description="Lets a colleague send no documents of a kind, not even his own.",
        **requires(Scope.MANAGE_SENDING),
    )
    async def sending_withdraw(
        self, info: Info[Any, Any], input: SendingWithdrawInput
    ) -> SendingSettingsPayload:
        return await _of_colleague(
            info, input, lambda: SendingWithdrawn(kind_named(input.kind), _reason(input))
        )

    @strawberry.mutation(
        description="Gives a colleague a role by which he sends for others, or takes it.",
        **requires(Scope.MANAGE_SENDING),
    )
    async def office_role_set(
        self, info: Info[Any, Any], input: OfficeRoleSetInput
    ) -> SendingSettingsPayload:
        made = OfficeRoleGiven if input.is_given else OfficeRoleTaken
        return await _of_colleague(info, input, lambda: made(input.role, _reason(input)))

    @strawberry.mutation(
        description="Lets a colleague send from a mailbox whose mail he need not see, or takes "
        "that; its members send from it anyway.",
        **requires(Scope.MANAGE_SENDING),
    )
    async def mailbox_send_right_set(
        self, info: Info[Any, Any], input: MailboxSendRightSetInput
    ) -> SendingSettingsPayload:
        context: Context = info.context
        try:
            await concerned(context, input.mailbox_id)
        except Rejected as refusal:
            return _refused(refusal)
        box = of_kind(Kind.MAILBOX, input.mailbox_id)
        return await _said(
            info,
            input.command_id,
            lambda envelope: say_of_mailbox(context.carteggio, box, _right(input), envelope),
        )


def _reason(input: Any) -> str:
    return given(input.reason) or ""


def _right(input: MailboxSendRightSetInput) -> SendRightGiven | SendRightTaken:
    who = ColleagueId(of_kind(Kind.COLLEAGUE, input.user_id))
    if input.right is UNSET:
        raise Rejected("INVALID", "right: SEND_AS, ON_BEHALF, or null to take it")
    if input.right is None:
        return SendRightTaken(who, _reason(input))
    return SendRightGiven(who, input.right, _reason(input))


async def _of_company(
    info: Info[Any, Any],
    input: SendingCompanySwitchInput | SendingRuleSetInput,
    said: Callable[[], CompanySendingSwitched | SendingRuleSet],
) -> SendingSettingsPayload:
    def order(envelope: Envelope) -> int | None:
        manages_all(info.context)
        return say_of_company(info.context.carteggio, said(), envelope)

    return await _said(info, input.command_id, order)


async def _of_colleague(
    info: Info[Any, Any], input: _OfColleague, said: Callable[[], Any]
) -> SendingSettingsPayload:
    def order(envelope: Envelope) -> int | None:
        manages_all(info.context)
        who = of_kind(Kind.COLLEAGUE, input.user_id)
        return say_of_colleague(info.context.carteggio, who, SayOfColleague(said()), envelope)

    return await _said(info, input.command_id, order)


async def _said(
    info: Info[Any, Any], command_id: ID, order: Callable[[Envelope], int | None]
) -> SendingSettingsPayload:
    try:
        position = await obeyed(info.context, command_id, order)
    except Rejected as refusal:
        return _refused(refusal)
    now = await settings_now(info.context)
    return SendingSettingsPayload(settings=now, position=position, user_errors=[])


def _refused(refusal: Rejected) -> SendingSettingsPayload:
    return SendingSettingsPayload(settings=None, position=None, user_errors=[user_error(refusal)])
