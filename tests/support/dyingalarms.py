"""A process that looks at alarms and is killed (SIGKILL) at a place: home, database, moment, places.

For each place another process is begun; all of them are printed as they ended.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from adapters.home import Home
from adapters.settings import Settings
from alarmed import Alarmed
from api.compose import compose
from api.work import alarms, alarmtelling

PLACES = {
    "it is noticed, and not kept when to look again": (alarms, "_put_off"),
    "it is to be told, and nothing is written": (alarmtelling, "write"),
    "it is written, and not kept that it is": (alarmtelling, "_record"),
    "it is kept that it is told, and still due": (alarmtelling, "_forget"),
}


def _dies(*given: Any) -> None:
    if given[-1] != []:  # nothing to forget
        os.kill(os.getpid(), signal.SIGKILL)


def _look(home: str, database: str, at: str, place: str) -> None:
    setattr(*PLACES[place], _dies)
    with compose(Home(Path(home)), Settings(database_url=SecretStr(database))) as carteggio:
        Alarmed(carteggio, Path(home)).look(at)


def main() -> None:
    home, database, at = sys.argv[1:4]
    for place in PLACES:
        child = os.fork()
        if not child:
            _look(home, database, at, place)
            os._exit(0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")


if __name__ == "__main__":
    main()
