"""Where servers of tests write: in memory if that has room, as nothing there outlives a test.

A fresh database is some three hundred files, and most of what it costs is making them on a disk.
What is tested about disks and durability lies in pytest's folders, which are on one.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108  a place, not a file; folders in it have names of their own
_ROOM = 4 << 30


@contextmanager
def quick_folder(what: str) -> Iterator[Path]:
    """Give a folder with a short path that a server's own user may pass through."""
    folder = Path(tempfile.mkdtemp(prefix=f"carteggio-{what}-", dir=_place()))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _place() -> str:
    roomy = (
        os.access(_MEMORY, os.W_OK)
        and not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
        and shutil.disk_usage(_MEMORY).free >= _ROOM
    )
    return str(_MEMORY if roomy else "/tmp")  # noqa: S108
