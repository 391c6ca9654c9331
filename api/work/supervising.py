"""What a supervisor asks: what waits, with all by which it is told apart, and its groups.

A reader is told of what he sees alone, in counts, too: mailboxes, mail, parties.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, TypeVar
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.work.attention import Ownership, owners_of
from api.work.dues import dues
from domain.dueness import Dueness
from domain.permission import COLLEAGUE_ID, names_one_of
from domain.waitgroups import (
    ANY_WAIT,
    Attending,
    Group,
    GroupBy,
    Wait,
    WaitsWanted,
    grouped,
    is_wanted,
)
from projections import company, documents, links, parties
from projections.projection import Names
from projections.reader import EVERYTHING, NOW, AsOf, Order, Reader
from projections.unanswered import Waiting
from projections.waits import ALL_THAT_WAITS, WaitingFilter, all_waits

Asked = tuple[AsyncConnection[TupleRow], Names]
W = TypeVar("W", str, UUID | str)
MANAGER = "sales_manager"
"""The column of the master data that names who looks after a party."""


async def summary(
    asked: Asked,
    reader: Reader,
    by: GroupBy,
    as_of: AsOf = NOW,
    within: WaitingFilter = ALL_THAT_WAITS,
    wanted: WaitsWanted = ANY_WAIT,
) -> list[Group]:
    """Give what waits by groups."""
    found = await waits(asked, reader, as_of, within, wanted)
    return grouped(found, by, as_of.time or datetime.now(UTC))


async def waits(
    asked: Asked,
    reader: Reader,
    as_of: AsOf = NOW,
    within: WaitingFilter = ALL_THAT_WAITS,
    wanted: WaitsWanted = ANY_WAIT,
) -> list[Wait]:
    """Give all that waits and is wanted, with all by which it is told apart, in no order."""
    rows = await all_waits(*asked, reader, as_of, within)
    about = await _about(asked, reader, rows, as_of)
    found = await dues(asked, reader, rows, as_of)
    at, is_now = as_of.time or datetime.now(UTC), as_of == NOW
    wanted = about.staff.meant(wanted)
    made = (_wait(row, about, found[row.message], is_now=is_now) for row in rows)
    return [one for one in made if is_wanted(one, wanted, at)]


@dataclass(frozen=True, slots=True)
class DueRow:
    """A wait in the order in which answers are due."""

    due: datetime
    since: datetime
    message: UUID


DUE_FIRST: Final = Order("waiting.due", ("due", "since", "message"), descending=False, kinds="ttu")
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def due_row(one: Wait) -> DueRow:
    """Give a wait with what orders it; what is never due comes last."""
    return DueRow(one.due.due or _NEVER, one.since, one.message)


@dataclass(frozen=True, slots=True)
class _About:
    """What is known around waits, by the messages they began with."""

    reader: Reader
    owned: Mapping[UUID, Ownership]
    parties: Mapping[UUID, Sequence[UUID]]
    staff: "Staff"
    managers: Mapping[UUID, UUID | str]
    documents: Mapping[UUID, Sequence[UUID]]
    kinds: Mapping[UUID, str]


async def _about(asked: Asked, reader: Reader, rows: Sequence[Waiting], as_of: AsOf) -> _About:
    ids = [row.message for row in rows]
    whose = await links.parties_of(*asked, reader, ids, as_of)
    about = await links.documents_of(*asked, reader, ids, as_of)
    people = await parties.by_ids(*asked, reader, _all(whose))
    papers = await documents.by_ids(*asked, reader, _all(about))
    boxes = {row.conversation: row.mailboxes for row in rows}
    staff = Staff(await company.colleagues(*asked, EVERYTHING))
    return _About(
        reader=reader,
        owned=await owners_of(asked, reader, boxes, as_of),
        parties={id: [one for one in some if one in people] for id, some in whose.items()},
        staff=staff,
        managers={id: staff.named(_manager(row.attributes)) for id, row in people.items()},
        documents=about,
        kinds={id: row.kind for id, row in papers.items()},
    )


def _wait(row: Waiting, about: _About, due: Dueness, *, is_now: bool) -> Wait:
    seen = about.reader.mailboxes
    boxes = tuple(one for one in row.mailboxes if seen is None or one in seen)
    people = tuple(about.parties.get(row.message, ()))
    owned = about.owned[row.conversation]
    return Wait(
        conversation=row.conversation,
        message=row.message,
        since=row.since,
        mailboxes=boxes,
        owner=owned.owner,
        parties=people,
        managers=_distinct(about.managers[one] for one in people),
        kinds=_distinct(about.kinds.get(one, "") for one in about.documents.get(row.message, ())),
        attending=owned.attention.state if owned.attention else Attending.WAITING,
        due=due,
        rests_until=owned.attention.until if owned.attention and is_now else None,
    )


class Staff:
    """The company's people, by the names under which the master data knows them."""

    def __init__(self, people: Iterable[company.ColleagueRow]) -> None:
        """Know these."""
        self._people = list(people)
        self._known: dict[str, UUID | str] = {}

    def meant(self, wanted: WaitsWanted) -> WaitsWanted:
        """Say by which colleagues it is told apart whose party it is."""
        return replace(wanted, managers=tuple(self.named(str(one)) for one in wanted.managers))

    def named(self, text: str) -> UUID | str:
        """Give the colleague of a name, an address or an ERP's id; else the text."""
        if text not in self._known:
            found = (one.id for one in self._people if text and names_one_of(text, _names(one)))
            self._known[text] = next(found, text)
        return self._known[text]


def _names(one: company.ColleagueRow) -> tuple[str, ...]:
    return one.name, one.address, str(json.loads(one.attributes).get(COLLEAGUE_ID, ""))


def _all(found: Mapping[UUID, Sequence[UUID]]) -> list[UUID]:
    return list({id for some in found.values() for id in some})


def _manager(attributes: str) -> str:
    return " ".join(str(json.loads(attributes).get(MANAGER, "")).split())


def _distinct(words: Iterable[W]) -> tuple[W, ...]:
    return tuple(dict.fromkeys(filter(None, words)))
