"""The child process that reads mail under limits, so that a bad mail costs only its own life."""

import os
import resource
import signal
import sys
from collections import deque
from typing import BinaryIO

from adapters.allocator import give_back_memory
from adapters.mime.frames import READY, Limits, answered, sizes_asked
from adapters.mime.reader import read, unread


def serve(limits: Limits) -> None:
    """Read batches from standard input, answer each mail in turn, end with the input."""
    try:
        _serve(limits)
    except BrokenPipeError:
        os._exit(0)  # whoever asked is gone: nobody waits for an answer, or for words about it


def _serve(limits: Limits) -> None:
    give_back_memory()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    # A stray print of a library must not break the frames.
    sys.stdout = sys.stderr
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    target.write(READY)
    target.flush()
    while (sizes := sizes_asked(source)) is not None:
        _bound_memory(limits, sum(sizes))
        raws = deque([source.read(size) for size in sizes])
        while raws:
            _answer(target, raws.popleft(), limits)


def _answer(target: BinaryIO, raw: bytes, limits: Limits) -> None:
    # The default action of SIGPROF ends the process: no code of ours needs to run for it.
    signal.setitimer(signal.ITIMER_PROF, limits.cpu_seconds)
    pieces = _pieces(raw)
    signal.setitimer(signal.ITIMER_PROF, 0)
    del raw  # a large one goes before its files are sent
    target.writelines(pieces)
    target.flush()


def _pieces(raw: bytes) -> list[bytes]:
    try:
        return answered(read(raw))
    except Exception as fault:  # noqa: BLE001  what cannot be sent back must not end the batch
        why = f"reader fault: {type(fault).__name__}"
    return answered(unread(raw, why))


def _bound_memory(limits: Limits, octets: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = limits.memory + limits.room_factor * octets
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
