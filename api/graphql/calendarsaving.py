"""Commands: calendars are saved and retired, targets set and withdrawn."""

import asyncio
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.calendars import HOURS, Calendar, Target, calendar_object, held, target_object
from api.graphql.commands import COMMAND_ID, UserError, obeyed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.paging import given
from api.graphql.policies import check_changeable, concerned, knows, manages_all
from api.graphql.scalars import Position
from api.work.calendars import (
    retire_calendar,
    save_calendar,
    set_target,
    target_of,
    withdraw_target,
)
from api.work.sharing import check_registered
from domain.access import Scope
from domain.calendars import (
    USUAL_RISK,
    CalendarRetired,
    CalendarSaved,
    TargetScope,
    TargetSet,
    TargetWithdrawn,
    UpdateMode,
)
from domain.hours import read_hours, read_span, read_week
from domain.identity import calendar_id
from domain.recorded import Recorded
from domain.values import ColleagueId, MailboxId, Rejected
from projections.reader import NOW

_SINCE = "From when on, past or to come; else from now on. What held before stays known."
_REASON = "Why, in 2,000 characters at most; it is kept sealed."
_SPAN = "A length of business time, as PT4H or 1h30m."
MANAGES = requires(Scope.MANAGE_MAILBOXES)


@strawberry.input(description="A date with hours of its own.")
class CalendarExceptionInput:
    day: date = strawberry.field(description="The date.")
    hours: str = strawberry.field(description="As `09:00-12:00`, or `closed`.")


@strawberry.input(description="A calendar, all of it; one with its name it takes the place of.")
class CalendarSaveInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    name: str = strawberry.field(description="What it is called.")
    zone: str = strawberry.field(description="The time zone, by IANA's name.")
    hours: str = strawberry.field(description=f"{HOURS}. A day that is not named is closed.")
    country: str = strawberry.field(
        default="", description="Whose public holidays are off (ISO 3166-1); else none."
    )
    region: str = strawberry.field(default="", description="Its region (ISO 3166-2).")
    exceptions: list[CalendarExceptionInput] | None = strawberry.field(
        default=UNSET, description="Dates with hours of their own."
    )
    mailbox_ids: list[ID] | None = strawberry.field(
        default=UNSET, description="For these alone; else for all that no calendar names."
    )
    since: datetime | None = strawberry.field(default=UNSET, description=_SINCE)
    reason: str | None = strawberry.field(default=UNSET, description=_REASON)


@strawberry.input(description="Which calendar is retired.")
class CalendarRetireInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    calendar_id: ID = strawberry.field(description="The calendar.")
    since: datetime | None = strawberry.field(default=UNSET, description=_SINCE)
    reason: str | None = strawberry.field(default=UNSET, description=_REASON)


@strawberry.input(description="Within what business time answers are wanted, and of what.")
class TargetSetInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    first_answer: str | None = strawberry.field(default=UNSET, description=_SPAN)
    next_answer: str | None = strawberry.field(
        default=UNSET, description=f"{_SPAN} It counts once we had answered before."
    )
    solution: str | None = strawberry.field(
        default=UNSET,
        description=f"{_SPAN} From the first question since it was last closed, to the last answer.",
    )
    mailbox_id: ID | None = strawberry.field(default=UNSET, description="Only there.")
    party_category: str = strawberry.field(default="", description="Only of such parties.")
    document_kind: str = strawberry.field(default="", description="Only about such documents.")
    priority: str = strawberry.field(default="", description="Only of parties with this priority.")
    risk_percent: int = strawberry.field(
        default=USUAL_RISK, description="After so much of the time it is at risk."
    )
    alarm_hours: str | None = strawberry.field(
        default=UNSET, description=f"When alarms are told. {HOURS}; else when it is open."
    )
    next_answer_from: UpdateMode = strawberry.field(
        default=UpdateMode.TO_RESPOND, description="When the clock of a next answer begins."
    )
    escalate_to_ids: list[ID] | None = strawberry.field(
        default=UNSET, description="Colleagues who are told, too, when it is too late; 20 at most."
    )
    since: datetime | None = strawberry.field(default=UNSET, description=_SINCE)
    reason: str | None = strawberry.field(default=UNSET, description=_REASON)


@strawberry.input(description="Which target is withdrawn.")
class TargetWithdrawInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    target_id: ID = strawberry.field(description="The target.")
    since: datetime | None = strawberry.field(default=UNSET, description=_SINCE)
    reason: str | None = strawberry.field(default=UNSET, description=_REASON)


@strawberry.type(description="What came of a command about a calendar.")
class CalendarPayload:
    calendar: Calendar | None = strawberry.field(
        description="The calendar, if it holds now: not one that is to come, or retired."
    )
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type(description="What came of a command about a target.")
class TargetPayload:
    target: Target | None = strawberry.field(
        description="The target, if it holds now: not one that is to come, or withdrawn."
    )
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class CalendarMutation:
    @strawberry.mutation(
        description="Saves when offices are open. Waits that run are measured by it from then on.",
        **MANAGES,
    )
    async def calendar_save(
        self, info: Info[Any, Any], input: CalendarSaveInput
    ) -> CalendarPayload:
        context: Context = info.context
        try:
            wanted = await calendar_wanted(context, input)
            id = calendar_id(context.carteggio.identity_key, " ".join(wanted.name.split()))
            await _check_calendar(context, id)
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: save_calendar(context.carteggio, wanted, envelope)[1],
            )
        except Rejected as refusal:
            return CalendarPayload(calendar=None, position=None, user_errors=[user_error(refusal)])
        return await _calendar_now(context, id, position)

    @strawberry.mutation(description="Lets a calendar hold for nothing any more.", **MANAGES)
    async def calendar_retire(
        self, info: Info[Any, Any], input: CalendarRetireInput
    ) -> CalendarPayload:
        context: Context = info.context
        try:
            id = of_kind(Kind.CALENDAR, input.calendar_id)
            await _check_calendar(context, id)
            retired = CalendarRetired(given(input.since), given(input.reason) or "")
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: retire_calendar(context.carteggio, id, retired, envelope),
            )
        except Rejected as refusal:
            return CalendarPayload(calendar=None, position=None, user_errors=[user_error(refusal)])
        return await _calendar_now(context, id, position)

    @strawberry.mutation(
        description="Sets the target of a scope. Waits that run are measured by it from then on.",
        **MANAGES,
    )
    async def target_set(self, info: Info[Any, Any], input: TargetSetInput) -> TargetPayload:
        context: Context = info.context
        try:
            wanted = await target_wanted(context, input)
            id = target_of(context.carteggio, wanted.scope)
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: set_target(context.carteggio, wanted, envelope)[1],
            )
        except Rejected as refusal:
            return TargetPayload(target=None, position=None, user_errors=[user_error(refusal)])
        return await _target_now(context, id, position)

    @strawberry.mutation(description="Withdraws a target.", **MANAGES)
    async def target_withdraw(
        self, info: Info[Any, Any], input: TargetWithdrawInput
    ) -> TargetPayload:
        context: Context = info.context
        try:
            id = of_kind(Kind.TARGET, input.target_id)
            await _check_target(context, id)
            withdrawn = TargetWithdrawn(given(input.since), given(input.reason) or "")
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: withdraw_target(context.carteggio, id, withdrawn, envelope),
            )
        except Rejected as refusal:
            return TargetPayload(target=None, position=None, user_errors=[user_error(refusal)])
        return await _target_now(context, id, position)


# ---- reading what is entered


async def calendar_wanted(context: Context, input: CalendarSaveInput) -> CalendarSaved:
    """Read a calendar; Rejected: it is of mailboxes that the viewer does not manage."""
    days = given(input.exceptions) or []
    return CalendarSaved(
        zone=input.zone,
        week=read_week(input.hours),
        country=input.country,
        region=input.region,
        exceptions=tuple((one.day, read_hours(one.hours)) for one in days),
        mailboxes=await _concerned(context, given(input.mailbox_ids) or []),
        since=given(input.since),
        name=input.name,
        reason=given(input.reason) or "",
    )


async def target_wanted(context: Context, input: TargetSetInput) -> TargetSet:
    """Read a target; Rejected: it is of a mailbox that the viewer does not manage."""
    first, next_, hours = map(given, (input.first_answer, input.next_answer, input.alarm_hours))
    box, solution = await concerned(context, given(input.mailbox_id)), given(input.solution)
    return TargetSet(
        scope=TargetScope(box, input.party_category, input.document_kind, input.priority),
        first=None if first is None else read_span(first),
        next=None if next_ is None else read_span(next_),
        risk=input.risk_percent,
        alarms=read_week(hours) if hours else (),
        since=given(input.since),
        reason=given(input.reason) or "",
        mode=input.next_answer_from,
        escalate_to=await _colleagues(context, given(input.escalate_to_ids) or []),
        solution=None if solution is None else read_span(solution),
    )


async def _colleagues(context: Context, ids: Iterable[ID]) -> tuple[ColleagueId, ...]:
    found = [ColleagueId(of_kind(Kind.COLLEAGUE, one)) for one in dict.fromkeys(ids)]
    for one in found:
        await asyncio.to_thread(check_registered, context.carteggio, one)
    return tuple(found)


async def _concerned(context: Context, ids: Iterable[ID]) -> tuple[MailboxId, ...]:
    """Read for which mailboxes a calendar is: all of them are managed; none means every one."""
    found = [await concerned(context, one) for one in dict.fromkeys(ids)]
    if not found:
        manages_all(context)
    return tuple(one for one in found if one is not None)


async def _check_calendar(context: Context, id: UUID) -> None:
    """Refuse to change a calendar of mailboxes that the viewer does not manage, or of all.

    It is asked what the stream said last that tells of mailboxes; one that was retired stays whose
    it was.
    """
    events = (recorded.event for recorded in await asyncio.to_thread(_stream, context, id))
    saved = [one for one in events if isinstance(one, CalendarSaved)]
    if not saved:
        return
    if not saved[-1].mailboxes:
        manages_all(context)
    if not all(knows(context, box) for box in saved[-1].mailboxes):
        raise Rejected("NOT_FOUND", "there is no such calendar among those that you manage")


async def _check_target(context: Context, id: UUID) -> None:
    for recorded in await asyncio.to_thread(_stream, context, id):
        if isinstance(recorded.event, TargetSet):
            check_changeable(context, recorded.event.scope.mailbox, "target")


def _stream(context: Context, id: UUID) -> list[Recorded]:
    return list(context.carteggio.journal.stream(id))


# ---- showing what holds


async def _calendar_now(context: Context, id: UUID, position: Position | None) -> CalendarPayload:
    now, boxes = await held(context, NOW)
    shown = next((calendar_object(one, boxes) for one in now.calendars if one.stream == id), None)
    return CalendarPayload(calendar=shown, position=position, user_errors=[])


async def _target_now(context: Context, id: UUID, position: Position | None) -> TargetPayload:
    now, boxes = await held(context, NOW)
    shown = next((target_object(one, boxes) for one in now.targets if one.stream == id), None)
    return TargetPayload(target=shown, position=position, user_errors=[])
