"""The application: its routes, and what it holds open from start to end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Event, Thread

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from adapters.logs import log
from api.http.answers import Refusal, refused
from api.http.approvals import raw as to_approve
from api.http.downloads import attachment, raw
from api.http.envelope import Envelope
from api.http.figures import Figures
from api.http.graphql import graphql
from api.http.page import page
from api.http.sockets import socket
from api.http.state import Served
from api.http.uploading import upload_file
from api.http.watching import accounts_health, health, metrics
from api.paths import APPROVAL, ATTACHMENT, RAW, UPLOAD
from api.security import Doorkeeper
from api.work.horizon import Horizon
from api.work.instance import Carteggio
from api.work.positions import Positions
from api.work.projector import where
from api.work.running import work

_OPENED_AT_ONCE = 4
_CODES = {404: "NOT_FOUND", 405: "METHOD"}
ROUTES = [
    Route("/", page),
    Route("/graphql", graphql, methods=["POST"]),
    WebSocketRoute("/graphql", socket),
    Route("/health", health),
    Route("/health/accounts", accounts_health),
    Route("/metrics", metrics),
    Route(RAW, raw),
    Route(ATTACHMENT, attachment),
    Route(APPROVAL, to_approve),
    Route(UPLOAD, upload_file, methods=["POST"]),
]


def create_app(carteggio: Carteggio, *, working: bool = False) -> FastAPI:
    """Make the application for an opened instance; with `working` it does the work behind too."""
    figures = Figures()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _serving(carteggio, figures, working=working) as served:
            app.state.served = served
            yield

    app = FastAPI(
        title="Carteggio",
        lifespan=lifespan,
        routes=list(ROUTES),
        openapi_url=None,  # the schema is GraphQL's; and no page that asks the internet for parts
        redirect_slashes=False,
        exception_handlers={Refusal: _refused, HTTPException: _not_served},
    )
    app.add_middleware(Envelope, figures=figures)
    return app


@asynccontextmanager
async def _serving(
    carteggio: Carteggio, figures: Figures, *, working: bool
) -> AsyncIterator[Served]:
    stop = Event()
    async with (
        carteggio.database.async_pool() as pool,
        Positions(carteggio.database, pool) as positions,
    ):
        worker = Thread(target=_work, args=(carteggio, stop), name="carteggio-work")
        if working:
            worker.start()
        try:
            yield Served(
                carteggio=carteggio,
                pool=pool,
                positions=positions,
                horizon=Horizon(positions, pool),
                doorkeeper=Doorkeeper(carteggio.keyring, pool),
                figures=figures,
                opening=asyncio.Semaphore(_OPENED_AT_ONCE),
                taking=asyncio.Semaphore(_OPENED_AT_ONCE),
                worker=worker if working else None,
            )
        finally:
            stop.set()
            if working:
                await asyncio.to_thread(worker.join)


def _work(carteggio: Carteggio, stop: Event) -> None:
    try:
        work(carteggio, stop)
    except Exception as error:  # noqa: BLE001  the job ends here; /health tells
        log("work").error("the work ended", error=where(error))


async def _refused(_: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, Refusal):
        raise refusal
    return refused(refusal)


async def _not_served(_: Request, problem: Exception) -> Response:
    """Say what the router finds: no such path, or another method."""
    if not isinstance(problem, HTTPException):
        raise problem
    code = _CODES.get(problem.status_code, "INVALID_REQUEST")
    return refused(Refusal(problem.status_code, code, problem.detail.lower(), problem.headers))
