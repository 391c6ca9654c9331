"""What is done in a thread to its end, whoever waits for it."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def whole(call: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Do something in a thread to its end, also where nobody waits for it any more."""
    doing = asyncio.ensure_future(asyncio.to_thread(call, *given, **named))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        doing.exception()  # it is not asked for any more
        raise
