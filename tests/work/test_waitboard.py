"""What is kept in memory of what waits says the same as the read models, whatever happens."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from adapters.ids import uuid7
from adapters.journal import NewEvent
from api.work.calendars import set_target
from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail
from api.work.sharing import colleague_at
from api.work.supervising import DUE_FIRST, Asked, due_row, summary, waits
from api.work.tokens import by_operator
from api.work.waitboard import Board, view_of
from api.work.waitviews import stretches
from domain.attention import MessageSnoozed, MessageTaken
from domain.calendars import TargetScope, TargetSet
from domain.dueness import Standing
from domain.identity import mailbox_id
from domain.message import CloseReason, MessageClosed, MessageSetApart
from domain.values import MessageId
from domain.waitgroups import ANY_WAIT, AgeBand, Group, GroupBy, WaitsWanted
from letters import letter
from projections.reader import EVERYTHING, NOW, Reader
from projections.waits import ALL_THAT_WAITS, WaitingFilter, all_waits

if TYPE_CHECKING:
    from api.work.instance import Carteggio

AWAKE = WaitingFilter(awake=True)
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
    """Compare lists and all groups, narrowed and of some readers; give how many wait."""
    carteggio.feed.catch_up(carteggio.journal.head())
    box = mailbox_id(carteggio.identity_key, GIULIA)
    narrowed = [
        (AWAKE, ANY_WAIT),
        (ALL_THAT_WAITS, ANY_WAIT),
        (WaitingFilter((box,), before=datetime.now(UTC) - timedelta(days=1)), ANY_WAIT),
        (AWAKE, WaitsWanted(managers=("giulia neri",), ages=(AgeBand.UNDER_3D,))),
        (ALL_THAT_WAITS, WaitsWanted(standings=(Standing.BREACHED, Standing.AT_RISK))),
    ]

    async def all_of_it() -> int:
        async with carteggio.reading() as asked:
            for reader in (EVERYTHING, Reader((box,), 0)):
                for within, wanted in narrowed:
                    await alike(carteggio, asked, reader, within, wanted)
            return len(await waits(asked, EVERYTHING))

    return asyncio.run(all_of_it())


async def alike(
    carteggio: "Carteggio",
    asked: Asked,
    reader: Reader,
    within: WaitingFilter,
    wanted: WaitsWanted,
) -> None:
    at = datetime.now(UTC)
    view = await view_of(asked, carteggio.database, reader, at, within, wanted)
    spans = stretches(wanted.ages, within.before, at)
    for by in GroupBy:
        read = await summary(asked, reader, by, NOW, within, wanted)
        assert list(map(told, view.groups(by, at, spans))) == list(map(told, read)), by
    found = map(due_row, await waits(asked, reader, NOW, within, wanted))
    assert view.due_first(spans) == sorted(found, key=DUE_FIRST.key)


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
    (tmp_path / "parties.csv").write_text(FILES["parties.csv"].replace("Giulia Neri", "Somebody"))
    import_directory(carteggio, tmp_path)
    assert same(carteggio) == 3


def test_a_wait_stands_otherwise_when_its_time_has_come_though_nothing_happens(
    carteggio, tmp_path
):
    comes(carteggio, tmp_path, "late", INFO, timedelta(days=1))
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    target = TargetSet(TargetScope(), 2 * 86_400, None, 75, (), long_ago)
    set_target(carteggio, target, by_operator())
    carteggio.feed.catch_up(carteggio.journal.head())

    async def turns() -> tuple[datetime, list[UUID]]:
        async with carteggio.reading() as asked:
            (one,) = await waits(asked, EVERYTHING)
            board = Board()
            board.begin([one])
            assert one.turns == one.due.warns
            board.drop([one.message])
            assert board.turns == []
            board.put(one)
            assert one.due.warns is not None
            before = one.due.warns - timedelta(microseconds=1)
            assert not board.turned(before)
            return one.due.warns, list(board.turned(one.due.warns))

    warns, turned = asyncio.run(turns())
    assert turned == _waiting(carteggio)
    assert timedelta(hours=11) < warns - datetime.now(UTC) < timedelta(hours=12)


def test_what_an_answer_leaves_behind_waits_again_in_memory_too(carteggio, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    import_directory(carteggio, tmp_path)
    comes(carteggio, tmp_path, "q", INFO, timedelta(hours=9), subject=b"Shelves?")
    assert same(carteggio) == 1
    (asked,) = _waiting(carteggio)
    comes(
        carteggio, tmp_path, "a", GIULIA, timedelta(hours=8), subject=b"Re: Shelves?",
        more=b"In-Reply-To: <q@x.example>\nTo: anna@client.example\n", sender=GIULIA,
    )  # fmt: skip
    assert same(carteggio) == 0
    apart = MessageSetApart(MessageId(asked), "another_matter", 1, 90, "subject", "Shelves")
    mail = carteggio.journal.read(0, limit=1_000, names=("message.received",))
    answer = max(mail, key=lambda one: one.position).stream
    with carteggio.journal.writing() as writing:
        writing.append([NewEvent(answer, apart, by_operator())])
    assert same(carteggio) == 1
    assert _waiting(carteggio) == [asked]


def _waiting(carteggio: "Carteggio") -> list[Any]:
    async def ids() -> list[Any]:
        async with carteggio.reading() as asked:
            return sorted(one.message for one in await all_waits(*asked, EVERYTHING))

    return asyncio.run(ids())
