"""Where sealed blobs lie: a folder that machines may share, or an S3 bucket.

Names are keyed and say nothing; both stores lay them out alike, so that one can be copied to the
other. A store knows neither keys nor contents.
"""

import errno
import os
import re
import secrets
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

AT_ONCE = 8
_NAME = re.compile(r"([a-z2-7]{2})([a-z2-7]{2})[a-z2-7]{28}-[a-z2-7]{16}(\.[0-9a-f]{8})?")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_THERE = (
    FileNotFoundError,
    NotFoundError,
)  # obstore raises the first, and documents the second
_Answer = TypeVar("_Answer")


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

    def put(self, name: str, sealed: bytes | bytearray) -> None:
        """Write a blob whole or not at all; again does no harm."""

    def settle(self, names: Collection[str]) -> None:
        """Make sure that what was put survives a power cut."""

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

    def put(self, name: str, sealed: bytes | bytearray) -> None:
        path = self._path(name)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with self._sentences():
            try:
                _write(draft, sealed)
                draft.replace(path)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise

    def settle(self, names: Collection[str]) -> None:
        leaves = {self._path(name).parent for name in names}
        # Another process may have made a folder and not settled it yet: settle the way up too.
        for level in (
            leaves,
            {leaf.parent for leaf in leaves},
            {self.folder} if leaves else set(),
        ):
            at_once(_settle, [str(folder) for folder in level])

    def get(self, name: str) -> bytes:
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError as error:
            raise BlobMissing(f"the blob {name} is not in {self.folder}") from error

    def missing(self, names: Collection[str]) -> set[str]:
        return {name for name in names if not self._path(name).is_file()}

    def delete(self, names: Collection[str]) -> None:
        for name in names:
            self._path(name).unlink(missing_ok=True)

    def entries(self) -> Iterator[Entry]:
        for folder in sorted(self.folder.glob("[a-z2-7][a-z2-7]/[a-z2-7][a-z2-7]")):
            with os.scandir(folder) as files:
                for file in files:
                    if _NAME.fullmatch(file.name):
                        # ctime: the mtime is neutral, and this one cannot be set back.
                        yield Entry(file.name, file.stat(follow_symlinks=False).st_ctime)

    def _path(self, name: str) -> Path:
        return self.folder / _laid_out(name)

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

    def put(self, name: str, sealed: bytes | bytearray) -> None:
        with self._sentences():
            obstore.put(self._store, _laid_out(name), sealed)

    def settle(self, names: Collection[str]) -> None:
        """Do nothing: an S3 service answers when the object is durable."""

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
    """Give the path of a blob, two levels deep; a name that is none of ours leads nowhere."""
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise BlobMissing(f"{name!r} is not the name of a blob")
    return f"{parts[1]}/{parts[2]}/{name}"


def _write(path: Path, content: bytes | bytearray) -> None:
    try:
        descriptor = _create(path)
    except FileNotFoundError:
        for folder in (path.parent.parent, path.parent):  # `parents` would not heed the mode
            folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = _create(path)
    with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123  made with its mode
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]
        os.utime(descriptor, (0, 0))  # when mail came is nobody's business here
        os.fsync(descriptor)


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _settle(folder: str) -> None:
    """Make a folder's entries survive a power cut: a file's fsync does not (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
