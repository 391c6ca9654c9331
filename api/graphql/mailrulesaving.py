"""Rules about mail are saved in versions, put in order, and retired."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info
from strawberry.scalars import JSON

from api.graphql.asking import Asking
from api.graphql.commands import (
    COMMAND_ID,
    UserError,
    check_command_id,
    obeyed,
    stamp,
    user_error,
)
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.mailrules import MANAGES, THEN, WHEN, Rule, made_rules, rule_objects
from api.graphql.orders import claim
from api.graphql.paging import given
from api.graphql.policies import check_changeable, concerned, state_of
from api.graphql.scalars import Position
from api.work.mailrules import (
    check_rule,
    first_order,
    new_rule,
    next_order,
    order_rule,
    places,
    retire_rule,
    save_rule,
    written,
)
from domain import mailrules
from domain.mailrules import RuleSaved, RuleState
from domain.values import Rejected
from projections.mailrules import rules_now

MOST_ORDERED = 500


@strawberry.input(description="A rule, all of it.")
class RuleInput:
    name: str = strawberry.field(description="What it is called; no other one may be.")
    when: JSON = strawberry.field(description=WHEN)
    then: JSON = strawberry.field(description=THEN)
    mailbox_id: ID | None = strawberry.field(
        default=UNSET, description="The mailbox whose mail it is about; else all."
    )
    is_enabled: bool = strawberry.field(default=True, description="Whether it is asked.")
    order: int | None = strawberry.field(
        default=UNSET, description="Its place; else where it is, of a new one the last."
    )
    note: str = strawberry.field(default="", description="Why; it is kept sealed.")


@strawberry.input(description="A rule that is saved.")
class RuleSaveInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    rule: RuleInput = strawberry.field(description="The rule.")
    rule_id: ID | None = strawberry.field(
        default=UNSET, description="The rule whose next version it is; else it is a new one."
    )
    based_on_version: int | None = strawberry.field(
        default=UNSET, description="The version that was changed; a later one is not overwritten."
    )


@strawberry.input(description="Which rules are put in order.")
class RuleReorderInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    rule_ids: list[ID] = strawberry.field(
        description="In the order in which they are to be asked; other rules keep their places."
    )


@strawberry.input(description="Which rule is retired.")
class RuleRetireInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    rule_id: ID = strawberry.field(description="The rule.")
    note: str = strawberry.field(default="", description="Why; it is kept sealed.")


@strawberry.type(description="What came of a command about a rule.")
class RulePayload:
    rule: Rule | None = strawberry.field(description="The rule as it is now.")
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type(description="What came of putting rules in order.")
class RulesPayload:
    rules: list[Rule] = strawberry.field(description="All rules in their order now.")
    position: Position | None = strawberry.field(
        description="Where in the journal the last event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class RuleMutation:
    @strawberry.mutation(
        description="Saves a rule, or its next version. What is wrong in condition or actions is "
        "told with its place, as `when.all[1].field`. The same again is no version.",
        **MANAGES,
    )
    async def rule_save(self, info: Info[Any, Any], input: RuleSaveInput) -> RulePayload:
        context: Context = info.context
        try:
            check_command_id(input.command_id)
            id = await _named(context, input)
            wanted = await rule_wanted(context, input.rule, id)
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: save_rule(
                    context.carteggio, id, wanted, envelope, given(input.based_on_version),
                    keeps_place=given(input.rule.order) is None, reader=context.viewer.manages,
                ),
            )  # fmt: skip
        except Rejected as refusal:
            return _refused(refusal)
        return await _told(context, id, position)

    @strawberry.mutation(
        description="Lets rules be asked in this order. A rule whose place changes has a further "
        "version.",
        **MANAGES,
    )
    async def rule_reorder(self, info: Info[Any, Any], input: RuleReorderInput) -> RulesPayload:
        context: Context = info.context
        try:
            check_command_id(input.command_id)
            ids = list(dict.fromkeys(of_kind(Kind.RULE, one) for one in input.rule_ids))
            if not 1 <= len(ids) <= MOST_ORDERED:
                raise Rejected("INVALID", f"ruleIds: from 1 to {MOST_ORDERED} are needed")
            before = [(id, await _standing(context, id)) for id in ids]
            position = await asyncio.to_thread(_ordered, context, input.command_id, before)
        except Rejected as refusal:
            return RulesPayload(rules=[], position=None, user_errors=[user_error(refusal)])
        async with context.read() as asked:
            rows = await rules_now(*asked, context.viewer.manages)
        shown = await made_rules(Asking(context), rows)
        return RulesPayload(rules=shown, position=position, user_errors=[])

    @strawberry.mutation(
        description="Asks a rule no more; what it did stays, and its versions can be read.",
        **MANAGES,
    )
    async def rule_retire(self, info: Info[Any, Any], input: RuleRetireInput) -> RulePayload:
        context: Context = info.context
        try:
            id = of_kind(Kind.RULE, input.rule_id)
            await _standing(context, id, retired=True)
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: retire_rule(context.carteggio, id, input.note, envelope),
            )
        except Rejected as refusal:
            return _refused(refusal)
        return await _told(context, id, position)


async def rule_wanted(context: Context, input: RuleInput, id: UUID) -> RuleSaved:
    """Read a rule as it is entered; Rejected (INVALID) says what is wrong, and where.

    Without a place it has the one with which it was first saved; a new one comes last.
    """
    mailbox = await concerned(context, given(input.mailbox_id))
    order = given(input.order)
    if order is None:
        order = await asyncio.to_thread(first_order, context.carteggio, id)
    if order is None:
        async with context.read() as asked:
            order = await next_order(asked)
    wanted = RuleSaved(
        version=0,
        order=order,
        enabled=input.is_enabled,
        mailbox=mailbox,
        name=given(input.name) or "",
        when=written(input.when),
        then=written(input.then),
        note=given(input.note) or "",
    )
    check_rule(wanted)
    return wanted


async def _named(context: Context, input: RuleSaveInput) -> UUID:
    """Give the rule that is meant, or the new one of this command."""
    named = given(input.rule_id)
    if named is None:
        return new_rule(context.carteggio, input.command_id)
    id = of_kind(Kind.RULE, named)
    await _standing(context, id)
    return id


async def _standing(context: Context, id: UUID, *, retired: bool = False) -> RuleSaved:
    """Give what a rule says that the viewer may change."""
    state: RuleState = await state_of(context, id, mailrules)
    if state.saved is None or (state.retired and not retired):
        raise Rejected("NOT_FOUND", "there is no such rule")
    check_changeable(context, state.saved.mailbox, "rule")
    return state.saved


def _ordered(
    context: Context, command_id: str, before: Sequence[tuple[UUID, RuleSaved]]
) -> Position | None:
    """Put rules into the places that they have among them, each by its own event."""
    carteggio, envelope = context.carteggio, stamp(context)
    claim(carteggio.journal, command_id, [id for id, _ in before], envelope(command_id))
    found = [
        order_rule(carteggio, id, place, envelope(f"{command_id}#{id.hex}"))
        for (id, _), place in zip(before, places([one.order for _, one in before]), strict=True)
    ]
    last = max((one for one in found if one is not None), default=None)
    if last is None:
        return None
    carteggio.feed.catch_up(last)
    return Position(last)


async def _told(context: Context, id: UUID, position: Position | None) -> RulePayload:
    shown = (await rule_objects(Asking(context), [id])).get(id)
    return RulePayload(rule=shown, position=position, user_errors=[])


def _refused(refusal: Rejected) -> RulePayload:
    return RulePayload(rule=None, position=None, user_errors=[user_error(refusal)])
