"""For whoever watches the server: is it well, and its figures."""

import asyncio
import ipaddress
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST
from psycopg import Error
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response

from adapters.database import DatabaseUnavailable
from api.http.answers import away, json_answer
from api.http.callers import caller_with, served_by
from api.http.state import Served
from api.work.instance import PROJECTIONS
from domain.access import Scope

_PATIENCE_S: Final = 2.0
_FIGURES_S: Final = 5.0
_STANDING: Final = "SELECT name, state FROM projection WHERE active AND name = ANY(%s)"
_FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


async def health(request: Request) -> Response:
    """Say whether requests can be served: 200 if so, else 503; needs no token."""
    served = served_by(request)
    models = await _read_models(served)
    working = None if served.worker is None else served.worker.is_alive()
    well = models == "good" and working is not False
    found = {
        "status": "good" if well else "bad",
        "database": "unreachable" if models is None else "good",
        "readModels": models or "unknown",
        "work": {None: "elsewhere", True: "good", False: "ended"}[working],
    }
    return json_answer(found, 200 if well else 503)


async def metrics(request: Request) -> Response:
    """Give the figures to a neighbour on this machine, or to a token that may read the audit."""
    if not _from_here(request):
        await caller_with(request, Scope.READ_AUDIT)
    served = served_by(request)
    try:
        async with asyncio.timeout(_FIGURES_S):
            text = await served.figures.text(served.carteggio, served.pool)
    except TimeoutError:
        raise away() from None
    return Response(text, media_type=CONTENT_TYPE_LATEST)


async def _read_models(served: Served) -> str | None:
    """Say how the read models are; None if the database does not answer."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            states = await _states(served)
    except (TimeoutError, DatabaseUnavailable, PoolTimeout, Error):
        await _drop_broken(served)
        return None
    if "stopped" in states.values():
        return "stopped"
    return "good" if len(states) == len(PROJECTIONS) else "missing"


async def _states(served: Served) -> dict[str, str]:
    async with served.pool.connection(_PATIENCE_S) as connection:
        found = await connection.execute(_STANDING, ([one.name for one in PROJECTIONS],))
        return dict(await found.fetchall())


async def _drop_broken(served: Served) -> None:
    """Throw away connections to a server that went, so that the next look finds the new one."""
    try:
        async with asyncio.timeout(1.0):
            await served.pool.check()
    except (TimeoutError, PoolTimeout, Error):
        return


def _from_here(request: Request) -> bool:
    """Tell whether the caller is on this machine, and not a proxy that speaks for others."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    return ipaddress.ip_address(request.client.host).is_loopback
