"""Files that are uploaded to be sent: sealed, each under a key of its own, and gone with their draft."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import Connection

from adapters import drafts
from adapters.drafts import UploadRow
from adapters.ids import uuid7
from api.work.instance import Carteggio
from api.work.objecting import MOST_OCTETS
from domain.filenames import safe_name
from domain.values import BlobName, Rejected

_KIND: Final = "upload"
_KEPT: Final = timedelta(days=1)
_MEGABYTE: Final = 1024 * 1024
_MOST: Final = MOST_OCTETS // _MEGABYTE
_MOST_TYPE: Final = 200
_UNKNOWN: Final = "application/octet-stream"


class _Told(msgspec.Struct, frozen=True):
    """What is sealed of a file beside its octets."""

    name: str
    media_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was uploaded; `sha256` of its octets, in hex."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    blob: BlobName


def upload(carteggio: Carteggio, owner: str, name: str, media_type: str, octets: bytes) -> Upload:
    """Keep a file for who may send it; a day long, unless a draft has it.

    Raises Rejected: TOO_LARGE for one file, QUOTA_EXCEEDED where he has uploaded too much.
    """
    if len(octets) > MOST_OCTETS:
        raise Rejected("TOO_LARGE", f"a file has {_MOST} MB at most; send it in another way")
    sweep(carteggio)
    with carteggio.database.pool.connection() as connection:
        _refuse_full(carteggio, connection, owner, len(octets))
    id = uuid7()
    (stored,) = carteggio.blobs.put_many([(id, octets)])
    digest = hashlib.sha256(octets).hexdigest()
    told = _Told(safe_name(name), media_type.strip().lower()[:_MOST_TYPE] or _UNKNOWN, digest)
    sealed = carteggio.keyring.seal_secret(id, msgspec.json.encode(told), _KIND)
    row = UploadRow(id, owner, None, len(octets), stored.name, sealed)
    try:
        with carteggio.database.pool.connection() as connection, connection.transaction():
            drafts.hold_uploads(connection, owner)
            _refuse_full(carteggio, connection, owner, len(octets))
            carteggio.blobs.record(connection, [stored])
            drafts.write_upload(connection, row)
    except Rejected:
        carteggio.keyring.destroy([id])
        raise
    return Upload(id, told.name, told.media_type, row.size, digest, stored.name)


def uploads(
    carteggio: Carteggio, ids: Collection[UUID], owner: str, draft: UUID | None = None
) -> dict[UUID, Upload]:
    """Give the uploads of an owner or a draft; Rejected: one is not there."""
    with carteggio.database.pool.connection() as connection:
        rows = drafts.uploads_of(connection, ids, owner, draft)
    found = {row.id: _opened(carteggio, row) for row in rows}
    if missing := set(ids) - found.keys():
        named = ", ".join(f"upl_{one.hex}" for one in sorted(missing))
        raise Rejected("NOT_FOUND", f"there is no such upload any more: {named}; upload it again")
    return found


def refuse_too_much(found: Collection[Upload]) -> None:
    """Raise Rejected (TOO_LARGE) for files that are too much for one mail together."""
    if sum(one.size for one in found) > MOST_OCTETS:
        sentence = f"files: those of one mail have {_MOST} MB together at most; take some out"
        raise Rejected("TOO_LARGE", sentence)


def _refuse_full(carteggio: Carteggio, connection: Connection[Any], owner: str, more: int) -> None:
    most = carteggio.settings.upload_quota_bytes
    if (there := drafts.uploaded(connection, owner)) + more > most:
        held, all_ = there // _MEGABYTE, most // _MEGABYTE
        sentence = (
            f"files: {held:,} of {all_:,} MB lie here that no mail has taken yet; send drafts, or"
            " delete them or their files (what no draft has goes after a day)"
        )
        raise Rejected("QUOTA_EXCEEDED", sentence)


def release(
    carteggio: Carteggio, connection: Connection[Any], ids: Sequence[UUID]
) -> list[BlobName]:
    """Forget uploads in a transaction; give what is to be discarded by `ended` behind it."""
    drafts.forget_uploads(connection, ids)
    return carteggio.blobs.release(connection, ids)


def ended(carteggio: Carteggio, ids: Collection[UUID], blobs: Collection[BlobName]) -> None:
    """Destroy the keys of what was forgotten, and its octets."""
    carteggio.keyring.destroy(ids)
    carteggio.blobs.discard(blobs)


def sweep(carteggio: Carteggio) -> None:
    """Forget uploads that nobody used."""
    while True:
        with carteggio.database.pool.connection() as connection, connection.transaction():
            stale = drafts.stale_uploads(connection, _KEPT)
            gone = release(carteggio, connection, stale) if stale else []
        if not stale:
            return
        ended(carteggio, stale, gone)


def _opened(carteggio: Carteggio, row: UploadRow) -> Upload:
    opened = carteggio.keyring.open_secret(row.id, row.sealed, _KIND)
    told = msgspec.json.decode(opened, type=_Told)
    return Upload(row.id, told.name, told.media_type, row.size, told.sha256, BlobName(row.blob))
