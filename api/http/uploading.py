"""Files come in to be sent: one a request, its octets as they are."""

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from adapters.blobs import StorageFull, StorageUnavailable
from adapters.logs import log
from api.graphql.mailinput import writer_of
from api.http.answers import Refusal, away, json_answer
from api.http.bodies import body_of
from api.http.callers import caller_with, served_by
from api.ids import Kind
from api.work.objecting import MOST_OCTETS
from api.work.uploads import upload
from domain.access import Scope
from domain.values import Rejected

_PATIENCE_S: Final = 600.0


async def upload_file(request: Request) -> Response:
    """Keep a file for a day, until a mail or draft takes it; give its id.

    `POST /uploads/<name>` with the octets as body and their media type as Content-Type.
    """
    viewer = await caller_with(request, Scope.SEND_MAIL)
    served = served_by(request)
    kind = request.headers.get("Content-Type", "").partition(";")[0]
    owner, name = writer_of(viewer).id, request.path_params["name"]
    async with served.taking:  # few at once, as each lies in memory whole
        octets = await body_of(request, MOST_OCTETS, _PATIENCE_S)
        try:
            one = await asyncio.to_thread(upload, served.carteggio, owner, name, kind, octets)
        except (StorageFull, StorageUnavailable):
            log("http").warning("blobs cannot be stored")
            raise away("the store of octets") from None
        except Rejected as refusal:
            raise Refusal(413, refusal.code, refusal.sentence) from None
    told = {"id": f"{Kind.UPLOAD.value}_{one.id.hex}", "name": one.name, "size": one.size}
    return json_answer({**told, "mediaType": one.media_type, "sha256": one.sha256}, 201)
