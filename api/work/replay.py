"""Filling read models again from the first event on, and checking them against the journal.

Both go beside those that are read: nobody notices. Reactions are not run again: what they decided
is in the journal.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow, dict_row
from psycopg.sql import SQL, Composable

from adapters.journal import Journal
from api.work import generations
from api.work.batches import Batches, seldom_collecting
from api.work.feed import Feed
from api.work.filling import LIMIT, OCTETS, can_share, fill, filler, helped, shares
from api.work.generations import Generation, names_of, registered
from api.work.projector import Projector, quicken
from domain.values import Rejected
from projections.projection import Projection

Progress = Callable[[int, int], None]
"""Is told after each batch how far it is, and how far it goes."""

_TEMPORARY: Final = 0
_REPORTED: Final = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is in a read table but does not follow from the journal, or the other way."""

    projection: str
    table: str
    kind: str
    """unexpected or missing"""
    row: Mapping[str, object]


class Stopped(Exception):
    """A read model cannot be filled: an event stops it."""


class Replay:
    """Rebuilds and verifies the read models of one company."""

    def __init__(self, journal: Journal, projections: Sequence[Projection[Any]]) -> None:
        """Take the journal and all its read models."""
        self._journal = journal
        self._database = journal.database
        self._projections = {one.name: one for one in projections}

    def rebuild(
        self, names: Collection[str] | None = None, progress: Progress | None = None
    ) -> None:
        """Fill new generations beside those that are read, and exchange them when they are equal.

        One that was begun and interrupted is continued.
        """
        chosen = self._chosen(names)
        feed = filler(self._journal, chosen)
        with feed.filling() as ours:
            if not ours:
                raise Rejected("BUSY", "read models are being filled already; wait for that")
            try:
                feed.prepare()
                feed.clean()
                self._begin(chosen)
                self._fill(feed, chosen, progress)
            finally:
                feed.close()

    def _begin(self, chosen: Sequence[Projection[Any]]) -> None:
        with self._database.pool.connection() as connection, connection.transaction():
            found = registered(connection, [one.name for one in chosen])
            for projection in chosen:
                ours = [one for one in found if one.name == projection.name]
                for one in ours:
                    if one.state == "stopped" and not one.active:
                        generations.retire(connection, one)
                if not any(one.state == "filling" for one in ours):
                    generations.begin(connection, projection, active=False, empty=False)

    def _fill(
        self, feed: Feed, chosen: Sequence[Projection[Any]], progress: Progress | None
    ) -> None:
        def tell() -> None:
            filling = [one.position for one in feed.running() if one.state == "filling"]
            if progress and filling:
                progress(min(filling), self._journal.head())

        if can_share(self._journal, chosen):
            ours, *theirs = shares(chosen)
            with (
                closing(filler(self._journal, ours)) as our_feed,
                helped(self._journal, theirs, tell),
            ):
                fill(our_feed, tell)
        fill(feed, tell)
        for one in feed.status():
            if one.state == "stopped" and not one.active:
                at = one.stopped_at_position
                raise Stopped(f"{one.name} stops before position {at}: {one.error}")

    # ---- verifying

    def verify(
        self, names: Collection[str] | None = None, progress: Progress | None = None
    ) -> list[Difference]:
        """Fill temporary tables from the journal and compare them, row by row and both ways."""
        chosen = {one.name: one for one in self._chosen(names)}
        batches = Batches(self._journal, limit=LIMIT, octets=OCTETS)
        try:
            with self._database.connect(direct=True) as connection:
                check = _Check(
                    connection, Projector(self._database, list(chosen.values())), batches
                )
                for projection in chosen.values():
                    generations.create_tables(connection, projection, _TEMPORARY, temporary=True)
                check.fill(self._read_now(connection, chosen), progress)
                with connection.transaction():
                    # From here on journal and tables are seen as they were at one moment.
                    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    now = self._read_now(connection, chosen)
                    check.fill(now, progress)
                    return [
                        difference
                        for one in now
                        for difference in _compared(connection, chosen[one.name], one)
                    ]
        finally:
            batches.close()

    def _read_now(
        self, connection: Connection[TupleRow], chosen: Mapping[str, Projection[Any]]
    ) -> list[Generation]:
        found = [one for one in registered(connection, chosen) if one.active]
        for one in found:
            if one.version != chosen[one.name].version:
                raise Rejected("OTHER_VERSION", f"{one.name} is of another version; rebuild it")
        return found

    def _chosen(self, names: Collection[str] | None) -> list[Projection[Any]]:
        unknown = set(names or ()) - set(self._projections)
        if unknown:
            raise Rejected("NOT_FOUND", f"there is no read model {', '.join(sorted(unknown))}")
        return [self._projections[name] for name in names or self._projections]


class _Check:
    """Fills temporary tables of one connection, each to where its generation stands."""

    def __init__(
        self, connection: Connection[TupleRow], projector: Projector, batches: Batches
    ) -> None:
        self._connection = connection
        self._projector = projector
        self._batches = batches
        self._filled: dict[str, int] = {}
        self._left: dict[str, Any] = {}
        self._count, self._next_analyze = 0, 1
        projector.learn_skips(connection)

    def fill(self, these: Sequence[Generation], progress: Progress | None) -> None:
        heard = self._projector.hears(these)
        goal = max((one.position for one in these), default=0)
        after = min((self._filled.get(one.name, 0) for one in these), default=0)
        while after < goal:
            batch = self._batches.take(after, heard).until(goal)
            if not batch.read:
                break
            with seldom_collecting(), self._connection.transaction():
                quicken(self._connection)
                for one in these:
                    self._fold(one, batch.items)
                self._analyze(these, batch.read)
            after = batch.through
            if progress:
                progress(after, goal)
        self._filled |= {
            one.name: max(self._filled.get(one.name, 0), one.position) for one in these
        }

    def _fold(self, one: Generation, items: Sequence[Any]) -> None:
        done = self._filled.get(one.name, 0)
        wanted = [item for item in items if done < item.position <= one.position]
        beside = _as_temporary(one)
        left = self._left.get(one.name)
        self._left[one.name] = self._projector.fold(self._connection, beside, wanted, left)

    def _analyze(self, these: Sequence[Generation], count: int) -> None:
        """Tell the planner what the tables hold, each time they have grown fourfold."""
        self._count += count
        if self._count >= self._next_analyze:
            self._next_analyze = 4 * self._count
            for one in these:
                self._projector.analyze(self._connection, _as_temporary(one))


def _as_temporary(one: Generation) -> Generation:
    return Generation(
        one.name, _TEMPORARY, one.version, one.state, one.active, one.finished,
        one.position, one.error, one.stopped_at_position,
    )  # fmt: skip


def _compared(
    connection: Connection[TupleRow], projection: Projection[Any], one: Generation
) -> list[Difference]:
    read, filled = names_of(projection, one.generation), names_of(projection, _TEMPORARY)
    return [
        Difference(projection.name, table.name, kind, row)
        for table in projection.tables
        for kind, left, right in (
            ("unexpected", read[table.name], filled[table.name]),
            ("missing", filled[table.name], read[table.name]),
        )
        for row in _only_in(connection, left, right)
    ]


def _only_in(
    connection: Connection[TupleRow], left: Composable, right: Composable
) -> list[dict[str, object]]:
    """Give the rows, as many times as there are more of them, of one table and not the other."""
    query = SQL("(TABLE {} EXCEPT ALL TABLE {}) LIMIT {}").format(left, right, _REPORTED)
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query).fetchall()
