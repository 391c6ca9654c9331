"""What is done in a thread to its end, whoever waits for it."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from adapters.statements import ended

P = ParamSpec("P")
T = TypeVar("T")


async def whole(call: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Do something in a thread to its end, also where nobody waits for it any more."""
    return await ended(asyncio.ensure_future(asyncio.to_thread(call, *given, **named)))
