"""A rule is tried on mail that came, before or after it is saved; nothing is done."""

from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import marks
from api.graphql.asking import Asking
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.letters import message_objects
from api.graphql.mail import Message
from api.graphql.mailrules import MANAGES, Rule, rule_objects
from api.graphql.mailrulesaving import RuleInput, rule_wanted
from api.graphql.orders import named
from api.graphql.paging import given
from api.graphql.selection import Selection
from api.work.mailfacts import Known
from api.work.mailrules import new_rule
from api.work.rehearsing import Trial, rehearsal
from domain.access import Scope
from domain.mailrules import RuleSaved
from domain.values import Rejected
from projections.mailrules import versions_of
from projections.reader import Order, decode_cursor
from projections.stretches import Stretch, StretchRow

MOST: Final = 100
OLDEST_FIRST: Final = Order("rehearsal.oldest", ("received_at", "id"), descending=False)


@strawberry.enum(
    description="By what is told of mail that may change: links, master data, calendars."
)
class RuleKnown(Enum):
    THEN = strawberry.enum_value(
        Known.THEN.value, description="As a rule is asked that runs at once."
    )
    NOW = strawberry.enum_value(Known.NOW.value, description="By all that is known today.")


@strawberry.input(description="On which mail a rule is tried; what is left out is any.")
class RuleTestInput:
    rule: RuleInput | None = strawberry.field(
        default=UNSET, description="The rule as it might be saved; else as it is."
    )
    rule_id: ID | None = strawberry.field(
        default=UNSET, description="The rule that it is, or would be the next version of."
    )
    message_ids: list[ID] | None = strawberry.field(
        default=UNSET, description="These messages alone, 100 at most."
    )
    mailbox_id: ID | None = strawberry.field(default=UNSET, description="Mail of this mailbox.")
    sender: str = strawberry.field(default="", description="From this address, or domain.")
    from_: datetime | None = strawberry.field(
        name="from", default=UNSET, description="Received at this moment or later."
    )
    to: datetime | None = strawberry.field(
        default=UNSET, description="Received before this moment."
    )
    known: RuleKnown = strawberry.field(
        default=RuleKnown.THEN, description="As of when the mail is told."
    )


@strawberry.type(description="What a rule would do with a message, and why.")
class RuleTrial:
    message: Message = strawberry.field(
        description="The message.", directives=marks(Scope.READ_MAIL)
    )
    matched: bool = strawberry.field(description="Whether its condition held.")
    applies: bool = strawberry.field(
        description="Whether its actions would follow: it matched, and no earlier rule stopped."
    )
    explanation: list[str] = strawberry.field(
        description="Each part of the condition: whether it held, and by which words of the mail."
    )
    is_prevented: bool = strawberry.field(
        description="Whether it matched, but an earlier rule stopped."
    )
    prevented_by: Rule | None = strawberry.field(
        description="The earlier rule; null for one that may not be seen."
    )
    effects: list[str] = strawberry.field(
        description="What would follow, a sentence for each action."
    )


@strawberry.type(description="A rule tried on a portion of mail, the oldest first.")
class RuleTest:
    trials: list[RuleTrial] = strawberry.field(description="What came of each message.")
    asked: int = strawberry.field(description="On how many messages it was tried.")
    matched: int = strawberry.field(description="For how many of them it held.")
    has_next_page: bool = strawberry.field(description="Whether more mail follows.")
    end_cursor: str | None = strawberry.field(description="For `after`.")


@strawberry.type
class RehearsalQuery:
    @strawberry.field(
        description="Tries a rule, saved or not, on mail that may be read. Nothing is done, and "
        "nothing recorded.",
        **MANAGES,
    )
    async def rule_test(
        self,
        info: Info[Any, Any],
        input: RuleTestInput,
        first: int | None = UNSET,
        after: str | None = UNSET,
    ) -> RuleTest:
        context: Context = info.context
        context.viewer.require(Scope.READ_MAIL)
        most, cursor = given(first) or MOST, given(after)
        if not 1 <= most <= MOST:
            raise Rejected("INVALID", f"first has to be from 1 to {MOST}, not {most}")
        context.asked_for += most
        id, wanted = await _rule(context, input)
        one = await rehearsal(
            context.carteggio, id, wanted, _stretch(input), Known(str(input.known.value)),
            reader=context.viewer.reader,
        )  # fmt: skip
        place = decode_cursor(OLDEST_FIRST, cursor) if cursor else None
        portions = one.portions(place, most)  # type: ignore[arg-type]
        return await _told(info, await anext(portions, []), most)


async def _rule(context: Context, input: RuleTestInput) -> tuple[UUID | None, RuleSaved]:
    """Give the rule that is meant, of those that the viewer manages, and what it says."""
    rule, named_rule = given(input.rule), given(input.rule_id)
    if named_rule is None:
        if rule is None:
            raise Rejected("INVALID", "give a rule, or name one by ruleId")
        return None, await rule_wanted(context, rule, new_rule(context.carteggio, "none"))
    id = of_kind(Kind.RULE, named_rule)
    async with context.read() as asked:
        rows = (await versions_of(*asked, context.viewer.manages, [id])).get(id)
    if not rows or rows[0].retired:
        raise Rejected("NOT_FOUND", "there is no such rule")
    if rule is None:
        return id, rows[0].saved
    wanted = await rule_wanted(context, rule, id)
    return id, wanted if given(rule.order) is not None else replace(wanted, order=rows[0].place)


def _stretch(input: RuleTestInput) -> Stretch:
    box, ids = given(input.mailbox_id), given(input.message_ids)
    return Stretch(
        from_time=given(input.from_),
        to_time=given(input.to),
        mailbox=of_kind(Kind.MAILBOX, box) if box else None,
        sender=given(input.sender) or "",
        messages=tuple(named(ids)) if ids is not None else (),
    )


async def _told(info: Info[Any, Any], trials: list[Trial], most: int) -> RuleTest:
    wanted, asking = Selection.of(info)["trials"], Asking(info.context)
    async with asking.reading() as read:
        mails = await message_objects(read, [one.message.id for one in trials], wanted["message"])
    others = {one.asked.prevented_by.id for one in trials if one.asked.prevented_by}
    rules = await rule_objects(asking, others) if others else {}
    last: StretchRow | None = trials[-1].message if trials else None
    return RuleTest(
        trials=[_trial(one, mails[one.message.id], rules) for one in trials],
        asked=len(trials),
        matched=sum(one.asked.held.holds for one in trials),
        has_next_page=len(trials) == most,
        end_cursor=OLDEST_FIRST.cursor(last) if last else None,
    )


def _trial(one: Trial, message: Message, rules: dict[UUID, Rule]) -> RuleTrial:
    asked, prevented = one.asked, one.asked.prevented_by
    return RuleTrial(
        message=message,
        matched=asked.held.holds,
        applies=asked.applies,
        explanation=list(one.explanation),
        is_prevented=asked.held.holds and prevented is not None,
        prevented_by=rules.get(prevented.id) if prevented and asked.held.holds else None,
        effects=list(one.effects),
    )
