"""What waits now, kept in memory by groups, and brought up to the log before it is asked.

A question costs what has happened since the last one, and what may have changed by the clock alone
(what is due and not too late yet, what rests), not all that waits. Each entry comes from the function
that tells what waits from the read models, so it says the same. It holds for who sees everything.
"""

import asyncio
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID
from weakref import WeakKeyDictionary

from api.work.attention import staff
from api.work.dues import dues
from api.work.supervising import DUE_FIRST, Asked, DueRow, due_row, waits
from domain.dueness import Standing
from domain.inforce import in_force
from domain.waitgroups import AGES, AgeBand, Attending, Group, GroupBy, Key, Wait, keys, placed
from projections.calendars import said
from projections.projection import Names
from projections.reader import EVERYTHING, NOW
from projections.waits import WaitingFilter, waiting_of

_MOST: Final = 5_000
"""Of more messages that changed, all is read anew."""
_CHANGES: Final = (
    "party.",
    "document.changed",
    "colleague.",
    "mailbox.",
    "company.",
    "conversation.",
)
"""What else may change groups: then all is read anew."""
_HARMLESS: Final = frozenset({"party.registered", "party.contact_registered"})
_LATE: Final = Standing.BREACHED, Standing.AT_RISK
_RESTING: Final = (Attending.SNOOZED, Attending.PAUSED)
_KEPT: Final = tuple(by for by in GroupBy if by is not GroupBy.AGE)


@dataclass(slots=True)
class Cell:
    """The waits of a group, the oldest first, and how many of them are late."""

    rows: list[tuple[datetime, UUID]] = field(default_factory=list)
    breached: int = 0
    at_risk: int = 0

    def put(self, wait: Wait, by: int) -> None:
        """Take a wait in (1) or out (-1)."""
        row = wait.since, wait.message
        if by > 0:
            insort(self.rows, row)
        else:
            del self.rows[bisect_left(self.rows, row)]
        self.breached += by * (wait.due.standing is Standing.BREACHED)
        self.at_risk += by * (wait.due.standing is Standing.AT_RISK)


@dataclass(slots=True)
class Board:
    """What waits, by messages and by groups; `position`: how far the log was followed."""

    entries: dict[UUID, Wait] = field(default_factory=dict)
    cells: dict[tuple[GroupBy, Key], Cell] = field(default_factory=dict)
    due: list[DueRow] = field(default_factory=list)
    """All of them, what is due first at the beginning."""
    unsettled: set[UUID] = field(default_factory=set)
    position: int = -1
    held: object = None
    """The tables, calendars, targets and absences by which it was made."""
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    def put(self, wait: Wait) -> None:
        """Take a wait in."""
        self.entries[wait.message] = wait
        if wait.attending is not Attending.SNOOZED:
            insort(self.due, due_row(wait), key=DUE_FIRST.key)
        if (
            wait.due.standing in (Standing.ON_TRACK, Standing.AT_RISK)
            or wait.attending in _RESTING
        ):
            self.unsettled.add(wait.message)
        for place in _places(wait):
            self.cells.setdefault(place, Cell()).put(wait, 1)

    def drop(self, messages: Iterable[UUID]) -> None:
        """Take out what began with these."""
        for message in messages:
            if (wait := self.entries.pop(message, None)) is None:
                continue
            self.unsettled.discard(message)
            if wait.attending is not Attending.SNOOZED:
                key = DUE_FIRST.key(due_row(wait))
                del self.due[bisect_left(self.due, key, key=DUE_FIRST.key)]
            for place in _places(wait):
                cell = self.cells[place]
                cell.put(wait, -1)
                if not cell.rows:
                    del self.cells[place]

    def groups(self, by: GroupBy, at: datetime) -> list[Group]:
        """Give the groups, without business ages."""
        if by is GroupBy.AGE:
            return placed(self._ages(at), by)
        cells = ((key, cell) for (of, key), cell in self.cells.items() if of is by)
        return placed([_group(key, x.rows, x.breached, x.at_risk, at) for key, x in cells], by)

    def _ages(self, at: datetime) -> list[Group]:
        awake = (one.value for one in Attending if one is not Attending.SNOOZED)
        cells = (self.cells.get((GroupBy.STATE, one), Cell()) for one in awake)
        every = sorted(row for one in cells for row in one.rows)
        late = {one: self.cells.get((GroupBy.SLA, one.value), Cell()).rows for one in _LATE}
        bounds = [at - age for age in AGES.values()]
        found, end = [], len(every)
        for band, bound in zip(AgeBand, [*bounds, None], strict=True):
            begin = 0 if bound is None else _after(every, bound)
            rows = every[begin:end]
            if rows:
                breached, at_risk = (_within(late[x], rows) for x in _LATE)
                found.append(_group(band.value, rows, breached, at_risk, at))
            end = begin
        return found


def _after(rows: Sequence[tuple[datetime, UUID]], bound: datetime) -> int:
    """Give where rows begin that are younger than a bound."""
    return bisect_left(rows, bound, key=lambda row: row[0] - timedelta(microseconds=1))


def _within(some: Sequence[tuple[datetime, UUID]], rows: Sequence[tuple[datetime, UUID]]) -> int:
    return bisect_left(some, (rows[-1][0], UUID(int=2**128 - 1))) - bisect_left(some, rows[0])


def _places(wait: Wait) -> list[tuple[GroupBy, Key]]:
    """Give the groups of a wait; what is snoozed is told by its state alone."""
    of = (GroupBy.STATE,) if wait.attending is Attending.SNOOZED else _KEPT
    return [(by, key) for by in of for key in keys(wait, by, wait.since)]


def _group(
    key: Key, rows: Sequence[tuple[datetime, UUID]], breached: int, at_risk: int, at: datetime
) -> Group:
    middle = rows[(len(rows) - 1) // 2]
    age = max(timedelta(0), at - middle[0])
    return Group(key, len(rows), breached, at_risk, rows[0][0], age, None, middle[1])


# ---- keeping it


_BOARDS: Final[WeakKeyDictionary[object, Board]] = WeakKeyDictionary()


async def board_groups(
    asked: Asked, whose: object, by: GroupBy, at: datetime, *, business: bool
) -> list[Group]:
    """Give what waits now by groups, for who sees everything; `whose` is the company's database."""
    board = _BOARDS.setdefault(whose, Board())
    async with board.busy:
        await _bring_up(asked, board, at)
        found = board.groups(by, at)
    return await with_business(asked, found) if business else found


async def board_due(asked: Asked, whose: object, at: datetime) -> list[DueRow]:
    """Give what waits now in the order in which answers are due, for who sees everything."""
    board = _BOARDS.setdefault(whose, Board())
    async with board.busy:
        await _bring_up(asked, board, at)
        return board.due


async def with_business(asked: Asked, found: Sequence[Group]) -> list[Group]:
    """Add how long the middle one of each group waits in business time."""
    rows = await waiting_of(*asked, EVERYTHING, [one.middle for one in found])
    ages = await dues(asked, EVERYTHING, list(rows.values()))
    return [
        one.in_business(ages[one.middle].age if one.middle in ages else timedelta(0))
        for one in found
    ]


async def _bring_up(asked: Asked, board: Board, at: datetime) -> None:
    position, held = await _reached(asked), await _held(asked, at)
    changed = None if held != board.held else await _changed(asked, board.position, position)
    if changed is None:
        board.drop(list(board.entries))
        for wait in await waits(asked, EVERYTHING):
            board.put(wait)
    else:
        await _read_again(asked, board, changed)
    board.position, board.held = position, held


async def _read_again(asked: Asked, board: Board, changed: Collection[UUID]) -> None:
    """Read the conversations of messages that changed, and what the clock may have changed."""
    touched = set(board.unsettled)
    if changed:
        query = asked[1].sql(
            "SELECT o.message FROM {conversation_member} o WHERE o.to_position IS NULL"
            " AND o.conversation IN (SELECT m.conversation FROM {conversation_member} m"
            " WHERE m.message = ANY(%s) AND m.to_position IS NULL)"
        )
        rows = await (await asked[0].execute(query, (list(changed),))).fetchall()
        touched |= {row[0] for row in rows} | set(changed)
    if not touched:
        return
    within = WaitingFilter(messages=tuple(touched))
    now = await waits(asked, EVERYTHING, NOW, within)
    board.drop(touched)
    for wait in now:
        board.put(wait)


_POSITION: Final[LiteralString] = "SELECT coalesce(min(position), 0) FROM projection WHERE active"
_SINCE: Final[LiteralString] = (
    "SELECT DISTINCT originator_id, topic FROM stored_events"
    " WHERE notification_id > %s AND notification_id <= %s LIMIT %s"
)


async def _reached(asked: Asked) -> int:
    """Give to where all read models are filled; read before them, so never too far."""
    row = await (await asked[0].execute(_POSITION)).fetchone()
    return int(row[0]) if row else 0


async def _changed(asked: Asked, after: int, until: int) -> set[UUID] | None:
    """Give the messages to which something happened; None: so much that all is read anew."""
    if after < 0:
        return None
    rows = await (await asked[0].execute(_SINCE, (after, until, _MOST))).fetchall()
    names = {name for _, name in rows} - _HARMLESS
    if len(rows) == _MOST or any(name.startswith(_CHANGES) for name in names):
        return None
    return {id for id, name in rows if name.startswith("message.")}


async def _held(asked: Asked, at: datetime) -> tuple[Any, ...]:
    """Tell by what it is made, beside the mail itself."""
    now = in_force(await said(*asked, EVERYTHING), at)
    words = [one.position for one in now.calendars], [one.position for one in now.targets]
    people = await staff(asked)
    away = [one for one in people.absences if one.holds(at)]
    return _tables(asked[1]), words, away


def _tables(names: Names) -> tuple[str, ...]:
    return tuple(str(names[one]) for one in ("waiting", "link", "party", "document", "attention"))
