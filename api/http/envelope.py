"""Around every request: safe headers, a line in the log, and a last catch."""

import time
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from psycopg import InterfaceError, OperationalError
from psycopg_pool import PoolTimeout
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.database import DatabaseUnavailable
from adapters.logs import log
from api.http.answers import Refusal, away, refused
from api.http.figures import Figures
from api.work.projector import where

_SAFE: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_CHATTER: Final = (
    "health",
    "accounts_health",
    "metrics",
)  # asked every few seconds by those who watch
_AWAY: Final = (DatabaseUnavailable, OperationalError, InterfaceError, PoolTimeout)


@dataclass(slots=True)
class _Answered:
    """The status that was sent; 0 while none was."""

    status: int = 0


class Envelope:
    """Wraps an application; knows nothing of what is asked."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        """Count into these figures."""
        self._app, self._figures = app, figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, answered = time.perf_counter(), _Answered()

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _SAFE.items():
                    headers.setdefault(name, value)
            await send(message)

        self._figures.running.inc()
        try:
            await self._app(scope, receive, sealed)
        except Exception as error:  # noqa: BLE001  the last catch; it says where, never what
            if answered.status:
                log("http").error("an answer broke off", error=where(error))
            else:
                await _excuse(error)(scope, receive, sealed)
        finally:
            self._figures.running.dec()
        self._note(scope, answered.status, time.perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("endpoint"), "__name__", "none")
        method = scope["method"] if scope["method"] in {"GET", "HEAD", "POST"} else "other"
        self._figures.requests.labels(route, method, str(status)).inc()
        self._figures.seconds.labels(route).observe(seconds)
        viewer = scope.get("state", {}).get("viewer")
        say = log("http").debug if route in _CHATTER else log("http").info
        say(
            "request",
            route=route,  # never the path: anything may stand there
            method=method,
            status=status,
            ms=round(seconds * 1000, 1),
            token=str(viewer.token) if viewer else None,
        )


def _excuse(error: Exception) -> Response:
    if isinstance(error, Refusal):
        return refused(error)
    if isinstance(error, _AWAY):
        log("http").warning("the database does not answer", error=where(error))
        return refused(away())
    reference = uuid4().hex[:12]
    log("http").error("an error", reference=reference, error=where(error))
    return refused(Refusal(500, "INTERNAL", f"internal error {reference}; the log says more"))
