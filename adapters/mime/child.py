"""The child process that reads mail under limits, so that a bad mail costs only its own life."""

import resource
import signal
import sys
from typing import BinaryIO

from adapters.mime.frames import READY, Limits, batches, framed, read_frame
from adapters.mime.reader import Reading, read, unread


def serve(limits: Limits) -> None:
    """Read batches from standard input, answer each mail in turn, end with the input."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    # A stray print of a library must not break the frames.
    sys.stdout = sys.stderr
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    target.write(READY)
    target.flush()
    while (frame := read_frame(source)) is not None:
        _bound_memory(limits, len(frame))
        raws = batches.decode(frame).raws
        del frame
        for raw in raws:
            _answer(target, raw, limits)


def _answer(target: BinaryIO, raw: bytes, limits: Limits) -> None:
    # The default action of SIGPROF ends the process: no code of ours needs to run for it.
    signal.setitimer(signal.ITIMER_PROF, limits.cpu_seconds)
    frame = _frame(raw)
    signal.setitimer(signal.ITIMER_PROF, 0)
    target.write(frame)
    target.flush()


def _frame(raw: bytes) -> bytes:
    try:
        return framed(read(raw))
    except Exception as fault:  # noqa: BLE001  what cannot be sent back must not end the batch
        why = f"reader fault: {type(fault).__name__}"
    return framed(Reading(unread(raw, why).content))


def _bound_memory(limits: Limits, octets: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = limits.memory + limits.room_factor * octets
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
