"""How fast events are appended: encoded, sealed under new keys, and stored, 500 at a time.

Beside it, in the same run and in turns: binary COPY of the same rows, which is the limit, and the
library `eventsourcing` with its own mapper and recorder, which seals nothing. The events are those
of real captures. Medians of several rounds; ratios are ours to theirs, in speed.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from adapters.database import Database
from adapters.home import Home
from adapters.ids import uuid7
from adapters.journal import Journal, NewEvent
from adapters.logs import set_up_logs
from adapters.settings import Settings
from api.compose import compose, init
from api.work.importing import Wanted, import_mail
from benchmarks.copying import BATCH, copy_rows, stored_rows
from benchmarks.mailmaker import MAILBOX, Maker, write_mbox
from benchmarks.stage import Stopwatch, instance, middle, ratio, say, tell
from domain.message import MessageReceived
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind

# As fast as 500 with small events. With 500 of this size its pipeline waits for ever.
_THEIR_BATCH = 100


@dataclass(slots=True)
class Round:
    """Seconds that each way took for the same events."""

    ours: float
    copy: float
    library: float


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=5_000)
    asked.add_argument("--rounds", type=int, default=5)
    given = asked.parse_args()
    set_up_logs("warning")
    with instance() as home:
        events = _captured(home, given.events)
        rounds = [_round(home, events, number) for number in range(given.rounds)]
        octets = _mean_size(home)
    count = len(events)
    tell(
        "append",
        {
            "events": count,
            "octets_per_event": octets,
            "events_per_s": round(count / middle([one.ours for one in rounds])),
            "copy_events_per_s": round(count / middle([one.copy for one in rounds])),
            "library_events_per_s": round(count / middle([one.library for one in rounds])),
            "ratio_to_copy": middle([ratio(one.copy, one.ours) for one in rounds]),
            "ratio_to_library": middle([ratio(one.library, one.ours) for one in rounds]),
        },
    )


def _captured(home: Home, count: int) -> list[MessageReceived]:
    """Give what a real import of half as many messages records, as often as is needed."""
    mbox = home.folder.parent / "mail.mbox"
    write_mbox(mbox, Maker(1).messages(), messages=min(1_000, count))
    with compose(home, Settings()) as carteggio:
        import_mail(carteggio, Wanted(mbox, MAILBOX), lambda _: None)
        recorded = carteggio.journal.read(0, limit=100_000, octets=1 << 30)
    found = [one.event for one in recorded if isinstance(one.event, MessageReceived)]
    return [found[at % len(found)] for at in range(count)]


def _round(home: Home, events: Sequence[MessageReceived], number: int) -> Round:
    company = f"round{number}"
    init(home, Settings(), company)
    with compose(home, Settings(), company) as carteggio:
        ours = _append(carteggio.journal, events)
        copy = copy_rows(carteggio.database, stored_rows(carteggio.database))
        library = _library(carteggio.database, events)
    say(f"ours {ours:.2f} s, COPY {copy:.2f} s, library {library:.2f} s")
    return Round(ours, copy, library)


def _append(journal: Journal, events: Sequence[MessageReceived]) -> float:
    context = Envelope(
        uuid7(), datetime.now(UTC), Actor(ActorKind.SYSTEM, "bench"), Origin("import")
    )
    watch = Stopwatch()
    for at in range(0, len(events), BATCH):
        new = [
            NewEvent(uuid7(), one, replace(context, event_id=uuid7()))
            for one in events[at : at + BATCH]
        ]
        with journal.writing() as writing:
            writing.append(new)
    return watch.seconds


class Captured(Aggregate):
    """A message as the library's users would write it."""

    @event("Received")
    def __init__(self, *, id: UUID, content: dict[str, Any]) -> None:
        """Begin with what was received."""
        self._id = id
        self.content = content


def _library(database: Database, events: Sequence[MessageReceived]) -> float:
    """Save the same content through an application of the library's own, a batch at a time."""
    contents = [json.loads(msgspec.json.encode(one)) for one in events]
    environment = _environment(database)
    with Application[UUID](env=environment) as application:
        watch = Stopwatch()
        for at in range(0, len(contents), _THEIR_BATCH):
            batch = contents[at : at + _THEIR_BATCH]
            application.save(*(Captured(id=uuid7(), content=one) for one in batch))
        return watch.seconds


def _environment(database: Database) -> dict[str, str]:
    with database.connect() as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS library")
        info = connection.info
        return {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": info.dbname,
            "POSTGRES_HOST": info.host,
            "POSTGRES_PORT": str(info.port),
            "POSTGRES_USER": info.user,
            "POSTGRES_PASSWORD": info.password,
            "POSTGRES_SCHEMA": "library",
        }


def _mean_size(home: Home) -> int:
    with compose(home, Settings(), "round0") as carteggio:
        rows = stored_rows(carteggio.database)
    return round(sum(len(row[3]) for row in rows) / len(rows))


if __name__ == "__main__":
    main()
