"""What has an id, and what has a history: the two interfaces, and entries of the audit log."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info
from strawberry.scalars import JSON

from api.graphql.access import checks, marks, requires
from api.graphql.inputs import AsOf
from api.graphql.paging import Connection
from api.graphql.scalars import Position
from domain.access import Scope
from domain.values import ActorKind

strawberry.enum(ActorKind, name="ActorKind", description="Who can make something happen.")


@strawberry.interface(description="Anything that has an id; `node` finds it again.")
class Node:
    id: ID = strawberry.field(description="Opaque; the same for ever.")


@strawberry.type(description="Who made something happen.")
class Actor:
    kind: ActorKind = strawberry.field(description="What sort of actor.")
    id: str = strawberry.field(
        description="The id of a token or a colleague, a rule with its version, or a part of the "
        "system."
    )


@strawberry.type(description="Something that happened, as it stands in the journal.")
class AuditEntry:
    position: Position = strawberry.field(description="Its place in the journal.")
    at: datetime = strawberry.field(description="When it was recorded, by the server's clock.")
    actor: Actor = strawberry.field(description="Who made it happen.")
    on_behalf_of: Actor | None = strawberry.field(description="For whom, if for somebody else.")
    channel: str = strawberry.field(
        description="The way it came: cli, graphql, imap, import, feed, …"
    )
    event: str = strawberry.field(description="The event's name, which never changes.")
    subject_id: ID = strawberry.field(description="What it happened to.")
    subject: Node | None = strawberry.field(
        description="What it happened to, if it can be shown; null for what has no type here.",
        extensions=checks(Scope.READ_MAIL),
        directives=marks(Scope.READ_MAIL),
    )
    summary: str | None = strawberry.field(
        description="What happened, in a sentence; null if it quotes mail that may not be seen.",
        extensions=checks(Scope.READ_MAIL),
        directives=marks(Scope.READ_MAIL),
    )
    data: JSON | None = strawberry.field(
        description="The event's own fields, but for quotations of mail that may not be seen; null "
        "if it tells of such a copy. Texts that are too long are cut.",
        extensions=checks(Scope.READ_MAIL),
        directives=marks(Scope.READ_MAIL),
    )
    is_erased: bool = strawberry.field(
        description="Whether what it said was erased; that it happened is kept."
    )
    command_id: str | None = strawberry.field(
        description="The command by which it came, as its sender named it."
    )
    correlation_id: ID | None = strawberry.field(
        description="What belongs to one piece of work has this in common."
    )


class Trails(Protocol):
    """Who can tell what happened to an object."""

    async def trail(
        self,
        info: Info[Any, Any],
        object: UUID,
        as_of: AsOf | None,
        first: int | None,
        after: str | None,
    ) -> Connection[AuditEntry]: ...


@strawberry.interface(description="Anything whose history can be asked for.")
class Audited(Node):
    key: strawberry.Private[UUID]
    asking: strawberry.Private[Any]

    @strawberry.field(
        description="What happened to it, when, by whom and why; the oldest first.",
        **requires(Scope.READ_AUDIT),
    )
    async def audit(
        self,
        info: Info[Any, Any],
        as_of: AsOf | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
    ) -> Connection[AuditEntry]:
        asking: Trails = self.asking
        return await asking.trail(info, self.key, as_of, first, after)
