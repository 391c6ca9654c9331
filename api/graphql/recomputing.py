"""What a calendar or target would change, asked before it is saved."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.calendarsaving import (
    CalendarSaveInput,
    TargetSetInput,
    calendar_wanted,
    target_wanted,
)
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded
from api.graphql.paging import given
from api.work.calendars import checked_calendar, checked_target
from api.work.recomputing import MOST, Moved, difference
from domain.access import Scope
from domain.calendars import CalendarsEvent
from domain.dueness import Standing
from domain.values import Rejected


@strawberry.type(description="A wait that would be due otherwise.")
class MovedWait:
    message_id: ID = strawberry.field(description="The message that waits for an answer.")
    since: datetime = strawberry.field(description="Since when it waits.")
    due: datetime | None = strawberry.field(description="By when it is due now; null: not.")
    would_be_due: datetime | None = strawberry.field(description="By when it would be; null: not.")
    sla: Standing = strawberry.field(description="How it stands now.")
    would_be: Standing = strawberry.field(description="How it would stand.")


@strawberry.type(description="What a calendar or target would change, if it were saved.")
class DueChanges:
    waits: int = strawberry.field(description="How many waits there are.")
    changed: int = strawberry.field(description="How many would be due otherwise.")
    at_risk: int = strawberry.field(description="How many more would be at risk.")
    breached: int = strawberry.field(description="How many more would be too late.")
    relieved: int = strawberry.field(description="How many would be neither any more.")
    moved: list[MovedWait] = strawberry.field(
        description=f"The first {MOST} that would be due otherwise, the longest wait first."
    )


@strawberry.type
class RecomputingQuery:
    @strawberry.field(
        description="Which waits would be due otherwise if this calendar, or this target, were "
        "saved; nothing is. Its command id is not used up.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def due_changes(
        self,
        info: Info[Any, Any],
        calendar: CalendarSaveInput | None = UNSET,
        target: TargetSetInput | None = UNSET,
    ) -> DueChanges:
        context: Context = info.context
        stream, event = await _word(context, given(calendar), given(target))
        async with context.read() as asked:
            now = context.carteggio.clock()
            found = await difference(asked, context.viewer.reader, stream, event, now)
        return DueChanges(
            waits=found.waits,
            changed=found.changed,
            at_risk=found.at_risk,
            breached=found.breached,
            relieved=found.relieved,
            moved=[_moved(one) for one in found.moved],
        )


async def _word(
    context: Context, calendar: CalendarSaveInput | None, target: TargetSetInput | None
) -> tuple[UUID, CalendarsEvent]:
    if calendar is not None and target is None:
        return checked_calendar(context.carteggio, await calendar_wanted(context, calendar))
    if target is not None and calendar is None:
        return checked_target(context.carteggio, await target_wanted(context, target))
    raise Rejected("INVALID", "give a calendar or a target, one of them")


def _moved(one: Moved) -> MovedWait:
    return MovedWait(
        message_id=encoded(Kind.MESSAGE, one.wait.message),
        since=one.wait.since,
        due=one.before.due,
        would_be_due=one.after.due,
        sla=one.before.standing,
        would_be=one.after.standing,
    )
