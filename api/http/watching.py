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
from api.graphql.ids import Kind, encoded
from api.http.answers import away, json_answer
from api.http.callers import caller_with, served_by
from api.http.state import Served
from api.work.generations import active_names_async
from api.work.instance import PROJECTIONS
from api.work.overview import Overview, overview
from domain.access import Scope
from projections.company import company
from projections.reader import EVERYTHING, Reader

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


async def accounts_health(request: Request) -> Response:
    """Say whether mail is fetched from every account: 200 if so, 503 if one is stale.

    Which ones is told to a token that manages mailboxes, of those that it manages.
    """
    served, viewer = served_by(request), None
    if "Authorization" in request.headers:
        viewer = await caller_with(request, Scope.MANAGE_MAILBOXES)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            found = await _accounts(served, viewer.manages if viewer else EVERYTHING)
    except (TimeoutError, DatabaseUnavailable, PoolTimeout, Error, LookupError):
        await _drop_broken(served)
        return json_answer({"status": "unknown"}, 503)
    well = not any(one.is_stale for one in found)
    said: dict[str, object] = {"status": "good" if well else "bad"}
    if viewer is not None:
        said["accounts"] = [_account(one) for one in found]
    return json_answer(said, 200 if well else 503)


async def _accounts(served: Served, reader: Reader) -> list[Overview]:
    async with served.pool.connection(_PATIENCE_S) as connection:
        names = await active_names_async(connection, (company,))
        return await overview(served.carteggio, connection, names, reader)


def _account(one: Overview) -> dict[str, object]:
    return {
        "id": encoded(Kind.ACCOUNT, one.account.id),
        "address": one.account.address,
        "state": one.sort.value,
        "stale": one.is_stale,
        "ageSeconds": round(one.age.total_seconds()),
        "lastSuccessAt": one.look.fetched_at if one.look else None,
        "nextLookAt": one.next_at,
        "trouble": one.trouble or None,
        "failures": one.look.failures if one.look else 0,
        "backlog": one.backlog,
        "endsAt": one.ends_at,
        "ending": one.endings,
    }


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
