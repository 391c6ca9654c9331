"""Asking a provider for access: by device code, by a browser, by refresh token, or by itself.

Each question is one POST, with one deadline over all of it. The library (authlib) says what is in
it and reads the answer; what it answers is ours: a Grant, or an OAuthTrouble of a known kind.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from adapters.clock import Clock, utc
from adapters.mailservers import tls_context, words
from adapters.oauth.guarded import guarded
from adapters.oauth.providers import is_loopback
from adapters.oauth.values import Client, Device, Grant, OAuthTrouble, OAuthTroubleKind

_DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
_PATIENCE: Final = 30.0
_MOST: Final = 256 * 1024
_LASTING: Final = 600
"""How long a token lasts whose provider does not say so, in seconds."""
_LONGEST: Final = 10 * 366 * 86_400
_SLOWER: Final = 5.0

# RFC 6749 5.2, RFC 8628 3.5, OpenID Connect Core 3.1.2.6: who can go on, and how.
_CONSENT: Final = {
    "invalid_grant", "access_denied", "expired_token", "interaction_required", "login_required",
    "consent_required", "account_selection_required",
}  # fmt: skip
_LATER: Final = {"temporarily_unavailable", "server_error", "slow_down", "timeout"}
_CODE: Final = re.compile(r"[a-z][a-z0-9_.-]{0,60}")
# What a token may hold, so that no mail server reads more than one in it (RFC 6750 2.1).
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16384}")

Wait = Callable[[float], Awaitable[object]]


async def renewed(client: Client, refresh: str, now: Clock = utc) -> Grant:
    """Ask for a new token with the refresh token; that may be another one afterwards.

    No scope is named, which means the one that was consented to (RFC 6749 6): what is asked for
    today may be more, and then this would be refused.
    """
    asked_at = now()
    async with _asking(client, refresh) as http:
        said = await http.refresh_token(client.token, refresh_token=refresh, scope="")
    return _granted(said, asked_at, refresh)


async def by_itself(client: Client, now: Clock = utc) -> Grant:
    """Ask for what a client has without any person (client credentials, RFC 6749 4.4)."""
    asked_at = now()
    async with _asking(client) as http:
        said = await http.fetch_token(client.token, grant_type="client_credentials")
    return _granted(said, asked_at)


async def by_code(
    client: Client, code: str, verifier: str, redirect: str, now: Clock = utc
) -> Grant:
    """Ask for what a person consented to in a browser (RFC 6749 4.1.3, RFC 7636 4.5)."""
    asked_at = now()
    async with _asking(client, code, verifier) as http:
        said = await http.fetch_token(
            client.token,
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            redirect_uri=redirect,
        )
    return _granted(said, asked_at)


async def device(client: Client) -> Device:
    """Ask for a code that a person enters on any device (RFC 8628 3.1)."""
    if not client.device:
        sentence = "this provider lets no other device in: use --browser"
        raise OAuthTrouble(OAuthTroubleKind.CLIENT, "no_device", sentence)
    async with _asking(client) as http:
        # RFC 8628 3.1: the client proves itself as it does where tokens are given.
        proof = http.client_auth(http.token_endpoint_auth_method)
        asked = {"scope": " ".join(client.scopes)}
        answer = await http.post(client.device, data=asked, auth=proof)
        said = _object(answer)
    if "error" in said or answer.is_error:
        raise _refused(said.get("error"), said.get("error_description"), ())
    return _device(said)


async def by_device(
    client: Client, device: Device, wait: Wait = asyncio.sleep, now: Clock = utc
) -> Grant:
    """Ask, as often as we may, whether the person has entered the code (RFC 8628 3.4, 3.5)."""
    left, interval = device.lasting, device.interval
    while left > 0:
        await wait(interval)
        left -= interval
        found = await by_device_now(client, device.code, now)
        if isinstance(found, Grant):
            return found
        interval += found
    sentence = "the code was not entered in time"
    raise OAuthTrouble(OAuthTroubleKind.CONSENT, "expired_token", sentence)


async def by_device_now(client: Client, code: str, now: Clock = utc) -> Grant | float:
    """Ask once; not yet is by how many seconds longer than before the next question waits."""
    asked_at = now()
    try:
        async with _asking(client, code) as http:
            said = await http.fetch_token(client.token, grant_type=_DEVICE, device_code=code)
        return _granted(said, asked_at)
    except OAuthTrouble as trouble:
        if trouble.kind is OAuthTroubleKind.LATER:
            return _SLOWER
        if trouble.code != "authorization_pending":
            raise
        return 0.0


@asynccontextmanager
async def _asking(client: Client, *secrets: str) -> AsyncIterator[Any]:
    """Talk with a provider; whatever goes wrong becomes a trouble of ours without our secrets."""
    hidden = (*secrets, client.secret)
    try:
        async with asyncio.timeout(_PATIENCE), _library(client) as http:
            yield http
    except AuthlibBaseError as refusal:
        raise _refused(refusal.error, refusal.description, hidden) from None
    except TimeoutError:
        raise _unreachable(f"did not answer within {_PATIENCE:g} seconds") from None
    except httpx2.HTTPStatusError as refusal:
        raise _unreachable(f"answers {refusal.response.status_code}") from None
    except httpx2.TransportError as trouble:
        raise _unreachable(f"cannot be reached: {_reason(trouble)}") from None
    except (ValueError, TypeError, OverflowError):  # the library counts with what it is told
        raise _unreachable("answers what no such server answers") from None


def _library(client: Client) -> Any:  # pyright sees no base of the library's class
    how = "client_secret_basic" if client.basic else "client_secret_post"
    verify = tls_context(client.ca_file)
    return AsyncOAuth2Client(
        client.id,
        client.secret or None,
        token_endpoint_auth_method=how if client.secret else "none",
        scope=" ".join(client.scopes) or None,
        verify=verify,
        trust_env=not is_loopback(client.token),
        transport=None if client.reach is None else guarded(client.token, client.reach, verify),
        timeout=_PATIENCE,
        event_hooks={"response": [_bounded]},
    )


class _Bounded(httpx2.AsyncByteStream):
    """What an answer holds, up to a bound."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        total = 0
        async for chunk in self._stream:
            total += len(chunk)
            if total > _MOST:
                raise ValueError("too long")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bounded(response: httpx2.Response) -> None:
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)


def _object(answer: httpx2.Response) -> Mapping[str, Any]:
    """Read an answer; an error of the server without words of ours is one of the server."""
    if answer.status_code >= 500:
        answer.raise_for_status()
    said = answer.json()
    if not isinstance(said, dict):
        raise ValueError("no object")  # noqa: TRY004  it is what came, not what we did
    return said


def _granted(said: Mapping[str, Any], asked_at: datetime, refresh: str = "") -> Grant:
    """Read what was granted; where no new refresh token comes, the old one goes on."""
    access = said.get("access_token")
    newer = said.get("refresh_token") or refresh
    if not isinstance(access, str) or not _TOKEN.fullmatch(access) or not isinstance(newer, str):
        raise _unreachable("answers what no such server answers")
    # Each provider that tells it has a name of its own for it.
    ends = said.get("refresh_token_expires_in") or said.get("refresh_expires_in")
    return Grant(
        access=access,
        refresh=newer,
        granted_at=asked_at,
        lasting=timedelta(seconds=_seconds(said.get("expires_in"), _LASTING)),
        ends_at=asked_at + timedelta(seconds=_seconds(ends, 0)) if ends else None,
    )


def _device(said: Mapping[str, Any]) -> Device:
    code, shown = said.get("device_code"), said.get("user_code")
    page = said.get("verification_uri") or said.get("verification_url")  # the draft's name
    if not all(isinstance(one, str) and one for one in (code, shown, page)):
        raise _unreachable("answers what no such server answers")
    return Device(
        code=str(code),
        shown=words(str(shown).encode()),
        page=words(str(page).encode()),
        page_with_code=words(str(said.get("verification_uri_complete") or page).encode()),
        interval=min(_seconds(said.get("interval"), 5), 60),
        lasting=min(_seconds(said.get("expires_in"), 900), 3_600),
    )


def _seconds(told: object, otherwise: int) -> int:
    try:
        return max(0, min(int(str(told)), _LONGEST))
    except ValueError:
        return otherwise


def _refused(error: object, description: object, hidden: tuple[str, ...]) -> OAuthTrouble:
    code = str(error) if _CODE.fullmatch(str(error)) else "refused"
    said = str(description or "")
    for secret in filter(None, hidden):
        said = said.replace(secret, "…")
    reason = f"{code}: {words(said.encode())}" if said else code
    kind = OAuthTroubleKind.CLIENT
    if code in _CONSENT:
        kind = OAuthTroubleKind.CONSENT
    elif code in _LATER:
        kind = OAuthTroubleKind.LATER
    return OAuthTrouble(kind, code, f"the provider refuses access ({reason})")


def _unreachable(why: str) -> OAuthTrouble:
    return OAuthTrouble(OAuthTroubleKind.LATER, "unreachable", f"the provider {why}")


def _reason(trouble: httpx2.TransportError) -> str:
    return words(str(trouble).encode()) if str(trouble) else type(trouble).__name__
