"""Reads mail in one child process with limits (CPU, memory, wall clock)."""

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from io import BytesIO
from types import TracebackType
from typing import Self

import msgspec

from adapters.mime.frames import HEAD, READY, Limits, answers, asked
from adapters.mime.reader import Reading, unread

MOST_OF_A_BATCH = 200
OCTETS_OF_A_BATCH = 4_000_000
MOST_OF_A_FRAME = 4_000_000_000
START_SECONDS = 60.0

# The child gets the parent's module path, so that it finds the packages wherever they lie; it
# never imports the parent's main module, as multiprocessing's spawn does.
_CHILD = """
import json, sys
path, limits = json.loads(sys.argv[1])
sys.path[:] = path
from adapters.mime.child import serve
from adapters.mime.frames import Limits
serve(Limits(*limits))
"""


class ReadingWorker:
    """One reading process, started when it is first needed and again after it has died.

    May be used by several threads; they take turns.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        """Start nothing yet."""
        self._limits = limits or Limits()
        self._turn = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Give the worker itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the child process."""
        self.close()

    def close(self) -> None:
        """End the child process, if there is one; reading again starts another."""
        with self._turn:
            self._end()

    def read_many(self, raws: Sequence[bytes]) -> list[Reading]:
        """Read mails, in order; one that its reader does not survive gives a degraded reading."""
        with self._turn:
            return [reading for batch in _batches(raws) for reading in self._read(batch)]

    def _read(self, batch: list[bytes]) -> list[Reading]:
        found = self._attempt(batch)
        while len(found) < len(batch):
            # The mail at fault is tried once more alone: the one before may have been guilty.
            suspect = batch[len(found)]
            found += self._attempt([suspect]) or [unread(suspect, "reading was cut off")]
            found += self._attempt(batch[len(found) :])
        return found

    def _attempt(self, batch: list[bytes]) -> list[Reading]:
        """Give the readings up to the first mail that ends the child, or all."""
        found: list[Reading] = []
        if not batch:
            return found
        child = self._running()
        try:
            self._send(child, asked(batch))
            while len(found) < len(batch):
                found.append(self._receive(child))
        except (OSError, msgspec.MsgspecError, _Gone):
            self._end()
        return found

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            given = json.dumps([sys.path, astuple(self._limits)])
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-c", _CHILD, given],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # a Ctrl-C is the parent's business
            )
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe is not None:
                    os.set_blocking(pipe.fileno(), False)
            self._greet(self._child)
        return self._child

    def _greet(self, child: subprocess.Popen[bytes]) -> None:
        """Wait until the child can work; a process that cannot start is no fault of a mail."""
        try:
            _octets(_fileno(child.stdout), len(READY), time.monotonic() + START_SECONDS)
        except (OSError, _Gone) as gone:
            self._end()
            raise RuntimeError("the process that reads mail does not start") from gone

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was not sent any more is lost on purpose
                    continue
        child.wait()

    def _send(self, child: subprocess.Popen[bytes], pieces: Sequence[bytes]) -> None:
        place = _fileno(child.stdin)
        deadline = time.monotonic() + self._limits.wall_seconds
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                _wait(place, select.POLLOUT, deadline)
                try:
                    rest = rest[os.write(place, rest) :]
                except BlockingIOError:
                    continue

    def _receive(self, child: subprocess.Popen[bytes]) -> Reading:
        place = _fileno(child.stdout)
        deadline = time.monotonic() + self._limits.wall_seconds
        length = HEAD.unpack(_octets(place, HEAD.size, deadline))[0]
        answer = answers.decode(_octets(place, length, deadline))
        files = tuple(_octets(place, size, deadline) for size in answer.files)
        return Reading(answer.content, files)


class _Gone(Exception):
    """The child has ended, or its time has."""


def _fileno(pipe: object) -> int:
    fileno = getattr(pipe, "fileno", None)
    if fileno is None:
        raise _Gone
    return int(fileno())


def _wait(place: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(place, event)
    left = deadline - time.monotonic()
    if left <= 0 or not poll.poll(left * 1_000):
        raise _Gone


def _octets(place: int, length: int, deadline: float) -> bytes:
    if not 0 <= length <= MOST_OF_A_FRAME:
        raise _Gone
    found = BytesIO()  # its value is given without a copy
    while found.tell() < length:
        _wait(place, select.POLLIN, deadline)
        try:
            piece = os.read(place, min(length - found.tell(), 1_048_576))
        except BlockingIOError:
            continue
        if not piece:
            raise _Gone
        found.write(piece)
    return found.getvalue()


def _batches(raws: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Cut into batches of bounded number and size; a large mail goes alone."""
    batch: list[bytes] = []
    octets = 0
    for raw in raws:
        full = len(batch) >= MOST_OF_A_BATCH or octets + len(raw) > OCTETS_OF_A_BATCH
        if batch and full:
            yield batch
            batch, octets = [], 0
        batch.append(raw)
        octets += len(raw)
    if batch:
        yield batch
