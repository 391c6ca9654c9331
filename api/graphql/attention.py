"""Whose a conversation is, and how it stands: shown where it waits, and on itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry import Info
from strawberry.dataloader import DataLoader

from api.graphql.context import Context
from api.graphql.people import User, colleagues, user_object
from api.graphql.selection import Selection
from api.work.attention import Asked, OwnedBecause, Ownership, owners_of
from domain.waitgroups import Attending
from projections.attention import asked_in
from projections.episodes import BOUNCED, Waiting
from projections.reader import AsOf, Reader

strawberry.enum(
    Attending,
    name="AttendingState",
    description="What is done about what waits: WAITING nothing yet, IN_HAND somebody is at it, "
    "SNOOZED it rests until a time or until they write, PAUSED its clock stands.",
)
strawberry.enum(
    OwnedBecause,
    name="OwnerReason",
    description="Why a conversation is somebody's, or nobody's own: GROUP nobody said so, and it "
    "lies in a shared mailbox, or in several; TAKEN, HANDED_OVER by a person, RULE by a rule; "
    "GIVEN_BACK, ABSENCE back to the mailbox's people, by a person, or as its owner is away; MAILBOX "
    "it lies in his own; SUBSTITUTE he stands in; NOBODY_THERE its owner is away, and nobody does.",
)


@strawberry.enum(description="Why something waits.")
class WaitReason(Enum):
    ASKED = strawberry.enum_value("asked", description="They ask for an answer.")
    REOPENED = strawberry.enum_value("reopened", description="Somebody said that it needs one.")
    ANSWER_BOUNCED = strawberry.enum_value(
        "answer_bounced", description="The answer came back: it reached nobody."
    )


@strawberry.type(description="Whose a conversation is, and how it stands.")
class Attention:
    state: Attending = strawberry.field(description="How it stands.")
    owner: User | None = strawberry.field(
        description="Whose it is now; null: its mailbox's people's, or nobody is there."
    )
    owner_reason: OwnedBecause = strawberry.field(description="Why it is his, or nobody's own.")
    instead_of: User | None = strawberry.field(
        description="Whose it would be were he there; null where nobody stands in."
    )
    since: datetime | None = strawberry.field(
        description="When it began to stand so; null: nobody ever said anything."
    )
    owned_since: datetime | None = strawberry.field(
        description="When it was taken or handed over; null: nobody ever did."
    )
    note: str | None = strawberry.field(
        description="What who handed it over told who got it; it never leaves by mail to others."
    )
    is_passed_on: bool = strawberry.field(
        description="Whether it is in hand as a colleague, or somebody who had not asked, was "
        "written to about it."
    )
    snoozed_until: datetime | None = strawberry.field(
        description="When it comes back by itself; it does so as well when they write."
    )
    is_paused: bool = strawberry.field(description="Whether its clock stands.")
    reason: str | None = strawberry.field(description="Why it is snoozed or paused.")


@strawberry.type
class Attended:
    """What a wait tells of that."""

    attention: Attention = strawberry.field(description="Whose it is, and how it stands.")
    reason: WaitReason = strawberry.field(description="Why it waits.")


@strawberry.type
class AttendedThread:
    """What a conversation tells of that."""

    @strawberry.field(description="Whose it is now, and how it stands if it waits.")
    async def attention(self: Any, info: Info[Any, Any]) -> Attention:
        return await (await _loader(info.context, self.asking)).load(self.key)


async def attended(
    asking: Any,
    asked: Asked,
    reader: Reader,
    as_of: AsOf,
    rows: Sequence[Waiting],
    wanted: Selection,
) -> dict[UUID, dict[str, Any]]:
    """Give those fields for waits, by their messages; what nobody asks for is not looked up."""
    owned: Mapping[UUID, Ownership] = {}
    if "attention" in wanted:
        boxes = {row.conversation: row.mailboxes for row in rows}
        owned = await owners_of(asked, reader, boxes, as_of)
    made = await _made(asking, owned)
    return {
        row.message: {
            "attention": made.get(row.conversation),
            "reason": _reason(row),
        }
        for row in rows
    }


def _reason(row: Waiting) -> WaitReason:
    """Give why it waits, or waited in the past that is asked for: it may have ended since."""
    if row.begun > row.since:
        return WaitReason.REOPENED
    return WaitReason.ANSWER_BOUNCED if row.reason == BOUNCED else WaitReason.ASKED


async def _made(asking: Any, owned: Mapping[UUID, Ownership]) -> dict[UUID, Attention]:
    staff = await colleagues(asking.context) if owned else {}

    def user(id: UUID | None) -> Any:
        return user_object(staff[id], asking) if id is not None and id in staff else None

    return {
        conversation: _attention(one, user(one.owner), user(one.instead_of))
        for conversation, one in owned.items()
    }


def _attention(owned: Ownership, owner: Any, instead_of: Any) -> Attention:
    said = owned.attention
    return Attention(
        state=said.state if said else Attending.WAITING,
        owner=owner,
        owner_reason=owned.because,
        instead_of=instead_of,
        since=said.since if said else None,
        owned_since=said.owned_at if said else None,
        note=(said.note or None) if said else None,
        is_passed_on=said is not None and said.passed_on,
        snoozed_until=said.snoozed_until if said else None,
        is_paused=said is not None and said.paused,
        reason=(said.reason or None) if said else None,
    )


_Loader = DataLoader[UUID, Attention]
_NAME: Final = "attention"


async def _loader(context: Context, asking: Any) -> _Loader:
    """Give what reads the attention of all conversations that a request shows, together."""

    async def load(ids: Sequence[UUID]) -> list[Attention]:
        async with context.read() as (connection, names):
            reader = context.viewer.reader
            boxes = await asked_in(connection, names, reader, ids)
            every = {one: boxes.get(one, []) for one in ids}
            owned = await owners_of((connection, names), reader, every)
        made = await _made(asking, owned)
        return [made[one] for one in ids]

    async def begun() -> _Loader:
        return DataLoader(load_fn=load)

    return await context.once(_NAME, begun)
