"""Where sealed blobs lie: a folder that machines may share, or an S3 bucket.

Names are keyed and say nothing; both stores lay them out alike, so that one can be copied to the
other. A store knows neither keys nor contents.
"""

import errno
import os
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from adapters.filesystems import sync_whole, syncs_as_a_whole

AT_ONCE = 8
MANY = 16
"""So many files are synced with the file system sooner than one by one."""

_NAME = re.compile(r"([a-z2-7]{2})[a-z2-7]{30}-[a-z2-7]{16}(\.[0-9a-f]{8})?")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_THERE = (
    FileNotFoundError,
    NotFoundError,
)  # obstore raises the first, and documents the second
_Answer = TypeVar("_Answer")
Sealed = Callable[[str], Iterable[bytes]]
"""Gives what a blob holds, in pieces, once it is its turn to be written."""


class BlobMissing(Exception):
    """There is no such blob, or not for this message."""


class StorageFull(Exception):
    """No room is left for another blob; the sentence says where."""


class StorageUnavailable(Exception):
    """The store does not answer, or refuses; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as the store lists it; `changed` is when it came, in seconds since 1970."""

    name: str
    changed: float


class BlobStore(Protocol):
    """What the blobs ask of a place to lie in; every call may come from many threads."""

    def put_many(self, names: Collection[str], sealed: Sealed) -> None:
        """Write blobs, so that they survive a power cut; again does no harm.

        When it fails, none of them can be relied on.
        """

    def get(self, name: str) -> bytes:
        """Read a blob, or raise BlobMissing."""
        ...

    def missing(self, names: Collection[str]) -> set[str]:
        """Say which of these blobs are not there."""
        ...

    def delete(self, names: Collection[str]) -> None:
        """Delete blobs; those that are gone already do no harm."""

    def entries(self) -> Iterator[Entry]:
        """List what lies there, half-written files included."""
        ...


def at_once(call: Callable[[str], _Answer], names: Collection[str]) -> list[_Answer]:
    """Call for each name, some at a time: disks and services answer several sooner than one."""
    if len(names) < 2:
        return [call(name) for name in names]
    with ThreadPoolExecutor(min(AT_ONCE, len(names)), "blobs") as pool:
        return list(pool.map(call, names))


class FolderStore:
    """Blobs in a folder: nothing there shows a name, a kind, a size or a time of what it holds."""

    def __init__(self, folder: Path) -> None:
        """Use this folder, and make it where there is none."""
        self.folder = folder
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _settle(str(folder.parent))
        self._syncs_as_a_whole = syncs_as_a_whole(folder)

    def put_many(self, names: Collection[str], sealed: Sealed) -> None:
        with self._sentences():
            if len(names) >= MANY and self._syncs_as_a_whole:
                self._put_and_sync_all(names, sealed)
            elif names:
                at_once(lambda name: self._put(name, sealed(name), durably=True), names)
                self._settle(names)

    def _put_and_sync_all(self, names: Collection[str], sealed: Sealed) -> None:
        # Opened before anything is written: it is told of errors from then on (syncfs(2)).
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in names:
                self._put(name, sealed(name), durably=False)
            sync_whole(descriptor)
        finally:
            os.close(descriptor)

    def _put(self, name: str, sealed: Iterable[bytes], *, durably: bool) -> None:
        path = self._place(name)
        draft = f"{path}.{secrets.token_hex(4)}"
        try:
            _write(draft, sealed, durably=durably)
            os.replace(draft, path)  # noqa: PTH105  a Path costs as much as the rest
        except BaseException:
            with suppress(FileNotFoundError, NotADirectoryError):
                Path(draft).unlink()
            raise

    def _settle(self, names: Collection[str]) -> None:
        # Another process may have made a folder and not settled it yet: settle the way up too.
        at_once(_settle, {os.path.dirname(self._place(name)) for name in names})  # noqa: PTH120
        at_once(_settle, [str(self.folder)])

    def get(self, name: str) -> bytes:
        try:
            return Path(self._place(name)).read_bytes()
        except FileNotFoundError as error:
            raise BlobMissing(f"the blob {name} is not in {self.folder}") from error

    def missing(self, names: Collection[str]) -> set[str]:
        return {name for name in names if not Path(self._place(name)).is_file()}

    def delete(self, names: Collection[str]) -> None:
        for name in names:
            with suppress(FileNotFoundError, NotADirectoryError):  # as good as deleted
                Path(self._place(name)).unlink()

    def entries(self) -> Iterator[Entry]:
        for folder in sorted(self.folder.glob("[a-z2-7][a-z2-7]")):
            with os.scandir(folder) as files:
                for file in files:
                    if _NAME.fullmatch(file.name):
                        # ctime: the mtime is neutral, and this one cannot be set back.
                        yield Entry(file.name, file.stat(follow_symlinks=False).st_ctime)

    def _place(self, name: str) -> str:
        return f"{self.folder}/{_laid_out(name)}"

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise StorageFull(
                f"no room is left for mail in {self.folder}: free some, or give it more; "
                "nothing was lost, and the work resumes by itself"
            ) from error


class ObjectStore:
    """Blobs in an S3 bucket: `s3://bucket/prefix`."""

    def __init__(
        self,
        url: str,
        *,
        endpoint: str | None = None,
        region: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        allow_http: bool = False,
    ) -> None:
        """Use this bucket; what is not given comes from the AWS_ variables of the environment."""
        parts = urlsplit(url)
        self.url = url
        given = {
            "endpoint": endpoint,
            "region": region,
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
        }
        self._store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config={key: value for key, value in given.items() if value},  # type: ignore[arg-type]
            retry_config={"max_retries": 5, "retry_timeout": timedelta(seconds=30)},
            client_options={"allow_http": allow_http},
        )

    def put_many(self, names: Collection[str], sealed: Sealed) -> None:
        """An S3 service answers when the object is durable."""
        with self._sentences():
            at_once(lambda name: self._put(name, b"".join(sealed(name))), names)

    def _put(self, name: str, sealed: bytes) -> None:
        obstore.put(self._store, _laid_out(name), sealed)

    def get(self, name: str) -> bytes:
        with self._sentences():
            try:
                return obstore.get(self._store, _laid_out(name)).bytes().to_bytes()
            except _NOT_THERE as error:
                raise BlobMissing(f"the blob {name} is not in {self.url}") from error

    def missing(self, names: Collection[str]) -> set[str]:
        there = zip(names, at_once(self._is_there, names), strict=True)
        return {name for name, is_there in there if not is_there}

    def delete(self, names: Collection[str]) -> None:
        with self._sentences():
            obstore.delete(self._store, [_laid_out(name) for name in names])

    def entries(self) -> Iterator[Entry]:
        with self._sentences():
            for page in obstore.list(self._store):
                for entry in page:
                    name = entry["path"].rpartition("/")[2]
                    if _NAME.fullmatch(name):
                        yield Entry(name, entry["last_modified"].timestamp())

    def _is_there(self, name: str) -> bool:
        with self._sentences():
            try:
                obstore.head(self._store, _laid_out(name))
            except _NOT_THERE:
                return False
            return True

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, *_NOT_THERE) as error:
            reason = str(error).splitlines()[0]  # the rest is the library's view of itself
            raise StorageUnavailable(f"{self.url} refuses or does not answer: {reason}") from error


def _laid_out(name: str) -> str:
    """Give the path of a blob, in one of 1,024 folders; a name that is none of ours leads nowhere."""
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise BlobMissing(f"{name!r} is not the name of a blob")
    return f"{parts[1]}/{name}"


def _write(path: str, pieces: Iterable[bytes], *, durably: bool) -> None:
    try:
        descriptor = _create(path)
    except FileNotFoundError:
        with suppress(FileExistsError):  # another thread's or process's
            os.mkdir(os.path.dirname(path), 0o700)  # noqa: PTH102, PTH120
        descriptor = _create(path)
    try:
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        os.utime(descriptor, (0, 0))  # when mail came is nobody's business here
        if durably:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _settle(folder: str) -> None:
    """Make a folder's entries survive a power cut: a file's fsync does not (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
