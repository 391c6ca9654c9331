"""What a process is doing at this moment, for whoever watches it from outside.

`CARTEGGIO_TRACE_PHASES` names a file of one octet for each phase, which counts the threads that
are in it. The file is mapped into memory, so it tells the truth even about a process that was
killed. Without the variable nothing is done. `benchmarks/proofs/kills.py` kills by it, and
`benchmarks/proofs/sync_kills.py`.
"""

import mmap
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

IMPORTING: Final = ("reading", "blobs", "appending", "projecting")
"""What an import goes through; a sync does more."""

PHASES: Final = (*IMPORTING, "listing", "fetching", "marking")

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


def phase(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark what a function does; where nobody watches, the function itself is given back."""
    at = PHASES.index(name)

    def marked(work: Callable[P, R]) -> Callable[P, R]:
        if _watched is None:
            return work

        def watched(*args: P.args, **named: P.kwargs) -> R:
            with _within(at):
                return work(*args, **named)

        return watched

    return marked


def during(name: str) -> AbstractContextManager[None]:
    """Mark what is done inside a block."""
    return nullcontext() if _watched is None else _within(PHASES.index(name))


async def awaiting(name: str, items: AsyncIterator[T]) -> AsyncIterator[T]:
    """Mark the time in which the next of these is waited for, and not what is done with each."""
    while True:
        with during(name):
            try:
                item = await anext(items)
            except StopAsyncIteration:
                return
        yield item


@contextmanager
def _within(at: int) -> Iterator[None]:
    assert _watched is not None  # noqa: S101  only watched functions come here
    with _lock:
        _watched[at] += 1
    try:
        yield
    finally:
        with _lock:
            _watched[at] -= 1


def _mapped(path: str | None) -> mmap.mmap | None:
    if not path:
        return None
    with Path(path).open("r+b") as file:
        return mmap.mmap(file.fileno(), len(PHASES))


_lock = threading.Lock()
_watched = _mapped(os.environ.get("CARTEGGIO_TRACE_PHASES"))
