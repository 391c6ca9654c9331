"""Reading what a client sends: no more than is allowed, and no longer than is patient."""

import asyncio
from typing import Final

from starlette.requests import ClientDisconnect, Request

from api.http.answers import Refusal

MOST: Final = 1 << 20
PATIENCE_S = 30.0


async def body_of(request: Request) -> bytes:
    """Give the body, or refuse it as soon as it is known to be too large or too slow."""
    announced = request.headers.get("Content-Length", "0")
    if announced.isdigit() and int(announced) > MOST:
        raise _too_large()
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _read(request)
    except TimeoutError:
        sentence = f"the question did not come in {PATIENCE_S:g} s"
        raise Refusal(408, "TOO_SLOW", sentence, {"Connection": "close"}) from None
    except ClientDisconnect:
        raise Refusal(400, "INVALID_REQUEST", "the request broke off") from None


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for octets in request.stream():
        body += octets
        if len(body) > MOST:
            raise _too_large()
    return bytes(body)


def _too_large() -> Refusal:
    # What is still to come is not read; the connection ends with this answer.
    return Refusal(
        413, "TOO_LARGE", f"a question has {MOST:,} octets at most", {"Connection": "close"}
    )
