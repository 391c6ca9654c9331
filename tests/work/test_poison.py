"""Events that a read model cannot take: it stops alone, and an operator decides."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.database import Database
from adapters.journal import Journal
from domain.operation import EventSkipped
from domain.values import Rejected
from events import journal, stream
from feeding import GIULIA, PAUSED, RESUMED, configured, counted, feeding, many, record
from tally import POISON, pauses, tally


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Journal:
    return journal(database, tmp_path)


def test_a_poison_event_stops_one_read_model_alone(store: Journal):
    record(store, *many(20))
    poison = record(store, configured(POISON))
    last = record(store, *many(20))

    with feeding(store) as feed:
        feed.catch_up()
        stopped, running = sorted(feed.status(), key=lambda one: one.name, reverse=True)

        assert (stopped.name, stopped.state) == ("tally", "stopped")
        assert stopped.stopped_at_position == poison
        assert stopped.position == poison - 1
        assert stopped.error is not None
        assert stopped.error.startswith("ZeroDivisionError (tally.py:")
        assert "rossi" not in stopped.error
        assert (running.name, running.state, running.position) == ("pauses", "live", last)


def test_an_operator_skips_a_poison_event_and_that_is_recorded(store: Journal):
    record(store, PAUSED)
    poison = record(store, configured(POISON))
    record(store, RESUMED)
    with feeding(store) as feed:
        feed.catch_up()
        feed.skip("tally", "a broken import", GIULIA)
        feed.catch_up()

        assert {one.state for one in feed.status()} == {"live"}
        assert counted(store) == [(stream("account 0"), 2)]
        said = store.read(poison, names=["projection.event_skipped"])
        assert [one.event for one in said] == [EventSkipped("tally", poison, "a broken import")]
        assert said[0].envelope.actor == GIULIA
        with pytest.raises(Rejected):
            feed.skip("tally", "again", GIULIA)


def test_an_event_that_cannot_be_opened_stops_only_who_hears_it(store: Journal):
    record(store, PAUSED)
    with store.database.connect() as connection:
        connection.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " VALUES (gen_random_uuid(), 1, 'account.configured', '{}')"
        )
    record(store, RESUMED)
    with feeding(store) as feed:
        feed.catch_up()
        assert {one.name: one.state for one in feed.status()} == {
            "tally": "stopped",
            "pauses": "live",
        }


def test_a_mended_read_model_goes_on(store: Journal):
    record(store, PAUSED, configured(POISON))
    mended = replace(tally, fold=lambda _state, _recorded: None)
    with feeding(store) as feed:
        feed.catch_up()
    with feeding(store, (mended, pauses)) as feed:
        feed.resume("tally")
        feed.catch_up()
        assert {one.state for one in feed.status()} == {"live"}


def test_a_poison_event_that_others_do_not_hear_holds_nobody_up(store: Journal):
    record(store, configured(POISON))
    with feeding(store) as feed:
        feed.catch_up()
        assert {one.name: one.state for one in feed.status()} == {
            "tally": "stopped",
            "pauses": "live",
        }
        feed.skip("tally", "a broken import", GIULIA)
        feed.catch_up()
        assert {one.state for one in feed.status()} == {"live"}
