import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.database import Database
from adapters.journal import Journal, NewEvent
from api.work.feed import Feed, active_names
from api.work.replay import Replay, Stopped
from domain.account import AccountConfigured, AccountPaused, AccountResumed
from domain.values import Actor, ActorKind, MailboxId, Rejected
from events import envelope, journal, stream
from tally import POISON, pauses, tally

BOTH = (tally, pauses)
GIULIA = Actor(ActorKind.USER, "giulia")


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Journal:
    return journal(database, tmp_path)


@pytest.fixture
def feed(store: Journal) -> Iterator[Feed]:
    with closing(Feed(store, BOTH, limit=50)) as feed:
        yield feed


def record(store: Journal, count: int, host: str = "mail.example") -> int:
    configured = AccountConfigured(MailboxId(stream("box")), "imap", 993, "tls", host, "info")
    kinds = [configured, AccountPaused(), AccountResumed()]
    with store.writing() as writing:
        return writing.append(
            [
                NewEvent(stream(f"account {at % 5}"), kinds[at * 7 % 3], envelope())
                for at in range(count)
            ]
        )[-1]


def everything(store: Journal) -> list[list[tuple[Any, ...]]]:
    with store.database.connect() as connection, connection.transaction():
        names = active_names(connection, BOTH)
        return [
            connection.execute(names.sql("TABLE {t} ORDER BY 1, 2", t=names[table])).fetchall()
            for table in ("tally", "tally_step", "pauses")
        ]


def test_a_rebuild_gives_the_same_rows_in_new_tables(store: Journal, feed: Feed):
    record(store, 200)
    feed.catch_up()
    record(store, 50)
    feed.catch_up()
    before = everything(store)
    told: list[tuple[int, int]] = []

    Replay(store, BOTH).rebuild(progress=lambda done, goal: told.append((done, goal)))

    assert everything(store) == before
    assert {(one.generation, one.state) for one in feed.status()} == {(2, "live")}
    assert told[-1][1] == store.head()
    feed.catch_up(record(store, 10))
    assert Replay(store, BOTH).verify() == []


def test_one_read_model_is_rebuilt_alone(store: Journal, feed: Feed):
    record(store, 20)
    feed.catch_up()
    Replay(store, BOTH).rebuild(["tally"])
    assert {one.name: one.generation for one in feed.status()} == {"tally": 2, "pauses": 1}
    with pytest.raises(Rejected):
        Replay(store, BOTH).rebuild(["talley"])


def test_people_read_and_mail_comes_in_while_everything_is_rebuilt(store: Journal, feed: Feed):
    record(store, 500)
    feed.catch_up()
    stop, trouble, seen = threading.Event(), list[BaseException](), list[int]()

    def go_on() -> None:
        try:
            while not stop.is_set():
                feed.catch_up(record(store, 5))
                rows = everything(store)
                seen.append(sum(row[1] for row in rows[0]))
        except BaseException as error:  # noqa: BLE001
            trouble.append(error)

    thread = threading.Thread(target=go_on)
    thread.start()
    for _ in range(3):
        Replay(store, BOTH).rebuild()
    stop.set()
    thread.join()
    feed.catch_up()
    assert trouble == []
    assert seen == sorted(seen), "no reader goes back in time"
    assert Replay(store, BOTH).verify() == []
    assert {one.generation for one in feed.status()} == {4}


def test_a_killed_rebuild_is_continued(store: Journal, feed: Feed, tmp_path: Path):
    record(store, 400)
    feed.catch_up()
    script = (
        "import sys, os, signal; from pathlib import Path; from adapters.database import Database;"
        "from events import journal; from tally import tally, pauses;"
        "from api.work import filling, replay; filling.LIMIT = 100;"
        "kill = lambda done, goal: os.kill(os.getpid(), signal.SIGKILL) if done >= 100 else None;"
        "replay.Replay(journal(Database(sys.argv[1]), Path(sys.argv[2])), (tally, pauses))"
        ".rebuild(progress=kill)"
    )
    here = Path(__file__).parents
    killed = subprocess.run(
        [sys.executable, "-c", script, store.database.dsn, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": f"{here[2]}{os.pathsep}{here[1] / 'support'}"},
        check=False,
    )
    assert killed.returncode == -9
    begun = [one for one in feed.status() if one.state == "filling"]
    assert {one.position > 0 for one in begun} == {True}

    Replay(store, BOTH).rebuild()

    assert {(one.generation, one.state) for one in feed.status()} == {(2, "live")}
    assert Replay(store, BOTH).verify() == []


def test_a_poison_event_stops_a_rebuild_and_leaves_what_is_read(store: Journal, feed: Feed):
    record(store, 10)
    feed.catch_up()
    before = everything(store)
    with store.database.connect() as connection:
        connection.execute("UPDATE projection SET state = 'live'")
    strict = replace(tally, fold=_refuse)
    with pytest.raises(Stopped, match="tally stops before position 1: ZeroDivisionError"):
        Replay(store, (strict, pauses)).rebuild()
    assert everything(store) == before
    Replay(store, BOTH).rebuild()
    assert everything(store) == before


def _refuse(_state: object, _recorded: object) -> None:
    raise ZeroDivisionError


def test_what_was_skipped_is_skipped_again(store: Journal, feed: Feed):
    record(store, 10)
    record(store, 1, POISON)
    record(store, 10)
    feed.catch_up()
    feed.skip("tally", "a broken import", GIULIA)
    feed.catch_up()
    before = everything(store)
    assert Replay(store, BOTH).verify() == []
    Replay(store, BOTH).rebuild()
    assert everything(store) == before


def test_a_planted_difference_is_found_both_ways(store: Journal, feed: Feed):
    record(store, 60)
    feed.catch_up()
    replay = Replay(store, BOTH)
    assert replay.verify() == []
    with store.database.connect() as connection:
        connection.execute("UPDATE tally__g1 SET events = 99 WHERE stream = %s", [_account(0)])
        connection.execute("DELETE FROM pauses__g1 WHERE stream = %s", [_account(1)])

    found = replay.verify()

    assert [(one.projection, one.table, one.kind) for one in found] == [
        ("pauses", "pauses", "missing"),
        ("tally", "tally", "unexpected"),
        ("tally", "tally", "missing"),
    ]
    assert found[0].row["stream"] == _account(1)
    assert found[1].row["events"] == 99
    with store.database.connect() as connection:
        left = connection.execute("SELECT to_regclass('tally__g0')").fetchone()
    assert left == (None,)


def _account(at: int) -> object:
    return stream(f"account {at}")


def test_read_models_are_verified_while_mail_comes_in(store: Journal, feed: Feed):
    record(store, 100)
    feed.catch_up()
    with store.database.connect() as connection:
        stand = connection.execute("SELECT min(position) FROM projection").fetchone()

    def more(done: int, goal: int) -> None:
        if done >= goal and store.head() == (stand and stand[0]):
            feed.catch_up(record(store, 30))

    assert Replay(store, BOTH).verify(progress=more) == []
    assert store.head() == 130


def test_only_one_process_fills_at_a_time(store: Journal, feed: Feed):
    feed.prepare()
    with feed.filling() as ours:
        assert ours
        with pytest.raises(Rejected):
            Replay(store, BOTH).rebuild()
