"""Mail leaves as it came: the raw octets of a message, and its attachments."""

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from adapters.blobs import BlobMissing, Damaged, StorageUnavailable
from adapters.keyring import KeyDestroyed
from adapters.logs import log
from api.http.answers import Refusal, away
from api.http.callers import caller_with, served_by
from api.http.state import Served
from api.paths import attachment_of, message_of
from api.security import Viewer
from api.work.generations import active_names_async
from api.work.instance import PROJECTIONS
from api.work.overseeing import keep_reading
from domain.access import Scope
from domain.filenames import safe_name
from domain.values import BlobName
from projections import messages
from projections.contents import AttachmentRow
from projections.occurrences import OccurrenceRow
from projections.reader import Reader

_CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class _File:
    """What is to leave: where its octets lie, and how it is called."""

    message: UUID
    blob: BlobName
    name: str
    size: int
    sha256: str = ""


async def raw(request: Request) -> Response:
    """Give a message's octets, exactly as they were captured; `?copy=` chooses by their digest."""
    viewer = await caller_with(request, Scope.READ_MAIL)
    message = message_of(request.path_params["id"])
    if message is None:
        raise _not_found()
    served = served_by(request)
    found = await _raw(served, viewer.reader, message, request.query_params.get("copy"))
    await _keep(served, viewer, message)
    return await _sent(request, found)


async def attachment(request: Request) -> Response:
    """Give an attachment's octets."""
    viewer = await caller_with(request, Scope.READ_MAIL)
    wanted = attachment_of(request.path_params["id"])
    if wanted is None:
        raise _not_found()
    found = await _attachment(served_by(request), viewer.reader, *wanted)
    await _keep(served_by(request), viewer, wanted[0])
    return await _sent(request, found)


async def _keep(served: Served, viewer: Viewer, message: UUID) -> None:
    """Keep that he reads it, if it is another person's mail."""
    async with served.pool.connection() as connection:
        asked = connection, await active_names_async(connection, PROJECTIONS), viewer.reader
        await keep_reading(served.carteggio, asked, viewer.colleague, [message], "http")


async def _raw(served: Served, reader: Reader, message: UUID, copy: str | None) -> _File:
    async with served.pool.connection() as connection:
        asked = connection, await active_names_async(connection, PROJECTIONS), reader
        row = await messages.by_id(*asked, message)
        seen = (await messages.occurrences_of(*asked, [message])).get(message, [])
    if row is None or not seen:
        raise _not_found()
    if copy is not None:
        seen = [one for one in seen if one.raw_sha256 == copy.lower()]
        if not seen:
            raise _not_found()
    # The form that is shown goes first; an odd copy of the same message may be the older one.
    shown: OccurrenceRow = min(seen, key=lambda one: one.content != row.content)
    name = f"{message.hex}.eml"
    return _File(message, BlobName(shown.raw), name, shown.size, shown.raw_sha256)


async def _attachment(served: Served, reader: Reader, message: UUID, place: int) -> _File:
    async with served.pool.connection() as connection:
        asked = connection, await active_names_async(connection, PROJECTIONS), reader
        rows = (await messages.attachments_of(*asked, [message])).get(message, [])
    found: AttachmentRow | None = next((one for one in rows if one.ordinal == place), None)
    if found is None:
        raise _not_found()
    if found.blob is None:
        raise Refusal(404, "NOT_KEPT", "this attachment could not be read out of the raw message")
    return _File(message, BlobName(found.blob), safe_name(found.shown_name), found.size)


async def _sent(request: Request, file: _File) -> Response:
    headers = {"Content-Disposition": disposition(file.name)}
    if file.sha256:
        digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
        headers["Repr-Digest"] = f"sha-256=:{digest}:"  # RFC 9530
    octets = await _octets(served_by(request), file)
    headers["Content-Length"] = str(len(octets))
    body = iter(()) if request.method == "HEAD" else _chunks(octets)
    return StreamingResponse(body, 200, headers, "application/octet-stream")


async def _octets(served: Served, file: _File) -> bytes:
    """Open a blob in a thread; few at once, as each lies in memory whole."""
    try:
        async with served.opening:
            return await asyncio.to_thread(served.carteggio.blobs.get, file.blob, file.message)
    except KeyDestroyed:
        raise Refusal(410, "ERASED", "this message was erased") from None
    except StorageUnavailable:
        log("http").warning("blobs cannot be reached")
        raise away("the store of octets") from None
    except (BlobMissing, Damaged) as trouble:
        log("http").error("a blob is lost", message=file.message, trouble=type(trouble).__name__)
        raise Refusal(
            500, "LOST", "the octets are lost; an operator runs: carteggio doctor"
        ) from None


def _chunks(octets: bytes) -> Iterator[bytes]:
    for at in range(0, len(octets), _CHUNK):
        yield octets[at : at + _CHUNK]


def disposition(name: str) -> str:
    """Name a download (RFC 6266): plain for old clients, and whole (RFC 8187)."""
    plain = "".join(one if one.isascii() and one.isprintable() else "_" for one in name)
    plain = plain.replace("\\", "_").replace('"', "_").replace("%", "_")
    if plain == name:
        return f'attachment; filename="{plain}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _not_found() -> Refusal:
    """The same for what is not there and for what may not be seen."""
    return Refusal(404, "NOT_FOUND", "there is nothing here that you may see")
