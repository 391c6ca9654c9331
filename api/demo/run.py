"""The demo's work: the sample is written, and taken in by what takes in anybody's mail."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from api.demo.mail import write_sample
from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail
from api.work.instance import Carteggio
from api.work.reception import Counts
from api.work.takeover import Outcome
from api.work.tokens import Bearer, issue
from domain.access import Scope
from domain.values import Rejected
from projections import links, messages
from projections.messages import MessageFilter
from projections.reader import EVERYTHING

Step = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the messages after the import."""

    messages: int
    with_party: int
    with_document: int
    automatic: int


@dataclass(slots=True)
class TakenIn:
    """What the demo took in, and how long that lasted."""

    company: str
    records: dict[str, int] = field(default_factory=dict)
    mailboxes: int = 0
    counts: Counts = field(default_factory=Counts)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Box:
    file: Path
    address: str
    folder: str


def take_in(carteggio: Carteggio, told: Step) -> TakenIn:
    """Write the sample so that it ends today, and take it in as anybody's mail."""
    began = monotonic()
    folder = carteggio.home.folder / "sample"
    write_sample(folder, datetime.now(UTC))
    taken = TakenIn(_company_name(folder))
    told("The sample is written", f"{taken.company}; its last day is today")
    taken.records = _records(import_directory(carteggio, folder / "directory"))
    carteggio.feed.catch_up()
    told("Master data is taken in", "parties, contacts, documents, colleagues, mailboxes")
    boxes = _boxes(folder)
    taken.mailboxes = len({box.address for box in boxes})
    for box in boxes:
        done = import_mail(carteggio, Wanted(box.file, box.address, box.folder), lambda _: None)
        if done.problems:
            raise Rejected("UNREADABLE", f"{box.file.name}: {done.problems[0].reason}")
        taken.counts.add(done.counts)
    carteggio.feed.catch_up()
    told("Mail is taken in and linked", f"{len(boxes)} folders of {taken.mailboxes} mailboxes")
    taken.seconds = monotonic() - began
    return taken


def demo_token(carteggio: Carteggio) -> Bearer:
    """Issue a token that reads everything and changes nothing."""
    bearer = issue(carteggio, "demo", [Scope.READ_MAIL, Scope.READ_AUDIT], None, None)
    carteggio.feed.catch_up()
    return bearer


async def known_of(carteggio: Carteggio) -> Known:
    """Count what is known of all messages."""
    async with carteggio.reading() as asked:
        ids = [
            one
            async for portion in messages.all_ids(*asked, EVERYTHING, MessageFilter())
            for one in portion
        ]
        rows = await messages.by_ids(*asked, EVERYTHING, ids)
        with_party = await links.parties_of(*asked, EVERYTHING, ids)
        with_document = await links.documents_of(*asked, EVERYTHING, ids)
    automatic = sum(bool(row.automatic) for row in rows.values())
    return Known(len(ids), len(with_party), len(with_document), automatic)


def _company_name(folder: Path) -> str:
    described = json.loads((folder / "directory" / "company.json").read_text("utf-8"))
    return str(described["name"])


def _boxes(folder: Path) -> list[_Box]:
    with (folder / "directory" / "mailboxes.csv").open(encoding="utf-8", newline="") as lines:
        return [
            _Box(folder / "mailboxes" / row["file"], row["address"], row["folder"])
            for row in csv.DictReader(lines)
        ]


def _records(outcomes: list[Outcome]) -> dict[str, int]:
    """Count the records by kind; the sample has no bad row, or this version does not fit it."""
    for outcome in outcomes:
        if outcome.bad:
            raise Rejected("UNREADABLE", str(outcome.bad[0]))
    return {Path(one.file).stem: one.new for one in outcomes}
