"""How soon mail is answered: figures by person, mailbox, party and month."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import Info

from api.graphql import people
from api.graphql.access import requires
from api.graphql.asking import MOST_OBJECTS, Asking
from api.graphql.mail import Party
from api.graphql.parts import Mailbox
from api.graphql.people import User, user_object
from api.graphql.reading import Reading, mailbox_objects, party_objects
from api.graphql.scalars import Duration
from api.graphql.selection import Selection
from api.graphql.supervising import UnansweredKey
from api.work.responsetimes import response_times
from domain.access import Scope
from domain.responsetimes import Responses, ResponsesBy, Span, Spread
from domain.values import Rejected

strawberry.enum(ResponsesBy, description="By what answers are told apart.")


@strawberry.type(description="How long answers took, in business time.")
class ResponseSpread:
    count: int = strawberry.field(description="How many answers there were.")
    median: Duration | None = strawberry.field(description="Half of them were given within this.")
    ninety_percent: Duration | None = strawberry.field(
        description="Nine of ten of them were given within this."
    )


@strawberry.type(description="How soon mail was answered by a person, in a mailbox, to a party.")
class ResponseTimes:
    key: UnansweredKey | None = strawberry.field(
        description="The colleague, mailbox or party; null: none of these."
    )
    month: str | None = strawberry.field(description="As 2026-03; null where months are joined.")
    first: ResponseSpread = strawberry.field(
        description="First answers: nothing had been answered in their conversations."
    )
    next: ResponseSpread = strawberry.field(description="Further answers.")
    median_age: Duration | None = strawberry.field(
        description="Half of all answers were given within this, by the clock on the wall."
    )
    backlog: int = strawberry.field(description="How many waited when the span or month ended.")


@strawberry.type
class ResponseTimesQuery:
    @strawberry.field(
        description="How soon mail was answered from one moment until another, each answer in the "
        "month in which it was given; most answers first. Ten years at the most, until now.",
        **requires(Scope.READ_MAIL),
    )
    async def response_times(
        self,
        info: Info[Any, Any],
        group_by: ResponsesBy,
        from_: Annotated[datetime, strawberry.argument(name="from")],
        to: datetime,
        monthly: bool = False,  # noqa: FBT001, FBT002  an argument of the API has no other form
    ) -> list[ResponseTimes]:
        asking = Asking.by(info)
        span = Span(from_, to, info.context.carteggio.settings.zone, monthly)
        async with asking.reading() as read:
            place = read.connection, read.names
            found = await response_times(place, read.reader, group_by, span)
            if len(found) > MOST_OBJECTS:
                sentence = f"{MOST_OBJECTS} rows are the most, these are {len(found)}"
                raise Rejected("INVALID", f"{sentence}: ask for a shorter span, or not by month")
            keys = [one.key for one in found if one.key]
            objects = await _objects(read, group_by, keys, Selection.of(info)["key"])
        return [_made(one, objects.get(one.key)) for one in found]


async def _objects(
    read: Reading, by: ResponsesBy, ids: list[UUID], wanted: Selection
) -> Mapping[UUID | None, User | Mailbox | Party]:
    match by:
        case ResponsesBy.PERSON:
            staff = await people.colleagues(read.asking.context)
            return {id: user_object(staff[id], read.asking) for id in ids if id in staff}
        case ResponsesBy.MAILBOX:
            return dict((await mailbox_objects(read, ids)).items())
        case ResponsesBy.PARTY:
            return dict((await party_objects(read, ids, wanted)).items())
        case ResponsesBy.ALL:
            return {}


def _made(one: Responses, key: User | Mailbox | Party | None) -> ResponseTimes:
    return ResponseTimes(
        key=key,
        month=one.month or None,
        first=_spread(one.first),
        next=_spread(one.next),
        median_age=None if one.wall_median is None else Duration(one.wall_median),
        backlog=one.backlog,
    )


def _spread(one: Spread) -> ResponseSpread:
    return ResponseSpread(
        count=one.count,
        median=None if one.median is None else Duration(one.median),
        ninety_percent=None if one.most is None else Duration(one.most),
    )
