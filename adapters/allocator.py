"""What a process gives back of its memory: large mail comes and goes, and should leave nothing.

glibc keeps freed blocks of up to 32 MB once it has seen such, and has an arena for each of many
threads. An import of mail with large files then holds several times what it uses.
"""

import ctypes
import sys
from collections.abc import Callable
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_SETTINGS: Final = ((_TRIM_THRESHOLD, 1 << 20), (_MMAP_THRESHOLD, 256 << 10), (_ARENA_MAX, 2))


def give_back_memory() -> None:
    """Let freed large blocks go to the system at once; nothing is done where malloc is another's."""
    mallopt = _glibc("mallopt")
    if mallopt is not None:
        for name, value in _SETTINGS:
            mallopt(name, value)


def trim_memory() -> None:
    """Give back what is free between small blocks: for a moment between two large pieces of work."""
    malloc_trim = _glibc("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _glibc(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
