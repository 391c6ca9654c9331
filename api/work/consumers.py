"""Those who read events and decide: what the feed asks of them, and its patience with them."""

import time
from typing import Final, Protocol

from adapters.logs import log
from api.work.batches import TRANSIENT
from api.work.projector import where

PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 30.0


class Consumer(Protocol):
    """Somebody who reads events, decides and appends, and keeps a position of its own."""

    @property
    def name(self) -> str:
        """What it is called in the log."""
        ...

    def run_once(self) -> int:
        """Do one batch; give how much was done, 0 when there is nothing left."""
        ...


class Patient:
    """A consumer that is left alone for a while after it failed, longer each time."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._pause = PAUSE_S
        self._until = 0.0

    def run_once(self) -> int:
        if time.monotonic() < self._until:
            return 0
        try:
            done = self._consumer.run_once()
        except TRANSIENT:
            raise
        except Exception as error:  # noqa: BLE001  others go on; it is logged here, and tried again
            self._until = time.monotonic() + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE_S)
            log("feed").error("a reaction fails", of=self._consumer.name, error=where(error))
            return 0
        self._pause = PAUSE_S
        return done
