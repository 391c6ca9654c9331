"""Which conversations a command is about that may be acted on, and that it is done once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry import ID

from api.graphql.commands import UserError, stamp, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.orders import claim
from api.work import handover
from api.work.handover import MOST, Done
from api.work.saidbefore import done_by
from domain.recorded import Envelope
from domain.values import Rejected
from projections import messages
from projections.attention import said_on
from projections.reader import Reader
from projections.threads import conversations_of

CONVERSATIONS: Final = f"The conversations, {MOST} at most."
UNSEEN: Final = Rejected("NOT_FOUND", "there is no such conversation")
ONLY_READ: Final = Rejected(
    "FORBIDDEN", "its mailbox is shared with you as a reader: a member may do this"
)


def carried_out(context: Context, input: Any, do: Callable[[Envelope], Done]) -> Done:
    """Do it once for a command id, and let the read models see it, unless a worker does."""
    carteggio, envelope = context.carteggio, stamp(context)(str(input.command_id))
    asked = strawberry.asdict(input)
    claim(carteggio.journal, input.command_id, asked, envelope)
    if before := done_by(carteggio, str(input.command_id)):
        return handover.done_before(carteggio, str(input.command_id), len(before))
    done = do(envelope)
    if done.position is not None:
        carteggio.feed.catch_up(done.position)
    return done


@dataclass(slots=True)
class Aims:
    """On which messages it is said, and of which conversations, with their places in the input."""

    on: dict[UUID, int] = field(default_factory=dict)
    found: dict[UUID, int] = field(default_factory=dict)
    errors: list[UserError] = field(default_factory=list)


async def aims_of(context: Context, given_ids: Sequence[ID]) -> Aims:
    """Find the conversations that ids name; Rejected where none are named, or too many."""
    if not 1 <= len(given_ids) <= MOST:
        raise Rejected("INVALID", f"conversationIds: from 1 to {MOST} are needed")
    aims, named = Aims(), dict[UUID, int]()
    for place, one in enumerate(given_ids):
        try:
            named.setdefault(of_kind(Kind.CONVERSATION, one), place)
        except Rejected as refusal:
            aims.errors.append(user_error(refusal, "conversationIds", str(place)))
    now = await grouped_now(context, list(named))
    places = {now.get(one, one): place for one, place in reversed(named.items())}
    seen = await _said_on(context, context.viewer.reader, list(places))
    own = await _said_on(context, context.viewer.acts, list(places))
    for conversation, place in sorted(places.items(), key=lambda one: one[1]):
        if conversation in own:
            aims.on |= dict.fromkeys(own[conversation], place)
            aims.found[conversation] = place
        else:
            unreached = ONLY_READ if conversation in seen else UNSEEN
            aims.errors.append(user_error(unreached, "conversationIds", str(place)))
    return aims


async def _said_on(
    context: Context, reader: Reader, conversations: Sequence[UUID]
) -> Mapping[UUID, list[UUID]]:
    async with context.read() as (connection, names):
        return await said_on(connection, names, reader, conversations)


async def grouped_now(context: Context, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Give the conversations of messages; an id that was absorbed is that of a message."""
    async with context.read() as (connection, names):
        return await conversations_of(connection, names, context.viewer.acts, ids)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which of messages may be seen, and which acted on."""

    seen: frozenset[UUID]
    own: frozenset[UUID]


async def reach_of(context: Context, wanted: Sequence[UUID]) -> Reach:
    """Tell what may be done with messages."""
    async with context.read() as (connection, names):
        seen = await messages.by_ids(connection, names, context.viewer.reader, list(wanted))
        own = await messages.by_ids(connection, names, context.viewer.acts, list(wanted))
    return Reach(frozenset(seen), frozenset(own))
