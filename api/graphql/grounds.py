"""Why messages are in their conversation: what was found, and what people said."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import strawberry
from strawberry import ID

from api.graphql.ids import Kind, encoded
from api.graphql.node import Actor, Audited
from api.graphql.scalars import Position
from domain.regrouping import RegroupingKind
from projections import grounds
from projections.grounds import Ground
from projections.messages import Connection, by_ids
from projections.projection import Names
from projections.reader import Reader

strawberry.enum(RegroupingKind, name="RegroupingKind", description="What somebody did.")


@strawberry.type(description="What somebody said about which messages belong together.")
class Regrouping(Audited):
    kind: RegroupingKind = strawberry.field(description="A merge, a split or a move.")
    by: Actor = strawberry.field(description="Who said so.")
    at: datetime = strawberry.field(description="When.")
    position: Position = strawberry.field(description="Where in the journal its event is.")


@strawberry.type(
    description="Why a message goes on with an earlier one that it does not refer to, or begins a "
    "conversation of its own though it does. What it refers to needs no such reason."
)
class ConversationReason:
    begins_anew: bool = strawberry.field(
        description="Whether it is apart from the earlier one; else it goes on with it."
    )
    other_id: ID | None = strawberry.field(
        description="The earlier message; null if it may not be seen."
    )
    rule_id: str = strawberry.field(description="The rule that says so.")
    rule_version: int = strawberry.field(description="Its version.")
    confidence: int = strawberry.field(description="How sure that is, in percent.")
    place: str = strawberry.field(description="Where the evidence stands: subject, header, …")
    evidence: str | None = strawberry.field(
        description="The very words on which it rests; null if a form of it that is not seen has them."
    )


async def reasons_of(
    connection: Connection, names: Names, reader: Reader, messages: Sequence[UUID]
) -> dict[UUID, list[ConversationReason]]:
    """Give the reasons of many messages."""
    found = await grounds.grounds_of(connection, names, reader, messages)
    others = {one.other for rows in found.values() for one in rows}
    seen = await by_ids(connection, names, reader, [*others, *found])
    varied = {id for id, row in seen.items() if row.variants and reader.mailboxes is not None}
    return {
        id: [_reason(row, seen=row.other in seen, told=id not in varied) for row in rows]
        for id, rows in found.items()
    }


def _reason(row: Ground, *, seen: bool, told: bool) -> ConversationReason:
    return ConversationReason(
        begins_anew=row.apart,
        other_id=encoded(Kind.MESSAGE, row.other) if seen else None,
        rule_id=row.rule,
        rule_version=row.rule_version,
        confidence=row.confidence,
        place=row.place,
        evidence=row.evidence if told else None,
    )
