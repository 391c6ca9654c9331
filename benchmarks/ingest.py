"""How fast an mbox is taken in: read, sealed, stored, linked and projected.

`cpu_ms_each` is what a message cost in every process: the import's own, the one that reads, the
one that feeds, the database's. Beside it, in the same run: raw COPY of the event rows that it made, and `notmuch new` on the same
messages as a Maildir (null where notmuch is not installed). Ratios are ours to theirs, in speed.
"""

import argparse
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from adapters.home import Home
from adapters.logs import set_up_logs
from adapters.mailfiles import StoredMail, open_mail
from adapters.mime.worker import ReadingWorker
from adapters.settings import Settings
from api.compose import compose, init
from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail, register_mailbox
from api.work.reception import BATCH, BATCH_OCTETS, Arrival, Batch, Place, Reception
from benchmarks.copying import copy_rows, stored_rows
from benchmarks.mailmaker import MAILBOX, Maker, write_maildir, write_mbox
from benchmarks.processors import Processors
from benchmarks.stage import Stopwatch, instance, ratio, say, tell
from domain.message import FolderRole


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--messages", type=int, default=3_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--mbox", type=Path, help="mail to be taken in place of made mail")
    given = asked.parse_args()
    set_up_logs("warning")
    with instance() as home:
        place = home.folder.parent
        mbox, erp = place / "mail.mbox", place / "erp"
        messages, octets = _laid_out(given, mbox, erp)
        say(f"{messages} messages, {octets / 1e6:.0f} MB")
        whole, spent = _whole(home, mbox, erp)
        alone = _storing_alone(home, mbox)
        copied = _copied(home)
        theirs = None if given.mbox else _notmuch(place, given.seed, messages)
    tell(
        "ingest",
        {
            "messages": messages,
            "megabytes": round(octets / 1e6, 1),
            "messages_per_s": round(messages / whole),
            "cpu_ms_each": spent,
            "storing_alone_messages_per_s": round(messages / alone),
            "copy_s": round(copied, 3),
            "ratio_to_copy": ratio(copied, whole),
            "notmuch_messages_per_s": theirs and round(messages / theirs),
            "ratio_to_notmuch": theirs and ratio(theirs, whole),
        },
    )


def _laid_out(given: argparse.Namespace, mbox: Path, erp: Path) -> tuple[int, int]:
    """Lay out mail and master data; give the number of messages, and of their octets."""
    maker = Maker(given.seed)
    maker.write_directory(erp)
    if given.mbox is None:
        return given.messages, write_mbox(mbox, maker.messages(), messages=given.messages)[1]
    shutil.copyfile(given.mbox, mbox)
    sizes = [len(mail.raw) for mail in open_mail(mbox) if isinstance(mail, StoredMail)]
    return len(sizes), sum(sizes)


def _whole(home: Home, mbox: Path, erp: Path) -> tuple[float, dict[str, float]]:
    """Import it as the command line does; the read models have it at the end."""
    with compose(home, Settings()) as carteggio:
        import_directory(carteggio, erp, "erp")
        carteggio.feed.catch_up()
        spent, watch = Processors(home), Stopwatch()
        done = import_mail(carteggio, Wanted(mbox, MAILBOX), lambda _: spent.look())
        seconds = watch.seconds
        each = spent.milliseconds_each(done.counts.read)
    say(f"stored in {done.seconds:.1f} s, projected after {seconds:.1f} s")
    return seconds, each


def _storing_alone(home: Home, mbox: Path) -> float:
    """Store it in another company, where no read model follows."""
    init(home, Settings(), "alone")
    with compose(home, Settings(), "alone") as carteggio, ReadingWorker() as worker:
        place = Place(register_mailbox(carteggio, MAILBOX), "INBOX", FolderRole.INBOX)
        reception = Reception(carteggio.journal, carteggio.blobs, worker, "import")
        watch = Stopwatch()
        for batch in _read_ahead(reception, mbox, place):
            reception.store(batch)
        return watch.seconds


def _read_ahead(reception: Reception, mbox: Path, place: Place) -> Iterator[Batch]:
    arrivals = (
        Arrival(mail.raw, place, mail.received_at, mail.flags)
        for mail in open_mail(mbox)
        if isinstance(mail, StoredMail)
    )
    with ThreadPoolExecutor(1) as pool:
        ahead: Future[Batch] | None = None
        for batch in _in_batches(arrivals):
            reading = pool.submit(reception.read, batch)
            if ahead is not None:
                yield ahead.result()
            ahead = reading
        if ahead is not None:
            yield ahead.result()


def _in_batches(arrivals: Iterable[Arrival]) -> Iterator[list[Arrival]]:
    """Bound them as an import does."""
    batch: list[Arrival] = []
    size = 0
    for one in arrivals:
        if batch and (len(batch) >= BATCH or size + len(one.raw) > BATCH_OCTETS):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += len(one.raw)
    if batch:
        yield batch


def _copied(home: Home) -> float:
    with compose(home, Settings()) as carteggio:
        return copy_rows(carteggio.database, stored_rows(carteggio.database))


def _notmuch(place: Path, seed: int, messages: int) -> float | None:
    if shutil.which("notmuch") is None:
        return None
    maildir, config = place / "maildir", place / "notmuch.conf"
    maker = Maker(seed)
    write_maildir(maildir, maker.messages(), messages)
    config.write_text(f"[database]\npath={maildir}\n[user]\nprimary_email={MAILBOX}\n")
    watch = Stopwatch()
    subprocess.run(
        ["notmuch", f"--config={config}", "new", "--quiet"], check=True, capture_output=True
    )
    return watch.seconds


if __name__ == "__main__":
    main()
