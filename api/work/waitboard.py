"""What waits now, kept in memory for each reader, and brought up to the log before it is asked.

A question costs what has happened since the last one, and the waits that stand otherwise by the clock
since then, not all that waits. Each entry comes from the function that tells what waits from the read
models, with what its reader may know, so it says the same. What is asked for often, by filters, is
kept as a view of it.
"""

import asyncio
from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from api.work.attention import staff
from api.work.dues import dues
from api.work.supervising import Asked, Staff, waits
from api.work.waitviews import Chosen, View
from domain.inforce import in_force
from domain.waitgroups import ANY_WAIT, Group, Wait, WaitsWanted
from projections import company
from projections.calendars import said
from projections.openwaits import waits_about
from projections.projection import Names
from projections.reader import EVERYTHING, NOW, AsOf, Reader
from projections.waits import ALL_THAT_WAITS, WaitingFilter, waiting_of

_MOST: Final = 5_000
"""Of more messages and records that changed, all is read anew."""
_ROOM: Final = 1_000_000
"""So many waits are kept for all readers of a company together; who asked longest ago is forgotten."""
_VIEWS: Final = 24
_ANEW: Final = (
    "party.merge",
    "colleague.registered",
    "mailbox.registered",
    "company.described",
    "conversation.",
)
"""What may change any wait."""
_RECORDS: Final = ("party.changed", "document.changed")
"""What may change the waits of a party, or about a document."""


@dataclass(slots=True)
class Board:
    """What waits for a reader; `position`: how far the log was followed."""

    reader: Reader = EVERYTHING
    entries: dict[UUID, Wait] = field(default_factory=dict)
    views: OrderedDict[Chosen, View] = field(default_factory=OrderedDict)
    turns: list[tuple[datetime, UUID]] = field(default_factory=list)
    """When waits stand otherwise though nothing happens."""
    position: int = -1
    held: object = None
    """The tables, calendars, targets and absences by which it was made."""
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    def begin(self, waits: Iterable[Wait]) -> None:
        """Keep these and no others."""
        self.entries = {one.message: one for one in waits}
        self.turns = sorted((at, id) for id, x in self.entries.items() if (at := x.turns))
        self.views.clear()

    def put(self, wait: Wait) -> None:
        """Take a wait in."""
        self.entries[wait.message] = wait
        if wait.turns is not None:
            insort(self.turns, (wait.turns, wait.message))
        for view in self.views.values():
            view.put(wait)

    def drop(self, messages: Iterable[UUID]) -> None:
        """Take out what began with these."""
        for message in messages:
            if (wait := self.entries.pop(message, None)) is None:
                continue
            if wait.turns is not None:
                del self.turns[bisect_left(self.turns, (wait.turns, message))]
            for view in self.views.values():
                view.drop(wait)

    def turned(self, at: datetime) -> set[UUID]:
        """Give what stands otherwise by the clock at a moment."""
        end = bisect_left(self.turns, at, key=lambda turn: turn[0] - timedelta(microseconds=1))
        return {message for _, message in self.turns[:end]}

    def view(self, chosen: Chosen) -> View:
        """Give those that are chosen; the view is kept."""
        if chosen not in self.views:
            self.views[chosen] = View(chosen, self.entries.values())
        self.views.move_to_end(chosen)
        while len(self.views) > _VIEWS:
            self.views.popitem(last=False)
        return self.views[chosen]


# ---- asking it


_BOARDS: Final[WeakKeyDictionary[object, OrderedDict[Reader, Board]]] = WeakKeyDictionary()


def is_kept(as_of: AsOf, within: WaitingFilter) -> bool:
    """Tell whether memory answers: what waits now, without words that are looked for."""
    words = within.text or within.tag
    return as_of == NOW and not words and within.messages is None


async def view_of(
    asked: Asked,
    whose: object,
    reader: Reader,
    at: datetime,
    within: WaitingFilter = ALL_THAT_WAITS,
    wanted: WaitsWanted = ANY_WAIT,
) -> View:
    """Give what waits now and is wanted, of any age; `whose` is the company's database.

    It is to be read before anything else is awaited: others bring it up to the log as well.
    """
    board = _board(whose, reader)
    if wanted.managers:
        wanted = Staff(await company.colleagues(*asked, EVERYTHING)).meant(wanted)
    boxes, some = frozenset(within.mailboxes), replace(wanted, ages=())
    async with board.busy:
        await _bring_up(asked, board, at)
        return board.view(Chosen(boxes, within.party, within.awake, some))


def _board(whose: object, reader: Reader) -> Board:
    """Give a reader's board, and let go of those that were asked longest ago."""
    boards = _BOARDS.setdefault(whose, OrderedDict())
    found = boards.setdefault(reader, Board(reader))
    boards.move_to_end(reader)
    while len(boards) > 1 and sum(len(one.entries) for one in boards.values()) > _ROOM:
        boards.popitem(last=False)
    return found


async def with_business(asked: Asked, reader: Reader, found: Sequence[Group]) -> list[Group]:
    """Add how long the middle one of each group waits in business time."""
    rows = await waiting_of(*asked, reader, [one.middle for one in found])
    ages = await dues(asked, reader, list(rows.values()))
    return [
        one.in_business(ages[one.middle].age if one.middle in ages else timedelta(0))
        for one in found
    ]


# ---- keeping it


class _Changes(NamedTuple):
    """To which messages something happened, and which parties and documents changed."""

    messages: list[UUID]
    records: list[UUID]


async def _bring_up(asked: Asked, board: Board, at: datetime) -> None:
    position, held = await _reached(asked), await _held(asked, at)
    changed = None if held != board.held else await _changed(asked, board.position, position)
    if changed is None:
        board.begin(await waits(asked, board.reader))
    else:
        await _read_again(asked, board, changed, at)
    board.position, board.held = position, held


_BESIDE: Final[LiteralString] = (
    "SELECT o.message FROM {conversation_member} o WHERE o.to_position IS NULL"
    " AND o.conversation IN (SELECT m.conversation FROM {conversation_member} m WHERE"
    " m.message = ANY(%s) AND (m.to_position IS NULL OR m.to_position > %s))"
)
"""What is in a conversation with messages, or was until they left it."""


async def _read_again(asked: Asked, board: Board, changed: _Changes, at: datetime) -> None:
    """Read the conversations of messages that changed, and what stands otherwise by the clock."""
    touched = {*board.turned(at), *changed.messages}
    if changed.messages:
        values = changed.messages, board.position
        rows = await (await asked[0].execute(asked[1].sql(_BESIDE), values)).fetchall()
        touched |= {row[0] for row in rows}
    if changed.records:
        about = await waits_about(*asked, board.reader, changed.records)
        touched |= {one.message for one in about}
    if not touched:
        return
    now = await waits(asked, board.reader, NOW, WaitingFilter(messages=tuple(touched)))
    board.drop(touched)
    for wait in now:
        board.put(wait)


_POSITION: Final[LiteralString] = "SELECT coalesce(min(position), 0) FROM projection WHERE active"
_SINCE: Final[LiteralString] = (
    "SELECT DISTINCT originator_id, topic FROM stored_events"
    " WHERE notification_id > %s AND notification_id <= %s LIMIT %s"
)


async def _reached(asked: Asked) -> int:
    """Give to where all read models are filled; read before them, so never too far."""
    row = await (await asked[0].execute(_POSITION)).fetchone()
    return int(row[0]) if row else 0


async def _changed(asked: Asked, after: int, until: int) -> _Changes | None:
    """Give to what something happened; None: so much that all is read anew."""
    if after < 0:
        return None
    rows = await (await asked[0].execute(_SINCE, (after, until, _MOST))).fetchall()
    if len(rows) == _MOST or any(name.startswith(_ANEW) for _, name in rows):
        return None
    return _Changes(
        list({id for id, name in rows if name.startswith("message.")}),
        list({id for id, name in rows if name in _RECORDS}),
    )


async def _held(asked: Asked, at: datetime) -> tuple[Any, ...]:
    """Tell by what it is made, beside the mail itself."""
    now = in_force(await said(*asked, EVERYTHING), at)
    words = [one.position for one in now.calendars], [one.position for one in now.targets]
    people = await staff(asked)
    away = [one for one in people.absences if one.holds(at)]
    return _tables(asked[1]), words, away


def _tables(names: Names) -> tuple[str, ...]:
    return tuple(str(names[one]) for one in ("waiting", "link", "party", "document", "attention"))
