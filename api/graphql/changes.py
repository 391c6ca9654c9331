"""Following what happens: all that the viewer may see, in order, from a position on.

    read models moved ─▶ who follows still may? ─▶ a page of what he sees ─▶ one change after another

Nothing is kept for who follows: he reads from where he is, so a slow one holds nobody up.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import strawberry
from strawberry import ID, UNSET, Info
from strawberry.scalars import JSON

from api.graphql.access import marks
from api.graphql.asking import Asking
from api.graphql.context import Context
from api.graphql.entries import subject_id
from api.graphql.ids import Kind, of_kind
from api.graphql.live import CHECK_S, Live
from api.graphql.node import Node
from api.graphql.paging import given
from api.graphql.scalars import Position
from api.graphql.selection import Selection
from domain.access import Scope
from domain.values import Rejected
from projections import changes as reading
from projections.changes import CHANGES
from projections.trail import EntryRow

_PAGE: Final = 100
_WINDOW: Final = 20_000
_TOGETHER_S: Final = 0.2
_MOST_IDS: Final = 200


@strawberry.type(description="Something that happened.")
class Change:
    position: Position = strawberry.field(
        description="Its place in the journal: given as `after`, what follows is told."
    )
    event: str = strawberry.field(description="The event's name, which never changes.")
    at: datetime = strawberry.field(description="When it was recorded, by the server's clock.")
    subject_id: ID = strawberry.field(description="What it happened to.")
    summary: str | None = strawberry.field(
        description="What happened, in a sentence; null if it quotes mail that may not be seen."
    )
    data: JSON | None = strawberry.field(description="The event's fields, as in AuditEntry.data.")

    @strawberry.field(
        description="What it happened to, as it is now; null for what cannot be shown."
    )
    async def node(self, info: Info[Any, Any]) -> Node | None:
        asking = Asking.by(info)
        return (await asking.nodes([self.subject_id], Selection.of(info)))[0]


@strawberry.input(description="Which changes are told; what is left out narrows nothing.")
class ChangeFilter:
    mailbox_ids: list[ID] | None = strawberry.field(
        default=UNSET, description="Of mail that lies in, or left from, one of these."
    )
    party_id: ID | None = strawberry.field(
        default=UNSET, description="What concerns this party, or mail that belongs to it."
    )
    document_id: ID | None = strawberry.field(
        default=UNSET, description="What concerns this document, or mail that belongs to it."
    )
    events: list[str] | None = strawberry.field(
        default=UNSET, description="Events of these names: document.sent, message.received, …"
    )

    def wanted(self) -> reading.ChangeFilter:
        """Say it in the read model's words."""
        boxes = [of_kind(Kind.MAILBOX, one) for one in _few(given(self.mailbox_ids))]
        party, document = given(self.party_id), given(self.document_id)
        return reading.ChangeFilter(
            events=_events(given(self.events)),
            mailboxes=tuple(boxes),
            party=of_kind(Kind.PARTY, party) if party else None,
            document=of_kind(Kind.DOCUMENT, document) if document else None,
        )


@strawberry.type(description="What can be followed.")
class Subscription:
    @strawberry.subscription(
        description="What happens, in order, as far as it may be seen: after a position, each "
        "change once; without one, from now on.",
        directives=marks(Scope.READ_MAIL),
    )
    async def changes(
        self,
        info: Info[Any, Any],
        after: Position | None = UNSET,
        filter: ChangeFilter | None = UNSET,
    ) -> AsyncGenerator[Change, None]:
        context: Context = info.context
        context.viewer.require(Scope.READ_MAIL)
        if context.live is None:
            raise Rejected("INVALID", "changes are followed over WebSocket, or as event stream")
        wanted = (filter or ChangeFilter()).wanted()
        with context.live.horizon.followed():
            async for row in _following(context, context.live, wanted, given(after)):
                yield _change(row)


@dataclass(frozen=True, slots=True)
class _Read:
    """A page, and up to where nothing else is to be told."""

    rows: list[EntryRow]
    through: int


async def _following(
    context: Context, live: Live, wanted: reading.ChangeFilter, after: int | None
) -> AsyncIterator[EntryRow]:
    position = await live.horizon.reached() if after is None else after
    while True:
        await _renew(context, live)
        upto = await live.horizon.beyond(position, CHECK_S)
        if upto is None:
            continue
        page = await _page(context, live, wanted, position, upto)
        for row in page.rows:
            if await _renew(context, live):
                break  # he sees something else now: it is read anew from here
            position = row.position
            yield row
        else:
            position = page.through
            if not page.rows and position == upto:
                await asyncio.sleep(_TOGETHER_S)  # much moves while much mail comes in


async def _page(
    context: Context, live: Live, wanted: reading.ChangeFilter, after: int, upto: int
) -> _Read:
    upto = min(upto, after + _WINDOW)
    async with live.horizon.reading, context.read() as (connection, names):
        asked = connection, names, context.viewer.reader
        rows = await reading.changes(*asked, wanted, after, upto, _PAGE)
    return _Read(rows, rows[-1].position if len(rows) == _PAGE else upto)


async def _renew(context: Context, live: Live) -> bool:
    """Look who follows, if that is some time ago; tell whether he sees something else now."""
    context.asked_for = 0
    viewer = await live.checked()
    if viewer is None:
        return False
    viewer.require(Scope.READ_MAIL)
    changed = viewer.reader != context.viewer.reader
    context.begin_anew(viewer)
    return changed


def _change(row: EntryRow) -> Change:
    return Change(
        position=Position(row.position),
        event=row.name,
        at=row.recorded_at,
        subject_id=subject_id(row),
        summary=row.summary or None,
        data=orjson.loads(row.data) if row.data else None,
    )


def _events(named: list[str] | None) -> tuple[str, ...]:
    if named is None:
        return CHANGES
    if unknown := [one for one in named if one not in CHANGES]:
        raise Rejected("INVALID", f"events: {unknown[0][:60]!r} is not told to who follows")
    return tuple(dict.fromkeys(named))


def _few(ids: list[ID] | None) -> list[ID]:
    if ids and len(ids) > _MOST_IDS:
        raise Rejected("INVALID", f"mailboxIds: {_MOST_IDS} at most")
    return ids or []
