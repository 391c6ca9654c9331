"""A small journal for tests of the feed, and feeds that fill the small read models from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from adapters.journal import Journal, NewEvent
from api.work.feed import Feed, active_names
from domain.account import AccountConfigured, AccountPaused, AccountResumed
from domain.values import Actor, ActorKind, MailboxId
from events import envelope, stream
from tally import pauses, tally

PAUSED, RESUMED = AccountPaused(), AccountResumed()
GIULIA = Actor(ActorKind.USER, "giulia")
BOTH = (tally, pauses)


def configured(host: str) -> AccountConfigured:
    return AccountConfigured(MailboxId(stream("box")), "imap", 993, "tls", host, "info")


def record(store: Journal, *events: object, over: int = 3) -> int:
    new = [
        NewEvent(stream(f"account {at % over}"), event, envelope())
        for at, event in enumerate(events)
    ]
    with store.writing() as writing:
        return writing.append(new)[-1]


def many(count: int) -> list[object]:
    kinds = [configured("mail.example"), PAUSED, RESUMED]
    return [kinds[at * 7 % 3] for at in range(count)]


@contextmanager
def feeding(store: Journal, projections: Any = BOTH, **more: Any) -> Iterator[Feed]:
    feed = Feed(store, projections, **more)
    try:
        yield feed
    finally:
        feed.close()


def rows(store: Journal, table: str, projections: Any = BOTH) -> list[tuple[Any, ...]]:
    with store.database.connect() as connection:
        names = active_names(connection, projections)
        query = names.sql("SELECT * FROM {t} ORDER BY 1, 2", t=names[table])
        return connection.execute(query).fetchall()


def expected(store: Journal) -> list[tuple[UUID, int]]:
    counts: dict[UUID, int] = {}
    for row in store.rows(0, limit=100_000):
        if row.name.startswith("account."):
            counts[row.stream] = counts.get(row.stream, 0) + 1
    return sorted(counts.items())


def counted(store: Journal) -> list[tuple[UUID, int]]:
    return [row[:2] for row in rows(store, "tally")]
