import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent

from adapters.database import Database
from adapters.ids import uuid7
from adapters.journal import Conflict, Journal, NewEvent
from adapters.recorder import UnsafeSetting, channel
from domain import account
from domain.account import (
    AccountConfigured,
    AccountPaused,
    AccountResumed,
    ConfigureAccount,
    PauseAccount,
    ResumeAccount,
)
from domain.party import PartyChanged
from domain.recorded import Erased
from domain.values import MailboxId, Rejected
from events import envelope, journal, stream

SALES, BUYING = stream("sales"), stream("buying")
CONFIGURED = AccountConfigured(
    MailboxId(stream("mailbox")), "imap", 993, "tls", "mail.acme.example", "info@acme.example"
)
PAUSED, RESUMED = AccountPaused(), AccountResumed()


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Journal:
    return journal(database, tmp_path)


def new(at: UUID, event: object, version: int | None = None) -> NewEvent:
    return NewEvent(at, event, envelope(), version)


def append(store: Journal, *events: NewEvent) -> list[int]:
    with store.writing() as writing:
        return writing.append(events)


def test_events_are_read_in_the_order_in_which_they_were_recorded(store: Journal):
    assert store.head() == 0
    first = append(store, new(SALES, CONFIGURED), new(BUYING, CONFIGURED), new(SALES, PAUSED))
    second = append(store, new(SALES, RESUMED))

    found = store.read(0)

    assert [one.position for one in found] == first + second
    assert [(one.stream, one.version) for one in found] == [
        (SALES, 1), (BUYING, 1), (SALES, 2), (SALES, 3),
    ]  # fmt: skip
    assert [one.event for one in found] == [CONFIGURED, CONFIGURED, PAUSED, RESUMED]
    assert [one.recorded_at for one in found] == sorted(one.recorded_at for one in found)
    assert store.head() == second[-1]
    assert [one.event for one in store.stream(SALES)] == [CONFIGURED, PAUSED, RESUMED]


def test_a_large_batch_is_stored_like_a_small_one(store: Journal):
    events = [new(stream(f"account {at % 70}"), CONFIGURED) for at in range(200)]
    positions = append(store, *events)

    found = store.read(0)

    assert [one.position for one in found] == positions
    assert [one.stream for one in found] == [event.stream for event in events]
    assert [one.envelope for one in found] == [event.envelope for event in events]
    assert {one.event for one in found} == {CONFIGURED}


def test_reading_is_bounded_by_count_by_size_by_position_and_by_name(store: Journal):
    positions = append(store, *(new(SALES, event) for event in [CONFIGURED, PAUSED, RESUMED]))

    assert [one.position for one in store.read(0, limit=2)] == positions[:2]
    assert [one.position for one in store.read(0, octets=1)] == positions[:1]
    assert [one.position for one in store.read(positions[0])] == positions[1:]
    assert [one.position for one in store.read(0, upto=positions[1])] == positions[:2]
    assert [one.event for one in store.read(0, names=["account.paused"])] == [PAUSED]


def test_nothing_personal_is_readable_in_the_table(store: Journal):
    append(store, new(SALES, CONFIGURED))
    with store.database.connect() as connection:
        rows = connection.execute("SELECT e::text, state FROM stored_events e").fetchall()
    assert len(rows) == 1
    assert b"imap" in rows[0][1]
    assert b"acme.example" not in rows[0][1]


def test_an_expected_version_that_is_taken_is_a_conflict(store: Journal):
    append(store, new(SALES, CONFIGURED, 1))
    with store.writing() as writing:
        with pytest.raises(Conflict):
            writing.append([new(SALES, PAUSED, 1)])
        writing.append([new(SALES, PAUSED, 2)])  # a conflict leaves the transaction whole
        assert writing.versions([SALES, BUYING]) == {SALES: 2, BUYING: 0}
        writing.append([new(SALES, RESUMED)])
    assert [one.version for one in store.stream(SALES)] == [1, 2, 3]


def test_events_and_what_belongs_to_them_are_committed_together(store: Journal):
    def write_both(*, fails: bool) -> None:
        with store.writing() as writing:
            writing.append([new(SALES, CONFIGURED)])
            writing.connection.execute("CREATE TABLE IF NOT EXISTS mine (a int)")
            writing.connection.execute("INSERT INTO mine VALUES (1)")
            if fails:
                raise KeyError

    with pytest.raises(KeyError):
        write_both(fails=True)
    assert store.read(0) == []
    write_both(fails=False)
    with store.database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM mine").fetchone() == (1,)
    assert len(store.read(0)) == 1


def test_a_command_is_decided_on_what_happened(store: Journal):
    first = store.record(SALES, account, ConfigureAccount(CONFIGURED), envelope())
    assert first == store.head()
    assert store.record(SALES, account, ConfigureAccount(CONFIGURED), envelope()) is None
    assert store.record(SALES, account, PauseAccount(), envelope()) == store.head()
    with pytest.raises(Rejected):
        store.record(BUYING, account, PauseAccount(), envelope())


def test_a_repeated_command_id_gives_the_first_result_and_does_nothing(store: Journal):
    def say(command: account.AccountCommand, command_id: str) -> int | None:
        return store.record(SALES, account, command, envelope(command_id=command_id))

    say(ConfigureAccount(CONFIGURED), "c1")
    paused = say(PauseAccount(), "c2")
    say(ResumeAccount(), "c3")

    assert say(PauseAccount(), "c2") == paused
    assert say(ResumeAccount(), "c4") is None
    assert say(PauseAccount(), "c5") == store.head()
    assert say(ResumeAccount(), "c4") is None, "it was so already; it is not done later"
    assert len(store.read(0)) == 4
    with pytest.raises(Rejected) as no:
        say(ResumeAccount(), "c2")
    assert no.value.code == "COMMAND_ID_REUSED"


def test_the_same_event_id_is_recorded_once(store: Journal):
    store.record(SALES, account, ConfigureAccount(CONFIGURED), envelope())
    caused = envelope(uuid7())
    first = store.record(SALES, account, PauseAccount(), caused)
    store.record(SALES, account, ResumeAccount(), envelope())
    assert store.record(SALES, account, PauseAccount(), caused) == first
    assert len(store.read(0)) == 3


@dataclass(frozen=True)
class Counting:
    """A decider for which every command is something new: each sees all that others recorded."""

    initial: int = 0

    def evolve(self, count: int, _event: object) -> int:
        return count + 1

    def decide(self, count: int, _command: object) -> list[PartyChanged]:
        return [PartyChanged("customer", "it", "IT", count, "Rossi")]


def test_people_who_decide_at_the_same_time_see_each_other(store: Journal):
    with ThreadPoolExecutor(6) as people:
        done = [
            people.submit(store.record, SALES, Counting(), "more", envelope()) for _ in range(60)
        ]
    positions = {one.result() for one in done}
    seen = [
        one.event.privacy_level
        for one in store.stream(SALES)
        if isinstance(one.event, PartyChanged)
    ]
    assert seen == list(range(60))
    assert len(positions) == 60


def test_a_reader_that_follows_misses_nothing_while_many_write(store: Journal):
    stop = threading.Event()
    followed: list[int] = []

    def follow() -> None:
        after = 0
        while True:
            ended = stop.is_set()
            rows = store.rows(after, limit=37)
            followed.extend(row.position for row in rows)
            after = followed[-1] if followed else 0
            if ended and not rows:
                return

    def write(writer: int) -> list[int]:
        sizes = [1, 80, 3, 1, 60, 2] * 5
        return [
            position
            for at, size in enumerate(sizes)
            for position in append(
                store, *(new(stream(f"{writer} {at} {i}"), PAUSED) for i in range(size))
            )
        ]

    with ThreadPoolExecutor(5) as threads:
        follower = threads.submit(follow)
        written = sorted(p for part in threads.map(write, range(4)) for p in part)
        stop.set()
        follower.result()
    assert followed == written
    times = [row.recorded_at for row in store.rows(0, limit=10_000)]
    assert times == sorted(times)


def test_an_erased_stream_is_read_as_erased_and_gets_nothing_personal_again(store: Journal):
    append(store, new(SALES, CONFIGURED), new(SALES, PAUSED), new(BUYING, CONFIGURED))

    store.keyring.destroy([SALES])

    assert [one.event for one in store.read(0)] == [
        Erased("account.configured"), PAUSED, CONFIGURED,
    ]  # fmt: skip
    append(store, new(SALES, RESUMED))
    with pytest.raises(Rejected):
        append(store, new(SALES, CONFIGURED))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE stored_events SET topic = ''",
        "DELETE FROM stored_events",
        "TRUNCATE stored_events",
    ],
)
def test_the_journal_refuses_every_change(store: Journal, change: str):
    append(store, new(SALES, CONFIGURED))
    with (
        store.database.connect() as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(change.encode())
    assert len(store.read(0)) == 1


def test_each_commit_is_told_once(store: Journal):
    with store.database.connect(direct=True) as listener:
        listener.execute(f"LISTEN {channel(store.database)}".encode())
        with store.writing() as writing:
            writing.append([new(SALES, CONFIGURED)])
            writing.append([new(SALES, PAUSED)])
        assert len(list(listener.notifies(timeout=1, stop_after=1))) == 1
        assert list(listener.notifies(timeout=0)) == []


def test_the_setting_that_loses_events_is_refused(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MAIL_POSTGRES_ENABLE_DB_FUNCTIONS", "yes")
    with pytest.raises(UnsafeSetting, match="MAIL_POSTGRES_ENABLE_DB_FUNCTIONS"):
        journal(database, tmp_path)


def test_the_readers_of_the_library_work_on_the_same_table(store: Journal):
    append(store, new(SALES, CONFIGURED), new(SALES, PAUSED))
    stored = StoredEvent(SALES, 3, "account.resumed", b"{}")

    assert store.recorder.insert_events([stored]) == [store.head()]

    assert [one.topic for one in store.recorder.select_events(SALES)][-1] == "account.resumed"
    assert store.recorder.max_notification_id() == store.head()
    assert len(store.recorder.select_notifications(1, 10)) == 3
    with pytest.raises(IntegrityError):
        store.recorder.insert_events([stored])


def test_writers_who_need_new_keys_do_not_wait_for_each_other_for_ever(store: Journal):
    def write(at: int) -> None:
        with store.writing() as writing:
            writing.lock()
            writing.append([new(stream(f"account {at}"), CONFIGURED)])

    with ThreadPoolExecutor(30) as threads:
        list(threads.map(write, range(60)))
    assert len(store.read(0)) == 60


@pytest.fixture(autouse=True)
def _closed(database: Database) -> Iterator[None]:
    with closing(database):
        yield
