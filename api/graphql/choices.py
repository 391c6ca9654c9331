"""Remembered choices as they are shown: who said what of which address, and what rests on it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import strawberry

from api.graphql.ids import Kind, encoded
from api.graphql.mail import Party
from api.graphql.node import Actor, Audited
from api.graphql.paging import Count
from api.graphql.parts import Mailbox
from api.graphql.reading import Reading, mailbox_objects, party_objects
from api.graphql.selection import Selection
from domain.values import ActorKind
from projections import choices
from projections.choices import ChoiceRow
from projections.reader import COUNTED_EXACTLY


@strawberry.type(
    description="What a person said once for all mail with an address: it belongs to a party."
)
class RememberedChoice(Audited):
    address: str = strawberry.field(description="The address, in any role; in lower case.")
    party: Party | None = strawberry.field(description="To whom its mail belongs.")
    everywhere: bool = strawberry.field(
        description="Whether it holds for mail of every mailbox; else for that of `mailbox`."
    )
    mailbox: Mailbox | None = strawberry.field(
        description="Only mail that was seen in this mailbox; null: in any, or in one that may not "
        "be seen."
    )
    subject_words: str | None = strawberry.field(
        description="Only mail with all these words in its subject; null: whatever it says."
    )
    by: Actor = strawberry.field(description="Who said so.")
    at: datetime = strawberry.field(description="When.")
    is_forgotten: bool = strawberry.field(description="Whether it was taken back since.")
    messages: Count = strawberry.field(
        description="How many messages rest on it, of those that may be seen."
    )


async def choice_objects(
    read: Reading, ids: Collection[UUID], wanted: Selection
) -> dict[UUID, RememberedChoice]:
    """Give many remembered choices, as far as they may be known."""
    if not ids:
        return {}
    rows = await choices.by_ids(*read.asked, list(ids))
    return await made_choices(read, list(rows.values()), wanted)


async def made_choices(
    read: Reading, rows: Sequence[ChoiceRow], wanted: Selection
) -> dict[UUID, RememberedChoice]:
    """Make remembered choices of rows."""
    counts: Mapping[UUID, int] = {}
    boxes: Mapping[UUID, Mailbox] = {}
    whose: Mapping[UUID, Party] = {}
    if "messages" in wanted:
        counts = await choices.counts_of(*read.asked, [row.id for row in rows])
    if "mailbox" in wanted:
        boxes = await mailbox_objects(read, {row.mailbox for row in rows if row.mailbox})
    if "party" in wanted:
        whose = await party_objects(read, {row.party for row in rows}, wanted["party"])
    return {
        row.id: RememberedChoice(
            id=encoded(Kind.CHOICE, row.id),
            key=row.id,
            asking=read.asking,
            address=row.address,
            party=whose.get(row.party),
            everywhere=row.mailbox is None,
            mailbox=boxes.get(row.mailbox) if row.mailbox else None,
            subject_words=row.words or None,
            by=Actor(kind=ActorKind(row.actor_kind), id=row.actor_id),
            at=row.at,
            is_forgotten=row.forgotten,
            messages=_count(counts.get(row.id, 0)),
        )
        for row in rows
    }


def _count(found: int) -> Count:
    return Count(value=min(found, COUNTED_EXACTLY), is_exact=found <= COUNTED_EXACTLY)
