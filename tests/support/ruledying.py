"""A process that lets rules act, and is killed where it is told: python -m ruledying HOME DSN POINT TIMES.

A point is `file:function:call`, or `:return`; the process dies when it comes there for that time.
Nothing of what runs is replaced: the interpreter tells where it is.
"""

import asyncio
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from pydantic import SecretStr

from adapters.home import Home
from adapters.settings import Settings
from api.compose import compose
from api.work.ruleruns import apply
from api.work.settling import settle


class Death:
    """Kills the process when it comes to a point for the nth time."""

    def __init__(self, point: str, times: int) -> None:
        self.file, self.function, self.event = point.split(":")
        self.left = times

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != self.event or code.co_name != self.function:
            return
        if Path(code.co_filename).name == self.file:
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)


def main(home: str, dsn: str, point: str, times: str) -> None:
    with compose(Home(Path(home)), Settings(database_url=SecretStr(dsn))) as carteggio:
        death = Death(point, int(times))
        threading.setprofile(death)
        sys.setprofile(death)

        async def go() -> None:
            while await apply(carteggio, datetime.now(UTC)):
                settle(carteggio, carteggio.journal.head())

        asyncio.run(go())


if __name__ == "__main__":
    main(*sys.argv[1:])
