"""How a batch of events gets into the tables of one or more read models, each event once."""

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.database import Database
from adapters.logs import log
from api.work import generations
from api.work.batches import TRANSIENT, Batch, Broken
from api.work.generations import Generation, Moved, names_of
from api.work.phases import phase
from domain.catalog import BY_CLASS
from domain.recorded import Recorded
from projections.projection import Names, Projection

_TRIES: Final = 3
_FIRST_ANALYZE: Final = 1_000

Item = Recorded | Broken
Skips = Mapping[tuple[str, int], frozenset[int]]


class Projector:
    """Folds batches into generations; one event that fails stops one generation alone."""

    def __init__(self, database: Database, projections: Sequence[Projection[Any]]) -> None:
        """Know the code of these read models."""
        self._database = database
        self._by_name = {one.name: one for one in projections}
        self._hears = {
            one.name: frozenset(BY_CLASS[event].name for event in one.hears) for one in projections
        }
        self._skips: Skips = {}
        self._growth: dict[tuple[str, int], tuple[int, int]] = {}
        self._left: dict[tuple[str, int], tuple[int, Any]] = {}
        """What each generation's fold left in memory, and at which position."""

    def hears(self, group: Sequence[Generation]) -> frozenset[str]:
        """Give the names of all events that one of these hears."""
        return frozenset().union(*(self._hears[one.name] for one in group))

    def learn_skips(self, connection: Connection[TupleRow]) -> None:
        """Learn which events operators let pass."""
        skips: dict[tuple[str, int], set[int]] = {}
        for name, version, at in connection.execute("SELECT * FROM projection_skip"):
            skips.setdefault((name, version), set()).add(at)
        self._skips = {key: frozenset(found) for key, found in skips.items()}

    @phase("projecting")
    def advance(self, group: Sequence[Generation], batch: Batch) -> list[Generation]:
        """Bring generations that stand at one position past a batch; give those that got there."""
        try:
            return self._commit(group, batch.items, batch.through)
        except (Moved, *TRANSIENT):
            raise
        except Exception:  # noqa: BLE001  who it was, and at which event, is found out now
            reached = [self._alone(one, batch) for one in group]
            return [one for one in reached if one is not None]

    def _alone(self, one: Generation, batch: Batch) -> Generation | None:
        items = self._heard(one, batch.items)
        if not items:
            return self._commit([one], [], batch.through)[0]
        ends = [item.position for item in items[1:]]  # a part ends where the next event begins
        ends = [end - 1 for end in ends] + [batch.through]
        return self._halved(one, list(zip(items, ends, strict=True)), batch.through)

    def _halved(
        self, one: Generation, parts: Sequence[tuple[Item, int]], through: int
    ) -> Generation | None:
        """Advance as far as it goes; None if it had to be stopped at an event."""
        try:
            items = [item for item, _ in parts]
            return self._commit([one], items, through)[0]
        except (Moved, *TRANSIENT):
            raise
        except Exception:
            if not parts:
                raise
        if len(parts) == 1:
            return self._tried_again(one, parts[0][0], through)
        half = len(parts) // 2
        first = self._halved(one, parts[:half], parts[half - 1][1])
        return first and self._halved(first, parts[half:], through)

    def _tried_again(self, one: Generation, item: Item, through: int) -> Generation | None:
        for tries in range(2, _TRIES + 1):
            try:
                return self._commit([one], [item], through)[0]
            except (Moved, *TRANSIENT):
                raise
            except Exception as error:  # noqa: BLE001  it is shown to the operator
                if tries == _TRIES:
                    self._stop(one, item, error)
        return None

    def _stop(self, one: Generation, item: Item, error: Exception) -> None:
        what = where(error)
        with self._transaction() as connection:
            generations.stop(connection, one, item.position, what)
            tell(connection, self._database, item.position)
        log("feed").error(
            "a read model stopped", projection=one.name, position=item.position, error=what
        )

    def _commit(
        self, group: Sequence[Generation], items: Sequence[Item], through: int
    ) -> list[Generation]:
        with self._transaction() as connection:
            generations.lock(connection, group)
            left = [self.fold(connection, one, items, self._take_left(one)) for one in group]
            moved = generations.move(connection, group, through, len(items))
            tell(connection, self._database, through)
        for one, state in zip(moved, left, strict=True):
            self._left[one.name, one.generation] = one.position, state
            self._analyze_growing(one, len(items))
        return moved

    def _take_left(self, one: Generation) -> Any:
        """Give what the fold of the batch before left, if nobody else has moved on since."""
        position, state = self._left.pop((one.name, one.generation), (None, None))
        return state if position == one.position else None

    def fold(
        self,
        connection: Connection[TupleRow],
        one: Generation,
        items: Sequence[Item],
        before: Any = None,
    ) -> Any:
        """Bring one generation's tables past some events, in the caller's transaction.

        `before` is what this gave for the batch before, if no other writer came in between.
        """
        heard: list[Recorded] = []
        for item in self._heard(one, items):
            if isinstance(item, Broken):
                raise item.error
            heard.append(item)
        if not heard:
            return before
        projection = self._by_name[one.name]
        return fold_into(
            connection, projection, names_of(projection, one.generation), heard, before
        )

    def _heard(self, one: Generation, items: Sequence[Item]) -> list[Item]:
        names = self._hears[one.name]
        skipped = self._skips.get((one.name, one.version), frozenset())
        return [item for item in items if item.name in names and item.position not in skipped]

    def _analyze_growing(self, one: Generation, count: int) -> None:
        """While it is filled, tell the planner each time that the tables have grown fourfold."""
        if one.state != "filling":
            return
        key = (one.name, one.generation)
        seen, due = self._growth.get(key, (0, _FIRST_ANALYZE))
        seen += count
        if seen >= due:
            due = 4 * seen
            with self._database.pool.connection() as connection:
                self.analyze(connection, one)
        self._growth[key] = (seen, due)

    def analyze(self, connection: Connection[TupleRow], one: Generation) -> None:
        """Let the planner learn what a generation's tables hold."""
        generations.analyze(connection, self._by_name[one.name], one.generation)

    # ---- from filling to live

    def finish(self, one: Generation, rest: Batch) -> bool:
        """Index a filled generation, then let readers have it; True when they do.

        `rest` are the events between it and the one that is read now, folded in the same
        transaction, so that no reader goes back in time.
        """
        if not one.finished:
            self._index(one)
            return False
        with self._transaction() as connection:
            read_now = _hold_active(connection, one)
            generations.lock(connection, [one])
            if read_now > rest.through:
                return False
            self.fold(connection, one, rest.items)
            generations.move(connection, [one], rest.through, len(rest.items))
            generations.exchange(connection, one)
            tell(connection, self._database, rest.through)
        log("feed").info("a read model was exchanged", projection=one.name, at=rest.through)
        return True

    def _index(self, one: Generation) -> None:
        with self._transaction() as connection:
            generations.lock(connection, [one])
            generations.create_late_indexes(connection, self._by_name[one.name], one.generation)
            connection.execute(
                "UPDATE projection SET finished = true WHERE name = %s AND generation = %s",
                (one.name, one.generation),
            )

    @contextmanager
    def _transaction(self) -> Iterator[Connection[TupleRow]]:
        with self._database.pool.connection() as connection, connection.transaction():
            quicken(connection)
            yield connection


def quicken(connection: Connection[TupleRow]) -> None:
    """Set what suits a feed, until the commit.

    What a crash takes is folded again, as positions go with it, so no commit waits for the disk.
    A plan made while a table was empty must not serve when it is full.
    """
    connection.execute(
        "SELECT set_config('synchronous_commit', 'off', true), set_config('jit', 'off', true),"
        " set_config('plan_cache_mode', 'force_custom_plan', true)"
    )


def fold_into(
    connection: Connection[TupleRow],
    projection: Projection[Any],
    names: Names,
    heard: Sequence[Recorded],
    before: Any = None,
) -> Any:
    """Load, fold, flush; give what serves for the next batch."""
    if before is None or projection.extend is None:
        state = projection.load(connection, names, heard)
    else:
        state = projection.extend(connection, names, heard, before)
    fold = projection.fold
    for recorded in heard:
        fold(state, recorded)
    projection.flush(connection, names, state)
    return state if projection.extend is not None else None


def feed_channel(database: Database) -> str:
    """Name the channel on which the feed tells how far it came."""
    return f"feed_{database.company}"


def tell(connection: Connection[TupleRow], database: Database, position: int) -> None:
    """Tell at the commit who waits for a position."""
    connection.execute("SELECT pg_notify(%s, %s)", (feed_channel(database), str(position)))


def where(error: Exception) -> str:
    """Say what kind of error it was and where in the code; its text may quote somebody's mail."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    at = f" ({Path(ours[-1].filename).name}:{ours[-1].lineno})" if ours else ""
    return f"{type(error).__name__}{at}"


def _hold_active(connection: Connection[TupleRow], one: Generation) -> int:
    """Stop the generation that is read now for the length of this transaction; say where it is."""
    found = connection.execute(
        "SELECT position FROM projection WHERE name = %s AND active FOR UPDATE", (one.name,)
    ).fetchone()
    return found[0] if found else 0
