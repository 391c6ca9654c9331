"""What all commands share: their ids, who gives them, and what is told where one is not done."""

import asyncio
import re
from collections.abc import Callable
from typing import Final

import strawberry

from adapters.ids import uuid7
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded
from api.graphql.scalars import Position
from api.work.settling import settle
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, Rejected

COMMAND_ID: Final = (
    "Chosen by the sender, a UUID at best. The same command with the same id is done once, and "
    "answered again."
)
_COMMAND_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,100}")
Stamp = Callable[[str], Envelope]
"""Makes the envelope of what is done under a command id."""


@strawberry.type(description="Why something asked for was not done; the rest was.")
class UserError:
    code: str = strawberry.field(
        description="For programs: INVALID, NOT_FOUND, COMMAND_ID_REUSED, …"
    )
    message: str = strawberry.field(description="For people: a sentence.")
    path: list[str] | None = strawberry.field(description="Which part of the input it is about.")


def check_command_id(text: str) -> None:
    """Refuse what is no command id."""
    if not _COMMAND_ID.fullmatch(text):
        raise Rejected("INVALID", "commandId: 1 to 100 letters, digits or . _ : - are needed")


def stamp(context: Context) -> Stamp:
    """Give what stamps all that one request does: by its token, for the token's colleague."""
    viewer = context.viewer
    actor = Actor(ActorKind.CLIENT, str(encoded(Kind.TOKEN, viewer.token)))
    principal = None
    if viewer.colleague is not None:
        principal = Actor(ActorKind.USER, str(encoded(Kind.COLLEAGUE, viewer.colleague)))
    at, work = context.carteggio.clock(), uuid7()
    return lambda id: Envelope(
        uuid7(), at, actor, Origin("graphql"), principal, command_id=id, correlation=work
    )


def caught_up(context: Context, done: Callable[[], int | None]) -> int | None:
    """Do it, and let the read models see it, unless a worker does."""
    position = done()
    if position is not None:
        context.carteggio.feed.catch_up(position)
    return position


async def obeyed(
    context: Context, command_id: str, order: Callable[[Envelope], int | None]
) -> Position | None:
    """Carry one order out, and give the position of its event; None if it was so already."""
    check_command_id(command_id)
    envelope = stamp(context)(command_id)
    position = await asyncio.to_thread(caught_up, context, lambda: order(envelope))
    return None if position is None else Position(position)


async def followed(
    context: Context, command_id: str, order: Callable[[Envelope], int | None]
) -> Position | None:
    """Carry one order out, wait for what follows, and give the position after that; None as above."""
    check_command_id(command_id)
    envelope, carteggio = stamp(context)(command_id), context.carteggio

    def done() -> int | None:
        position = order(envelope)
        return None if position is None else settle(carteggio, position)

    position = await asyncio.to_thread(done)
    return None if position is None else Position(position)


def user_error(refusal: Rejected, *path: str) -> UserError:
    """Say what was not done, and which part of the input that is about."""
    return UserError(code=refusal.code, message=refusal.sentence, path=["input", *path])
