"""Following as a stream of server-sent events, by graphql-sse's "distinct connections mode".

One POST with `Accept: text/event-stream` is one operation; it ends with the connection.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

import orjson
from starlette.responses import Response, StreamingResponse

from adapters.logs import log
from api.http.following import Following, Result, results
from api.http.state import Served
from api.security import Viewer
from api.work.projector import where

EVENTS: Final = "text/event-stream"
_QUIET_S: Final = 15.0
_END: Final = b"event: complete\ndata:\n\n"


def event_stream(
    served: Served, viewer: Viewer, authorization: str | None, asked: Following
) -> Response:
    """Answer with the results of an operation as they come."""
    return StreamingResponse(
        _events(served, viewer, authorization, asked),
        media_type=EVENTS,
        headers={"X-Accel-Buffering": "no"},
    )


async def _events(
    served: Served, viewer: Viewer, authorization: str | None, asked: Following
) -> AsyncIterator[bytes]:
    try:
        async with aclosing(results(served, viewer, authorization, asked)) as source:
            async for one in _or_quiet(source):
                yield b":\n\n" if one is None else _event(one)
    except Exception as error:  # noqa: BLE001  it says where, never what
        log("http").error("following broke off", error=where(error))
    yield _END


async def _or_quiet(source: AsyncIterator[Result]) -> AsyncIterator[Result | None]:
    """Give results; None where none came for a while, so that nobody on the way hangs up."""
    following: asyncio.Future[Result] = asyncio.ensure_future(_next(source))
    try:
        while True:
            await asyncio.wait({following}, timeout=_QUIET_S)
            if not following.done():
                yield None
                continue
            try:
                one = following.result()
            except StopAsyncIteration:
                return
            yield one
            following = asyncio.ensure_future(_next(source))
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _next(source: AsyncIterator[Result]) -> Result:
    return await anext(source)


def _event(one: Result) -> bytes:
    return b"event: next\ndata: " + orjson.dumps(one.said) + b"\n\n"
