"""Mail files are taken in: batch by batch, resumable, with projections following on the way."""

import asyncio
import hmac
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any, Final

from psycopg import Connection

from adapters.allocator import trim_memory
from adapters.ids import uuid7
from adapters.mailfiles import Cursor, MailSource, Problem, open_mail
from adapters.mime.worker import ReadingWorker
from api.work.batches import seldom_collecting
from api.work.following import followed
from api.work.instance import Carteggio
from api.work.places import folder_of_file, role_of
from api.work.reception import (
    BATCH,
    BATCH_OCTETS,
    Arrival,
    Batch,
    Counts,
    Moved,
    Place,
    Reception,
)
from api.work.records import is_address, is_certified
from domain import company
from domain.company import MailboxRegistered, TakeOver
from domain.identity import mailbox_id
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, MailboxId, Rejected
from projections.links import linked_after
from projections.reader import EVERYTHING

Report = Callable[["Progress"], None]
_MOST_TOLD: Final = 1_000
ALONE_FROM: Final = 2 * BATCH_OCTETS
"""A batch so large is read with no other beside it in memory."""


@dataclass(slots=True)
class Progress:
    """How far an import is; `octets` of `of_octets` on disk were gone through."""

    counts: Counts = field(default_factory=Counts)
    octets: int = 0
    of_octets: int = 0
    resumed: bool = False
    projecting: bool = False
    read_here: int = 0
    problems: list[Problem] = field(default_factory=list)
    more_problems: int = 0
    began: float = field(default_factory=monotonic)
    seconds: float = 0.0
    projected_seconds: float = 0.0

    def problem(self, problem: Problem) -> None:
        """Remember a problem for the report; of very many only the number."""
        if len(self.problems) < _MOST_TOLD:
            self.problems.append(problem)
        else:
            self.more_problems += 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be imported, and as what."""

    path: Path
    mailbox: str
    folder: str | None = None
    cut_off: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Portion:
    """A batch of arrivals with the place in the source after it."""

    arrivals: list[Arrival]
    names: list[str]
    after: Cursor

    @property
    def octets(self) -> int:
        return sum(len(one.raw) for one in self.arrivals)


def import_mail(carteggio: Carteggio, wanted: Wanted, report: Report) -> Progress:
    """Take in the mail at a path; an import that was interrupted goes on where it stopped."""
    first = open_mail(wanted.path)
    mailbox = register_mailbox(carteggio, wanted.mailbox)
    unfinished = _Unfinished(carteggio, wanted, first.fingerprint)
    after, counts = unfinished.load()
    source = open_mail(wanted.path, after) if after else first
    progress = Progress(counts, source.progress(), source.octets, resumed=after is not None)
    portions = _portions(carteggio, source, wanted, mailbox, progress)
    with followed(carteggio.feed), seldom_collecting():
        for stored in _stored(carteggio, portions, unfinished, progress):
            progress.counts.add(stored)
            progress.read_here += stored.read
            progress.octets = source.progress()
            report(progress)
    progress.seconds = monotonic() - progress.began
    progress.projecting, progress.octets = True, progress.of_octets
    report(progress)
    carteggio.feed.catch_up()
    unfinished.forget()  # not before: an import killed while it projects need not read all again
    progress.projected_seconds = monotonic() - progress.began
    return progress


def linked_since(carteggio: Carteggio, position: int) -> int:
    """Count the messages captured after a position that are linked to a party or document."""

    async def count() -> int:
        async with carteggio.reading() as (connection, names):
            return await linked_after(connection, names, EVERYTHING, position)

    return asyncio.run(count())


def register_mailbox(carteggio: Carteggio, address: str, by: Envelope | None = None) -> MailboxId:
    """Make a mailbox known unless it is; what the directory says of it stands."""
    clean = address.strip()
    if not is_address(clean):
        raise Rejected("INVALID", f"{clean or 'an empty text'} is no mail address")
    mailbox = mailbox_id(carteggio.identity_key, clean)
    if not carteggio.journal.stream(mailbox):
        record = MailboxRegistered(certified=is_certified(clean), address=clean)
        envelope = Envelope(
            uuid7(), datetime.now(UTC), Actor(ActorKind.SYSTEM, "import"), Origin("cli")
        )
        carteggio.journal.record(mailbox, company, TakeOver(record), by or envelope)
    return mailbox


def _portions(
    carteggio: Carteggio,
    source: MailSource,
    wanted: Wanted,
    mailbox: MailboxId,
    progress: Progress,
) -> Iterator[_Portion]:
    arrivals: list[Arrival] = []
    names: list[str] = []
    size, after = 0, Cursor()
    for mail in source:
        if isinstance(mail, Problem):
            progress.problem(mail)
            continue
        most = carteggio.settings.max_message_bytes
        if len(mail.raw) > most:
            progress.problem(Problem(mail.place, f"larger than max_message_bytes ({most})"))
            continue
        if arrivals and (len(arrivals) >= BATCH or size + len(mail.raw) > BATCH_OCTETS):
            yield _Portion(arrivals, names, after)
            arrivals, names, size = [], [], 0
        place = _place(wanted, mailbox, mail.folder)
        arrivals.append(Arrival(mail.raw, place, mail.received_at, mail.flags))
        names.append(mail.place)
        size, after = size + len(mail.raw), mail.next
    if arrivals:
        yield _Portion(arrivals, names, after)


@lru_cache(maxsize=64)
def _place(wanted: Wanted, mailbox: MailboxId, folder: str | None) -> Place:
    name = wanted.folder or folder or folder_of_file(wanted.path)
    return Place(mailbox, name, role_of(name), wanted.cut_off)


def _stored(
    carteggio: Carteggio,
    portions: Iterator[_Portion],
    unfinished: "_Unfinished",
    progress: Progress,
) -> Iterator[Counts]:
    """Store portion by portion, and tell what each was."""
    with ReadingWorker() as worker:
        reception = Reception(carteggio.journal, carteggio.blobs, worker, "import")
        for batch, portion in _read_ahead(reception, portions):
            stored = reception.store(batch, unfinished.moving(portion.after, progress.counts))
            for name, place in zip(portion.names, batch.places, strict=True):
                if why := batch.failed.get(place):
                    progress.problem(Problem(name, f"cannot be stored: {why}"))
            del batch, portion  # the next ones are read meanwhile
            trim_memory()
            yield stored


def _read_ahead(
    reception: Reception, portions: Iterator[_Portion]
) -> Iterator[tuple[Batch, _Portion]]:
    """Read the next batch while the one before is stored; never more than two are in memory.

    A large one is alone there.
    """
    with ThreadPoolExecutor(1, "reading") as pool:
        ahead: tuple[Future[Batch], _Portion] | None = None
        for portion in portions:
            if portion.octets > ALONE_FROM:
                if ahead is not None:
                    yield ahead[0].result(), ahead[1]
                ahead = None
                yield reception.read(portion.arrivals), portion
                continue
            reading = pool.submit(reception.read, portion.arrivals)
            if ahead is not None:
                yield ahead[0].result(), ahead[1]
            ahead = reading, portion
            del reading  # what it holds is large
        if ahead is not None:
            yield ahead[0].result(), ahead[1]


class _Unfinished:
    """The row that says how far an import is; it moves with the events of each batch."""

    def __init__(self, carteggio: Carteggio, wanted: Wanted, fingerprint: str) -> None:
        self._database = carteggio.database
        cut_off = wanted.cut_off.isoformat() if wanted.cut_off else ""
        parts = (fingerprint, wanted.mailbox.casefold(), wanted.folder or "", cut_off)
        self._id = hmac.digest(carteggio.identity_key, "\n".join(parts).encode(), "sha256")

    def load(self) -> tuple[Cursor | None, Counts]:
        """Give where to go on and what was counted, if this import was begun before."""
        with self._database.pool.connection() as connection:
            row = connection.execute(
                "SELECT cursor, counts FROM import_progress WHERE id = %s", (self._id,)
            ).fetchone()
        return (Cursor.parse(row[0]), Counts(**row[1])) if row else (None, Counts())

    def moving(self, after: Cursor, before: Counts) -> Moved:
        """Give what moves the row inside a batch's transaction."""

        def moved(connection: Connection[Any], counts: Counts) -> None:
            total = replace(before)
            total.add(counts)
            connection.execute(
                "INSERT INTO import_progress (id, cursor, counts) VALUES (%s, %s, %s)"
                " ON CONFLICT (id) DO UPDATE SET cursor = excluded.cursor,"
                " counts = excluded.counts, moved_at = clock_timestamp()",
                (self._id, str(after), json.dumps(asdict(total))),
            )

        return moved

    def forget(self) -> None:
        """Take the row away: the import is complete."""
        with self._database.pool.connection() as connection:
            connection.execute("DELETE FROM import_progress WHERE id = %s", (self._id,))
