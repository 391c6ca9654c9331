"""Talking with a provider whose doors a person entered: nowhere but where servers may be."""

import ssl
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from adapters.oauth.providers import is_loopback
from adapters.reach import Reach, addresses_of

_PORTS = {"http": 80, "https": 443}


class Guarded(httpx2.AsyncBaseTransport):
    """Connects to the addresses that were judged, under the name that was written.

    The name is resolved once, so that answers that change lead nowhere else (DNS rebinding).
    """

    def __init__(self, reach: Reach, inner: httpx2.AsyncBaseTransport) -> None:
        """Judge by `reach`; speak through `inner`."""
        self._reach = reach
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Try the addresses of the request's host that are within reach, one after the other."""
        url = request.url
        port = url.port or _PORTS[url.scheme]
        try:
            addresses = await addresses_of(url.host, port, self._reach)
        except OSError as trouble:
            raise httpx2.ConnectError(str(trouble)) from trouble
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        for address in addresses[:-1]:
            try:
                return await self._at(request, url, address)
            except httpx2.ConnectError:
                continue
        return await self._at(request, url, addresses[-1])

    async def _at(self, request: httpx2.Request, url: httpx2.URL, address: str) -> httpx2.Response:
        request.url = url.copy_with(host=address)  # Host was written before, and stays
        try:
            return await self._inner.handle_async_request(request)
        finally:
            request.url = url

    async def aclose(self) -> None:
        """Close what it speaks through."""
        await self._inner.aclose()


def guarded(address: str, reach: Reach, verify: ssl.SSLContext) -> Guarded | None:
    """Give what connects to an address within reach; None where a proxy does, and judges itself."""
    if not is_loopback(address) and _is_proxied(address):
        return None
    return Guarded(reach, httpx2.AsyncHTTPTransport(verify=verify, trust_env=False))


def _is_proxied(address: str) -> bool:
    parts = urlsplit(address)
    known = getproxies()
    through = known.get(parts.scheme) or known.get("all")
    return bool(through) and not proxy_bypass(parts.hostname or "")
