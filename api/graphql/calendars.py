"""Calendars and targets: which hold, now or at a moment of the past."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded
from api.graphql.inputs import AsOf, moment
from api.graphql.scalars import Duration
from domain.access import Scope
from domain.calendars import CalendarSaved, TargetSet, UpdateMode
from domain.hours import written_hours, written_week
from domain.inforce import InForce, Said, in_force
from projections import company
from projections.calendars import said
from projections.reader import AsOf as Then

READS: Final = requires(Scope.READ_MAIL, Scope.MANAGE_MAILBOXES)
HOURS: Final = (
    "As `Mon-Fri 09:00-13:00 14:00-18:00, Sat 09:00-12:00` or `every day 00:00-24:00`; an interval "
    "over midnight is `22:00-06:00`"
)
strawberry.enum(
    UpdateMode,
    name="NextAnswerFrom",
    description="TO_RESPOND: with their message. BETWEEN_ANSWERS: with our last answer before it.",
)
Boxes = Mapping[UUID, company.MailboxRow]


@strawberry.type(description="A mailbox for which a calendar or target was made.")
class CalendarMailbox:
    id: ID = strawberry.field(description="The mailbox.")
    address: str = strawberry.field(description="Its address.")


@strawberry.type(description="A date with hours of its own.")
class CalendarException:
    day: date = strawberry.field(description="The date.")
    hours: str = strawberry.field(description="As `09:00-12:00`, or `closed`.")


@strawberry.type(description="When offices are open.")
class Calendar:
    id: ID = strawberry.field(description="Opaque; the same for ever.")
    name: str = strawberry.field(description="What it is called.")
    zone: str = strawberry.field(description="Its time zone, by IANA's name.")
    hours: str = strawberry.field(description=f"{HOURS}.")
    country: str | None = strawberry.field(
        description="Whose public holidays are off; null: none."
    )
    region: str | None = strawberry.field(description="The country's region (ISO 3166-2).")
    exceptions: list[CalendarException] = strawberry.field(description="Above day and holiday.")
    mailboxes: list[CalendarMailbox] = strawberry.field(
        description="For these alone, as far as they may be seen."
    )
    is_common: bool = strawberry.field(
        description="Whether it is for all mailboxes that no other calendar names."
    )
    since: datetime = strawberry.field(description="From when on it holds as it is.")


@strawberry.type(description="Within what business time answers are wanted.")
class Target:
    id: ID = strawberry.field(description="Opaque; the same for the same scope.")
    mailbox: CalendarMailbox | None = strawberry.field(description="Only there; null: anywhere.")
    party_category: str | None = strawberry.field(description="Only of such parties.")
    document_kind: str | None = strawberry.field(description="Only about such documents.")
    priority: str | None = strawberry.field(description="Only of parties with this priority.")
    first_answer: Duration | None = strawberry.field(
        description="For a first answer; null: said by the target that is foremost after this one."
    )
    next_answer: Duration | None = strawberry.field(
        description="For one after that; null as well."
    )
    solution: Duration | None = strawberry.field(
        description="For the last one, from the first question on; null as well."
    )
    risk_percent: int = strawberry.field(description="After so much of the time it is at risk.")
    alarm_hours: str | None = strawberry.field(
        description="When alarms are told; null: when the calendar is open."
    )
    next_answer_from: UpdateMode = strawberry.field(
        description="When the clock of a next answer begins."
    )
    escalate_to_ids: list[ID] = strawberry.field(
        description="Colleagues who are told, too, when it is too late."
    )
    since: datetime = strawberry.field(description="From when on it holds.")


@strawberry.type
class CalendarQuery:
    @strawberry.field(
        description="The calendars that hold, now or in the past, by name. One that names a mailbox "
        "comes before a common one; of several the one said last.",
        **READS,
    )
    async def calendars(self, info: Info[Any, Any], as_of: AsOf | None = UNSET) -> list[Calendar]:
        now, boxes = await held(info.context, moment(as_of))
        found = [calendar_object(one, boxes) for one in now.calendars]
        return sorted(found, key=lambda one: one.name.casefold())

    @strawberry.field(
        description="The targets that hold, now or in the past. Of those that fit, one that names "
        "the priority comes first, then the mailbox, the party's category, the kind of document.",
        **READS,
    )
    async def targets(self, info: Info[Any, Any], as_of: AsOf | None = UNSET) -> list[Target]:
        now, boxes = await held(info.context, moment(as_of))
        return [target_object(one, boxes) for one in now.targets]


async def held(context: Context, then: Then) -> tuple[InForce, Boxes]:
    """Give what holds at a moment, as far as it is about mailboxes that the viewer knows."""
    reader = context.viewer.knows
    async with context.read() as asked:
        words = await said(*asked, reader, then)
        boxes = await company.mailboxes(*asked, reader)
    now = in_force(words, then.time or datetime.now(UTC))
    return now, {row.id: row for row in boxes}


def calendar_object(one: Said[CalendarSaved], boxes: Boxes) -> Calendar:
    """Show a calendar."""
    event = one.event
    return Calendar(
        id=encoded(Kind.CALENDAR, one.stream),
        name=event.name,
        zone=event.zone,
        hours=written_week(event.week),
        country=event.country or None,
        region=event.region or None,
        exceptions=[
            CalendarException(day=day, hours=written_hours(hours))
            for day, hours in event.exceptions
        ],
        mailboxes=[_mailbox(boxes[box]) for box in event.mailboxes if box in boxes],
        is_common=not event.mailboxes,
        since=one.since,
    )


def target_object(one: Said[TargetSet], boxes: Boxes) -> Target:
    """Show a target."""
    event, scope = one.event, one.event.scope
    box = boxes.get(scope.mailbox) if scope.mailbox else None
    return Target(
        id=encoded(Kind.TARGET, one.stream),
        mailbox=_mailbox(box) if box else None,
        party_category=scope.category or None,
        document_kind=scope.kind or None,
        priority=scope.priority or None,
        first_answer=_long(event.first),
        next_answer=_long(event.next),
        solution=_long(event.solution),
        risk_percent=event.risk,
        alarm_hours=written_week(event.alarms) if event.alarms else None,
        next_answer_from=event.mode,
        escalate_to_ids=[encoded(Kind.COLLEAGUE, who) for who in event.escalate_to],
        since=one.since,
    )


def _mailbox(row: company.MailboxRow) -> CalendarMailbox:
    return CalendarMailbox(id=encoded(Kind.MAILBOX, row.id), address=row.address)


def _long(seconds: int | None) -> Duration | None:
    return None if seconds is None else Duration(timedelta(seconds=seconds))
