"""Ctrl-C: work ends at once, what must be tidied up is tidied up."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

_STDERR: Final = 2


class Stopping:
    """A wish to stop: heeded at once where that is possible, else where it next is.

    Starting and stopping a server are never cut in the middle, so that none is left behind.
    """

    def __init__(self) -> None:
        self._wished = self._possible = False

    def wish(self, _number: int, _frame: FrameType | None) -> None:
        """Take a signal; one that comes while all is being stopped changes nothing."""
        if not self._wished:
            # Past Python's files: one of them may be in the midst of a line, or gone.
            with suppress(OSError):
                os.write(_STDERR, b"\nStopping ...\n")
        self._wished = True
        if self._possible:
            self._possible = False
            raise KeyboardInterrupt

    @contextmanager
    def possible(self) -> Iterator[None]:
        """Let a wish to stop end the block."""
        self._possible = True
        try:
            if self._wished:
                raise KeyboardInterrupt
            yield
        finally:
            self._possible = False


@contextmanager
def stopping() -> Iterator[Stopping]:
    """Let signals wish for the end, rather than bring it about, until the block is left."""
    caught = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none; nohup ignores it
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        caught.append(hangup)
    wished = Stopping()
    before = [(one, signal.signal(one, wished.wish)) for one in caught]
    try:
        yield wished
    finally:
        for one, handler in before:
            signal.signal(one, handler)
