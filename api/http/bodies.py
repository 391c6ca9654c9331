"""Reading what a client sends, no more than is allowed."""

from typing import Final

from starlette.requests import Request

from api.http.answers import Refusal

MOST: Final = 1 << 20


async def body_of(request: Request) -> bytes:
    """Give the body, or refuse it as soon as it is known to be too large."""
    announced = request.headers.get("Content-Length", "0")
    if announced.isdigit() and int(announced) > MOST:
        raise _too_large()
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
