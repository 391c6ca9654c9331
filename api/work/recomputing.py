"""What a calendar or target would change if it were said: which waits would be due otherwise.

Nothing is stored. What waits is judged twice by what is known: by the words that were said, and by
these and the new one, at the moment from which on that holds. What was noticed before stays.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from api.work.dues import Asked, judging_of
from domain.calendars import CalendarsEvent
from domain.dueness import Dueness, Standing
from domain.inforce import Said
from projections.calendars import said
from projections.reader import Page, Reader
from projections.unanswered import Waiting
from projections.waits import LONGEST_WAIT_FIRST, waiting_in

MOST: Final = 100
"""So many waits are told one by one; all are counted."""
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Moved:
    """A wait that would be due otherwise."""

    wait: Waiting
    before: Dueness
    after: Dueness


@dataclass(frozen=True, slots=True)
class Difference:
    """What would change: of `waits`, how many would be due otherwise, and would come to what.

    `at_risk`, `breached`: those that are not so now, `relieved`: that are one of both, and would
    not be. `moved` are the first of them, the longest wait first.
    """

    waits: int = 0
    changed: int = 0
    at_risk: int = 0
    breached: int = 0
    relieved: int = 0
    moved: tuple[Moved, ...] = field(default=())


async def difference(
    asked: Asked, reader: Reader, stream: UUID, event: CalendarsEvent, now: datetime
) -> Difference:
    """Say what a word would change for the waits that the reader sees; `stream` is whose it is."""
    words = await said(*asked, reader)
    since = event.since or now
    position = max((one.position for one in words), default=0) + 1
    more = [*words, Said(stream, position, since, event)]
    found, page = Difference(), Page(first=_AT_ONCE, counted=False)
    while True:
        waits = await waiting_in(*asked, reader, page)
        judging = await judging_of(asked, reader, waits.rows, words=more)
        at = max(since, now)
        before, after = judging.judged(words, at), judging.judged(more, at)
        found = _with(
            found,
            [
                Moved(one, before[one.message].dueness, after[one.message].dueness)
                for one in waits.rows
            ],
        )
        if not waits.has_next:
            return found
        page = Page(_AT_ONCE, LONGEST_WAIT_FIRST.key(waits.rows[-1]), counted=False)


def _with(found: Difference, judged: Sequence[Moved]) -> Difference:
    moved = [one for one in judged if one.before.due != one.after.due]
    kept = (*found.moved, *moved)[:MOST]
    return replace(
        found,
        waits=found.waits + len(judged),
        changed=found.changed + len(moved),
        at_risk=found.at_risk + sum(_come_to(judged, Standing.AT_RISK)),
        breached=found.breached + sum(_come_to(judged, Standing.BREACHED)),
        relieved=found.relieved
        + sum(_late(one.before) and not _late(one.after) for one in judged),
        moved=kept,
    )


def _come_to(judged: Iterable[Moved], standing: Standing) -> Iterator[bool]:
    return (one.after.standing is standing is not one.before.standing for one in judged)


def _late(one: Dueness) -> bool:
    return one.standing in (Standing.AT_RISK, Standing.BREACHED)
