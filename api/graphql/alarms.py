"""Warnings and breaches: which waits were at risk or too late, since when, and who was told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.asking import Asking, asked_page
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.inputs import AsOf, moment
from api.graphql.letters import message_objects
from api.graphql.mail import Message
from api.graphql.paging import Connection, connection, given
from api.graphql.selection import Selection
from domain.access import Scope
from domain.alarms import Stage
from domain.calendars import Clock
from projections.alarms import LATEST_FIRST, AlarmRow, noticed

strawberry.enum(Stage, name="AlarmStage", description="WARNING: at risk. BREACH: too late.")
strawberry.enum(
    Clock,
    name="TargetClock",
    description="What is measured: until a first answer, a next one, or until it is closed.",
)


@strawberry.type(description="A wait was at risk, or too late.")
class Alarm:
    stage: Stage = strawberry.field(description="How far it had come.")
    clock: Clock = strawberry.field(description="What is measured.")
    message_id: ID = strawberry.field(description="With which message the wait began.")
    message: Message | None = strawberry.field(description="That message, if it may be seen.")
    mailbox_id: ID = strawberry.field(description="The mailbox by whose target it is late.")
    since: datetime = strawberry.field(description="When its clock began.")
    due: datetime = strawberry.field(description="By when it was wanted.")
    held: datetime = strawberry.field(description="From when on it was so.")
    tell: datetime | None = strawberry.field(
        description="When it is to be told; null: not, as a breach is told in its place."
    )
    noticed_at: datetime = strawberry.field(description="When that was noticed.")
    told_at: datetime | None = strawberry.field(description="When it was told; null: it was not.")
    told_ids: list[ID] = strawberry.field(description="The colleagues who were told.")
    escalated_to_ids: list[ID] = strawberry.field(
        description="To which further colleagues it was escalated."
    )
    target_id: ID = strawberry.field(description="The target that was in force.")
    calendar_id: ID | None = strawberry.field(description="The calendar; null: always open.")


@strawberry.type
class AlarmQuery:
    @strawberry.field(
        description="Waits that were at risk or too late, once each, the latest first. As of a "
        "moment: what was to be told by then, in the hours in which alarms are told.",
        **requires(Scope.READ_MAIL),
    )
    async def alarms(
        self,
        info: Info[Any, Any],
        mailbox_ids: list[ID] | None = UNSET,
        as_of: AsOf | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
    ) -> Connection[Alarm]:
        at = asked_page(info, LATEST_FIRST, {"first": first, "after": after})
        selected = Selection.of(info)["edges"]["node"]
        boxes = [of_kind(Kind.MAILBOX, one) for one in given(mailbox_ids) or ()]
        async with Asking.by(info).reading() as read:
            found = await noticed(*read.asked, at, moment(as_of), boxes)
            mails: Mapping[UUID, Message] = {}
            if "message" in selected:
                ids = list({row.message for row in found.rows})
                mails = await message_objects(read, ids, selected["message"])
        return connection(found, LATEST_FIRST, lambda row: _alarm(row, mails))


def _alarm(row: AlarmRow, mails: Mapping[UUID, Message]) -> Alarm:
    return Alarm(
        stage=Stage(row.stage),
        clock=Clock(row.clock),
        message_id=encoded(Kind.MESSAGE, row.message),
        message=mails.get(row.message),
        mailbox_id=encoded(Kind.MAILBOX, row.mailboxes[0]),
        since=row.since,
        due=row.due,
        held=row.held,
        tell=row.tell,
        noticed_at=row.noticed_at,
        told_at=row.told_at,
        told_ids=[encoded(Kind.COLLEAGUE, one) for one in row.told],
        escalated_to_ids=[encoded(Kind.COLLEAGUE, one) for one in row.escalated_to],
        target_id=encoded(Kind.TARGET, row.target),
        calendar_id=encoded(Kind.CALENDAR, row.calendar) if row.calendar else None,
    )
