"""Raw mail and large texts, sealed and stored once for each content.

The file is written first and durably, then `record` joins the transaction of the events that name
it: a kill in between leaves a file that nobody refers to, and `sweep` removes it.
A blob's key is wrapped for each message that refers to it, so that one content can be shared and
yet be erased for one message alone.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import islice
from typing import Any
from uuid import UUID

from psycopg import Connection

from adapters.blobstores import (
    BlobMissing,
    BlobStore,
    FolderStore,
    ObjectStore,
    StorageFull,
    StorageUnavailable,
)
from adapters.database import Database
from adapters.keyring import Damaged, Key, KeyDestroyed, Keyring
from adapters.sealing import associated_data, open_blob, seal_blob
from domain.values import BlobName

__all__ = [
    "BlobMissing",
    "BlobReleased",
    "BlobStore",
    "Blobs",
    "Damaged",
    "FolderStore",
    "ObjectStore",
    "Problem",
    "StorageFull",
    "StorageUnavailable",
    "Stored",
    "Trouble",
]

_CONTENT_NAME = 20
_KEY_ID = 10
_BATCH = 500
_LARGE = 2 << 20
A_DAY = timedelta(hours=24)


class BlobReleased(Exception):
    """A shared blob lost its last message before it got this one: put the content again."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A content that lies sealed and durable, ready to be recorded for one message."""

    name: BlobName
    message: UUID
    wrapped: bytes = field(repr=False)
    content_name: bytes = field(repr=False)
    size: int
    new: bool


class Trouble(StrEnum):
    """What can be wrong with a stored blob."""

    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Problem:
    """A blob that cannot be served, as a scrub found it."""

    name: BlobName
    trouble: Trouble


@dataclass(frozen=True, slots=True, repr=False)
class _Blob:
    """A blob on its way: its name and its key."""

    name: BlobName
    secret: bytes
    content: bytes | None = None
    """What is still to be written; None for a blob that lies there already."""


class Blobs:
    """The sealed blobs of one company; safe to share between threads."""

    def __init__(self, store: BlobStore, keyring: Keyring, database: Database) -> None:
        """Keep the blobs of this database in this store."""
        self._store = store
        self._keyring = keyring
        self._database = database

    def put_many(self, items: Sequence[tuple[UUID, bytes]]) -> list[Stored]:
        """Store the content of each message durably; a content that is there is shared.

        Messages whose key was destroyed are left out. Record the outcome in one transaction.
        """
        keys = self._keyring.ensure({message for message, _ in items})
        contents = [(keys[message], content) for message, content in items if message in keys]
        names = [self._content_name(content) for _, content in contents]
        blobs = self._shareable(set(names))
        for name, (_, content) in zip(names, contents, strict=True):
            if name not in blobs:
                blobs[name] = _Blob(_new_name(name), secrets.token_bytes(32), content)
        self._write({blob.name: blob for blob in blobs.values() if blob.content is not None})
        return [
            _stored(key, blobs[name], name, len(content))
            for name, (key, content) in zip(names, contents, strict=True)
        ]

    def record(self, connection: Connection[Any], stored: Sequence[Stored]) -> None:
        """Record stored blobs and their messages inside the caller's transaction.

        Raises BlobReleased when a shared blob has gone meanwhile.
        """
        new = sorted({(s.name, s.content_name, s.size) for s in stored if s.new})
        connection.execute(
            "INSERT INTO blob (name, content_name, size)"
            " SELECT * FROM unnest(%s::text[], %s::bytea[], %s::bigint[]) ON CONFLICT DO NOTHING",
            _columns(new, 3),
        )
        shared = sorted({s.name for s in stored if not s.new})
        # The lock keeps `release` from deleting a blob that is about to get another message.
        there = connection.execute(
            "SELECT name FROM blob WHERE name = ANY(%s) ORDER BY name FOR KEY SHARE", (shared,)
        ).fetchall()
        if len(there) < len(shared):
            raise BlobReleased("a blob went with its last message meanwhile: put it again")
        connection.execute(
            "INSERT INTO blob_reference (name, message, wrapped)"
            " SELECT * FROM unnest(%s::text[], %s::uuid[], %s::bytea[]) ON CONFLICT DO NOTHING",
            _columns(sorted({(s.name, s.message, s.wrapped) for s in stored}), 3),
        )

    def get(self, name: BlobName, message: UUID) -> bytes:
        """Give the content that this message refers to, exactly as it was put.

        Raises BlobMissing, Damaged, or KeyDestroyed once the message is erased.
        """
        with self._database.pool.connection() as connection:
            row = connection.execute(
                "SELECT wrapped FROM blob_reference WHERE name = %s AND message = %s",
                (name, message),
            ).fetchone()
        if row is None:
            raise BlobMissing(f"no blob {name} belongs to the message {message}")
        key = self._keyring.ensure([message]).get(message)
        if key is None:
            raise KeyDestroyed(f"the message {message} was erased")
        return self._opened(name, key.unwrap(row[0]))

    def get_many(self, wanted: Mapping[UUID, BlobName]) -> dict[UUID, bytes]:
        """Give the same of many messages, a blob each; what cannot be read is absent."""
        with self._database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT message, name, wrapped FROM blob_reference"
                " WHERE message = ANY(%s) AND name = ANY(%s)",
                (list(wanted), list(wanted.values())),
            ).fetchall()
        keys = self._keyring.ensure(wanted)
        found: dict[UUID, bytes] = {}
        for message, name, wrapped in rows:
            if wanted.get(message) == name and message in keys:
                with suppress(BlobMissing, Damaged):
                    found[message] = self._opened(BlobName(name), keys[message].unwrap(wrapped))
        return found

    def release(self, connection: Connection[Any], messages: Collection[UUID]) -> list[BlobName]:
        """Take these messages' references away inside the caller's transaction (READ COMMITTED).

        Gives the blobs that lost their last one: `discard` them when it has committed.
        """
        gone = list(messages)
        names = connection.execute(
            "SELECT name FROM blob WHERE name IN"
            " (SELECT name FROM blob_reference WHERE message = ANY(%s)) ORDER BY name FOR UPDATE",
            (gone,),
        ).fetchall()
        connection.execute("DELETE FROM blob_reference WHERE message = ANY(%s)", (gone,))
        # A statement of its own: it sees the references that were waited for at the lock.
        rows = connection.execute(
            "DELETE FROM blob WHERE name = ANY(%s) AND NOT EXISTS"
            " (SELECT FROM blob_reference WHERE blob_reference.name = blob.name) RETURNING name",
            ([name for (name,) in names],),
        ).fetchall()
        return [BlobName(name) for (name,) in rows]

    def discard(self, names: Collection[BlobName]) -> None:
        """Delete the files of released blobs; what a kill leaves behind goes with the sweep."""
        self._store.delete(names)

    def sweep(self, older_than: timedelta = A_DAY) -> int:
        """Delete files that no message refers to and that no import under way still needs."""
        latest = time.time() - older_than.total_seconds()
        old = (entry.name for entry in self._store.entries() if entry.changed <= latest)
        swept = 0
        for names in _batches(old):
            orphans = set(names).difference(self._still_recorded(names))
            self._store.delete(orphans)
            swept += len(orphans)
        return swept

    def scrub(self, *, contents: bool = False) -> Iterator[Problem]:
        """Look for every recorded blob, open each one if asked, and give those in trouble."""
        last = ""
        while names := self._recorded_after(last):
            last = names[-1]
            missing = self._store.missing(names)
            yield from (Problem(name, Trouble.MISSING) for name in self._still_recorded(missing))
            if contents:
                yield from self._damaged([name for name in names if name not in missing])

    def _content_name(self, content: bytes) -> bytes:
        """Name a content so that nobody without the key can tell whether a file holds it."""
        digest = hashlib.sha256(content).digest()
        return hmac.digest(self._keyring.name_key, digest, "sha256")[:_CONTENT_NAME]

    def _shareable(self, contents: Collection[bytes]) -> dict[bytes, _Blob]:
        """Find the blobs that hold these contents, are there, and can be opened for sharing."""
        with self._database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT content, b.name, r.message, r.wrapped FROM unnest(%s::bytea[]) AS content"
                " CROSS JOIN LATERAL (SELECT name FROM blob WHERE content_name = content"
                " ORDER BY stored_at LIMIT 1) AS b"
                " CROSS JOIN LATERAL (SELECT message, wrapped FROM blob_reference"
                " WHERE name = b.name LIMIT 1) AS r",
                (list(contents),),
            ).fetchall()
        keys = self._keyring.ensure({message for _, _, message, _ in rows})
        missing = self._store.missing({name for _, name, _, _ in rows})
        found = {}
        for content, name, message, wrapped in rows:
            if message in keys and name not in missing:
                with suppress(Damaged):  # a scrub reports it; this content gets a sound blob
                    found[content] = _Blob(BlobName(name), keys[message].unwrap(wrapped))
        return found

    def _write(self, blobs: dict[str, _Blob]) -> None:
        def sealed(name: str) -> Iterator[bytes]:
            blob = blobs[name]
            return seal_blob(blob.secret, blob.content or b"", self._associated(blob.name))

        try:
            self._store.put_many([one for one in blobs if not _is_large(blobs[one])], sealed)
            for name in filter(lambda name: _is_large(blobs[name]), blobs):
                self._store.put_many([name], sealed)  # one by one, not many in memory
        except BaseException:
            self._store.delete(blobs)  # a full disk is not helped by what nobody will record
            raise

    def _opened(self, name: BlobName, secret: bytes) -> bytes:
        content = open_blob(secret, self._store.get(name), self._associated(name))
        if not name.startswith(_base32(self._content_name(content))):
            raise Damaged(f"the blob {name} holds another content than its name says")
        return content

    def _associated(self, name: BlobName) -> bytes:
        key_id = name.rpartition("-")[2].encode()
        return associated_data(self._keyring.company, "blob", name.encode(), key_id)

    def _recorded_after(self, last: str) -> list[BlobName]:
        with self._database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT name FROM blob WHERE name > %s ORDER BY name LIMIT %s", (last, _BATCH)
            )
            return [BlobName(name) for (name,) in rows]

    def _still_recorded(self, names: Collection[str]) -> list[BlobName]:
        with self._database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT name FROM blob WHERE name = ANY(%s) ORDER BY name", (list(names),)
            )
            return [BlobName(name) for (name,) in rows]

    def _damaged(self, names: Sequence[BlobName]) -> Iterator[Problem]:
        for name in names:
            try:
                self._open_for_anyone(name)
            except Damaged:
                yield Problem(name, Trouble.DAMAGED)
            except BlobMissing:
                yield from (
                    Problem(name, Trouble.MISSING) for name in self._still_recorded([name])
                )

    def _open_for_anyone(self, name: BlobName) -> None:
        """Open a blob with the key of any message that has one still."""
        with self._database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT message, wrapped FROM blob_reference WHERE name = %s", (name,)
            ).fetchall()
        keys = self._keyring.ensure({message for message, _ in rows})
        for message, wrapped in rows:
            if message in keys:
                self._opened(name, keys[message].unwrap(wrapped))
                return


def _stored(key: Key, blob: _Blob, content_name: bytes, size: int) -> Stored:
    new = blob.content is not None
    return Stored(blob.name, key.subject, key.wrap(blob.secret), content_name, size, new)


def _is_large(blob: _Blob) -> bool:
    return blob.content is not None and len(blob.content) > _LARGE


def _new_name(content_name: bytes) -> BlobName:
    return BlobName(f"{_base32(content_name)}-{_base32(secrets.token_bytes(_KEY_ID))}")


def _base32(octets: bytes) -> str:
    return base64.b32encode(octets).decode().lower()


def _columns(rows: Sequence[tuple[Any, ...]], count: int) -> list[list[Any]]:
    return [[row[at] for row in rows] for at in range(count)]


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while batch := list(islice(rest, _BATCH)):
        yield batch
