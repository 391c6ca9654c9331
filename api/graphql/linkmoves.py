"""Commands: a message that is linked wrongly is moved, and what was said is undone."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.asking import Asking
from api.graphql.commands import COMMAND_ID, check_command_id, user_error
from api.graphql.context import Context
from api.graphql.linking import LinkTargetKey, checked_note, meant_by
from api.graphql.orders import MESSAGE_IDS, MOST, Asked, MessagePayload, answered, named
from api.work.saidbefore import done_by, restoring
from domain import message as mail
from domain.access import Scope
from domain.choosing import ChoosingCommand, KeepLink, Meant, MoveLink
from domain.values import Rejected
from projections import links, threads

Orders = Mapping[UUID, ChoosingCommand]


@strawberry.input(description="From where to where messages are moved.")
class MessageLinkMoveInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_ids: list[ID] = strawberry.field(description=MESSAGE_IDS)
    from_: LinkTargetKey = strawberry.field(
        name="from", description="To what they are linked wrongly."
    )
    to: LinkTargetKey = strawberry.field(description="To what they belong.")
    whole_conversation: bool = strawberry.field(
        default=False,
        description="All messages of their conversations that are linked there and that you see move; "
        "else these alone, and what answers them stays where it is. 100 at most.",
    )
    note: str | None = strawberry.field(default=UNSET, description="Why; it is kept sealed.")


@strawberry.input(description="Which command about links is undone.")
class MessageLinkUndoInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    undoes: ID = strawberry.field(description="The `commandId` of that one.")


@strawberry.type
class LinkMovesMutation:
    @strawberry.mutation(
        description="Moves messages from a party, document or contact to which they are linked "
        "wrongly to another one: one event a message tells both. `messageLinkUndo` undoes it.",
        **requires(Scope.LINK_MAIL),
    )
    async def message_link_move(
        self, info: Info[Any, Any], input: MessageLinkMoveInput
    ) -> MessagePayload:
        context: Context = info.context
        try:
            check_command_id(input.command_id)
            note, given = checked_note(input.note), named(input.message_ids)
            async with Asking(context).reading() as read:
                old = await meant_by(read, context.carteggio.company, input.from_)
                new = await meant_by(read, context.carteggio.company, input.to)
            order = MoveLink(old, new, note)
            orders = await _moves(context, input, given, order)
        except Rejected as refusal:
            return _refused(refusal)
        return await _answered(info, input.command_id, (given, order), orders)

    @strawberry.mutation(
        description="Undoes what one command said about links (messageLink, messageUnlink, "
        "messageLinkMove, messageLinkReset, messageLinkUndo): what was said before it counts again. "
        "It is refused if something else was said about one of the links since.",
        **requires(Scope.LINK_MAIL),
    )
    async def message_link_undo(
        self, info: Info[Any, Any], input: MessageLinkUndoInput
    ) -> MessagePayload:
        context: Context = info.context
        try:
            check_command_id(input.command_id)
            check_command_id(input.undoes)
            orders = await asyncio.to_thread(
                restoring, context.carteggio, str(input.undoes), str(input.command_id)
            )
        except Rejected as refusal:
            return _refused(refusal)
        claim = dict.fromkeys(orders, 0), ("undo", str(input.undoes))
        return await _answered(info, input.command_id, claim, orders)


async def _moves(
    context: Context, input: MessageLinkMoveInput, given: Mapping[UUID, int], order: MoveLink
) -> Orders:
    """Give what is ordered for which message: those that move, and those that stay behind."""
    asked = context.viewer.acts
    kept = KeepLink(order.old, order.new, order.note)
    async with context.read() as (connection, names):
        groups = await threads.conversations_of(connection, names, asked, list(given))
        members = [
            one
            for group in set(groups.values())
            for one in await threads.members_of(connection, names, asked, group)
        ]
        ids = {one.message for one in members} | set(given)
        there = await links.links_of(connection, names, asked, list(ids))
    done = await asyncio.to_thread(done_by, context.carteggio, str(input.command_id))
    linked = {
        id for id, found in there.items() if any(_at(one.target, order.old) for one in found)
    }
    since = min((one.at for one in members if one.message in given), default=None)
    after = {one.message for one in members if since is not None and one.at >= since}
    others = linked | set(done) if input.whole_conversation else (linked & after) | set(done)
    unlinked = given.keys() - linked - set(done)
    if unlinked:
        raise Rejected("NOT_FOUND", "from: not all of these messages are linked there")
    found = dict.fromkeys(others, order if input.whole_conversation else kept)
    orders: dict[UUID, ChoosingCommand] = {**found, **dict.fromkeys(given, order)}
    if len(orders) > MOST:
        raise Rejected("INVALID", f"these are {len(orders)} messages; {MOST} are the most at once")
    return orders


def _at(target: UUID, meant: Meant) -> bool:
    return target in (meant.target, *meant.merged)


async def _answered(
    info: Info[Any, Any], command_id: str, claim: tuple[Mapping[UUID, int], object], orders: Orders
) -> MessagePayload:
    """Do it; a command is the same if it names the same messages and says the same."""
    journal, (given, order) = info.context.carteggio.journal, claim
    ask = Asked(
        command_id,
        {one: given.get(one, 0) for one in orders},
        order,
        lambda message, envelope: journal.record(message, mail, orders[message], envelope),
        consequences=True,
        named=tuple(given),
    )
    return await answered(info, lambda: ask)


def _refused(refusal: Rejected) -> MessagePayload:
    return MessagePayload(messages=[], position=None, user_errors=[user_error(refusal)])
