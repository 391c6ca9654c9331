"""Telling another program by HTTP what happened, signed as Standard Webhooks 1.0.0 specifies it.

    webhook-id, webhook-timestamp, webhook-signature: v1,<base64 of HMAC-SHA256(id.timestamp.body)>

Redirects are not followed, an answer is read up to a bound, all of it has one deadline, and only
addresses within reach are connected to.
"""

import asyncio
import base64
import hmac
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import httpx2

from adapters.mailservers import tls_context
from adapters.oauth.guarded import guarded
from adapters.reach import OutOfReach, Reach, is_this_machine
from domain.values import Rejected

PATIENCE_S: Final = 20.0
_PREFIX: Final = "whsec_"
_OCTETS: Final = 32
_MOST: Final = 64 * 1024
_LONGEST_URL: Final = 2_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a program is told, by which secrets it is signed, and where it may be."""

    url: str = field(repr=False)
    secrets: tuple[bytes, ...] = field(repr=False)
    reach: Reach
    authorities: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of telling: a status (RFC 9110 15), or why there is none; `trouble` is of our words.

    `retry_after`: in how many seconds it wants to be asked again (RFC 9110 10.2.3).
    """

    status: int | None
    trouble: str
    ms: int
    retry_after: float | None = None

    @property
    def taken(self) -> bool:
        """Tell whether it took it."""
        return self.status is not None and 200 <= self.status < 300


def new_secret() -> bytes:
    """Draw a secret."""
    return secrets.token_bytes(_OCTETS)


def shown(secret: bytes) -> str:
    """Write a secret as it is given to who verifies by it."""
    return _PREFIX + base64.b64encode(secret).decode()


def signature(secret: bytes, id: str, at: int, body: bytes) -> str:
    """Sign one telling; `at` is in seconds since 1970."""
    digest = hmac.digest(secret, b"%s.%d." % (id.encode(), at) + body, "sha256")
    return "v1," + base64.b64encode(digest).decode()


def refuse_url(url: str, *, plain: bool) -> None:
    """Raise Rejected for what is no address to tell things to."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    odd = any(not 0x21 <= ord(one) <= 0x7E for one in url) or len(url) > _LONGEST_URL
    if (
        odd
        or not host
        or parts.scheme not in {"http", "https"}
        or parts.username
        or parts.fragment
    ):
        raise Rejected("INVALID", "url: an address as https://erp.example/hooks is needed")
    if parts.scheme == "http" and not plain and not is_this_machine(host):
        do = "use https, or choose to tell it without TLS"
        raise Rejected("INVALID", f"url: what is told to {host} could be read on its way: {do}")


@asynccontextmanager
async def telling(endpoint: Endpoint) -> AsyncIterator["Telling"]:
    """Open what tells things to one program."""
    verify = tls_context(endpoint.authorities or None)
    client = httpx2.AsyncClient(
        verify=verify,
        trust_env=not is_this_machine(urlsplit(endpoint.url).hostname or ""),
        transport=guarded(endpoint.url, endpoint.reach, verify),
        timeout=PATIENCE_S,
        follow_redirects=False,
        headers={"User-Agent": "Carteggio", "Accept-Encoding": "identity"},
    )
    async with client:
        yield Telling(endpoint, client)


class Telling:
    """Tells things to one program, one after the other."""

    def __init__(self, endpoint: Endpoint, client: httpx2.AsyncClient) -> None:
        """Speak through `client`."""
        self._endpoint = endpoint
        self._client = client

    async def tell(self, id: str, body: bytes) -> Answer:
        """Tell one thing; whatever the other side does is an answer."""
        begun, at = time.monotonic(), int(time.time())
        status, trouble, wanted = None, "", None
        try:
            async with asyncio.timeout(PATIENCE_S):
                status, wanted = await self._posted(id, at, body)
        except TimeoutError:
            trouble = "timeout"
        except httpx2.TimeoutException:
            trouble = "timeout"
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as problem:
            trouble = _kind(problem)
        if status is not None and not 200 <= status < 300:
            trouble = "redirect" if 300 <= status < 400 else "status"
        return Answer(status, trouble, round((time.monotonic() - begun) * 1000), _seconds(wanted))

    async def _posted(self, id: str, at: int, body: bytes) -> tuple[int, str | None]:
        signed = " ".join(signature(one, id, at, body) for one in self._endpoint.secrets)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": str(at),
            "webhook-signature": signed,
        }
        post = self._client.stream("POST", self._endpoint.url, content=body, headers=headers)
        async with post as response:
            length = 0
            async for chunk in response.aiter_raw():  # so that the connection serves the next one
                length += len(chunk)
                if length > _MOST:
                    break
            return response.status_code, response.headers.get("Retry-After")


def _kind(problem: BaseException) -> str:
    causes = list(_causes(problem))
    if any(isinstance(one, OutOfReach) for one in causes):
        return "out_of_reach"
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return "tls"
    return "unreachable" if isinstance(problem, httpx2.ConnectError | OSError) else "broken"


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    seen: Sequence[BaseException] = ()
    while problem is not None and problem not in seen:
        yield problem
        seen = (*seen, problem)
        problem = problem.__cause__ or problem.__context__


def _seconds(wanted: str | None) -> float | None:
    """Read Retry-After: seconds, or a moment."""
    if wanted is None:
        return None
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 9:
        return float(wanted)
    try:
        at = parsedate_to_datetime(wanted)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
