"""What is counted while serving, and read off when Prometheus asks."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.process_collector import ProcessCollector
from psycopg_pool import AsyncConnectionPool

from adapters.matching import Lookups
from api.graphql.ids import Kind, encoded
from api.work.feed import ProjectionStatus
from api.work.generations import active_names_async
from api.work.instance import PROJECTIONS, Carteggio
from api.work.overview import Overview, overview
from api.work.reactions import Reactions
from projections.company import company
from projections.reader import COUNTED_EXACTLY, EVERYTHING, Page
from projections.unanswered import CORRESPONDENCE
from projections.waits import waiting_in

_SLOWLY_S: Final = 60.0
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)

_GAUGES: Final = {
    "http_requests_running": ("HTTP requests that are not answered yet.",),
    "head_position": ("The position of the last event.",),
    "projection_position": ("How far a read model is.", "projection"),
    "projection_lag_events": ("How far a read model is behind.", "projection"),
    "projection_stopped": ("1 if an event stopped a read model.", "projection"),
    "decisions_position": ("How far links and answers are decided.",),
    "waiting_messages": (
        f"Mail that waits for an answer; {COUNTED_EXACTLY} also stands for more.",
    ),
    "accounts": ("Mail accounts by how the last look went.", "trouble"),
    "accounts_stale": ("Accounts without a good look for three intervals, or without consent.",),
    "account_age_seconds": ("How long ago a look was good or mail came.", "account"),
    "account_backlog": ("Messages on the server that were not taken in.", "account"),
    "account_ends_seconds": ("How long until consent or the client's secret ends.", "account"),
    "ledger_missing": ("Messages on mail servers that were not taken in.",),
    "ledger_overdue": ("Accounts not compared with their server for two days.",),
    "blobs": ("Sealed blobs; counted once a minute.",),
}
"""What is read off or set, without the prefix: its meaning, then its labels."""

# Without a second series for each, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class _Read:
    """What the instance says of itself, besides what waits."""

    head: int
    decided: int
    models: list[ProjectionStatus]
    blobs: int | None


class Figures:
    """The figures of one application; no label holds anything that somebody wrote."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "carteggio_http_requests",
            "HTTP requests, by what was asked and the status of the answer.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "carteggio_http_request_seconds",
            "How long HTTP requests took, in seconds.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.operations = Counter(
            "carteggio_graphql_operations",
            "GraphQL operations: ok, with errors, or refused before they ran.",
            ("outcome",),
            registry=self.registry,
        )
        self._gauges = {
            name: Gauge(f"carteggio_{name}", meaning, labels, registry=self.registry)
            for name, (meaning, *labels) in _GAUGES.items()
        }
        self.running = self._gauges["http_requests_running"]
        self._counted = -_SLOWLY_S

    async def text(self, carteggio: Carteggio, pool: AsyncConnectionPool) -> bytes:
        """Read everything off, in Prometheus's text form."""
        due = time.monotonic() - self._counted >= _SLOWLY_S
        read = await asyncio.to_thread(_read, carteggio, count_blobs=due)
        async with pool.connection() as connection:
            names = await active_names_async(connection, (CORRESPONDENCE, company))
            waiting = await waiting_in(connection, names, EVERYTHING, Page(first=1))
            accounts = await overview(carteggio, connection, names, EVERYTHING)
        self._set(read)
        self._set_accounts(accounts)
        self._gauges["waiting_messages"].set(waiting.total)
        return generate_latest(self.registry)

    def _set(self, read: _Read) -> None:
        self._gauges["head_position"].set(read.head)
        self._gauges["decisions_position"].set(read.decided)
        for one in read.models:
            self._gauges["projection_position"].labels(one.name).set(one.position)
            self._gauges["projection_lag_events"].labels(one.name).set(one.lag)
            self._gauges["projection_stopped"].labels(one.name).set(one.state == "stopped")
        if read.blobs is not None:
            self._gauges["blobs"].set(read.blobs)
            self._counted = time.monotonic()

    def _set_accounts(self, accounts: Sequence[Overview]) -> None:
        """Set what is told of accounts, by their ids: an address is somebody's."""
        each = ("accounts", "account_age_seconds", "account_backlog", "account_ends_seconds")
        for name in each:
            self._gauges[name].clear()
        for one in accounts:
            id = encoded(Kind.ACCOUNT, one.account.id)
            if one.look is not None:
                self._gauges["accounts"].labels(one.look.trouble or "none").inc()
            if not one.account.paused:
                self._gauges["account_age_seconds"].labels(id).set(one.age.total_seconds())
            if one.backlog is not None:
                self._gauges["account_backlog"].labels(id).set(one.backlog)
            if one.ends_at is not None:
                left = one.ends_at - one.at
                self._gauges["account_ends_seconds"].labels(id).set(left.total_seconds())
        self._gauges["accounts_stale"].set(sum(one.is_stale for one in accounts))
        self._gauges["ledger_missing"].set(sum(one.backlog or 0 for one in accounts))
        self._gauges["ledger_overdue"].set(sum(one.is_overdue for one in accounts))


def _read(carteggio: Carteggio, *, count_blobs: bool) -> _Read:
    head = carteggio.journal.head()
    with carteggio.database.pool.connection() as connection:
        decided = Lookups(connection).position(Reactions.name)
        row = connection.execute("SELECT count(*) FROM blob").fetchone() if count_blobs else None
    models = [one for one in carteggio.feed.status() if one.active]
    wanted = {one.name for one in PROJECTIONS}
    models = [one for one in models if one.name in wanted]
    return _Read(head, decided, models, row[0] if row else None)
