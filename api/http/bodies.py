"""Reading what a client sends: no more than is allowed, and no longer than is patient."""

import asyncio
from typing import Final

from starlette.requests import ClientDisconnect, Request

from api.http.answers import Refusal

MOST: Final = 1 << 20
PATIENCE_S = 30.0


async def body_of(request: Request, most: int = MOST, patience: float | None = None) -> bytes:
    """Give the body, or refuse it as soon as it is known to be too large or too slow."""
    patience = PATIENCE_S if patience is None else patience
    announced = request.headers.get("Content-Length", "0")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    try:
        async with asyncio.timeout(patience):
            return await _read(request, most)
    except TimeoutError:
        sentence = f"what was sent did not come in {patience:g} s"
        raise Refusal(408, "TOO_SLOW", sentence, {"Connection": "close"}) from None
    except ClientDisconnect:
        raise Refusal(400, "INVALID_REQUEST", "the request broke off") from None


async def _read(request: Request, most: int) -> bytes:
    body = bytearray()
    async for octets in request.stream():
        body += octets
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def _too_large(most: int) -> Refusal:
    # What is still to come is not read; the connection ends with this answer.
    return Refusal(413, "TOO_LARGE", f"{most:,} octets are the most here", {"Connection": "close"})
