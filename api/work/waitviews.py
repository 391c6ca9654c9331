"""Waits that are alike in what was asked, in memory: in their orders and by their groups.

Everything is kept in order, so that a page, a count, the middle one of a group, and what is older
or younger than a moment are found by halving, not by going through what waits.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import Final, NamedTuple
from uuid import UUID

from api.work.supervising import DUE_FIRST, DueRow, due_row
from domain.dueness import Standing
from domain.waitgroups import (
    AGES,
    ANY_WAIT,
    AgeBand,
    Attending,
    Group,
    GroupBy,
    Key,
    Wait,
    WaitsWanted,
    is_wanted,
    keys,
    place_of,
)

_KEPT: Final = tuple(by for by in GroupBy if by is not GroupBy.AGE)


class Row(NamedTuple):
    """A wait in the order in which waits began."""

    since: datetime
    message: UUID


class Stretch(NamedTuple):
    """Waits that began after a moment, and until another; None: however early, late."""

    after: datetime | None = None
    until: datetime | None = None

    def of(self, rows: Sequence[Row]) -> tuple[int, int]:
        """Give where its rows begin and end."""
        begin = 0 if self.after is None else bisect_right(rows, self.after, key=_since)
        end = len(rows) if self.until is None else bisect_right(rows, self.until, key=_since)
        return begin, max(begin, end)

    def within(self, other: "Stretch") -> "Stretch":
        """Give what both have in common."""
        after = max(filter(None, (self.after, other.after)), default=None)
        return Stretch(after, min(filter(None, (self.until, other.until)), default=None))


ALWAYS: Final = (Stretch(),)


def _since(row: Row) -> datetime:
    return row.since


def band_of(band: AgeBand, at: datetime) -> Stretch:
    """Give when waits began that are so old."""
    bands = list(AgeBand)
    below, above = AGES.get(band), AGES.get(bands[bands.index(band) - 1])
    young = band is bands[0]
    return Stretch(
        None if below is None else at - below, None if young or above is None else at - above
    )


def stretches(
    ages: Collection[AgeBand], before: datetime | None, at: datetime
) -> tuple[Stretch, ...]:
    """Give when waits began that are of these ages (none: of any), and began before a moment."""
    last = Stretch(None, None if before is None else before - timedelta(microseconds=1))
    wanted = [one for one in reversed(AgeBand) if one in ages]
    return tuple(band_of(one, at).within(last) for one in wanted) or (last,)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which waits are in a view: what does not change by the clock."""

    mailboxes: frozenset[UUID] = frozenset()
    party: UUID | None = None
    awake: bool = True
    wanted: WaitsWanted = ANY_WAIT

    def has(self, wait: Wait) -> bool:
        """Tell whether a wait is one of them."""
        return (
            (not self.mailboxes or not self.mailboxes.isdisjoint(wait.mailboxes))
            and (self.party is None or self.party in wait.parties)
            and (not self.awake or wait.attending is not Attending.SNOOZED)
            and is_wanted(wait, replace(self.wanted, ages=()), wait.since)
        )


@dataclass(slots=True)
class Cell:
    """The waits of a group, the oldest first; those of them that are late, too."""

    rows: list[Row] = field(default_factory=list)
    late: Mapping[Standing, list[Row]] = field(
        default_factory=lambda: {Standing.BREACHED: [], Standing.AT_RISK: []}
    )

    def lists(self, wait: Wait) -> Iterator[list[Row]]:
        """Give where a wait stands."""
        yield self.rows
        if (late := self.late.get(wait.due.standing)) is not None:
            yield late

    def group(self, key: Key, within: Sequence[Stretch], at: datetime) -> Group | None:
        """Give what is told of the waits that began within stretches; None: there are none."""
        places = [one.of(self.rows) for one in within]
        count = _count(places)
        if not count:
            return None
        middle = _nth(self.rows, places, (count - 1) // 2)
        breached, at_risk = (
            _count([one.of(self.late[x]) for one in within])
            for x in (Standing.BREACHED, Standing.AT_RISK)
        )
        oldest = _nth(self.rows, places, 0).since
        age = max(timedelta(0), at - middle.since)
        return Group(key, count, breached, at_risk, oldest, age, None, middle.message)


def _count(places: Iterable[tuple[int, int]]) -> int:
    return sum(end - begin for begin, end in places)


def _nth(rows: Sequence[Row], places: Iterable[tuple[int, int]], number: int) -> Row:
    for begin, end in places:
        if number < end - begin:
            return rows[begin + number]
        number -= end - begin
    raise IndexError


class View:
    """Chosen waits."""

    def __init__(self, chosen: Chosen, waits: Iterable[Wait] = ()) -> None:
        """Take in those of the waits that are chosen."""
        self._chosen = chosen
        self.every = Cell()
        self.due: list[DueRow] = []
        self._cells: dict[GroupBy, dict[Key, Cell]] = {by: {} for by in _KEPT}
        for wait in filter(chosen.has, waits):
            self.due.append(due_row(wait))
            for some in self._lists(wait):
                some.append(Row(wait.since, wait.message))
        self.due.sort(key=DUE_FIRST.key)
        for cell in self._each():
            for some in (cell.rows, *cell.late.values()):
                some.sort()

    def put(self, wait: Wait) -> None:
        """Take a wait in, if it is chosen."""
        if self._chosen.has(wait):
            insort(self.due, due_row(wait), key=DUE_FIRST.key)
            for some in self._lists(wait):
                insort(some, Row(wait.since, wait.message))

    def drop(self, wait: Wait) -> None:
        """Take out a wait that was put in."""
        if not self._chosen.has(wait):
            return
        due, row = DUE_FIRST.key(due_row(wait)), Row(wait.since, wait.message)
        del self.due[bisect_left(self.due, due, key=DUE_FIRST.key)]
        for some in self._lists(wait):
            del some[bisect_left(some, row)]
        for by, cells in self._cells.items():
            for key in keys(wait, by, wait.since):
                if not cells[key].rows:
                    del cells[key]

    def since(self, within: Sequence[Stretch]) -> Sequence[Row]:
        """Give the waits that began within stretches, the oldest first."""
        rows = self.every.rows
        if within == ALWAYS:
            return rows
        places = (one.of(rows) for one in within)
        return [row for begin, end in places for row in rows[begin:end]]

    def due_first(self, within: Sequence[Stretch]) -> Sequence[DueRow]:
        """Give them in the order in which answers are due."""
        if within == ALWAYS:
            return self.due
        began = set(self.since(within))
        return [one for one in self.due if (one.since, one.message) in began]

    def groups(
        self,
        by: GroupBy,
        at: datetime,
        within: Sequence[Stretch] = ALWAYS,
        first: int | None = None,
    ) -> list[Group]:
        """Give the groups in their order, or the first of them, without business ages."""
        found = [one for one in self._found(by, at, within) if one is not None]
        return nsmallest(len(found) if first is None else first, found, key=place_of(by))

    def _found(
        self, by: GroupBy, at: datetime, within: Sequence[Stretch]
    ) -> Iterator[Group | None]:
        if by is not GroupBy.AGE:
            for key, cell in self._cells[by].items():
                yield cell.group(key, within, at)
            return
        for band in AgeBand:
            only = band_of(band, at)
            yield self.every.group(band.value, [one.within(only) for one in within], at)

    def _lists(self, wait: Wait) -> Iterator[list[Row]]:
        yield from self.every.lists(wait)
        for by, cells in self._cells.items():
            for key in keys(wait, by, wait.since):
                yield from cells.setdefault(key, Cell()).lists(wait)

    def _each(self) -> Iterator[Cell]:
        yield self.every
        for cells in self._cells.values():
            yield from cells.values()
