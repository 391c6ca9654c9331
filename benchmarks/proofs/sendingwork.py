"""A process that sends whatever is due, until nothing is: what `carteggio work` does of that.

Servers have little time here, and pauses none; mail is read in this process, which is quicker to
begin and to kill than two. On a machine with much else to do they have more, so that none but a
server that falls silent on purpose runs out of it: else every mail would, again and again.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from adapters.home import Home
from adapters.logs import set_up_logs
from adapters.mime.reader import Reading, read
from adapters.mime.worker import ReadingWorker
from adapters.settings import Settings
from adapters.smtp import session
from adapters.smtp.values import Limits
from api.compose import compose
from api.work import aftercare
from api.work.consent import Consents
from api.work.flightmarks import Marks
from api.work.instance import Carteggio
from api.work.lane import Lane
from api.work.lanes import Lanes
from api.work.leases import Locks
from api.work.reception import Reception
from api.work.resolver import LOOKS
from api.work.sendingways import Ways
from benchmarks.stage import say
from domain import leaving

RAN: Final = 7
"""The exit code of a process that found nothing more to do."""
_ROUNDS: Final = 80
_SECONDS: Final = 3.0
_TO_SEND: Final = (
    "SELECT DISTINCT lane FROM outbox WHERE state IN ('waiting', 'sending') OR keep ORDER BY lane"
)
_TO_LOOK: Final = (
    "SELECT DISTINCT lane FROM sent_look WHERE what = 'copy' OR tries <= %s ORDER BY lane"
)
_LEFT: Final = (
    "SELECT 'mails ' || state || CASE WHEN due > now() THEN ' for later' ELSE '' END, count(*)"
    " FROM outbox GROUP BY 1 UNION ALL SELECT 'looks for a ' || what, count(*) FROM sent_look"
    " GROUP BY 1 UNION ALL SELECT 'lanes that rest: ' || why, count(*) FROM outbox_lane GROUP BY 1"
)


class _Here(ReadingWorker):
    """Reads in this process."""

    def read_many(self, raws: Sequence[bytes]) -> list[Reading]:
        return [read(one) for one in raws]


def send_everything(folder: str, at_once: bool) -> None:  # noqa: FBT001
    """Send until nothing is due; lanes side by side, as in `carteggio work`, or one by one."""
    set_up_logs("error")
    seconds = _patience()
    limits = Limits(seconds, seconds, seconds, seconds, seconds)
    setattr(session, "Limits", lambda: limits)  # noqa: B010
    setattr(leaving, "RETRIES", (timedelta(0),))  # noqa: B010
    with compose(Home(Path(folder)), Settings()) as carteggio:
        done = asyncio.run(_rounds(carteggio, at_once=at_once))
    sys.exit(RAN if done else 1)


def _patience() -> float:
    """Give the seconds that a server has, by what else the machine has to do."""
    return _SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


async def _rounds(carteggio: Carteggio, *, at_once: bool) -> bool:
    for _ in range(_ROUNDS):
        lanes = await asyncio.to_thread(_hurry, carteggio)
        if not lanes:
            return True
        if at_once:
            await Lanes(carteggio, _Here()).run_once()
        else:
            await _one_by_one(carteggio, lanes)
    say(f"after {_ROUNDS} rounds there is still something to do: {_left(carteggio)}")
    return False


def _left(carteggio: Carteggio) -> str:
    """Tell what is due, and where lanes rest."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(_LEFT).fetchall()
    return ", ".join(f"{many} {what}" for what, many in rows)


async def _one_by_one(carteggio: Carteggio, lanes: Sequence[UUID]) -> None:
    reception = Reception(carteggio.journal, carteggio.blobs, _Here(), "smtp", exact=False)
    locks, marks = Locks(carteggio.database), Marks(carteggio.database)
    ways, consents = Ways(carteggio), Consents(carteggio)
    try:
        for lane in lanes:
            await Lane(carteggio, lane, ways, reception, locks, marks).drain()
            await aftercare.look_after(carteggio, consents, lane)
    finally:
        await locks.close()
        await marks.close()


def _hurry(carteggio: Carteggio) -> list[UUID]:
    """Let be due what waits, as an operator might; give the lanes with something to do.

    What is to be looked for has its turn when nothing is to be sent any more.
    """
    with carteggio.database.pool.connection() as connection:
        connection.execute("DELETE FROM outbox_lane")
        rows = connection.execute(_TO_SEND).fetchall()
        if not rows:
            connection.execute("UPDATE sent_look SET due = clock_timestamp() - interval '1 s'")
            rows = connection.execute(_TO_LOOK, (len(LOOKS),)).fetchall()
    return [one[0] for one in rows]
