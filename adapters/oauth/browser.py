"""Consent in a browser on this machine, which comes back to a port of the loopback (RFC 8252)."""

import asyncio
import hmac
import secrets
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

from authlib.integrations.httpx_client import AsyncOAuth2Client

from adapters.clock import Clock, utc
from adapters.oauth.grants import by_code
from adapters.oauth.values import Client, Grant, OAuthTrouble, OAuthTroubleKind

_LONGEST: Final = 600.0
_HEAD: Final = 16 * 1024
_HEAD_S: Final = 10.0
_DONE: Final = "Carteggio has the answer. This page may be closed."


async def by_browser(client: Client, show: Callable[[str], None], now: Clock = utc) -> Grant:
    """Let a person consent at the page that `show` is given, and ask for what was consented to."""
    if not client.authorize:
        sentence = "this provider has no page for a browser: use --device"
        raise OAuthTrouble(OAuthTroubleKind.CLIENT, "no_browser", sentence)
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(32)
    waiting = _Waiting(state)
    server = await asyncio.start_server(waiting.meet, "127.0.0.1", 0, limit=_HEAD)
    try:
        redirect = client.redirect.format(port=server.sockets[0].getsockname()[1])
        show(page_of(client, redirect, state, verifier))
        async with asyncio.timeout(_LONGEST):
            code = await waiting.code
    except TimeoutError:
        sentence = "nobody consented in time"
        raise OAuthTrouble(OAuthTroubleKind.CONSENT, "expired_token", sentence) from None
    finally:
        server.close()
    return await by_code(client, code, verifier, redirect, now)


def page_of(client: Client, redirect: str, state: str, verifier: str) -> str:
    """Write the address that begins it, with PKCE (RFC 7636)."""
    library = AsyncOAuth2Client(
        client.id,
        scope=" ".join(client.scopes) or None,
        redirect_uri=redirect,
        code_challenge_method="S256",
    )
    address, _ = library.create_authorization_url(
        client.authorize, state=state, code_verifier=verifier, **dict(client.more)
    )
    return str(address)


class _Waiting:
    """Waits for the browser; what comes without our state is not it."""

    def __init__(self, state: str) -> None:
        self._state = state
        self.code: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HEAD_S):
                head = await reader.readuntil(b"\r\n\r\n")
            said = self._take(head.split(b" ")[1].decode("ascii"))
            writer.write(
                _answer("200 OK" if said else "404 Not Found", said or "Nothing is here.")
            )
            await writer.drain()
        except (
            TimeoutError,
            OSError,
            ValueError,
            IndexError,
            EOFError,
            asyncio.LimitOverrunError,
        ):
            pass  # whatever that was, the browser will come
        finally:
            writer.close()

    def _take(self, target: str) -> str:
        """Read where the browser was sent; give what the person is told, nothing to strangers."""
        query = parse_qs(urlsplit(target).query)
        told = {name: values[0] for name, values in query.items()}
        ours = hmac.compare_digest(told.get("state", "").encode(), self._state.encode())
        if not ours or self.code.done():
            return ""
        if code := told.get("code"):
            self.code.set_result(code)
            return _DONE
        error = "access_denied" if told.get("error") == "access_denied" else "refused"
        kind = OAuthTroubleKind.CONSENT if error == "access_denied" else OAuthTroubleKind.CLIENT
        sentence = f"the provider refuses access ({error})"
        self.code.set_exception(OAuthTrouble(kind, error, sentence))
        return "Consent was not given. This page may be closed."


def _answer(status: str, text: str) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
        f"Cache-Control: no-store\r\nContent-Length: {len(text)}\r\n\r\n{text}"
    ).encode()
