"""Who is away, and who stands in: asked, and said by a colleague for himself or for others."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid5

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql import people
from api.graphql.access import requires
from api.graphql.asking import Asking
from api.graphql.commands import COMMAND_ID, UserError, check_command_id, obeyed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.inputs import AsOf, moment
from api.graphql.node import Actor
from api.graphql.paging import given, text
from api.graphql.people import User, user_object
from api.graphql.scalars import Position
from api.work.absences import Said, Span, cancel_absence, overlapping, set_absence
from domain.absence import stand_in
from domain.access import Scope
from domain.values import AbsenceId, ActorKind, ColleagueId, Rejected, TemplateId
from projections.absences import AbsenceRow, absence, absences_between, in_force

_NO_ABSENCE: Final = "there is no such absence; ask for those that stand (absences)"


@strawberry.type(description="An automatic answer in a language.")
class AbsenceText:
    language: str = strawberry.field(description="The language, as it, de, en.")
    text: str = strawberry.field(description="What is answered.")


@strawberry.type(description="From when to when a colleague is away.")
class Absence:
    id: ID = strawberry.field(description="Opaque; the same for ever.")
    user: User | None = strawberry.field(description="Who is away.")
    from_: datetime = strawberry.field(name="from", description="Since when.")
    to: datetime | None = strawberry.field(
        description="He is there again at this moment; null: nobody knows when."
    )
    is_whole_days: bool = strawberry.field(description="Whether it was said in days of its zone.")
    time_zone: str = strawberry.field(description="The zone in which it was said.")
    substitute: User | None = strawberry.field(description="Who stands in.")
    answers_mail: bool = strawberry.field(description="Whether mail is answered automatically.")
    texts: list[AbsenceText] = strawberry.field(description="The answers.")
    template_id: ID | None = strawberry.field(description="The template that is used instead.")
    by: Actor = strawberry.field(description="Who said it so.")
    at: datetime = strawberry.field(description="When he said it.")


@strawberry.type(description="Who is there for a colleague.")
class StandingIn:
    user: User | None = strawberry.field(description="Who; null: nobody.")
    because: list[Absence] = strawberry.field(
        description="The absences that were followed, in order; none: he is there himself."
    )
    is_circle: bool = strawberry.field(
        description="Whether nobody is there as they stand in for each other."
    )


@strawberry.input(description="An answer in a language.")
class AbsenceTextInput:
    language: str = strawberry.field(description="The language, as it, de, en.")
    text: str = strawberry.field(description="What is answered.")


@strawberry.input(
    description="An absence, the whole of it: `from` or `firstDay`, and `to` or `lastDay`; without "
    "an end nobody knows until when."
)
class AbsenceSetInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    user_id: ID = strawberry.field(description="Who is away.")
    absence_id: ID | None = strawberry.field(
        default=UNSET, description="One that is to be changed; else it is a new one."
    )
    from_: datetime | None = strawberry.field(
        name="from", default=UNSET, description="Since this moment."
    )
    to: datetime | None = strawberry.field(default=UNSET, description="Until this moment.")
    first_day: date | None = strawberry.field(
        default=UNSET, description="Since the beginning of this day in his zone."
    )
    last_day: date | None = strawberry.field(
        default=UNSET, description="Until the end of this day in his zone."
    )
    substitute_id: ID | None = strawberry.field(default=UNSET, description="Who stands in.")
    answers_mail: bool = strawberry.field(
        default=False, description="Whether mail is answered automatically."
    )
    texts: list[AbsenceTextInput] | None = strawberry.field(
        default=UNSET, description="What is answered, by language of who wrote."
    )
    template_id: ID | None = strawberry.field(
        default=UNSET, description="The template of the answer, instead of texts."
    )


@strawberry.input(description="Which absence counts no more.")
class AbsenceCancelInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    absence_id: ID = strawberry.field(description="The absence.")


@strawberry.type(description="What came of a command about an absence.")
class AbsencePayload:
    absence: Absence | None = strawberry.field(
        description="The absence as it is now; null once it is cancelled."
    )
    overlapping: list[Absence] = strawberry.field(
        description="Other absences of the same colleague that touch it; they stand, too."
    )
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class AbsenceQuery:
    @strawberry.field(
        description="Absences that touch a span, by their beginning; those that were cancelled are "
        "told as of a past in which they stood: what was known at a position, said at a time.",
        **requires(Scope.READ_MAIL),
    )
    async def absences(
        self,
        info: Info[Any, Any],
        user_id: ID | None = UNSET,
        since: datetime | None = UNSET,
        until: datetime | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> list[Absence]:
        context: Context = info.context
        who = of_kind(Kind.COLLEAGUE, user_id) if given(user_id) and user_id else None
        async with context.read() as asked:
            rows = await absences_between(
                *asked,
                context.viewer.reader,
                begins=given(since),
                ends=given(until),
                colleague=who,
                as_of=moment(as_of),
            )
        return await _shown(context, rows)

    @strawberry.field(
        description="Who is there for a colleague at a moment, now if none is given, by what was "
        "said then: he himself, a substitute, also of a substitute, or nobody.",
        **requires(Scope.READ_MAIL),
    )
    async def standing_in(
        self, info: Info[Any, Any], user_id: ID, at: datetime | None = UNSET
    ) -> StandingIn:
        context: Context = info.context
        who = ColleagueId(of_kind(Kind.COLLEAGUE, user_id))
        when = given(at) or datetime.now(UTC)
        async with context.read() as asked:
            rows = {row.id: row for row in await in_force(*asked, context.viewer.reader, when)}
        found = stand_in(who, [row.absence for row in rows.values()], when)
        staff = await people.colleagues(context)
        there = staff.get(found.who) if found.who else None
        return StandingIn(
            user=user_object(there, Asking(context)) if there else None,
            because=await _shown(context, [rows[one.id] for one in found.by]),
            is_circle=found.circle,
        )


@strawberry.type
class AbsenceMutation:
    @strawberry.mutation(
        description="Says from when to when a colleague is away: he for himself with his own "
        "token, for others with the scope `manage_absences`."
    )
    async def absence_set(self, info: Info[Any, Any], input: AbsenceSetInput) -> AbsencePayload:
        context: Context = info.context
        try:
            check_command_id(input.command_id)
            whose = ColleagueId(of_kind(Kind.COLLEAGUE, input.user_id))
            may_say(context, whose)
            id = await _named(context, input, whose)
            said = _said(input)
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: set_absence(context.carteggio, id, whose, said, envelope),
            )
        except Rejected as refusal:
            return _refused(refusal)
        return await _payload(context, id, position)

    @strawberry.mutation(
        description="Lets an absence count no more, or says that he is back; for whom as with "
        "`absenceSet`."
    )
    async def absence_cancel(
        self, info: Info[Any, Any], input: AbsenceCancelInput
    ) -> AbsencePayload:
        context: Context = info.context
        try:
            id = AbsenceId(of_kind(Kind.ABSENCE, input.absence_id))
            row = await _row(context, id)
            if row is None:
                raise Rejected("NOT_FOUND", _NO_ABSENCE)
            whose = ColleagueId(row.colleague)
            may_say(context, whose)
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: cancel_absence(context.carteggio, id, whose, envelope),
            )
        except Rejected as refusal:
            return _refused(refusal)
        return AbsencePayload(absence=None, overlapping=[], position=position, user_errors=[])


def may_say(context: Context, whose: ColleagueId) -> None:
    """Refuse who is neither the colleague nor may say it for others."""
    if context.viewer.colleague != whose:
        context.viewer.require(Scope.MANAGE_ABSENCES)


async def _named(context: Context, input: AbsenceSetInput, whose: ColleagueId) -> AbsenceId:
    """Give the absence that is changed, or the id of a new one: the same for the same command."""
    if not (named := given(input.absence_id)):
        name = f"absence\n{context.viewer.token}\n{input.command_id}"
        return AbsenceId(uuid5(whose, name))
    row = await _row(context, of_kind(Kind.ABSENCE, named))
    if row is None or row.colleague != whose:
        raise Rejected("NOT_FOUND", _NO_ABSENCE)
    return AbsenceId(row.id)


def _said(input: AbsenceSetInput) -> Said:
    begins = [one for one in (given(input.from_), given(input.first_day)) if one is not None]
    ends = [one for one in (given(input.to), given(input.last_day)) if one is not None]
    if len(begins) != 1 or len(ends) > 1:
        raise Rejected("INVALID", "say from or firstDay, and to or lastDay, one of each")
    substitute, template = given(input.substitute_id), given(input.template_id)
    return Said(
        span=Span(begins[0], ends[0] if ends else None),
        substitute=ColleagueId(of_kind(Kind.COLLEAGUE, substitute)) if substitute else None,
        answers=input.answers_mail,
        texts=tuple((text(one.language), text(one.text)) for one in given(input.texts) or ()),
        template=TemplateId(of_kind(Kind.TEMPLATE, template)) if template else None,
    )


async def _row(context: Context, id: UUID) -> AbsenceRow | None:
    async with context.read() as asked:
        return await absence(*asked, context.viewer.reader, id)


async def _payload(context: Context, id: UUID, position: Position | None) -> AbsencePayload:
    row = await _row(context, id)
    others = await overlapping(context.carteggio, row) if row else []
    shown = await _shown(context, [row, *others] if row else [])
    return AbsencePayload(
        absence=shown[0] if shown else None,
        overlapping=shown[1:],
        position=position,
        user_errors=[],
    )


def _refused(refusal: Rejected) -> AbsencePayload:
    return AbsencePayload(
        absence=None, overlapping=[], position=None, user_errors=[user_error(refusal)]
    )


async def _shown(context: Context, rows: Sequence[AbsenceRow]) -> list[Absence]:
    staff, asking = await people.colleagues(context), Asking(context)
    return [_absence(row, staff, asking) for row in rows]


def _absence(row: AbsenceRow, staff: Mapping[UUID, Any], asking: Asking) -> Absence:
    whose = staff.get(row.colleague)
    instead = staff.get(row.substitute) if row.substitute else None
    return Absence(
        id=encoded(Kind.ABSENCE, row.id),
        user=user_object(whose, asking) if whose else None,
        from_=row.begins,
        to=row.ends,
        is_whole_days=row.whole_days,
        time_zone=row.zone,
        substitute=user_object(instead, asking) if instead else None,
        answers_mail=row.answers,
        texts=[AbsenceText(language=one, text=said) for one, said in row.answered.items()],
        template_id=encoded(Kind.TEMPLATE, row.template) if row.template else None,
        by=Actor(kind=ActorKind(row.actor_kind), id=row.actor_id),
        at=row.said_at,
    )
