"""Rules about mail are asked for, as they are now or were."""

from typing import Any

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.asking import Asking
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.inputs import AsOf, moment
from api.graphql.mailrules import MANAGES, Rule, made_rules, rule_objects
from api.graphql.paging import given
from projections.mailrules import rules_now


@strawberry.type
class RuleQuery:
    @strawberry.field(
        description="The rules in the order in which they are asked, now or in the past: those of "
        "the mailboxes that are managed, and those of all mail.",
        **MANAGES,
    )
    async def rules(
        self,
        info: Info[Any, Any],
        mailbox_id: ID | None = UNSET,
        as_of: AsOf | None = UNSET,
        *,
        retired: bool | None = UNSET,
    ) -> list[Rule]:
        context: Context = info.context
        named = given(mailbox_id)
        box = of_kind(Kind.MAILBOX, named) if named else None
        async with context.read() as asked:
            rows = await rules_now(
                *asked, context.viewer.manages, moment(as_of), retired=bool(given(retired))
            )
        return await made_rules(
            Asking(context), [row for row in rows if box in (None, row.mailbox)]
        )

    @strawberry.field(
        description="A rule by its id; null if there is none that may be seen.", **MANAGES
    )
    async def rule(self, info: Info[Any, Any], id: ID) -> Rule | None:
        named = of_kind(Kind.RULE, id)
        return (await rule_objects(Asking(info.context), [named])).get(named)
