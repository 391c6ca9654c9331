import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from adapters.database import Database
from adapters.journal import Journal, NewEvent
from api.work.feed import Feed, active_names_async
from api.work.positions import Positions
from events import envelope, journal, stream
from feeding import (
    BOTH,
    PAUSED,
    RESUMED,
    configured,
    counted,
    expected,
    feeding,
    many,
    record,
    rows,
)
from projections.projection import Projection
from tally import pauses, tally


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Journal:
    return journal(database, tmp_path)


def test_read_models_follow_the_journal(store: Journal):
    with feeding(store) as feed:
        feed.prepare()
        assert rows(store, "tally") == []
        last = record(store, *many(10))
        feed.catch_up(last)
        assert counted(store) == expected(store)
        feed.catch_up(record(store, PAUSED, PAUSED))
        assert counted(store) == expected(store)
        assert [(one.position, one.lag, one.state) for one in feed.status()] == [
            (store.head(), 0, "live"),
            (store.head(), 0, "live"),
        ]


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
def test_rows_do_not_depend_on_where_batches_end(
    new_database: Callable[[], Database], tmp_path: Path, limit: int
):
    with _fresh(new_database, tmp_path) as store:
        record(store, *many(40), over=4)
        with feeding(store, limit=1000) as feed:
            feed.catch_up()
        whole = rows(store, "tally_step"), rows(store, "pauses")
        with store.database.connect() as connection:
            connection.execute("DELETE FROM projection")
            for table in ("tally__g1", "tally_step__g1", "pauses__g1"):
                connection.execute(f"DROP TABLE {table}".encode())
        with feeding(store, limit=limit) as feed:
            feed.catch_up()
        assert (rows(store, "tally_step"), rows(store, "pauses")) == whole


@contextmanager
def _fresh(new_database: Callable[[], Database], folder: Path) -> Iterator[Journal]:
    yield journal(new_database(), folder)


def test_two_feeds_at_once_count_each_event_once(store: Journal):
    record(store, *many(300), over=20)
    with feeding(store, limit=7) as one, feeding(store, limit=11) as other:
        one.prepare()

        def run(feed: Feed) -> None:
            while any(status.lag for status in feed.status()):
                feed.run_once()

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(run, [one, other]))
    assert counted(store) == expected(store)


def test_two_processes_take_turns(store: Journal):
    with feeding(store) as feed:
        with feed.holding() as ours, feed.holding() as again:
            assert ours
            assert not again
        with feed.holding() as ours:
            assert ours


def test_a_feed_killed_in_the_middle_of_a_batch_loses_and_doubles_nothing(
    store: Journal, tmp_path: Path
):
    record(store, *many(30), over=5)
    script = (
        "import sys; from pathlib import Path; from adapters.database import Database;"
        "from events import journal; from tally import tally, pauses;"
        "from api.work.feed import Feed;"
        "Feed(journal(Database(sys.argv[1]), Path(sys.argv[2])), (tally, pauses), limit=10)"
        ".catch_up()"
    )
    paths = os.pathsep.join(str(Path(__file__).parents[up]) for up in (2,))
    paths += os.pathsep + str(Path(__file__).parents[1] / "support")
    killed = subprocess.run(
        [sys.executable, "-c", script, store.database.dsn, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": paths, "TALLY_KILLS": "1"},
        check=False,
    )
    assert killed.returncode == -9
    with feeding(store) as feed:
        feed.catch_up()
    assert counted(store) == expected(store)


def test_erased_events_are_folded_too(store: Journal):
    record(store, configured("mail.example"), configured("mail.example"), PAUSED, over=2)
    store.keyring.destroy([stream("account 0")])
    with feeding(store) as feed:
        feed.catch_up()
    found = {row[0]: row[1:3] for row in rows(store, "tally")}
    assert found == {
        stream("account 0"): (2, []),
        stream("account 1"): (1, ["mail.example"]),
    }


def test_a_changed_read_model_is_filled_beside_and_exchanged(store: Journal):
    record(store, *many(30))
    with feeding(store) as feed:
        feed.catch_up()
    second: Projection[Any] = replace(tally, version=2)
    with feeding(store, (second, pauses), limit=10) as feed:
        feed.prepare()
        assert {(one.generation, one.active) for one in feed.status() if one.name == "tally"} == {
            (1, True),
            (2, False),
        }
        feed.catch_up()
        (now,) = (one for one in feed.status() if one.name == "tally")
        assert (now.generation, now.version, now.state, now.active) == (2, 2, "live", True)
        assert [r[:2] for r in rows(store, "tally", (second, pauses))] == expected(store)
        assert feed.clean(grace=60) == 0
        assert feed.clean(grace=0) == 1
        with store.database.connect() as connection:
            gone = connection.execute("SELECT to_regclass('tally__g1')").fetchone()
        assert gone == (None,)


def test_tables_have_keys_and_indexes_also_the_late_ones(store: Journal):
    record(store, *many(10))
    with feeding(store) as feed:
        feed.catch_up()
    with store.database.connect() as connection:
        found = connection.execute(
            "SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'tally%' ORDER BY 1"
        ).fetchall()
        nullable = connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'tally_step__g1'::regclass"
            " AND attnum > 0 AND NOT attnotnull"
        ).fetchall()
    kinds = [text.partition(" USING ")[2] for (text,) in found]
    assert sorted(kinds) == [
        "btree (events)", "btree (stream)", "btree (stream, from_position)", "btree (to_position)",
    ]  # fmt: skip
    assert nullable == [("to_position",)]


@dataclass
class Echo:
    """A reaction of the tests: whoever is paused once is resumed."""

    store: Journal
    name: str = "echo"
    after: int = 0
    fails: int = 0

    def run_once(self) -> int:
        if self.fails:
            self.fails -= 1
            raise ZeroDivisionError
        read = self.store.read(self.after)
        answers = [
            NewEvent(one.stream, RESUMED, envelope()) for one in read if one.event == PAUSED
        ]
        if answers:
            with self.store.writing() as writing:
                writing.append(answers)
        self.after = read[-1].position if read else self.after
        return len(read)


def test_reactions_run_before_the_read_models(store: Journal):
    record(store, PAUSED, PAUSED, over=2)
    with feeding(store, consumers=(Echo(store),)) as feed:
        feed.catch_up()
    assert [one.event for one in store.read(0)][2:] == [RESUMED, RESUMED]
    assert [count for _, count in counted(store)] == [2, 2]


def test_a_failing_reaction_does_not_stop_the_read_models(store: Journal):
    last = record(store, PAUSED)
    with feeding(store, consumers=(Echo(store, fails=10**6),)) as feed:
        feed.catch_up(last)
    assert counted(store) == expected(store)


def test_a_running_feed_survives_the_loss_of_its_connections(store: Journal):
    stop = threading.Event()
    with feeding(store) as feed, feeding(store) as waiter:
        thread = threading.Thread(target=feed.run, args=(stop,))
        thread.start()
        try:
            waiter.catch_up(record(store, PAUSED))
            with store.database.connect() as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            store.database.close()
            waiter.catch_up(record(store, RESUMED))
        finally:
            stop.set()
            thread.join(10)
    assert not thread.is_alive()
    assert counted(store) == expected(store)


async def test_who_wrote_waits_until_it_can_be_read(store: Journal):
    stop = threading.Event()
    with feeding(store) as feed:
        feed.prepare()
        thread = threading.Thread(target=feed.run, args=(stop,))
        thread.start()
        try:
            async with store.database.async_pool() as pool, Positions(store.database, pool) as at:
                last = record(store, *many(5))
                assert await at.wait_for(last, ["tally", "pauses"], timeout=10)
                assert not await at.wait_for(last + 1, ["tally"], timeout=0.05)
                async with pool.connection() as connection:
                    names = await active_names_async(connection, BOTH)
                assert names["tally"] is not None
        finally:
            stop.set()
            thread.join(10)
    assert counted(store) == expected(store)


def test_a_process_that_holds_the_feed_and_does_nothing_is_helped(
    store: Journal, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.work.feed._STUCK_S", 0.05)
    last = record(store, *many(30))
    with feeding(store) as idle, feeding(store) as feed, idle.holding() as held:
        assert held
        feed.catch_up(last)
    assert counted(store) == expected(store)
