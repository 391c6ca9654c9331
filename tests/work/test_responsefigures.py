"""How soon mail is answered: the figures are those that a person would count, rebuilt or not."""

import asyncio
import math
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail
from api.work.instance import PROJECTIONS
from api.work.replay import Replay
from api.work.responsetimes import response_times
from domain.responsetimes import Responses, ResponsesBy, Span, Spread
from letters import letter
from projections import company, parties
from projections.reader import EVERYTHING, FIRST_PAGE

if TYPE_CHECKING:
    from api.work.instance import Carteggio

ROME = ZoneInfo("Europe/Rome")
STAFF = ("giulia@firm.example", "paolo@firm.example")
INFO = "info@firm.example"
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"]}',
    "mailboxes.csv": "address\n" + "\n".join((INFO, *STAFF)),
    "colleagues.csv": "name,email,role\n" + "".join(f"{one},{one},sales\n" for one in STAFF),
    "parties.csv": "party_id,kind,name\n" + "".join(f"C{n},customer,C{n}\n" for n in range(3)),
    "contacts.csv": "party_id,name,email\n"
    + "".join(f"C{n},A,a@c{n}.example\n" for n in range(3)),
}
BEGIN, END = datetime(2026, 1, 1, tzinfo=ROME), datetime(2026, 4, 1, tzinfo=ROME)


@dataclass(frozen=True)
class Turn:
    """A question and its answer, if it got one."""

    box: str
    party: str
    asked: datetime
    answered: datetime | None
    by: str
    first: bool


def correspondence(chance: random.Random, folder: Path) -> tuple[list[Turn], dict[str, Path]]:
    """Write mail of three months; give what was asked and answered, and the folders by mailbox."""
    turns: list[Turn] = []
    mail: dict[str, list[bytes]] = defaultdict(list)
    for talk in range(24):
        box, party = chance.choice((INFO, *STAFF)), f"C{chance.randrange(3)}"
        at = BEGIN + timedelta(minutes=chance.randrange(60 * 24 * 85))
        chain, client = "", f"a@{party.casefold()}.example"
        for number in range(chance.randint(1, 3)):
            id, told = f"q{talk}.{number}@c.example", at
            more = f"In-Reply-To: <{chain}>\n".encode() if chain else b""
            subject = f"Matter {talk}".encode()
            mail[box].append(_letter(id, subject, client, box, told, more))
            chain, by = f"r{talk}.{number}@firm.example", chance.choice(STAFF)
            at += timedelta(minutes=chance.randrange(1, 4_000))
            ends = chance.random() < 0.2
            turns.append(Turn(box, party, told, None if ends else at, by, number == 0))
            if ends:
                break
            reply = f"In-Reply-To: <{id}>\n".encode()
            mail[by].append(_letter(chain, b"Re: " + subject, by, client, at, reply))
            at += timedelta(minutes=chance.randrange(1, 9_000))
    for box, some in mail.items():
        (folder / box).mkdir()
        for number, raw in enumerate(some):
            (folder / box / f"{number}.eml").write_bytes(raw)
    return turns, {box: folder / box for box in mail}


def _letter(id: str, subject: bytes, sender: str, to: str, at: datetime, more: bytes) -> bytes:
    date = format_datetime(at.astimezone(UTC))
    return letter(id, subject, sender=sender, to=to, date=date, more=more, body=b"When?\n")


def counted(turns: list[Turn], by: ResponsesBy) -> dict[tuple[str, str], list[Any]]:
    """Count by hand: for each month and key both sorts of answers, all on the wall, what is left."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [[], [], [], 0])
    for one in turns:
        owner = one.box if one.box != INFO else ""
        who = one.by if one.answered else owner
        key = {"person": who, "mailbox": one.box, "party": one.party, "all": ""}[by.value]
        for month in (1, 2, 3):
            begin, end = (datetime(2026, at, 1, tzinfo=ROME) for at in (month, month + 1))
            row = f"2026-{month:02}", key
            if one.answered and begin <= one.answered < end:
                found[row][0 if one.first else 1].append(one.answered - one.asked)
                found[row][2].append(one.answered - one.asked)
            if one.asked < end and (one.answered is None or one.answered >= end):
                found[row][3] += 1
    return {
        row: [*map(spread, some[:2]), spread(some[2]).median, some[3]]
        for row, some in found.items()
    }


def spread(times: list[timedelta]) -> Spread:
    ordered = sorted(times)
    at = [math.ceil(len(ordered) * part) - 1 for part in (0.5, 0.9)]
    return Spread(len(ordered), *(ordered[one] if ordered else None for one in at))


async def told(carteggio: "Carteggio", by: ResponsesBy) -> dict[tuple[str, str], list[Any]]:
    async with carteggio.reading() as asked:
        found = await response_times(asked, EVERYTHING, by, Span(BEGIN, END, ROME, monthly=True))
        some = await parties.page(*asked, EVERYTHING, parties.PartyFilter(), FIRST_PAGE)
        names: dict[UUID | None, str] = {one.id: one.erp_id for one in some.rows}
        names |= {one.id: one.address for one in await company.colleagues(*asked, EVERYTHING)}
        names |= {one.id: one.address for one in await company.mailboxes(*asked, EVERYTHING)}
    return {(one.month, names.get(one.key, "")): _figures(one) for one in found}


def _figures(one: Responses) -> list[Any]:
    return [one.first, one.next, one.wall_median, one.backlog]


def test_figures_are_those_counted_by_hand_and_stay_so_when_they_are_rebuilt(carteggio, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    import_directory(carteggio, tmp_path)
    turns, files = correspondence(random.Random(4), tmp_path)  # noqa: S311
    for box, path in files.items():
        import_mail(carteggio, Wanted(path, box), lambda _: None)
    carteggio.feed.catch_up(carteggio.journal.head())

    async def everything() -> dict[ResponsesBy, dict[tuple[str, str], list[Any]]]:
        return {by: await told(carteggio, by) for by in ResponsesBy}

    before = asyncio.run(everything())
    assert before == {by: counted(turns, by) for by in ResponsesBy}
    Replay(carteggio.journal, PROJECTIONS).rebuild(["correspondence", "history"])
    assert asyncio.run(everything()) == before
