"""Rules about mail: which there are, and what each version says."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from api.graphql.access import requires
from api.graphql.calendars import CalendarMailbox
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded
from api.graphql.node import Actor, Audited
from domain.access import Scope
from domain.values import ActorKind
from projections import company
from projections.mailrules import RuleRow, rules_now, versions_of

MANAGES: Final = requires(Scope.MANAGE_RULES)
WHEN: Final = (
    "The condition: `{field, is | contains | starts | ends | matches | greater | less | exists}`, "
    "or `{all: […]}`, `{any: […]}`, `{not: …}` of such."
)
THEN: Final = "What is done, in order: a list of objects, each with its `kind`."


@strawberry.type(description="A version of a rule; it never changes.")
class RuleVersion:
    version: int = strawberry.field(description="Its number, from 1.")
    saved_at: datetime = strawberry.field(description="When it was saved.")
    saved_by: Actor = strawberry.field(description="By whom.")
    name: str = strawberry.field(description="What the rule was called then.")
    is_enabled: bool = strawberry.field(description="Whether it was asked.")
    order: int = strawberry.field(description="Its place; the lowest is asked first.")
    mailbox: CalendarMailbox | None = strawberry.field(
        description="The mailbox whose mail it was about; null: all."
    )
    when: JSON = strawberry.field(description=WHEN)
    then: JSON = strawberry.field(description=THEN)
    note: str = strawberry.field(description="Why it was saved.")


@strawberry.type(description="What is done with mail under a condition.")
class Rule(Audited):
    name: str = strawberry.field(description="What it is called.")
    is_enabled: bool = strawberry.field(description="Whether it is asked.")
    order: int = strawberry.field(description="Its place; the lowest is asked first.")
    mailbox: CalendarMailbox | None = strawberry.field(
        description="The mailbox whose mail it is about; null: all."
    )
    when: JSON = strawberry.field(description=WHEN)
    then: JSON = strawberry.field(description=THEN)
    note: str = strawberry.field(description="Why it was saved so.")
    version: int = strawberry.field(description="The version that holds.")
    is_retired: bool = strawberry.field(description="Whether it is asked no more.")

    @strawberry.field(description="All its versions, the newest first.")
    async def versions(self) -> list[RuleVersion]:
        context: Context = self.asking.context
        async with context.read() as asked:
            found = await versions_of(*asked, context.viewer.manages, [self.key])
        boxes = await boxes_of(context)
        return [_version(row, boxes) for row in found.get(self.key, ())]


async def rule_objects(asking: Any, ids: Collection[UUID]) -> dict[UUID, Rule]:
    """Give rules as they are now, retired ones too, as far as the viewer manages them."""
    context: Context = asking.context
    if Scope.MANAGE_RULES not in context.viewer.scopes:
        return {}
    async with context.read() as asked:
        rows = await rules_now(*asked, context.viewer.manages, retired=True)
    found = await made_rules(asking, [row for row in rows if row.rule in ids])
    return {one.key: one for one in found}


async def made_rules(asking: Any, rows: Sequence[RuleRow]) -> list[Rule]:
    """Make rules of rows."""
    boxes = await boxes_of(asking.context) if rows else {}
    return [_rule(row, boxes, asking) for row in rows]


async def boxes_of(context: Context) -> dict[UUID, CalendarMailbox]:
    """Give the mailboxes that are managed, as they are named in rules."""
    async with context.read() as asked:
        found = await company.mailboxes(*asked, context.viewer.manages)
    return {
        row.id: CalendarMailbox(id=encoded(Kind.MAILBOX, row.id), address=row.address)
        for row in found
    }


def _rule(row: RuleRow, boxes: Mapping[UUID, CalendarMailbox], asking: Any) -> Rule:
    return Rule(
        id=encoded(Kind.RULE, row.rule),
        key=row.rule,
        asking=asking,
        name=row.name,
        is_enabled=row.enabled,
        order=row.place,
        mailbox=boxes.get(row.mailbox) if row.mailbox else None,
        when=json.loads(row.condition),
        then=json.loads(row.actions),
        note=row.note,
        version=row.version,
        is_retired=row.retired,
    )


def _version(row: RuleRow, boxes: Mapping[UUID, CalendarMailbox]) -> RuleVersion:
    return RuleVersion(
        version=row.version,
        saved_at=row.at,
        saved_by=Actor(kind=ActorKind(row.actor_kind), id=row.actor_id),
        name=row.name,
        is_enabled=row.enabled,
        order=row.place,
        mailbox=boxes.get(row.mailbox) if row.mailbox else None,
        when=json.loads(row.condition),
        then=json.loads(row.actions),
        note=row.note,
    )
