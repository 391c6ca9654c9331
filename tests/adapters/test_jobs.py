"""Jobs lie in the company's database, are written with what they follow from, and are done once."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from adapters.jobs import Jobs, defer, install

if TYPE_CHECKING:
    from adapters.database import Database


def waiting(database: "Database") -> int:
    with database.pool.connection() as connection:
        row = connection.execute("SELECT count(*) FROM procrastinate_jobs").fetchone()
    return int(row[0]) if row else 0


async def done(database: "Database", *fails: str) -> list[Mapping[str, Any]]:
    """Do what is due now; what is named in `fails` fails."""
    found: list[Mapping[str, Any]] = []

    async def note(what: Mapping[str, Any]) -> None:
        found.append(what)
        if what["lane"] in fails:
            raise ConnectionError

    await Jobs(database, {"send": note}).run(wait=False)
    return found


def test_the_queue_is_there_after_migrating(database: "Database") -> None:
    with database.connect() as connection:
        assert not install(connection)


async def test_a_job_is_done_once_and_not_before_its_time(database: "Database") -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with database.pool.connection() as connection, connection.transaction():
        assert defer(connection, "send", {"lane": "later"}, once="later", at=tomorrow)
        assert defer(connection, "send", {"lane": "now"}, once="now")
        assert not defer(connection, "send", {"lane": "now"}, once="now")
    assert await done(database) == [{"lane": "now"}]
    assert await done(database) == []
    assert waiting(database) == 1


async def test_a_job_goes_back_with_the_transaction_that_it_follows_from(
    database: "Database",
) -> None:
    with database.pool.connection() as connection:
        with connection.transaction(force_rollback=True):
            defer(connection, "send", {"lane": "gone"}, once="gone")
        with connection.transaction():
            defer(connection, "send", {"lane": "kept"}, once="kept")
    assert await done(database) == [{"lane": "kept"}]


async def test_one_that_fails_stops_no_other_and_may_be_asked_for_again(
    database: "Database",
) -> None:
    for _ in range(2):
        with database.pool.connection() as connection, connection.transaction():
            for lane in ("bad", "good"):
                assert defer(connection, "send", {"lane": lane}, once=lane)
        assert await done(database, "bad") == [{"lane": "bad"}, {"lane": "good"}]
