"""What waits, for who answers for it: filters, orders, groups, as of any moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, Final
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql import ids, people
from api.graphql.access import requires
from api.graphql.asking import Asking, asked_page, nodes_of
from api.graphql.ids import Kind
from api.graphql.inputs import AsOf, moment, tag_key
from api.graphql.letters import made_waits
from api.graphql.mail import Party, Unanswered
from api.graphql.paging import Connection, at_most, connection, given, slice_of_ordered, text
from api.graphql.parts import Mailbox
from api.graphql.people import User, user_object
from api.graphql.reading import Reading, mailbox_objects, party_objects
from api.graphql.scalars import Duration
from api.graphql.selection import Selection
from api.work.supervising import DUE_FIRST, due_row, summary, waits
from api.work.waitboard import is_kept, view_of, with_business
from api.work.waitviews import Stretch, View, stretches
from domain.access import Scope
from domain.dueness import Standing
from domain.waitgroups import ANY_WAIT, AgeBand, Attending, Group, GroupBy, Key, WaitsWanted
from projections import merges
from projections.reader import Order, Slice
from projections.waits import (
    LONGEST_WAIT_FIRST,
    LONGEST_WAIT_LAST,
    WaitingFilter,
    waiting_of,
)

strawberry.enum(GroupBy, name="UnansweredGroup", description="By what waits are told apart.")
strawberry.enum(
    AgeBand,
    description="How old a wait is, by the clock on the wall: younger than the bound, and not "
    "younger than the band before.",
)


@strawberry.enum(description="In which order is given what waits.")
class UnansweredOrder(Enum):
    SINCE_ASC = strawberry.enum_value("since_asc", description="The longest wait first.")
    SINCE_DESC = strawberry.enum_value("since_desc", description="The longest wait last.")
    DUE_ASC = strawberry.enum_value(
        "due_asc", description="What is due first, first; what is never due comes last."
    )


_ORDERS: Final = {
    UnansweredOrder.SINCE_ASC: LONGEST_WAIT_FIRST,
    UnansweredOrder.SINCE_DESC: LONGEST_WAIT_LAST,
    UnansweredOrder.DUE_ASC: DUE_FIRST,
}


@strawberry.input(description="Which of the mail that waits; nothing given means all.")
class UnansweredFilter:
    mailbox_ids: list[ID] | None = strawberry.field(
        default=UNSET, description="That waits in one of these mailboxes."
    )
    party_id: ID | None = strawberry.field(default=UNSET, description="Of this party.")
    since_before: datetime | None = strawberry.field(
        default=UNSET, description="That has waited since before this moment."
    )
    owner_ids: list[ID] | None = strawberry.field(
        default=UNSET, description="That belongs to one of these colleagues."
    )
    is_unowned: bool | None = strawberry.field(
        default=UNSET, description="True: what belongs to nobody, beside what `ownerIds` names."
    )
    sales_managers: list[str] | None = strawberry.field(
        default=UNSET, description="Whose party is looked after by one of these, as the ERP says."
    )
    kinds: list[str] | None = strawberry.field(
        default=UNSET, description="About a document of one of these kinds, as the ERP says."
    )
    sla: list[Standing] | None = strawberry.field(
        default=UNSET, description="That stands so to its target."
    )
    states: list[Attending] | None = strawberry.field(
        default=UNSET, description="That stands so; where none are named, all but what is snoozed."
    )
    ages: list[AgeBand] | None = strawberry.field(default=UNSET, description="That is so old.")
    text: str | None = strawberry.field(
        default=UNSET,
        description="With this in the subject, or in the sender's name or address, case aside.",
    )

    tag: str | None = strawberry.field(
        default=UNSET, description="Of a conversation with a message with this tag, case aside."
    )

    def within(self) -> WaitingFilter:
        """Say what the database tells apart."""
        party = given(self.party_id)
        return WaitingFilter(
            tuple(ids.of_kind(Kind.MAILBOX, one) for one in given(self.mailbox_ids) or ()),
            None if party is None else ids.of_kind(Kind.PARTY, party),
            given(self.since_before),
            text=given(self.text) or "",
            awake=not given(self.states),
            tag=tag_key(self.tag) or "",
        )

    def wanted(self) -> WaitsWanted:
        """Say what is told apart once it is known of each wait."""
        owners = [ids.of_kind(Kind.COLLEAGUE, one) for one in given(self.owner_ids) or ()]
        nobody: list[UUID | None] = [None] if given(self.is_unowned) else []
        return WaitsWanted(
            owners=(*owners, *nobody),
            managers=tuple(map(text, given(self.sales_managers) or ())),
            kinds=tuple(map(text, given(self.kinds) or ())),
            standings=tuple(given(self.sla) or ()),
            attending=tuple(given(self.states) or ()),
            ages=tuple(given(self.ages) or ()),
        )


UnansweredKey = Annotated[
    User | Mailbox | Party,
    strawberry.union("UnansweredKey", description="Whose, where, of whom it waits."),
]


@strawberry.type(
    description="What waits and is alike. A wait counts in each of its groups, so they may add up "
    "to more than there is."
)
class UnansweredBucket:
    key: UnansweredKey | None = strawberry.field(
        description="The colleague, mailbox or party; null for nobody and where it is a word."
    )
    name: str = strawberry.field(
        description="What the group is called; the word itself, of kinds, ages, states; empty: none."
    )
    count: int = strawberry.field(description="How many wait.")
    breached: int = strawberry.field(description="How many of them are too late.")
    at_risk: int = strawberry.field(description="How many of them are nearly too late.")
    oldest_since: datetime = strawberry.field(description="Since when the first of them waits.")
    median_age: Duration = strawberry.field(
        description="How long the middle one waits, by the clock on the wall."
    )
    median_business_age: Duration | None = strawberry.field(
        description="How long that one waits, in business time."
    )


@strawberry.type
class SupervisingQuery:
    @strawberry.field(
        description="Mail that nobody has answered, now or in the past.",
        **requires(Scope.READ_MAIL),
    )
    async def unanswered(
        self,
        info: Info[Any, Any],
        filter: UnansweredFilter | None = UNSET,
        order: UnansweredOrder = UnansweredOrder.SINCE_ASC,
        as_of: AsOf | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Unanswered]:
        at = {"first": first, "after": after, "last": last, "before": before}
        asked = _Asked(Asking.by(info), info, filter or UnansweredFilter(), as_of)
        return await asked.page(_ORDERS[order], at)

    @strawberry.field(
        description="Mail that nobody has answered, by groups: bands and states in their order, "
        "others by how many wait, most first.",
        **requires(Scope.READ_MAIL),
    )
    async def unanswered_summary(
        self,
        info: Info[Any, Any],
        group_by: GroupBy,
        filter: UnansweredFilter | None = UNSET,
        as_of: AsOf | None = UNSET,
        first: Annotated[
            int | None, strawberry.argument(description="Only so many, those in front; else all.")
        ] = UNSET,
    ) -> list[UnansweredBucket]:
        asked = _Asked(Asking.by(info), info, filter or UnansweredFilter(), as_of)
        most = given(first)
        return await asked.summary(group_by, None if most is None else at_most("first", most))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of what waits."""

    asking: Asking
    info: Info[Any, Any]
    filter: UnansweredFilter
    as_of: AsOf | None

    async def page(self, order: Order, at: Mapping[str, Any]) -> Connection[Unanswered]:
        """Give a page; of the past and of words, what the database tells apart it pages, too."""
        within, wanted, then = self.filter.within(), self.filter.wanted(), moment(self.as_of)
        kept = is_kept(then, within)
        if not kept and wanted == ANY_WAIT and order is not DUE_FIRST:
            return await self.asking.unanswered(self.info, within, then, order, **at)
        asked = asked_page(self.info, order, at)
        async with self.asking.reading(then) as read:
            within = await self._counted(read, within)
            if kept:
                view, spans = await self._view(read, within, wanted, datetime.now(UTC))
                ordered = view.due_first if order is DUE_FIRST else view.since
                return await self._rows(
                    read, slice_of_ordered(ordered(spans), order, asked), order
                )
            place = read.connection, read.names
            found = await waits(place, read.reader, then, within, wanted)
            if order is DUE_FIRST:
                rows = sorted(map(due_row, found), key=order.key)
                return await self._rows(read, slice_of_ordered(rows, order, asked), order)
        only = replace(within, messages=tuple(one.message for one in found))
        return await self.asking.unanswered(self.info, only, then, order, **at)

    async def _view(
        self, read: Reading, within: WaitingFilter, wanted: WaitsWanted, at: datetime
    ) -> tuple[View, Sequence[Stretch]]:
        place, whose = (read.connection, read.names), self.asking.context.carteggio.database
        view = await view_of(place, whose, read.reader, at, within, wanted)
        return view, stretches(wanted.ages, within.before, at)

    async def _rows(self, read: Reading, page: Slice[Any], order: Order) -> Connection[Unanswered]:
        begun = [row.message for row in page.rows]
        rows = list((await waiting_of(*read.asked, begun, read.as_of)).values())
        made = await made_waits(read, rows, nodes_of(self.info))
        of = {row.message: one for row, one in zip(rows, made, strict=True)}
        return connection(page, order, lambda row: of.get(row.message))

    async def summary(self, by: GroupBy, first: int | None) -> list[UnansweredBucket]:
        """Give the groups, or the first of them."""
        then = moment(self.as_of)
        async with self.asking.reading(then) as read:
            within = await self._counted(read, self.filter.within())
            within = replace(within, awake=within.awake and by is not GroupBy.STATE)
            found = await self._groups(read, by, within, first)
            objects = await self._objects(read, by, [one.key for one in found])
        return [_bucket(one, objects.get(one.key)) for one in found]

    async def _groups(
        self, read: Reading, by: GroupBy, within: WaitingFilter, first: int | None
    ) -> list[Group]:
        place, wanted = (read.connection, read.names), self.filter.wanted()
        if not is_kept(read.as_of, within):
            found = await summary(place, read.reader, by, read.as_of, within, wanted)
            return found[:first]
        at = datetime.now(UTC)
        view, spans = await self._view(read, within, wanted, at)
        found = view.groups(by, at, spans, first)
        if "medianBusinessAge" not in Selection.of(self.info):
            return found
        return await with_business(place, read.reader, found)

    async def _counted(self, read: Reading, within: WaitingFilter) -> WaitingFilter:
        """Ask for the party as which one counts."""
        if within.party is None:
            return within
        counted = await merges.survivor_of(*read.asked, within.party, read.as_of)
        return replace(within, party=counted)

    async def _objects(
        self, read: Reading, by: GroupBy, keys: Sequence[Key]
    ) -> Mapping[Key, User | Mailbox | Party]:
        named = [one for one in keys if isinstance(one, UUID)]
        match by:
            case GroupBy.OWNER | GroupBy.SALES_MANAGER:
                staff = await people.colleagues(self.asking.context)
                return {id: user_object(staff[id], self.asking) for id in named if id in staff}
            case GroupBy.MAILBOX:
                return dict((await mailbox_objects(read, named)).items())
            case GroupBy.PARTY:
                shown = await party_objects(read, named, Selection.of(self.info)["key"])
                return dict(shown.items())
            case _:
                return {}


def _bucket(group: Group, object: User | Mailbox | Party | None) -> UnansweredBucket:
    word = "" if group.key is None or isinstance(group.key, UUID) else group.key
    match object:
        case Mailbox():
            word = object.name or object.address
        case User() | Party():
            word = object.name
        case _:
            pass
    return UnansweredBucket(
        key=object,
        name=word,
        count=group.count,
        breached=group.breached,
        at_risk=group.at_risk,
        oldest_since=group.oldest,
        median_age=Duration(group.median),
        median_business_age=(
            None if group.business_median is None else Duration(group.business_median)
        ),
    )
