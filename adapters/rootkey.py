"""The root key of an instance, which opens the company keys and is never in the database."""

import os
import secrets
import stat
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from adapters.sealing import Damaged, unwrap

_SIZE = 32


class RootKeyUnusable(Exception):
    """The root key cannot be used; the sentence says what to do."""


class WrongKey(RootKeyUnusable):
    """This root key is not the one that the instance was made with."""


class RootKey(Protocol):
    """What Carteggio asks of a root key; a key management service offers the same four calls."""

    def generate(self) -> None:
        """Make the key durably, unless there is one."""

    def wrap(self, secret: bytes) -> bytes:
        """Wrap a company key."""
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """Unwrap a company key, or raise WrongKey."""
        ...

    def destroy(self) -> None:
        """Destroy the key, and with it everything that the instance has sealed."""


class FileRoot:
    """A root key in a file that its owner alone can read."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is read whenever it is needed, and not kept."""
        self.path = path

    def generate(self) -> None:
        """Make the file whole or not at all; of two processes that try, the first one makes it."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        _write(draft, secrets.token_bytes(_SIZE))
        try:
            os.link(draft, self.path)
        except FileExistsError:
            self._read()
        finally:
            draft.unlink()
            _settle(self.path.parent)

    def wrap(self, secret: bytes) -> bytes:
        """Wrap a company key (RFC 3394)."""
        return aes_key_wrap(self._read(), secret)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Unwrap a company key, or raise WrongKey."""
        try:
            return unwrap(self._read(), wrapped)
        except Damaged as error:
            raise WrongKey(
                f"the key file {self.path} does not belong to this instance: it does not open "
                "the company's key. Put back the file that the instance was made with"
            ) from error

    def destroy(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)
        _settle(self.path.parent)

    def _read(self) -> bytes:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise RootKeyUnusable(
                f"there is no key file {self.path}. Put back the file that the instance was "
                "made with; without it nothing that was sealed can be opened"
            ) from error
        except PermissionError as error:
            raise RootKeyUnusable(
                f"the key file {self.path} cannot be read: it belongs to another user"
            ) from error
        with open(descriptor, "rb") as file:  # noqa: PTH123  the opened file is the one checked
            self._check(os.fstat(descriptor))
            return file.read(_SIZE)

    def _check(self, status: os.stat_result) -> None:
        mode = stat.S_IMODE(status.st_mode)
        if mode not in {0o600, 0o400}:
            raise RootKeyUnusable(
                f"the key file {self.path} has mode {mode:04o}, so that others may read it. "
                f"Give it to its owner alone: chmod 600 {self.path}"
            )
        if not stat.S_ISREG(status.st_mode) or status.st_size != _SIZE:
            raise RootKeyUnusable(
                f"the key file {self.path} is not a key: it has to hold {_SIZE} bytes. Put back "
                "the file that the instance was made with"
            )


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123  made with its mode, not changed after
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _settle(folder: Path) -> None:
    """Make the folder's entries survive a power cut: a file's fsync does not (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
