"""Mail that could not be read in full: which and why, and the order to read it once more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import checks, marks, requires
from api.graphql.asking import asked_page
from api.graphql.commands import COMMAND_ID, UserError, obeyed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.letters import message_objects
from api.graphql.mail import Message
from api.graphql.managing import managed
from api.graphql.orders import MOST
from api.graphql.paging import Connection, connection, given
from api.graphql.scalars import Position
from api.graphql.selection import Selection
from api.work import reprocessing
from domain.access import Scope
from domain.quarantine import ReprocessingOrdered
from domain.values import MailboxId, MessageId, Rejected
from projections import messages, quarantine


@strawberry.type(description="A message that could not be read in full; its raw octets are kept.")
class QuarantinedMessage:
    message_id: ID = strawberry.field(description="The message's id.")
    received_at: datetime = strawberry.field(description="When it was received.")
    size: int = strawberry.field(description="Its octets.")
    reasons: list[str] = strawberry.field(description="What could not be read, in a few words.")
    reader_version: int = strawberry.field(description="Which version of our reader tried it.")
    is_ordered: bool = strawberry.field(
        description="Whether it waits to be read once more; then it is gone from here, or is no "
        "longer waiting."
    )
    message: Message | None = strawberry.field(
        description="The message as far as it could be read; null if it may not be seen.",
        extensions=checks(Scope.READ_MAIL),
        directives=marks(Scope.READ_MAIL),
    )


@strawberry.input(description="Which mail in quarantine is read once more.")
class QuarantineReprocessInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] | None = strawberry.field(
        default=UNSET, description="The messages, 100 at most; left out: all that are managed."
    )


@strawberry.type(description="What came of an order to read mail once more.")
class QuarantinePayload:
    waiting: int = strawberry.field(description="How many of the messages wait to be read now.")
    position: Position | None = strawberry.field(
        description="Where in the journal the order is; null if nothing was ordered."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class QuarantineQuery:
    @strawberry.field(
        description="Mail that could not be read in full, of the mailboxes that may be managed, "
        "the newest first.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def quarantine(
        self,
        info: Info[Any, Any],
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[QuarantinedMessage]:
        context: Context = info.context
        at = {"first": first, "after": after, "last": last, "before": before}
        asked = asked_page(info, quarantine.NEWEST_FIRST, at)
        wanted = Selection.of(info)["edges"]["node"]
        async with managed(context) as read:
            found = await quarantine.page(*read.asked, asked)
            ids = [row.id for row in found.rows]
            waiting = await reprocessing.ordered_of(read.connection, ids)
            shown: dict[UUID, Message] = {}
            if "message" in wanted and Scope.READ_MAIL in context.viewer.scopes:
                own = replace(read, reader=context.viewer.reader)
                shown = await message_objects(own, ids, wanted["message"])
        return connection(
            found, quarantine.NEWEST_FIRST, lambda row: _shown(row, waiting, shown.get(row.id))
        )


def _shown(
    row: quarantine.Quarantined, waiting: set[UUID], message: Message | None
) -> QuarantinedMessage:
    return QuarantinedMessage(
        message_id=encoded(Kind.MESSAGE, row.id),
        received_at=row.received_at,
        size=row.size,
        reasons=row.defects,
        reader_version=row.reader,
        is_ordered=row.id in waiting,
        message=message,
    )


@strawberry.type
class QuarantineMutation:
    @strawberry.mutation(
        description="Orders mail that could not be read in full to be read once more, with more "
        "time and memory; it is done by the work behind the API. What reads well by now is left.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def quarantine_reprocess(
        self, info: Info[Any, Any], input: QuarantineReprocessInput
    ) -> QuarantinePayload:
        try:
            return await _ordered(info.context, input)
        except Rejected as refusal:
            return QuarantinePayload(waiting=0, position=None, user_errors=[user_error(refusal)])


async def _ordered(context: Context, input: QuarantineReprocessInput) -> QuarantinePayload:
    named, errors = _named(given(input.message_ids)), []
    async with managed(context) as read:
        if named is not None:
            there = await messages.by_ids(*read.asked, list(named))
            errors = [
                user_error(
                    Rejected("NOT_FOUND", "there is no such message"), "messageIds", str(at)
                )
                for one, at in named.items()
                if one not in there
            ]
            named = {one: at for one, at in named.items() if one in there}
        degraded = await quarantine.degraded_of(
            *read.asked, None if named is None else list(named)
        )
    position = None
    if named is None or named:
        wanted = _wanted(context, named)
        position = await obeyed(
            context,
            input.command_id,
            lambda envelope: reprocessing.order(context.carteggio, wanted, degraded, envelope),
        )
    async with managed(context) as read:
        waiting = await reprocessing.ordered_of(read.connection, degraded)
    return QuarantinePayload(waiting=len(waiting), position=position, user_errors=errors)


def _named(ids: Sequence[ID] | None) -> dict[UUID, int] | None:
    """Read which messages are named, each with its place in the input; None for all."""
    if ids is None:
        return None
    if not 1 <= len(ids) <= MOST:
        raise Rejected("INVALID", f"messageIds: from 1 to {MOST} are needed, or none for all")
    found: dict[UUID, int] = {}
    for place, one in enumerate(ids):
        found.setdefault(of_kind(Kind.MESSAGE, one), place)
    return found


def _wanted(context: Context, named: dict[UUID, int] | None) -> ReprocessingOrdered:
    boxes = context.viewer.manages.mailboxes
    return ReprocessingOrdered(
        messages=tuple(MessageId(one) for one in sorted(named or ())),
        mailboxes=None if boxes is None else tuple(MailboxId(one) for one in sorted(boxes)),
    )
