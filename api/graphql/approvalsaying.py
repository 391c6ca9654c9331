"""Commands: what whoever manages sending says about which mail needs approval."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.approvals import ApprovalRule, rules_now
from api.graphql.commands import COMMAND_ID, UserError, obeyed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.paging import given
from api.graphql.permissioninputs import REASON
from api.graphql.policies import concerned
from api.graphql.scalars import Position
from api.work.approvals import set_rule, withdraw_rule
from api.work.permission import kind_named
from domain.access import Scope
from domain.approvalrules import (
    ApprovalRuleSet,
    ApprovalRuleWithdrawn,
    ApprovalScope,
    ApproverRole,
)
from domain.recorded import Envelope
from domain.values import ColleagueId, Rejected

_ANY = "Null or unsaid: any."


@strawberry.input(description="Which mail needs approval, and whose.")
class ApprovalRuleSetInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    mailbox_id: ID | None = strawberry.field(default=UNSET, description=f"From it. {_ANY}")
    kind: str | None = strawberry.field(
        default=UNSET, description=f"With a document of this kind. {_ANY}"
    )
    user_id: ID | None = strawberry.field(default=UNSET, description=f"By this one. {_ANY}")
    since: datetime | None = strawberry.field(
        default=UNSET, description="From when on it holds; else from now on."
    )
    is_needed: bool = strawberry.field(
        default=True, description="False: an exception, it needs none."
    )
    roles: list[ApproverRole] | None = strawberry.field(
        default=UNSET, description="Who may approve, by role."
    )
    approver_ids: list[ID] | None = strawberry.field(
        default=UNSET,
        description="Who may, by name; without any and any role, whoever acts on the mailbox.",
    )
    programs: bool = strawberry.field(
        default=True, description="Whether what programs send needs it, too."
    )
    reason: str | None = strawberry.field(default=UNSET, description=REASON)


@strawberry.input(description="Which rule of approval says nothing any more.")
class ApprovalRuleWithdrawInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    mailbox_id: ID | None = strawberry.field(default=UNSET, description="As it was said.")
    kind: str | None = strawberry.field(default=UNSET, description="As it was said.")
    user_id: ID | None = strawberry.field(default=UNSET, description="As it was said.")
    since: datetime | None = strawberry.field(
        default=UNSET, description="From when on; else from now on."
    )
    reason: str | None = strawberry.field(default=UNSET, description=REASON)


@strawberry.type(description="What came of a command about rules of approval.")
class ApprovalRulesPayload:
    rules: list[ApprovalRule] = strawberry.field(description="As they stand now.")
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class ApprovalRuleMutation:
    @strawberry.mutation(
        description="Says which mail needs the approval of another colleague before it leaves.",
        **requires(Scope.MANAGE_SENDING),
    )
    async def approval_rule_set(
        self, info: Info[Any, Any], input: ApprovalRuleSetInput
    ) -> ApprovalRulesPayload:
        def order(scope: ApprovalScope, envelope: Envelope) -> int | None:
            people = given(input.approver_ids) or []
            rule = ApprovalRuleSet(
                scope=scope,
                since=given(input.since) or envelope.at,
                needed=input.is_needed,
                roles=tuple(dict.fromkeys(given(input.roles) or ())),
                people=tuple(ColleagueId(of_kind(Kind.COLLEAGUE, one)) for one in people),
                programs=input.programs,
                reason=given(input.reason) or "",
            )
            return set_rule(info.context.carteggio, rule, envelope)

        return await _said(info.context, input, order)

    @strawberry.mutation(
        description="Lets the rule of a scope say nothing any more.",
        **requires(Scope.MANAGE_SENDING),
    )
    async def approval_rule_withdraw(
        self, info: Info[Any, Any], input: ApprovalRuleWithdrawInput
    ) -> ApprovalRulesPayload:
        def order(scope: ApprovalScope, envelope: Envelope) -> int | None:
            since, reason = given(input.since) or envelope.at, given(input.reason) or ""
            withdrawn = ApprovalRuleWithdrawn(scope, since, reason)
            return withdraw_rule(info.context.carteggio, withdrawn, envelope)

        return await _said(info.context, input, order)


async def _said(
    context: Context,
    input: ApprovalRuleSetInput | ApprovalRuleWithdrawInput,
    order: Callable[[ApprovalScope, Envelope], int | None],
) -> ApprovalRulesPayload:
    try:
        scope = await _scope(context, input)
        position = await obeyed(context, input.command_id, lambda envelope: order(scope, envelope))
    except Rejected as refusal:
        return ApprovalRulesPayload(rules=[], position=None, user_errors=[user_error(refusal)])
    return ApprovalRulesPayload(rules=await rules_now(context), position=position, user_errors=[])


async def _scope(
    context: Context, input: ApprovalRuleSetInput | ApprovalRuleWithdrawInput
) -> ApprovalScope:
    kind, user = given(input.kind), given(input.user_id)
    return ApprovalScope(
        mailbox=await concerned(context, given(input.mailbox_id)),
        kind=kind_named(kind).replace("*", "") if kind else "",
        colleague=ColleagueId(of_kind(Kind.COLLEAGUE, user)) if user else None,
    )
