"""What is kept in memory of what waits says the same as the read models, whatever happens."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.ids import uuid7
from adapters.journal import NewEvent
from api.work.calendars import set_target
from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail
from api.work.sharing import colleague_at
from api.work.supervising import DUE_FIRST, due_row, summary, waits
from api.work.tokens import by_operator
from api.work.waitboard import board_due, board_groups
from domain.attention import MessageSnoozed, MessageTaken
from domain.calendars import TargetScope, TargetSet
from domain.message import CloseReason, MessageClosed
from domain.waitgroups import Group, GroupBy
from letters import letter
from projections.reader import EVERYTHING, NOW
from projections.waits import WaitingFilter, all_waits

if TYPE_CHECKING:
    from api.work.instance import Carteggio

INFO, GIULIA = "info@firm.example", "giulia@firm.example"
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"]}',
    "mailboxes.csv": f"address\n{INFO}\n{GIULIA}\n",
    "colleagues.csv": f"name,email,role\nGiulia Neri,{GIULIA},sales\n",
    "parties.csv": "party_id,kind,name,sales_manager\nC1,customer,Acme,Giulia Neri\n",
    "contacts.csv": "party_id,name,email\nC1,Ada,ada@acme.example\n",
}


def told(group: Group) -> tuple[Any, ...]:
    return (group.key, group.count, group.breached, group.at_risk, group.oldest, group.middle)


def same(carteggio: "Carteggio") -> int:
    """Compare all groups; give how many wait."""
    carteggio.feed.catch_up(carteggio.journal.head())

    async def both() -> int:
        async with carteggio.reading() as asked:
            at, count = datetime.now(UTC), 0
            for by in GroupBy:
                within = WaitingFilter(awake=by is not GroupBy.STATE)
                kept = await board_groups(asked, carteggio.database, by, at, business=False)
                read = await summary(asked, EVERYTHING, by, NOW, within)
                assert list(map(told, kept)) == list(map(told, read)), by
                count = sum(one.count for one in kept)
            due = await board_due(asked, carteggio.database, at)
            found = map(due_row, await waits(asked, EVERYTHING, NOW, WaitingFilter(awake=True)))
            assert due == sorted(found, key=DUE_FIRST.key)
            return count

    return asyncio.run(both())


def comes(
    carteggio: "Carteggio", folder: Path, id: str, box: str, ago: timedelta, **of: Any
) -> None:
    date = f"{datetime.now(UTC) - ago:%d %b %Y %H:%M:%S +0000}"
    path = folder / f"{id}.eml"
    path.write_bytes(letter(f"{id}@x.example", to=box, date=date, **of))
    import_mail(carteggio, Wanted(path, box), lambda _: None)


def test_it_says_the_same_as_the_read_models_after_whatever_happens(carteggio, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    assert same(carteggio) == 0
    comes(carteggio, tmp_path, "m1", INFO, timedelta(days=9), sender="ada@acme.example")
    assert same(carteggio) == 1
    import_directory(carteggio, tmp_path)
    assert same(carteggio) == 1
    comes(carteggio, tmp_path, "m2", GIULIA, timedelta(days=2), sender="ada@acme.example")
    comes(carteggio, tmp_path, "m3", INFO, timedelta(minutes=5), subject=b"Another?")
    assert same(carteggio) == 3
    target = TargetSet(TargetScope(), 4 * 86_400, None, 40, (), datetime(2020, 1, 1, tzinfo=UTC))
    set_target(carteggio, target, by_operator())
    assert same(carteggio) == 3
    giulia = colleague_at(carteggio, GIULIA)
    waiting = _waiting(carteggio)
    order = uuid7()
    for message, event in zip(
        waiting,
        (
            MessageTaken(order, giulia),
            MessageSnoozed(order, None),
            MessageClosed(CloseReason.ANSWERED_BY_PHONE),
        ),
        strict=True,
    ):
        with carteggio.journal.writing() as writing:
            writing.append([NewEvent(message, event, by_operator())])
        assert same(carteggio) == (2 if isinstance(event, MessageClosed) else 3)
    comes(carteggio, tmp_path, "m4", INFO, timedelta(hours=1), subject=b"One more?")
    assert same(carteggio) == 3


def _waiting(carteggio: "Carteggio") -> list[Any]:
    async def ids() -> list[Any]:
        async with carteggio.reading() as asked:
            return sorted(one.message for one in await all_waits(*asked, EVERYTHING))

    return asyncio.run(ids())
