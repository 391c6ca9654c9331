"""Who calls: the viewer of a request, or a refusal."""

from typing import cast

from starlette.requests import Request

from api.http.answers import Refusal
from api.http.state import Served
from api.security import Unknown, Viewer
from domain.access import Scope


def served_by(request: Request) -> Served:
    """Give what the application has opened."""
    return cast("Served", request.app.state.served)


async def caller(request: Request) -> Viewer:
    """Let the bearer of a valid token in; nobody else (RFC 6750 3)."""
    said = request.headers.get("Authorization")
    try:
        viewer = await served_by(request).doorkeeper.viewer(said)
    except Unknown:
        why = ', error="invalid_token"' if said else ""
        challenge = {"WWW-Authenticate": f'Bearer realm="carteggio"{why}'}
        sentence = "a valid token is needed: Authorization: Bearer cgt_…; see: carteggio token"
        raise Refusal(401, "UNAUTHENTICATED", sentence, challenge) from None
    request.state.viewer = viewer
    return viewer


async def caller_with(request: Request, scope: Scope) -> Viewer:
    """Let only those in who may do this."""
    viewer = await caller(request)
    if scope not in viewer.scopes:
        challenge = {
            "WWW-Authenticate": f'Bearer realm="carteggio", error="insufficient_scope", '
            f'scope="{scope.value}"'
        }
        raise Refusal(403, "FORBIDDEN", f"this token has not the scope {scope.value}", challenge)
    return viewer
