"""Tags of messages: told where those are, counted, given and taken away."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, Info
from strawberry.dataloader import DataLoader

from api.graphql.access import requires
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded
from api.graphql.node import Actor
from domain.access import Scope
from domain.values import ActorKind
from projections.tags import TagRow, tag_counts, tags_of


@strawberry.type(description="A word by which a message is found.")
class MessageTag:
    tag: str = strawberry.field(description="The word.")
    by: Actor = strawberry.field(description="Who gave it.")
    rule_id: ID | None = strawberry.field(description="The rule that gave it; null: a person did.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(description="A tag, and how many messages have it.")
class TagCount:
    tag: str = strawberry.field(description="The word.")
    count: int = strawberry.field(description="How many messages have it, of those that are seen.")


_Loader = DataLoader[UUID, list[MessageTag]]


@strawberry.type
class Taggable:
    """What tags can be on; all that are asked for in one request are read at once."""

    @strawberry.field(description="Its tags as they stand now, by name.")
    async def tags(self: Any, info: Info[Any, Any]) -> list[MessageTag]:
        return await (await _loader(info.context)).load(self.key)


@strawberry.type
class TagQuery:
    @strawberry.field(
        description="The tags that messages have, by name.", **requires(Scope.READ_MAIL)
    )
    async def tags(self, info: Info[Any, Any]) -> list[TagCount]:
        context: Context = info.context
        async with context.read() as asked:
            found = await tag_counts(*asked, context.viewer.reader)
        return [TagCount(tag=tag, count=count) for tag, count in found]


async def _loader(context: Context) -> _Loader:
    async def load(ids: Sequence[UUID]) -> list[list[MessageTag]]:
        async with context.read() as asked:
            rows = await tags_of(*asked, context.viewer.reader, ids)
        return [[_tag(row) for row in rows.get(id, ())] for id in ids]

    async def made() -> _Loader:
        return DataLoader(load_fn=load)

    return await context.once(tags_of.__name__, made)


def _tag(row: TagRow) -> MessageTag:
    return MessageTag(
        tag=row.tag,
        by=Actor(kind=ActorKind(row.actor_kind), id=row.actor_id),
        rule_id=encoded(Kind.RULE, row.rule) if row.rule else None,
        at=row.from_time,
    )
