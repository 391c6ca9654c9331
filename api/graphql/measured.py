"""Why something waits, and how it stands to its target, in business time."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry

from api.graphql.scalars import Duration
from api.graphql.selection import Selection
from api.work.dues import Asked, dues
from domain.dueness import Standing
from projections.episodes import BOUNCED
from projections.reader import AsOf, Reader
from projections.unanswered import Waiting

strawberry.enum(
    Standing,
    name="TargetState",
    description="How a wait stands to its target: NONE nothing is due, ON_TRACK, AT_RISK, BREACHED.",
)


@strawberry.enum(description="Why something waits.")
class WaitReason(Enum):
    WAITING = strawberry.enum_value("waiting", description="Nobody has answered.")
    REOPENED = strawberry.enum_value(
        "reopened", description="Somebody took back that it needs no answer."
    )
    ANSWER_BOUNCED = strawberry.enum_value(
        "answer_bounced", description="The answer came back: it reached nobody."
    )


@strawberry.type(description="A wait as it is measured, in business time.")
class Measured:
    reason: WaitReason = strawberry.field(description="Why it waits.")
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
        unmeasured = {"business_age": None, "due": None, "sla": Standing.NONE}
        return {row.message: {"reason": _reason(row), **unmeasured} for row in rows}
    found = await dues(asked, reader, rows, as_of)
    return {
        row.message: {
            "reason": _reason(row),
            "business_age": Duration(found[row.message].age),
            "due": found[row.message].due,
            "sla": found[row.message].standing,
        }
        for row in rows
    }


def _reason(row: Waiting) -> WaitReason:
    """Give why it waits, or waited in the past that is asked for: it may have ended since."""
    if row.begun > row.since:
        return WaitReason.REOPENED
    bounced = row.reason == BOUNCED
    return WaitReason.ANSWER_BOUNCED if bounced else WaitReason.WAITING
