"""What is to be done later, once, and again where it failed: procrastinate, in the company's schema.

A job is written in the transaction of what it follows from, on that transaction's own connection.
The library's lock of a job is not used: one that is planned for tomorrow would hold all later ones
back (its fetching asks for earlier jobs of the same lock whatever their time). What a job does has
to take a lock of its own, and to find nothing to do where it comes in vain.

The library is imported where it is used: most commands have no job to write or to do.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from adapters.database import Database
from adapters.logs import log

if TYPE_CHECKING:
    from procrastinate import App

QUEUE: Final = "carteggio"
_CONNECTIONS: Final = 4
_FAILED_KEPT_H: Final = 30 * 24
"""So long a job that failed is kept, to be told."""

Task = Callable[[Mapping[str, Any]], Awaitable[None]]


def install(connection: Connection[TupleRow]) -> bool:
    """Make the queue's tables in the schema that is searched first; tell whether they were missing."""
    there = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
    if there is not None and there[0] is not None:
        return False
    from procrastinate.schema import SchemaManager  # noqa: PLC0415

    connection.execute(SchemaManager.get_schema())
    return True


def defer(
    connection: Connection[TupleRow],
    task: str,
    what: Mapping[str, Any],
    *,
    once: str,
    at: datetime | None = None,
) -> bool:
    """Ask for a job in the transaction of `connection`; False if one like it (`once`) waits already."""
    from procrastinate.exceptions import AlreadyEnqueued  # noqa: PLC0415

    job = _writing().configure_task(
        task, queue=QUEUE, queueing_lock=once, schedule_at=at, connection=connection
    )
    try:
        with connection.transaction():
            job.defer(**what)
    except AlreadyEnqueued:
        return False
    return True


def failed_since(
    connection: Connection[TupleRow], since: datetime
) -> list[tuple[str, int, datetime]]:
    """Give by task how many jobs failed for good since a moment, and when the last one did."""
    return connection.execute(
        "SELECT job.task_name, count(DISTINCT job.id), max(happened.at)"
        " FROM procrastinate_jobs AS job"
        " JOIN procrastinate_events AS happened ON happened.job_id = job.id"
        " WHERE job.status = 'failed' AND happened.type = 'failed' AND happened.at >= %s"
        " GROUP BY job.task_name ORDER BY job.task_name",
        (since,),
    ).fetchall()


class Jobs:
    """Does jobs, so many at once, until told to stop."""

    def __init__(self, database: Database, tasks: Mapping[str, Task], at_once: int = 8) -> None:
        """Take what to do by the name of each task."""
        self._database = database
        self._tasks = tasks
        self._at_once = at_once

    async def run(self, *, wait: bool = True) -> None:
        """Work; without `wait` only until nothing is due. To be cancelled by whoever stops it."""
        from procrastinate import App, PsycopgConnector  # noqa: PLC0415
        from procrastinate.jobs import DeleteJobCondition  # noqa: PLC0415

        async with self._pool() as pool:
            app = App(connector=PsycopgConnector())
            for name, task in self._tasks.items():
                app.task(name=name, queue=QUEUE)(_named(name, task))
            async with app.open_async(pool):
                await _forget_stalled(app)
                await app.job_manager.delete_old_jobs(_FAILED_KEPT_H, QUEUE, include_failed=True)
                await app.run_worker_async(
                    queues=[QUEUE],
                    name="carteggio",
                    concurrency=self._at_once,
                    wait=wait,
                    listen_notify=wait,
                    install_signal_handlers=False,
                    delete_jobs=DeleteJobCondition.SUCCESSFUL.value,
                )

    @asynccontextmanager
    async def _pool(self) -> AsyncIterator[AsyncConnectionPool[Any]]:
        """Lend connections past a pooler: the queue listens on one of them."""
        session = self._database.session()

        async def configure(connection: AsyncConnection) -> None:
            await connection.set_autocommit(True)  # the library asks for it where it listens
            await connection.execute(session)

        pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            self._database.listen_dsn,
            kwargs={"application_name": "carteggio-jobs"},
            configure=configure,
            min_size=1,
            max_size=_CONNECTIONS,
            open=False,
        )
        async with pool:
            yield pool


@cache
def _writing() -> "App":
    """Give what is never opened: each job is written on the connection of what it follows from."""
    from procrastinate import App, SyncPsycopgConnector  # noqa: PLC0415

    return App(connector=SyncPsycopgConnector())


def _named(name: str, task: Task) -> Callable[..., Awaitable[None]]:
    async def run(**what: Any) -> None:
        try:
            await task(what)
        except Exception as error:
            log("jobs").error("a job fails", task=name, error=type(error).__name__)
            raise

    return run


async def _forget_stalled(app: "App") -> None:
    """Forget jobs whose worker died: what they were about is due by its own table."""
    from procrastinate.jobs import Status  # noqa: PLC0415

    for job in await app.job_manager.get_stalled_jobs():
        if job.id is not None:
            await app.job_manager.finish_job_by_id_async(
                job.id, status=Status.FAILED, delete_job=True
            )
