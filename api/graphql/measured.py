"""How a wait stands to its target, in business time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graphql.scalars import Duration
from api.graphql.selection import Selection
from api.work.dues import Asked, dues
from domain.dueness import Standing
from projections.reader import AsOf, Reader
from projections.unanswered import Waiting

strawberry.enum(
    Standing,
    name="TargetState",
    description="How a wait stands to its target: NONE nothing is due, ON_TRACK, AT_RISK, BREACHED.",
)


@strawberry.type(description="Something that is measured in business time.")
class Measured:
    business_age: Duration | None = strawberry.field(
        description="How long, in the hours of the calendar that holds there."
    )
    due: datetime | None = strawberry.field(
        description="By when an answer is wanted, by the target in force; null: nothing is due."
    )
    sla: Standing = strawberry.field(description="How it stands to that target.")


async def measured(
    asked: Asked, reader: Reader, as_of: AsOf, rows: Sequence[Waiting], wanted: Selection
) -> dict[UUID, dict[str, Any]]:
    """Give those fields for waits, by their messages; what nobody asks for is not judged."""
    if not wanted.any("businessAge", "due", "sla"):
        return {
            row.message: {"business_age": None, "due": None, "sla": Standing.NONE} for row in rows
        }
    found = await dues(asked, reader, rows, as_of)
    return {
        id: {"business_age": Duration(one.age), "due": one.due, "sla": one.standing}
        for id, one in found.items()
    }
