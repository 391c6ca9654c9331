"""What is to be approved leaves as it would: raw mail, for a colleague who may decide on it."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from adapters.building.builder import build
from api.graphql.ids import Kind, encoded
from api.graphql.mailinput import writer_of
from api.http.answers import Refusal
from api.http.callers import caller_with, served_by
from api.http.downloads import disposition
from api.paths import approval_of
from api.security import Viewer
from api.work import approvals
from api.work.approvals import Leaving
from api.work.generations import active_names_async
from api.work.instance import PROJECTIONS
from domain.access import Scope
from projections.approvals import approvals_in


async def raw(request: Request) -> Response:
    """Give the octets of what would leave; date and ids are those of a mail that left now."""
    viewer = await caller_with(request, Scope.APPROVE_MAIL)
    found = await _leaving(request, viewer)
    if found is None:
        raise Refusal(404, "NOT_FOUND", "there is nothing here that waits for your approval")
    built = await asyncio.to_thread(build, found.tried.mail, found.wanted.contents)
    headers = {"Content-Disposition": disposition("approval.eml")}
    return Response(built.raw, 200, headers, "application/octet-stream")


async def _leaving(request: Request, viewer: Viewer) -> Leaving | None:
    served, id = served_by(request), approval_of(request.path_params["id"])
    if id is None or viewer.colleague is None:
        return None
    async with served.pool.connection() as connection:
        asked = connection, await active_names_async(connection, PROJECTIONS)
        rows = await approvals_in(*asked, viewer.reader, ids=[id])
        may = await approvals.approvers(asked, viewer.reader, rows)
    own = (writer_of(viewer).id, str(encoded(Kind.TOKEN, viewer.token)))
    for row in rows:
        if viewer.colleague in may[row.id][0] and not approvals.is_author(row, own):
            return await approvals.leaving(served.carteggio, row)
    return None
